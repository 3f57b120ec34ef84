"""The apps: one route, `/orders/{id:int}`, which needs a valid token with the scope `orders:read`.

Each peer is written as its own documentation shows, with what makes it fast and makes all the checks that ours makes
of the claims: algorithm, signature, issuer, audience, exp (required), sub (required), iat, nbf, scope.

- Keys are loaded once. `jwt.PyJWT(options=…)` merges its options once; `jwt.decode` would do it for every token.
- FastAPI's dependencies are `async def`: a `def` would go to a thread and cost many times more.
- FastAPI serves no documentation, so it has one route as Starlette has.
- Starlette's `@requires` stands on the route, once. All middleware is listed in `middleware=[…]`.
- Ours keeps no tokens where it is compared; "token seen" is what it costs where it does, as it usually does.
- Ours has an allowlist of ten rules, and the one for this route is the last of the patterns.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import jwt
from fastapi import Depends, FastAPI, HTTPException, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, OAuth2PasswordBearer, SecurityScopes
from starlette.applications import Starlette
from starlette.authentication import (
    AuthCredentials,
    AuthenticationBackend,
    AuthenticationError,
    SimpleUser,
    requires,
)
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from asgi_bearer import BearerMiddleware, Issuer, Rule, StaticKeys, optional, protected, public
from benchmarks.tokens import AUDIENCE, ISSUER, SCOPE, SECRET, SUBJECT, header_name, public_key, public_pem

PATH = "/orders/42"
_ROUTE = "/orders/{id:int}"
_CHALLENGE = {"WWW-Authenticate": "Bearer"}

ALLOW: Sequence[Rule] = (
    public("/health"),
    public("/login", methods=["POST"]),
    optional("/catalogue"),
    public("/static/{rest:path}"),
    optional("/catalogue/{product}"),
    protected("/customers/{id:int}", scopes=["customers:read"]),
    protected("/customers/{id:int}/addresses/{address:int}", scopes=["customers:read"]),
    protected("/invoices/{number}", scopes=["invoices:read"]),
    protected("/reports/{name}/{year:int}", roles=["staff"]),
    protected(_ROUTE, scopes=[SCOPE]),
)


def issuer(algorithm: str) -> Issuer:
    """Ours."""
    if algorithm == "HS256":
        return Issuer(ISSUER, AUDIENCE, keys=StaticKeys.from_secret(SECRET))
    return Issuer(ISSUER, AUDIENCE, keys=StaticKeys.from_pem(public_pem(algorithm)), algorithms=[algorithm])


def pyjwt_decoder(algorithm: str) -> Callable[[str], Mapping[str, Any]]:
    """PyJWT's: signature and claims, raises jwt.PyJWTError. It asks for iss and aud itself where it compares them."""
    decoder = jwt.PyJWT(options={"require": ["exp", "sub"]})
    key, algorithms = public_key(algorithm), [header_name(algorithm)]

    def decode(token: str) -> Mapping[str, Any]:
        return decoder.decode(token, key, algorithms=algorithms, audience=AUDIENCE, issuer=ISSUER)

    return decode


def _granted(claims: Mapping[str, Any]) -> list[str]:
    scopes: list[str] = claims.get("scope", "").split()
    return scopes


# Starlette


async def _anybody(_request: Request) -> JSONResponse:
    return JSONResponse({"subject": SUBJECT})


async def _user(request: Request) -> JSONResponse:
    return JSONResponse({"subject": request.user.display_name})


@requires(SCOPE)
async def _user_with_scope(request: Request) -> JSONResponse:
    return JSONResponse({"subject": request.user.display_name})


class PyJWTBackend(AuthenticationBackend):
    """As in https://www.starlette.io/authentication/, for bearer tokens."""

    def __init__(self, algorithm: str) -> None:
        self._decode = pyjwt_decoder(algorithm)

    async def authenticate(self, conn: HTTPConnection) -> tuple[AuthCredentials, SimpleUser] | None:
        authorization = conn.headers.get("authorization")
        if authorization is None:
            return None
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer":
            return None
        try:
            claims = self._decode(token)
        except jwt.PyJWTError as error:
            raise AuthenticationError("Could not validate credentials") from error
        return AuthCredentials(_granted(claims)), SimpleUser(claims["sub"])


def _unauthorized(_conn: HTTPConnection, error: Exception) -> JSONResponse:
    return JSONResponse({"detail": str(error)}, 401, _CHALLENGE)


def bare_starlette() -> ASGIApp:
    return Starlette(routes=[Route(_ROUTE, _anybody)])


def our_starlette(algorithm: str) -> ASGIApp:
    """Every token is seen for the first time."""
    wrapper = Middleware(BearerMiddleware, issuers=issuer(algorithm), allow=ALLOW, cache=None)
    return Starlette(routes=[Route(_ROUTE, _user)], middleware=[wrapper])


