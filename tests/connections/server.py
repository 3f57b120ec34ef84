"""A server without a network, that an app may wait for: what it sends is kept, what it receives is handed in."""

from collections import deque
from collections.abc import Sequence
from typing import Any

import anyio
import anyio.lowlevel
from starlette.types import ASGIApp, Message, Scope

from tests.asgi import bearer, http_scope, websocket_scope
from tests.tokens import NOW, claims, sign

SHORT = 0.08
"""Seconds for which a token of these tests lives."""


class FakeServer:
    """One connection. `client(message)` is what arrives; `sent` is what the app, or the middleware, sent."""

    def __init__(self, *messages: Message) -> None:
        self.sent: list[Message] = []
        self.is_stalled = False
        self.reads = 0
        self.arriving = deque(messages)
        self._arrived = anyio.Event()

    def client(self, message: Message) -> None:
        self.arriving.append(message)
        self._arrived.set()

    async def receive(self) -> Message:
        self.reads += 1
        while not self.arriving:
            self._arrived = anyio.Event()
            await self._arrived.wait()
        return self.arriving.popleft()

    async def send(self, message: Message) -> None:
        if self.is_stalled:
            await anyio.sleep_forever()
        await anyio.lowlevel.checkpoint()
        self.sent.append(message)

    async def serve(self, app: ASGIApp, scope: Scope) -> None:
        """Until the app returns; it must within 5 seconds."""
        with anyio.fail_after(5):
            await app(scope, self.receive, self.send)

    @property
    def kinds(self) -> list[str]:
        return [message["type"] for message in self.sent]


def http_server() -> FakeServer:
    return FakeServer({"type": "http.request", "body": b"", "more_body": False})


def websocket_server(*messages: Message) -> FakeServer:
    return FakeServer({"type": "websocket.connect"}, *messages)


def text(content: str) -> Message:
    return {"type": "websocket.receive", "text": content}


def short_token(**changes: Any) -> str:
    """It holds for a moment at the tests' time."""
    return sign(claims(**{"exp": NOW + SHORT, **changes}))


def stream_scope(token: str | None = None, headers: Sequence[tuple[bytes, bytes]] = ()) -> Scope:
    return http_scope(headers=[bearer(token or short_token()), *headers], state={})


def socket_scope(token: str | None = None, **members: Any) -> Scope:
    return websocket_scope(headers=[bearer(token or short_token())], state={}, **members)


DENIAL: dict[str, Any] = {"extensions": {"websocket.http.response": {}}}
