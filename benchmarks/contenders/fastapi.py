"""FastAPI: bare, with ours, and with the two ways of its documentation, both with PyJWT.

- Dependencies are `async def`: a `def` would go to a thread and cost many times more.
- It serves no documentation, so it has one route as Starlette has.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, OAuth2PasswordBearer, SecurityScopes
from starlette.middleware import Middleware
from starlette.responses import JSONResponse
from starlette.types import ASGIApp

from asgi_bearer import BearerMiddleware
from benchmarks.contenders import decoders
from benchmarks.contenders.decoders import Decoder
from benchmarks.contenders.guard import Guard
from benchmarks.contenders.orders import CHALLENGE, ROUTE, granted, ours
from benchmarks.contenders.starlette import user
from benchmarks.tokens import SCOPE, SUBJECT

BARE = "FastAPI, bare"
OURS = "FastAPI + asgi-bearer, first sight"


@dataclass(frozen=True, slots=True)
class Customer:
    """What the dependencies give to the route."""

    subject: str
    scopes: Sequence[str]


def app_with(endpoint: Callable[..., Any], middleware: Sequence[Middleware] = ()) -> FastAPI:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, middleware=middleware)
    app.get(ROUTE)(endpoint)
    return app


def bare() -> ASGIApp:
    async def endpoint() -> JSONResponse:
        return JSONResponse({"subject": SUBJECT})

    return app_with(endpoint)


def with_asgi_bearer(algorithm: str) -> ASGIApp:
    return app_with(user, [Middleware(BearerMiddleware, **ours(algorithm))])


def with_http_bearer(algorithm: str) -> ASGIApp:
    """`HTTPBearer`, the shortest way: https://fastapi.tiangolo.com/reference/security/."""
    decoder = decoders.pyjwt(algorithm)

    async def customer(credentials: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]) -> Customer:
        return customer_with_scope(*_decoded(decoder, credentials.credentials))

    async def endpoint(current: Annotated[Customer, Depends(customer)]) -> JSONResponse:
        return JSONResponse({"subject": current.subject})

    return app_with(endpoint)


def with_oauth2(algorithm: str) -> ASGIApp:
    """`OAuth2PasswordBearer` and `SecurityScopes`: https://fastapi.tiangolo.com/advanced/security/oauth2-scopes/."""
    decoder = decoders.pyjwt(algorithm)
    bearer = OAuth2PasswordBearer(tokenUrl="token", scopes={SCOPE: "Read orders"})

    async def customer(needed: SecurityScopes, token: Annotated[str, Depends(bearer)]) -> Customer:
        subject, scopes = _decoded(decoder, token)
        for scope in needed.scopes:
            if scope not in scopes:
                raise HTTPException(
                    403, "Not enough permissions", {"WWW-Authenticate": f'Bearer scope="{needed.scope_str}"'}
                )
        return Customer(subject, scopes)

    async def endpoint(current: Annotated[Customer, Security(customer, scopes=[SCOPE])]) -> JSONResponse:
        return JSONResponse({"subject": current.subject})

    return app_with(endpoint)


def customer_with_scope(subject: str, scopes: Sequence[str]) -> Customer:
    """Raises HTTPException without the scope."""
    if SCOPE not in scopes:
        raise HTTPException(403, "Not enough permissions", CHALLENGE)
    return Customer(subject, scopes)


def _decoded(decoder: Decoder, token: str) -> tuple[str, Sequence[str]]:
    try:
        claims = decoder.decode(token)
    except decoder.error as error:
        raise HTTPException(401, "Could not validate credentials", CHALLENGE) from error
    return claims["sub"], granted(claims)


GUARDS: Sequence[Guard] = (
    Guard(OURS, BARE, with_asgi_bearer, cache="missed"),
    Guard("FastAPI + asgi-bearer, token seen", BARE, with_asgi_bearer, cache="hit"),
    Guard("FastAPI + HTTPBearer + PyJWT", BARE, with_http_bearer),
    Guard("FastAPI + OAuth2PasswordBearer + PyJWT", BARE, with_oauth2),
)
