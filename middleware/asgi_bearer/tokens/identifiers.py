"""Identifiers: what a token can be revoked by, each as one text, so that a request looks up a few strings."""

import math
from typing import Literal, NamedTuple, get_args

from .claims import Claims

Kind = Literal["token", "subject", "session", "key"]
KINDS = frozenset(get_args(Kind))

_NO_INSTANT = -math.inf
"""As `iat` of a token without one: it is before every instant, so "all before" takes it back."""


class TokenIdentifiers(NamedTuple):
    """Of one verified token, made once and asked about at every request."""

    names: tuple[str, ...]
    issued_at: float
    """`iat`, seconds since 1970; before all instants where the token has none."""


def identifier_of(kind: Kind, issuer: str, value: str) -> str:
    """One text for the three. The length in it keeps an issuer's text from running into the value's."""
    return f"{kind} {len(issuer)} {issuer} {value}"


def read_identifier(identifier: str) -> tuple[Kind, str, str]:
    """What `identifier_of` was given."""
    kind, length, rest = identifier.split(" ", 2)
    end = int(length)
    return kind, rest[:end], rest[end + 1 :]  # type: ignore[return-value]


def identifiers_of(claims: Claims, key_id: str | None) -> TokenIdentifiers:
    """The identifiers of verified claims, and of the `kid` of their token's header.

    `sid` is the session's name (OpenID Connect Front-Channel Logout 1.0 section 3); no text, it names none.
    """
    issuer, claim = claims.issuer, claims.claims_set.text
    place = f" {len(issuer)} {issuer} "  # as in `identifier_of`, but for all of them at once
    names = [f"subject{place}{claims.subject}"]
    if token_id := claim("jti"):
        names.append(f"token{place}{token_id}")
    if session_id := claim("sid"):
        names.append(f"session{place}{session_id}")
    if key_id:
        names.append(f"key{place}{key_id}")
    return TokenIdentifiers(tuple(names), _NO_INSTANT if claims.issued_at is None else claims.issued_at)
