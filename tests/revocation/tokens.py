"""Verified tokens, as the middleware has them, and what takes them back."""

from datetime import timedelta
from typing import Any

import anyio

from asgi_bearer import Claims, Revocation, Revocations
from asgi_bearer.tokens.claims import check_claims
from asgi_bearer.tokens.identifiers import TokenIdentifiers, identifiers_of
from tests.tokens import ISSUER, NOW, claims, issuer

HOUR = timedelta(hours=1)


def clock() -> float:
    return float(NOW)


def verified(**changes: Any) -> Claims:
    """Claims of a token; see `tests.tokens.claims` for `changes`."""
    return check_claims(claims(**changes), "at+jwt", issuer().claims_policy(), NOW)


def identifiers(key_id: str | None = "k1", **changes: Any) -> TokenIdentifiers:
    return identifiers_of(verified(**changes), key_id)


def token_revocation(token_id: str, until: float = NOW + 600) -> Revocation:
    return Revocation("token", ISSUER, token_id, until)


def revoke(copy: Revocations, *revocations: Revocation) -> None:
    """As an event loop of its own would."""
    anyio.run(copy.revoke, *revocations)
