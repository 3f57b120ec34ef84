"""What a request reached: every endpoint of a generated site notes that it was entered, and with which values."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.types import Receive, Scope, Send

from tests.agreement.generated.sites import Endpoint


@dataclass(frozen=True, slots=True)
class Visit:
    endpoint: Endpoint
    values: Mapping[str, object]


@dataclass(slots=True)
class Visits:
    """`made` is emptied before each request."""

    made: list[Visit] = field(default_factory=list)

    def note(self, endpoint: Endpoint, values: Mapping[str, object]) -> str:
        self.made.append(Visit(endpoint, dict(values)))
        return f"<{endpoint.name}>"


@dataclass(slots=True)
class MountedApp:
    """A bare ASGI application that answers whatever it gets."""

    endpoint: Endpoint
    visits: Visits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return
        path: str = scope["path"]
        rest = path.removeprefix(scope.get("root_path") or "")
        said = self.visits.note(self.endpoint, {"rest": rest.strip("/")})
        if scope["type"] == "websocket":
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.close"})
        else:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": said.encode()})


def content_of(endpoint: Endpoint) -> bytes:
    """Of a file: it says which one it is, and its length says it where a response has no body."""
    return f"<{endpoint.name}>".encode().ljust(1000 + int(endpoint.name[1:]))


_SAID = re.compile(rb"<(e\d+)> ")


def file_in(body: bytes, length: bytes) -> str | None:
    """The name of the file that a response is about."""
    if said := _SAID.match(body):
        return said[1].decode()
    if length.isdigit() and 1000 < int(length) < 1200:
        return f"e{int(length) - 1000}"
    return None
