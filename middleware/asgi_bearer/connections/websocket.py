"""Websocket: a websocket, from its request until it is closed."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..challenge import reject
from ..errors import AuthError, InvalidToken
from ..gate import Admission
from ..tokens.verified_token import VerifiedToken
from .close_reason import UNAUTHORIZED, CloseReason
from .lifetime import WATCHED, Connection, ConnectionContext
from .renewal import read_renewal, refused, renewed

Renew = Callable[[bytes], Awaitable[Admission]]
"""Authenticate a renewal token, given as an Authorization field, under the requirement of the request."""


class Websocket(Connection):
    """One websocket, which lasts from its first moment on."""

    _is_connected = _is_accepted = _is_answered = False

    def __init__(  # noqa: PLR0917 - as ASGI has it
        self, context: ConnectionContext, token: VerifiedToken, scope: Scope, receive: Receive, send: Send, renew: Renew
    ) -> None:
        super().__init__(context, token, scope, receive, send)
        self._authenticate = renew

    async def run(self, app: ASGIApp) -> None:
        """Call the app, watched from the first moment on."""
        self._restart_max_age()
        self._watch()
        await super().run(app)

    def _disconnect(self) -> Message:
        reason = self._reason.text if self._reason else ""
        return {"type": "websocket.disconnect", "code": UNAUTHORIZED, "reason": reason}

    async def receive(self) -> Message:
        """The next message that is for the app."""
        if not self._is_connected:  # apps take for granted that this comes first
            self._is_connected = True
            return await self._receive()
        while True:
            message = await self._receive_until_the_end()
            fresh = read_renewal(message) if self._context.settings.renewal else None
            if fresh is None:
                return message
            await self._answer_renewal(fresh)

    async def send(self, message: Message) -> None:
        kind = message["type"]
        if self._has_ended and kind == "websocket.close":
            return  # it asks for what was done already
        if kind != "websocket.send":
            self._is_accepted = kind == "websocket.accept"
            self._is_answered = not self._is_accepted
        await self._send_unless_ended(message)

    async def _notify_client(self, reason: CloseReason) -> None:
        if self._is_answered:
            return
        if self._is_accepted:
            await self._send({"type": "websocket.close", "code": UNAUTHORIZED, "reason": reason.text})
        else:
            await reject(reason.error, self._context.realm, self.scope, self._send)

    async def _answer_renewal(self, fresh: str) -> None:
        try:
            answer = await self._renew(fresh)
        except AuthError as error:
            answer = refused(error)
        if not self._has_ended:
            with suppress(OSError):  # the client is gone, which an app learns by the next message, not by an exception
                await self._send_unless_ended(answer)

    async def _renew(self, fresh: str) -> Message:
        """Go on with a fresh token of the same subject. Raises AuthError."""
        _, token, user = await self._authenticate(b"Bearer " + fresh.encode())
        if token is None or not _is_same_user(token, self._token):
            raise InvalidToken
        if self._state is WATCHED:
            self._release()
            if token.claims.valid_until > self._token.claims.valid_until:
                self._restart_max_age()
            self._token = token
            self._show(user)
            self._watch()
        return renewed(token)

    def _show(self, user: Any) -> None:
        self.scope["user"] = self.scope["state"]["user"] = user
        self.scope["auth"] = self._token.auth


def _is_same_user(one: VerifiedToken, other: VerifiedToken) -> bool:
    return (one.claims.issuer, one.claims.subject) == (other.claims.issuer, other.claims.subject)
