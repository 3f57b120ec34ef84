"""Whether the allowlist agrees with the routers of six frameworks: `python -m tests.agreement` asks them all.

One site is written in each framework. Every endpoint says who may reach it, so that an answer tells whether a request
got somewhere that it had no right to. Which requests are sent is in `targets.py`.
"""
