"""The apps: one route, `/orders/{id:int}`, which needs a valid token with the scope `orders:read`.

Each peer is written as its own documentation shows, with what makes it fast, and makes all the checks that ours makes
of the claims: algorithm, signature, issuer, audience, exp (required), sub (required), iat, nbf, scope. Where a peer
cannot, its `Guard.left_out` says so. Keys are loaded once, wherever the peer lets one.
"""

from collections.abc import Callable, Mapping, Sequence

from starlette.types import ASGIApp

from benchmarks.contenders import authx, fastapi, fastapi_users, fastmcp, keycloak, least, litestar, starlette
from benchmarks.contenders.guard import Guard

BARE: Mapping[str, Callable[[], ASGIApp]] = {
    starlette.BARE: starlette.bare,
    fastapi.BARE: fastapi.bare,
    litestar.BARE: litestar.bare,
}

OURS: Mapping[str, str] = {
    starlette.BARE: starlette.OURS,
    fastapi.BARE: fastapi.OURS,
    litestar.BARE: litestar.OURS,
}
"""Our contender over each bare app; the others' ratios are against it."""

GUARDS: Sequence[Guard] = (
    *least.GUARDS,
    *starlette.GUARDS,
    *fastmcp.GUARDS,
    *fastapi.GUARDS,
    *authx.GUARDS,
    *fastapi_users.GUARDS,
    *keycloak.GUARDS,
    *litestar.GUARDS,
)
