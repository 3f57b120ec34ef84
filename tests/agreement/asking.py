"""One request into an app in process, as text of everything that it sent."""

import asyncio
from typing import Any

from starlette.types import ASGIApp, Message, Scope


async def ask(app: ASGIApp, scope: Scope) -> tuple[int, str]:
    """Status and body; of a websocket 101 and its messages, or 403 if it is closed before it is accepted."""
    told: list[Message] = []
    first: Message = {"type": "websocket.connect"}
    if scope["type"] == "http":
        first = {"type": "http.request", "body": b"", "more_body": False}
    incoming = [first]
    ended = asyncio.Event()

    async def receive() -> Message:
        if incoming:
            return incoming.pop()
        await ended.wait()
        return (
            {"type": "http.disconnect"} if scope["type"] == "http" else {"type": "websocket.disconnect", "code": 1000}
        )

    async def send(message: Message) -> None:
        told.append(message)
        if message["type"] == "websocket.close" or (
            message["type"].endswith("response.body") and not message.get("more_body")
        ):
            ended.set()

    await asyncio.wait_for(app(scope, receive, send), 10)
    return _status(told), "".join(_text(message) for message in told)


def _status(told: list[Message]) -> int:
    for message in told:
        if "status" in message:
            status: int = message["status"]
            return status
        if message["type"] == "websocket.accept":
            return 101
    return 403


def _text(message: Any) -> str:
    body: bytes = message.get("body") or message.get("bytes") or b""
    text: str = message.get("text") or body.decode("utf-8", "replace")
    return text
