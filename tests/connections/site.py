"""What the real servers of these tests serve. A file of revocations and the secret come from the environment."""

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import timedelta

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from asgi_bearer import BearerMiddleware, ConnectionSettings, Issuer, SqliteRevocations, StaticKeys, public
from tests.tokens import AUDIENCE, ISSUER

state = {"finally": 0}


async def socket(websocket: WebSocket) -> None:
    """Answers in its own time; leaves by the WebSocketDisconnect that nobody catches."""
    await websocket.accept()
    try:
        while True:
            await websocket.send_text(await websocket.receive_text())
    finally:
        state["finally"] += 1


async def sleeper(websocket: WebSocket) -> None:
    """Never looks whether somebody is there."""
    await websocket.accept()
    try:
        await asyncio.sleep(600)
    finally:
        state["finally"] += 1


async def events(request: Request) -> StreamingResponse:
    async def ticks() -> AsyncIterator[str]:
        try:
            yield "data: 1\n\n"
            await asyncio.sleep(600)
        finally:
            state["finally"] += 1

    return StreamingResponse(ticks(), media_type="text/event-stream")


async def export(request: Request) -> StreamingResponse:
    """Rows that take longer than a short token lives; a POST is a call with its result in an event stream."""

    async def rows() -> AsyncIterator[str]:
        for number in range(8):
            yield f"row {number}\n"
            await asyncio.sleep(0.25)
        yield "done\n"

    return StreamingResponse(rows(), media_type="text/event-stream" if request.method == "POST" else "text/csv")


async def tasks(request: Request) -> JSONResponse:
    return JSONResponse({"tasks": len(asyncio.all_tasks()), **state})


app = BearerMiddleware(
    Starlette(
        routes=[
            WebSocketRoute("/socket", socket),
            WebSocketRoute("/sleeper", sleeper),
            Route("/events", events),
            Route("/export", export, methods=["GET", "POST"]),
            Route("/tasks", tasks),
        ]
    ),
    issuers=Issuer(ISSUER, AUDIENCE, keys=StaticKeys.from_secret(bytes.fromhex(os.environ["SECRET"]))),
    allow=[public("/tasks")],
    revocations=SqliteRevocations(os.environ["REVOCATIONS"]) if "REVOCATIONS" in os.environ else None,
    connections=ConnectionSettings(grace=timedelta(seconds=0.5), last_event=True, renewal=True, subprotocol=True),
)
