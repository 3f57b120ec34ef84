"""Issuers: who may sign tokens, what their tokens must say, and how a signed token is verified."""
