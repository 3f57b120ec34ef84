"""A small server that shows the whole flow: register, log in, and routes that carry no authentication code.

app.py             the routes and the one visible allowlist
database.py        the SQLite file that demo processes share
accounts.py        who is registered (SQLite)
passwords.py       bcrypt, off the event loop
login_limits.py    how often a login may fail (SQLite)
request_bodies.py  what registration and login accept
signing_secret.py  the secret that tokens are signed with
__main__.py        the command line: python -m demo
"""
