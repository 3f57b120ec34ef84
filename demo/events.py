"""The event stream: one event a second, for as long as the middleware lets it (WHATWG HTML, section 9.2)."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from itertools import count

import anyio
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

PAUSE = 1.0
"""Seconds from one event to the next."""


class EventStreams:
    """Every open stream of this process."""

    def __init__(self) -> None:
        self._open = 0
        self._ended = False

    async def answer(self, _request: Request) -> Response:
        return StreamingResponse(self._events(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})

    def end(self) -> None:
        """Within a second, for good: a server that waits for open responses can stop."""
        self._ended = True

    async def _events(self) -> AsyncIterator[str]:
        self._open += 1
        try:
            yield ": one event a second, until the token ends\n\n"  # a comment; it sends the headers off
            for number in count(1):
                if self._ended:
                    return
                time = datetime.now(UTC).isoformat(timespec="seconds")
                yield f"id: {number}\ndata: {json.dumps({'number': number, 'time': time, 'listeners': self._open})}\n\n"
                await anyio.sleep(PAUSE)
        finally:
            self._open -= 1
