"""Litestar: bare, with ours, and with its own `JWTAuth`: https://docs.litestar.dev/2/usage/security/jwt.html.

- The guard is `async def`, and no OpenAPI is served.
- JWTAuth hands its key to PyJWT with every token. Its annotation says str; it gets a key that is loaded already, as
  PyJWT takes it, since a PEM would be read anew each time.
"""

from collections.abc import Sequence
from typing import Any

from litestar import Litestar, Request, get
from litestar.connection import ASGIConnection
from litestar.exceptions import PermissionDeniedException
from litestar.handlers import BaseRouteHandler
from litestar.security.jwt import JWTAuth, Token
from starlette.types import ASGIApp

from asgi_bearer import BearerMiddleware
from benchmarks.contenders.guard import Guard
from benchmarks.contenders.orders import ROUTE, granted, ours
from benchmarks.tokens import AUDIENCE, ISSUER, SCOPE, SUBJECT, header_name, public_key

BARE = "Litestar, bare"
OURS = "Litestar + asgi-bearer, first sight"


@get(ROUTE)
async def _anybody() -> dict[str, str]:
    return {"subject": SUBJECT}


@get(ROUTE)
async def _user(request: Request[Any, Any, Any]) -> dict[str, str]:
    return {"subject": request.user.display_name}


async def _with_scope(connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
    if SCOPE not in granted(connection.auth.extras):
        raise PermissionDeniedException


@get(ROUTE, guards=[_with_scope])
async def _subject(request: Request[Any, Any, Any]) -> dict[str, str]:
    return {"subject": request.user}


async def _retrieve_user(token: Token, _connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    return token.sub


def bare() -> ASGIApp:
    return _litestar(_anybody)


def with_asgi_bearer(algorithm: str) -> ASGIApp:
    return BearerMiddleware(_litestar(_user), **ours(algorithm))


def with_jwt_auth(algorithm: str) -> ASGIApp:
    authentication: JWTAuth[str, Token] = JWTAuth(
        retrieve_user_handler=_retrieve_user,
        token_secret=public_key(algorithm),
        algorithm=header_name(algorithm),
        accepted_audiences=[AUDIENCE],
        accepted_issuers=[ISSUER],
        require_claims=["exp", "sub"],
    )
    return _litestar(_subject, on_app_init=[authentication.on_app_init])


def _litestar(handler: Any, **settings: Any) -> ASGIApp:
    app: Any = Litestar([handler], openapi_config=None, logging_config=None, **settings)  # its ASGI types are its own
    return app  # type: ignore[no-any-return]


GUARDS: Sequence[Guard] = (
    Guard(OURS, BARE, with_asgi_bearer, cache="missed"),
    Guard("Litestar + asgi-bearer, token seen", BARE, with_asgi_bearer, cache="hit"),
    Guard("Litestar + JWTAuth", BARE, with_jwt_auth),
)
