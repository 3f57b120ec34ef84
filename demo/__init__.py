"""A small server that shows the whole flow: register, log in, stay logged in, log out; no route authenticates.

app.py             the one visible allowlist, and the routes
endpoints.py       what the routes do
events.py          the event stream
page_files.py      the web page, the files of page/, and its headers
sessions.py        what a login gives and a logout takes back
refresh_tokens.py  refresh tokens, rotated at each use (SQLite)
accounts.py        who is registered (SQLite)
passwords.py       bcrypt, off the event loop
login_limits.py    how often a login may fail (SQLite)
database.py        the SQLite file that demo processes share
request_bodies.py  what registration, login and refreshing accept
answers.py         what errors are answered with
settings.py        what the environment says
signing_secret.py  the secret that tokens are signed with
__main__.py        the command line: python -m demo
"""
