"""The endpoints. None carries authentication code: who may come here is decided by the allowlist in app.py."""

from contextlib import suppress

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.websockets import WebSocket, WebSocketDisconnect

from .accounts import Account, Accounts, NameTaken
from .answers import NO_STORE, GrantRefused
from .login_limits import LoginLimits
from .passwords import Passwords, TooBusy
from .refresh_tokens import UnknownRefreshToken
from .request_bodies import read_login, read_refresh, read_registration
from .sessions import Sessions

REALM = "demo"


class Endpoints:
    """With what they share."""

    def __init__(self, accounts: Accounts, passwords: Passwords, limits: LoginLimits, sessions: Sessions) -> None:
        self._accounts = accounts
        self._passwords = passwords
        self._limits = limits
        self._sessions = sessions

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
        address = _address(request)
        await self._limits.count_attempt(entered.name, address)
        account = await self._accounts.find(entered.name)
        try:
            matches = await self._passwords.check(entered.password, account.password_hash if account else None)
        except TooBusy:
            await self._limits.take_back(entered.name, address)
            raise
        if account is None or not matches:
            challenge = {"WWW-Authenticate": f'Bearer realm="{REALM}"'}
            raise HTTPException(401, "Incorrect username or password", headers=challenge)
        await self._limits.forget(entered.name, address)
        return JSONResponse(await self._sessions.begin(account), headers=NO_STORE)

    async def refresh(self, request: Request) -> Response:
        refresh_token = await read_refresh(request)
        try:
            return JSONResponse(await self._sessions.renew(refresh_token), headers=NO_STORE)
        except UnknownRefreshToken as error:
            address = _address(request)
            await self._limits.count_attempt(f"\0refresh {address}", address)  # a name that no account has
            raise GrantRefused("invalid_grant", "The refresh token is unknown, expired, used or revoked") from error

    async def logout(self, request: Request) -> Response:
        await self._sessions.end(request.state.user)
        return Response(status_code=204)

    async def logout_everywhere(self, request: Request) -> Response:
        await self._sessions.end_all(request.state.user)
        return Response(status_code=204)

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


def _address(request: Request) -> str:
    return request.client.host if request.client else ""
