"""Socket: a websocket, from its request until it is closed."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..challenge import refuse
from ..errors import AuthError, InvalidToken
from ..seen_tokens import VerifiedToken
from .connection import Connection, Terms
from .endings import UNAUTHORIZED, Ending
from .renewal import read_renewal, refused, renewed

Admit = Callable[[bytes], Awaitable[tuple[VerifiedToken | None, Any]]]
"""Whom an Authorization field names, by the rule that this request was admitted by; and the app's user for him."""


class Socket(Connection):
    """One websocket, which lasts from its first moment on."""

    _is_connected = _is_accepted = _is_answered = False

    def __init__(  # noqa: PLR0917 - as ASGI has it
        self, terms: Terms, token: VerifiedToken, scope: Scope, receive: Receive, send: Send, admit: Admit
    ) -> None:
        super().__init__(terms, token, scope, receive, send)
        self._admit = admit

    def call(self, app: ASGIApp) -> Awaitable[None]:
        running = super().call(app)
        self._hold()
        return running

    def _disconnect(self) -> Message:
        reason = self._ending.reason if self._ending else ""
        return {"type": "websocket.disconnect", "code": UNAUTHORIZED, "reason": reason}

    async def receive(self) -> Message:
        """The next message that is for the app."""
        if not self._is_connected:  # apps take for granted that this comes first
            self._is_connected = True
            return await self._receive()
        while True:
            message = await self._receive_until_the_end()
            fresh = read_renewal(message) if self._terms.rules.renewal else None
            if fresh is None:
                return message
            await self._answer_renewal(fresh)

    async def send(self, message: Message) -> None:
        kind = message["type"]
        if self._ending is not None and kind == "websocket.close":
            return  # it asks for what was done already
        if kind != "websocket.send":
            self._is_accepted = kind == "websocket.accept"
            self._is_answered = not self._is_accepted
        await self._send_unless_ended(message)

    async def _say_farewell(self, ending: Ending) -> None:
        if self._is_answered:
            return
        if self._is_accepted:
            await self._send({"type": "websocket.close", "code": UNAUTHORIZED, "reason": ending.reason})
        else:
            await refuse(ending.error, self._terms.realm, self.scope, self._send)

    async def _answer_renewal(self, fresh: str) -> None:
        try:
            answer = await self._renew(fresh)
        except AuthError as error:
            answer = refused(error)
        if self._ending is None:
            with suppress(OSError):  # the client is gone, which an app learns by the next message, not by an exception
                await self._send_unless_ended(answer)

    async def _renew(self, fresh: str) -> Message:
        """Go on with a fresh token of the same subject. Raises AuthError."""
        token, user = await self._admit(b"Bearer " + fresh.encode())
        if token is None or not _is_same_person(token, self._token):
            raise InvalidToken
        if self._is_held:
            self._release()
            if token.claims.valid_until > self._token.claims.valid_until:
                self._restart_max_age()
            self._token = token
            self._show(user)
            self._set_end()
        return renewed(token)

    def _show(self, user: Any) -> None:
        self.scope["user"] = self.scope["state"]["user"] = user
        self.scope["auth"] = self._token.auth


def _is_same_person(one: VerifiedToken, other: VerifiedToken) -> bool:
    return (one.claims.issuer, one.claims.subject) == (other.claims.issuer, other.claims.subject)
