"""Read: headers → BearerToken (RFC 6750 section 2.1).

Only the Authorization header is looked at: never the query, the body or a cookie (RFC 9700 section 4.3.2).
Headers are bytes and are matched as bytes: `str` methods take U+0085 and U+00A0 for white space, a header does not.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from .errors import MalformedCredentials, MalformedToken, SeveralCredentials

_SCHEME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+(?= |\Z)")
"""An auth-scheme is a token (RFC 9110 section 11.1)."""

_B64TOKEN = re.compile(rb" +([A-Za-z0-9._~+/-]+=*)[ \t]*")
"""`1*SP b64token`, and the optional white space that some servers leave behind a value."""


@dataclass(frozen=True, slots=True)
class BearerToken:
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
    scheme = _SCHEME.match(field)
    if scheme is None:
        raise MalformedCredentials
    if scheme[0].lower() != b"bearer":
        return None
    if len(field) > max_bytes + len("Bearer "):
        raise MalformedToken
    token = _B64TOKEN.fullmatch(field, scheme.end())
    if token is None:
        raise MalformedCredentials
    return BearerToken(token[1])
