"""Starlette: bare, with ours, and with its own AuthenticationMiddleware and three verifiers.

`@requires` stands on the route, once. All middleware is listed in `middleware=[…]`.
"""

from collections.abc import Callable, Sequence

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
from starlette.types import ASGIApp, Receive, Scope, Send

from asgi_bearer import BearerMiddleware
from benchmarks.contenders import decoders
from benchmarks.contenders.decoders import Decoder
from benchmarks.contenders.guard import Guard
from benchmarks.contenders.orders import CHALLENGE, ROUTE, granted, ours
from benchmarks.primitive import primitives
from benchmarks.tokens import SCOPE, SUBJECT

BARE = "Starlette, bare"
PRIMITIVE = "Starlette + the primitive alone"
OURS = "Starlette + asgi-bearer, first sight"
OURS_WITHOUT_CACHE = "Starlette + asgi-bearer, first sight, no cache"
OURS_SEEN = "Starlette + asgi-bearer, token seen"
MAIN_PEER = "Starlette + AuthenticationMiddleware + PyJWT"


async def _anybody(_request: Request) -> JSONResponse:
    return JSONResponse({"subject": SUBJECT})


async def user(request: Request) -> JSONResponse:
    return JSONResponse({"subject": request.user.display_name})


class BearerBackend(AuthenticationBackend):
    """As in https://www.starlette.io/authentication/, for bearer tokens."""

    def __init__(self, decoder: Decoder) -> None:
        self._decode, self._error = decoder

    async def authenticate(self, conn: HTTPConnection) -> tuple[AuthCredentials, SimpleUser] | None:
        authorization = conn.headers.get("authorization")
        if authorization is None:
            return None
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer":
            return None
        try:
            claims = self._decode(token)
        except self._error as error:
            raise AuthenticationError("Could not validate credentials") from error
        return AuthCredentials(granted(claims)), SimpleUser(claims["sub"])


def _unauthorized(_conn: HTTPConnection, error: Exception) -> JSONResponse:
    return JSONResponse({"detail": str(error)}, 401, CHALLENGE)


def bare() -> ASGIApp:
    return app_with(_anybody)


def with_primitive(algorithm: str) -> ASGIApp:
    """It reads nothing and decides nothing: what a signature costs amid requests, which nobody can do for less.

    That is some µs more than in a loop of nothing else, since the processor's caches are full of the framework.
    """
    app, verify = bare(), primitives(algorithm)

    async def verify_and_pass_on(scope: Scope, receive: Receive, send: Send) -> None:
        verify()
        await app(scope, receive, send)

    return verify_and_pass_on


def with_asgi_bearer(algorithm: str) -> ASGIApp:
    return app_with(user, [Middleware(BearerMiddleware, **ours(algorithm))])


def with_asgi_bearer_without_cache(algorithm: str) -> ASGIApp:
    return app_with(user, [Middleware(BearerMiddleware, **{**ours(algorithm), "cache": None})])


def with_authentication_middleware(decoder: Decoder) -> ASGIApp:
    backend = BearerBackend(decoder)
    wrapper = Middleware(AuthenticationMiddleware, backend=backend, on_error=_unauthorized)
    return app_with(requires(SCOPE)(user), [wrapper])


def with_pyjwt(algorithm: str) -> ASGIApp:
    return with_authentication_middleware(decoders.pyjwt(algorithm))


def with_joserfc(algorithm: str) -> ASGIApp:
    return with_authentication_middleware(decoders.joserfc(algorithm))


def with_authlib(algorithm: str) -> ASGIApp:
    return with_authentication_middleware(decoders.authlib(algorithm))


def app_with(endpoint: Callable[..., object], middleware: Sequence[Middleware] = ()) -> ASGIApp:
    return Starlette(routes=[Route(ROUTE, endpoint)], middleware=middleware)


GUARDS: Sequence[Guard] = (
    Guard(OURS, BARE, with_asgi_bearer, cache="missed"),
    Guard(OURS_WITHOUT_CACHE, BARE, with_asgi_bearer_without_cache),
    Guard(OURS_SEEN, BARE, with_asgi_bearer, cache="hit"),
    Guard(MAIN_PEER, BARE, with_pyjwt),
    Guard("Starlette + AuthenticationMiddleware + joserfc", BARE, with_joserfc),
    Guard("Starlette + AuthenticationMiddleware + Authlib", BARE, with_authlib),
)
