"""Read: headers → credentials → BearerToken (RFC 6750 section 2.1).

Only the Authorization header is looked at: never the query, the body or a cookie (RFC 9700 section 4.3.2). What a
browser's websocket brings instead, where that is asked for, comes here as such a field (connections/browser_tokens.py).
Headers are bytes and are matched as bytes: `str` methods take U+0085 and U+00A0 for white space, a header does not.
"""

import re
from collections.abc import Iterable
from typing import NewType

from ..errors import MalformedCredentials, MalformedToken, MultipleCredentials

_B64TOKEN = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/"
"""Followed by any number of `=` (RFC 6750 section 2.1)."""

_OTHER_SCHEME = re.compile(rb"(?!bearer\Z)[!#$%&'*+.^_`|~0-9A-Z-]+(?: .*)?", re.IGNORECASE | re.DOTALL)
"""Credentials of another scheme, which is a token (RFC 9110 section 11.1); they are not ours to judge."""

MAX_TOKEN_BYTES = 16_384
"""A larger token is rejected before it is read."""

BearerToken = NewType("BearerToken", bytes)
"""The text after `Bearer`: of the right alphabet and size, and no more is known of it."""


def find_credentials(headers: Iterable[tuple[bytes, bytes]]) -> bytes | None:
    """The one Authorization field, or None without any. Raises MultipleCredentials (RFC 9110 section 5.3)."""
    found = None
    for name, value in headers:
        if name == b"authorization":
            if found is not None:
                raise MultipleCredentials
            found = value
    return found


def read_token(credentials: bytes) -> BearerToken | None:
    """Return the token in an Authorization field, or None in one of another scheme.

    Raises MalformedCredentials, or MalformedToken for a token over `MAX_TOKEN_BYTES`.
    """
    if credentials[:7].lower() != b"bearer ":
        if _OTHER_SCHEME.fullmatch(credentials):
            return None
        raise MalformedCredentials
    if len(credentials) > MAX_TOKEN_BYTES + len("Bearer "):
        raise MalformedToken
    text = credentials[7:].lstrip(b" ").rstrip(b" \t")  # `1*SP` before it; some servers leave white space behind it
    unpadded = text.rstrip(b"=")
    if not unpadded or unpadded.translate(None, _B64TOKEN):
        raise MalformedCredentials
    return BearerToken(text)
