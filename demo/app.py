"""The demo's routes and its allowlist. No route carries authentication code: the list below is all there is."""

import os
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from asgi_bearer import BearerMiddleware, Issuer, StaticKeys, TokenIssuer, optional, protected, public

from .accounts import Account, Accounts, NameTaken
from .database import Database
from .login_limits import LoginLimits, TooManyFailures
from .passwords import Passwords, TooBusy
from .request_bodies import read_login, read_registration
from .signing_secret import signing_secret

ALLOW = [
    public("/register", methods=["POST"]),
    public("/login", methods=["POST"]),
    optional("/catalogue", methods=["GET"]),
    protected("/admin/users", roles=["admin"]),
    # Everything else needs a valid token: /profile and /ws/echo are not listed, so they are protected.
]

ISSUER = AUDIENCE = "asgi-bearer-demo"
TOKEN_LIFETIME = timedelta(minutes=30)
REALM = "demo"


class Demo:
    """The endpoints, with what they share."""

    def __init__(self, accounts: Accounts, passwords: Passwords, limits: LoginLimits, tokens: TokenIssuer) -> None:
        self._accounts = accounts
        self._passwords = passwords
        self._limits = limits
        self._tokens = tokens

    async def register(self, request: Request) -> Response:
        entered = await read_registration(request)
        password_hash = await self._passwords.hash(entered.password)
        try:
            await self._accounts.add(Account(entered.name, password_hash, ()))
        except NameTaken as error:
            raise HTTPException(409, "This username is taken") from error
        return JSONResponse({"username": entered.name}, 201)

    async def login(self, request: Request) -> Response:
        entered = await read_login(request)
        address = request.client.host if request.client else ""
        await self._limits.count_attempt(entered.name, address)
        account = await self._accounts.find(entered.name)
        try:
            matches = await self._passwords.check(entered.password, account.password_hash if account else None)
        except TooBusy:
            await self._limits.take_back(entered.name, address)
            raise
        if account is None or not matches:
            challenge = {"WWW-Authenticate": f'Bearer realm="{REALM}"', "Cache-Control": "no-store"}
            raise HTTPException(401, "Incorrect username or password", headers=challenge)
        await self._limits.forget(entered.name, address)
        token = self._tokens.issue(account.name, roles=account.roles)
        answer = {"access_token": token, "token_type": "bearer", "expires_in": int(TOKEN_LIFETIME.total_seconds())}
        return JSONResponse(answer, headers={"Cache-Control": "no-store"})

    async def profile(self, request: Request) -> Response:
        return JSONResponse({"message": f"Welcome {request.state.user}"})

    async def catalogue(self, request: Request) -> Response:
        visitor = str(request.state.user) or "visitor"
        return JSONResponse({"message": f"Welcome {visitor}", "items": ["apples", "pears", "quinces"]})

    async def list_users(self, _request: Request) -> Response:
        return JSONResponse({"users": await self._accounts.names()})

    async def echo(self, websocket: WebSocket) -> None:
        await websocket.accept()
        with suppress(WebSocketDisconnect):
            await websocket.send_text(f"Welcome {websocket.state.user}")
            while (message := await websocket.receive())["type"] == "websocket.receive":
                if message.get("text") is None:  # a binary message
                    await websocket.close(1003, "text only")  # RFC 6455 section 7.4.1
                    return
                await websocket.send_text(message["text"])


def make_app(database_path: Path, secret: str, *, bcrypt_cost: int = 12) -> BearerMiddleware:
    """The whole app. Raises sqlite3.Error, or ConfigurationError for a weak secret."""
    database = Database(database_path)
    demo = Demo(
        Accounts(database),
        Passwords(bcrypt_cost),
        LoginLimits(database),
        TokenIssuer(ISSUER, AUDIENCE, secret, lifetime=TOKEN_LIFETIME),
    )
    routes = [
        Route("/register", demo.register, methods=["POST"]),
        Route("/login", demo.login, methods=["POST"]),
        Route("/profile", demo.profile),
        Route("/catalogue", demo.catalogue),
        Route("/admin/users", demo.list_users),
        WebSocketRoute("/ws/echo", demo.echo),
    ]
    handlers = {HTTPException: _say, TooBusy: _say, TooManyFailures: _say, Exception: _say_fault}
    app = Starlette(routes=routes, exception_handlers=handlers)
    issuer = Issuer(ISSUER, AUDIENCE, keys=StaticKeys.from_secret(secret))
    return BearerMiddleware(app, issuers=issuer, allow=ALLOW, realm=REALM)


def usual_database() -> Path:
    """`DEMO_DATABASE`, or a file beside this one."""
    return Path(os.environ.get("DEMO_DATABASE") or Path(__file__).with_name("demo.sqlite3"))


def app() -> BearerMiddleware:
    """The app on its usual database, for `uvicorn --factory demo.app:app` and `asgi-bearer audit demo.app:app`."""
    database = usual_database()
    return make_app(database, signing_secret(database))


async def _say(_request: Request, error: Exception) -> Response:
    """Every error as `{"detail": …}`."""
    if isinstance(error, HTTPException):
        return JSONResponse({"detail": error.detail}, error.status_code, error.headers)
    if isinstance(error, TooManyFailures):
        detail, status, retry_after = "Too many failed logins; try again later", 429, error.retry_after
    else:
        detail, status, retry_after = "Too many logins at once; try again soon", 503, 5
    return JSONResponse({"detail": detail}, status, {"Retry-After": str(retry_after), "Cache-Control": "no-store"})


async def _say_fault(_request: Request, _error: Exception) -> Response:
    """Our own fault, such as a full disk. Starlette raises it again afterwards, so that the server logs it."""
    return JSONResponse({"detail": "Internal Server Error"}, 500)
