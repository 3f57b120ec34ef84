"""Read: headers → BearerToken (RFC 6750 section 2.1).

Only the Authorization header is looked at: never the query, the body or a cookie (RFC 9700 section 4.3.2).
Headers are bytes and are matched as bytes: `str` methods take U+0085 and U+00A0 for white space, a header does not.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from .errors import MalformedCredentials, MalformedToken, SeveralCredentials

_BEARER = re.compile(rb"[Bb][Ee][Aa][Rr][Ee][Rr] +([A-Za-z0-9._~+/-]+=*)[ \t]*")
"""The scheme without regard to case, `1*SP b64token`, and the white space that some servers leave behind a value."""

_OTHER_SCHEME = re.compile(rb"(?!bearer(?: |\Z))[!#$%&'*+.^_`|~0-9A-Z-]+(?: .*)?", re.IGNORECASE | re.DOTALL)
"""Credentials of another scheme, which is a token (RFC 9110 section 11.1); they are not ours to judge."""


class BearerToken(NamedTuple):
    """The text after `Bearer`: of the right alphabet and size, and no more is known of it."""

    text: bytes


def read_token(headers: Iterable[tuple[bytes, bytes]], max_bytes: int) -> BearerToken | None:
    """The bearer token of a request, or None where it has no bearer credentials at all.

    Raises SeveralCredentials, MalformedCredentials, or MalformedToken for a token over `max_bytes`.
    """
    fields = [value for name, value in headers if name == b"authorization"]
    if not fields:
        return None
    if len(fields) > 1:
        raise SeveralCredentials
    field = fields[0]
    if len(field) > max_bytes + len("Bearer ") and not _OTHER_SCHEME.match(field):
        raise MalformedToken
    bearer = _BEARER.fullmatch(field)
    if bearer is not None:
        return BearerToken(bearer[1])
    if _OTHER_SCHEME.fullmatch(field):
        return None
    raise MalformedCredentials
