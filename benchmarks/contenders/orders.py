"""What every app has in common: the route, what it answers, and ours that guards it.

Ours has an allowlist of ten rules, and the one for this route is the last of the patterns.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from asgi_bearer import CacheLimits, Issuer, Rule, StaticKeys, optional, protected, public
from benchmarks.tokens import AUDIENCE, ISSUER, NEW_TOKENS, SCOPE, SECRET, public_pem

PATH = "/orders/42"
ROUTE = "/orders/{id:int}"
ANONYMOUS_PATH = "/catalogue"
"""Where a request without a token is let in."""

CHALLENGE = {"WWW-Authenticate": "Bearer"}

ALLOW: Sequence[Rule] = (
    public("/health"),
    public("/login", methods=["POST"]),
    optional(ANONYMOUS_PATH),
    public("/static/{rest:path}"),
    optional("/catalogue/{product}"),
    protected("/customers/{id:int}", scopes=["customers:read"]),
    protected("/customers/{id:int}/addresses/{address:int}", scopes=["customers:read"]),
    protected("/invoices/{number}", scopes=["invoices:read"]),
    protected("/reports/{name}/{year:int}", roles=["staff"]),
    protected(ROUTE, scopes=[SCOPE]),
)


def issuer(algorithm: str) -> Issuer:
    if algorithm == "HS256":
        return Issuer(ISSUER, AUDIENCE, keys=StaticKeys.from_secret(SECRET))
    return Issuer(ISSUER, AUDIENCE, keys=StaticKeys.from_pem(public_pem(algorithm)), algorithms=[algorithm])


def ours(algorithm: str) -> Mapping[str, Any]:
    """Arguments of BearerMiddleware. Its cache holds half of the tokens in turn, so each of them is new to it."""
    cache = CacheLimits(max_tokens=NEW_TOKENS[algorithm] // 2)  # with HS256 that is the default
    return {"issuers": issuer(algorithm), "allow": ALLOW, "cache": cache}


def granted(claims: Mapping[str, Any]) -> Sequence[str]:
    scopes: list[str] = claims.get("scope", "").split()
    return scopes
