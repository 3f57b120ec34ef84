"""The server process: a websocket that is held, and what its process weighs."""

import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

from starlette.types import Message, Receive, Scope, Send

from asgi_bearer import BearerMiddleware, ConnectionSettings, Issuer, Revocation, Revocations, StaticKeys, public
from benchmarks.connections import AUDIENCE, ISSUER

revocations = Revocations()
held = {"now": 0}


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await _start_lifetime(receive, send)
    elif scope["type"] == "http":
        await _answer(scope["path"], send)


async def _start_lifetime(receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    held["now"] += 1
    message: Message = {"type": ""}
    while message["type"] != "websocket.disconnect":
        message = await receive()
    held["now"] -= 1


async def _answer(path: str, send: Send) -> None:
    if path == "/revoke":
        await revocations.revoke(Revocation.subject(ISSUER, "suman", lifetime=timedelta(hours=2)))
    found: dict[str, Any] = {"memory": _resident_bytes(), **held}
    body = json.dumps(found).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


def _resident_bytes() -> int:
    pages = Path("/proc/self/statm").read_text("ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


guarded = BearerMiddleware(
    app,
    issuers=Issuer(ISSUER, AUDIENCE, keys=StaticKeys.from_secret(bytes.fromhex(os.environ["BENCHMARK_SECRET"]))),
    allow=[public("/state"), public("/revoke")],
    revocations=revocations,
    connections=ConnectionSettings(),
)
