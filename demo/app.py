"""The demo's allowlist and its routes. No route carries authentication code: the list below is all there is."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import Route, WebSocketRoute
from starlette.types import Lifespan

from asgi_bearer import (
    BearerAuth,
    BearerMiddleware,
    ConnectionSettings,
    Issuer,
    Revocations,
    StaticKeys,
    TokenIssuer,
    optional,
    protected,
    public,
)

from .accounts import Accounts
from .answers import HANDLERS
from .database import Database
from .endpoints import REALM, Endpoints
from .events import EventStreams
from .login_limits import LoginLimits
from .page_files import page_routes
from .passwords import Passwords
from .refresh_tokens import RefreshTokens
from .sessions import Sessions
from .settings import shared_revocations, token_lifetime, usual_database
from .signing_secret import signing_secret

ALLOW = [
    public("/", methods=["GET"]),
    public("/static/{name}", methods=["GET"]),
    public("/register", methods=["POST"]),
    public("/login", methods=["POST"]),
    public("/token/refresh", methods=["POST"]),
    optional("/catalogue", methods=["GET"]),
    protected("/admin/users", roles=["admin"]),
    # Everything else needs a valid token: /profile, /logout, /events, /ws/echo are not listed, so they are protected.
]

ISSUER = AUDIENCE = "asgi-bearer-demo"

CONNECTIONS = ConnectionSettings(
    last_event=True,  # /events says why it ends
    subprotocol=True,  # browsers can set no header on a websocket
    renewal=True,  # /ws/echo goes on with a refreshed token
)


def make_app(
    database_path: Path,
    secret: str,
    *,
    revocations: Revocations | None = None,
    lifetime: timedelta = timedelta(minutes=5),
    streams: EventStreams | None = None,
    bcrypt_cost: int = 12,
) -> BearerMiddleware:
    """The whole app. Raises sqlite3.Error, or ConfigurationError for a weak secret.

    revocations: None for some that this process alone knows. lifetime: of an access token.
    """
    database = Database(database_path)
    accounts = Accounts(database)
    known = revocations or Revocations()
    tokens = TokenIssuer(ISSUER, AUDIENCE, secret, lifetime=lifetime)
    sessions = Sessions(accounts, RefreshTokens(database), tokens, known)
    endpoints = Endpoints(accounts, Passwords(bcrypt_cost), LoginLimits(database), sessions)
    routes = [
        *page_routes(),
        Route("/register", endpoints.register, methods=["POST"]),
        Route("/login", endpoints.login, methods=["POST"]),
        Route("/token/refresh", endpoints.refresh, methods=["POST"]),
        Route("/logout", endpoints.logout, methods=["POST"]),
        Route("/logout/everywhere", endpoints.logout_everywhere, methods=["POST"]),
        Route("/profile", endpoints.profile),
        Route("/catalogue", endpoints.catalogue),
        Route("/admin/users", endpoints.list_users),
        Route("/events", (streams or EventStreams()).answer),
        WebSocketRoute("/ws/echo", endpoints.echo),
    ]
    auth = BearerAuth(
        Issuer(ISSUER, AUDIENCE, keys=StaticKeys.from_secret(secret)),
        allow=ALLOW,
        realm=REALM,
        connections=CONNECTIONS,
        revocations=known,
    )
    return auth(Starlette(routes=routes, exception_handlers=HANDLERS, lifespan=_closing(known)))


def _closing(revocations: Revocations) -> Lifespan[Starlette]:
    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        revocations.close()

    return lifespan


def app() -> BearerMiddleware:
    """The app on its usual database, for `uvicorn --factory demo.app:app` and `asgi-bearer audit demo.app:app`."""
    database = usual_database()
    return make_app(
        database, signing_secret(database), revocations=shared_revocations(database), lifetime=token_lifetime()
    )
