"""Verified tokens, as the middleware has them, and what takes them back."""

from datetime import timedelta
from typing import Any

import anyio

from asgi_bearer import Claims, Revocation, Revocations
from asgi_bearer.claims import check_claims
from asgi_bearer.revocations.marks import TokenMarks, marks_of
from asgi_bearer.verification import Header, SignedClaims
from tests.tokens import ISSUER, NOW, claims, issuer, only_key

HOUR = timedelta(hours=1)


def clock() -> float:
    return float(NOW)


def verified(**changes: Any) -> Claims:
    """Claims of a token; see `tests.tokens.claims` for `changes`."""
    trusted = issuer()
    return check_claims(
        SignedClaims(trusted, Header("HS256", None, "at+jwt"), claims(**changes), only_key(trusted, "HS256")), NOW
    )


def marks(key_id: str | None = "k1", **changes: Any) -> TokenMarks:
    return marks_of(verified(**changes), key_id)


def token_revocation(token_id: str, until: float = NOW + 600) -> Revocation:
    return Revocation("token", ISSUER, token_id, until)


def revoke(copy: Revocations, *revocations: Revocation) -> None:
    """As an event loop of its own would."""
    anyio.run(copy.revoke, *revocations)