def our_starlette_seen(algorithm: str) -> ASGIApp:
    wrapper = Middleware(BearerMiddleware, issuers=issuer(algorithm), allow=ALLOW)
    return Starlette(routes=[Route(_ROUTE, _user)], middleware=[wrapper])


def peer_starlette(algorithm: str) -> ASGIApp:
    wrapper = Middleware(AuthenticationMiddleware, backend=PyJWTBackend(algorithm), on_error=_unauthorized)
    return Starlette(routes=[Route(_ROUTE, _user_with_scope)], middleware=[wrapper])


# FastAPI


@dataclass(frozen=True, slots=True)
class Customer:
    """What the dependencies give to the route."""

    subject: str
    scopes: Sequence[str]


def _fastapi(endpoint: Callable[..., Any], middleware: Sequence[Middleware] = ()) -> FastAPI:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, middleware=middleware)
    app.get(_ROUTE)(endpoint)
    return app


def bare_fastapi() -> ASGIApp:
    async def endpoint() -> JSONResponse:
        return JSONResponse({"subject": SUBJECT})

    return _fastapi(endpoint)


def our_fastapi(algorithm: str) -> ASGIApp:
    """Every token is seen for the first time."""
    return _fastapi(_user, [Middleware(BearerMiddleware, issuers=issuer(algorithm), allow=ALLOW, cache=None)])


def http_bearer_fastapi(algorithm: str) -> ASGIApp:
    """`HTTPBearer`, the shortest way: https://fastapi.tiangolo.com/reference/security/."""
    decode = pyjwt_decoder(algorithm)

    async def customer(credentials: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]) -> Customer:
        claims = _decoded(decode, credentials.credentials)
        granted = _granted(claims)
        if SCOPE not in granted:
            raise HTTPException(403, "Not enough permissions", _CHALLENGE)
        return Customer(claims["sub"], granted)

    async def endpoint(current: Annotated[Customer, Depends(customer)]) -> JSONResponse:
        return JSONResponse({"subject": current.subject})

    return _fastapi(endpoint)


def oauth2_fastapi(algorithm: str) -> ASGIApp:
    """`OAuth2PasswordBearer` and `SecurityScopes`: https://fastapi.tiangolo.com/advanced/security/oauth2-scopes/."""
    decode = pyjwt_decoder(algorithm)
    bearer = OAuth2PasswordBearer(tokenUrl="token", scopes={SCOPE: "Read orders"})

    async def customer(needed: SecurityScopes, token: Annotated[str, Depends(bearer)]) -> Customer:
        claims = _decoded(decode, token)
        granted = _granted(claims)
        for scope in needed.scopes:
            if scope not in granted:
                raise HTTPException(
                    403, "Not enough permissions", {"WWW-Authenticate": f'Bearer scope="{needed.scope_str}"'}
                )
        return Customer(claims["sub"], granted)

    async def endpoint(current: Annotated[Customer, Security(customer, scopes=[SCOPE])]) -> JSONResponse:
        return JSONResponse({"subject": current.subject})

    return _fastapi(endpoint)


def _decoded(decode: Callable[[str], Mapping[str, Any]], token: str) -> Mapping[str, Any]:
    try:
        return decode(token)
    except jwt.PyJWTError as error:
        raise HTTPException(401, "Could not validate credentials", _CHALLENGE) from error


# What is timed


@dataclass(frozen=True, slots=True)
class Guard:
    """A way to guard the route, and the bare app that its overhead is counted from."""

    name: str
    bare: str
    build: Callable[[str], ASGIApp]


BARE: Mapping[str, Callable[[], ASGIApp]] = {"Starlette, bare": bare_starlette, "FastAPI, bare": bare_fastapi}

OURS: Mapping[str, str] = {"Starlette, bare": "Starlette + asgi-bearer", "FastAPI, bare": "FastAPI + asgi-bearer"}
"""Our contender over each bare app; the others' ratios are against it."""

GUARDS: Sequence[Guard] = (
    Guard("Starlette + asgi-bearer", "Starlette, bare", our_starlette),
    Guard("Starlette + asgi-bearer, token seen", "Starlette, bare", our_starlette_seen),
    Guard("Starlette + AuthenticationMiddleware + PyJWT", "Starlette, bare", peer_starlette),
    Guard("FastAPI + asgi-bearer", "FastAPI, bare", our_fastapi),
    Guard("FastAPI + HTTPBearer + PyJWT", "FastAPI, bare", http_bearer_fastapi),
    Guard("FastAPI + OAuth2PasswordBearer + PyJWT", "FastAPI, bare", oauth2_fastapi),
)
