"""A client without a network: one scope into an ASGI app, every message out."""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from asgi_bearer import BearerMiddleware, CacheLimits, Rule
from tests.tokens import NOW, issuer

CACHE = None if os.environ.get("TESTS_CACHE") == "off" else CacheLimits()
"""All tests must pass with and without a cache of verified tokens."""

Headers = Sequence[tuple[bytes, bytes]]


@dataclass
class Answer:
    """What an app sent."""

    messages: list[Message] = field(default_factory=list)

    @property
    def status(self) -> int:
        status: int = self.messages[0]["status"]
        return status

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.messages[1:])

    @property
    def detail(self) -> Any:
        return json.loads(self.body)["detail"]

    def header(self, name: str) -> str | None:
        """The one value of this field; None without it."""
        values = [value for field, value in self.messages[0]["headers"] if field == name.encode()]
        assert len(values) <= 1, f"{name} occurs {len(values)} times"
        return values[0].decode("ascii") if values else None

    @property
    def challenge(self) -> str | None:
        return self.header("www-authenticate")


@dataclass
class Recorder:
    """The innermost app: answers 200 and keeps the scopes that reached it."""

    scopes: list[Scope] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scopes.append(scope)
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"reached"})
        elif scope["type"] == "websocket":
            await send({"type": "websocket.accept"})

    @property
    def reached(self) -> bool:
        return bool(self.scopes)


def http_scope(path: str = "/", method: str = "GET", headers: Headers = (), **members: Any) -> Scope:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": quote(path, errors="surrogateescape").encode(),
        "query_string": b"",
        "root_path": "",
        "headers": list(headers),
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 80),
        **members,
    }


def websocket_scope(path: str = "/", headers: Headers = (), **members: Any) -> Scope:
    scope = {**http_scope(path, headers=headers), "type": "websocket", "scheme": "ws", "subprotocols": [], **members}
    del scope["method"]
    return scope


def bearer(token: str | bytes) -> tuple[bytes, bytes]:
    return (b"authorization", b"Bearer " + (token.encode() if isinstance(token, str) else token))


async def call(app: ASGIApp, scope: Scope) -> Answer:
    """The app's answer; an exception out of it is the caller's, and reading the request is an error."""
    answer = Answer()

    async def receive() -> Message:
        raise AssertionError("the request's body was read")

    async def send(message: Message) -> None:
        answer.messages.append(message)

    await app(scope, receive, send)
    return answer


def guarded(app: ASGIApp, allow: Iterable[Rule] = (), **settings: Any) -> BearerMiddleware:
    """The middleware at the tests' time, with one HS256 issuer unless told otherwise."""
    settings = {"issuers": issuer(), "clock": lambda: NOW, "cache": CACHE, **settings}
    return BearerMiddleware(app, allow=allow, **settings)


async def get(app: ASGIApp, path: str = "/", token: str | bytes | None = None, **members: Any) -> Answer:
    headers: list[tuple[bytes, bytes]] = [] if token is None else [bearer(token)]
    headers += members.pop("headers", [])
    return await call(app, http_scope(path, headers=headers, **members))


def challenge_of(error: str, description: str, scope: str | None = None) -> str:
    """The exact challenge that the default realm gives."""
    wanted: Mapping[str, str | None] = {"error": error, "error_description": description, "scope": scope}
    return 'Bearer realm="api"' + "".join(f', {name}="{value}"' for name, value in wanted.items() if value)
