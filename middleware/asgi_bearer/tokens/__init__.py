"""Tokens: from the bytes of a request to verified claims and a user. Pure: no I/O, no clock, no event loop."""
