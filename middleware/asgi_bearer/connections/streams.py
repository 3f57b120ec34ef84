"""Stream: an HTTP response that is sent bit by bit, and of which nobody said how long it is.

It begins with its first chunk that is not the last, an event stream with its head. All other responses are sent as they
are: one that has a Content-Length is an answer to its request, and to end it early would break HTTP
(RFC 9112 section 6.3).
"""

import json
from collections.abc import Awaitable, Iterable

from starlette.types import Message

from .connection import Connection
from .endings import Ending

_END: Message = {"type": "http.response.body", "body": b"", "more_body": False}
_LAST_OF_A_BODY = frozenset(("http.response.body", "http.response.pathsend", "http.response.zerocopysend"))


class Stream(Connection):
    """One HTTP request and its response, which may turn out to be a stream."""

    _start: Message | None = None
    _request_is_read = False
    _is_complete = False
    _tail = b""
    """The last bytes of an event stream: nothing may be put into the middle of an event."""

    def send(self, message: Message) -> Awaitable[None]:
        """Until it is a stream, what the server's own `send` returns: a plain answer pays for a look."""
        if self.has_begun:
            return self._send_of_stream(message)
        if message["type"] == "http.response.start":
            self._start = message
            if not is_event_stream(message):
                return self._send(message)
        elif not message.get("more_body") or has_length(self._start):
            return self._send(message)
        self._hold()
        return self._send_of_stream(message)

    async def receive(self) -> Message:
        """The request's body as it comes; once it is read or the stream has begun, a disconnect may come from here."""
        if self._request_is_read or self.has_begun:
            return await self._receive_until_the_end()
        message = await self._receive()
        self._request_is_read = not message.get("more_body")
        return message

    async def _send_of_stream(self, message: Message) -> None:
        is_last = message["type"] in _LAST_OF_A_BODY and not message.get("more_body")
        if self._ending is not None and is_last:
            return  # it asks for what was done already
        await self._send_unless_ended(message)
        if is_last:
            self._is_complete = True
            if self._is_held:
                self._release()
        elif self._terms.rules.last_event:
            self._tail = (self._tail + message.get("body", b""))[-4:]

    def _disconnect(self) -> Message:
        return {"type": "http.disconnect"}

    async def _say_farewell(self, ending: Ending) -> None:
        if self._is_complete:
            return
        end = _END
        if self._terms.rules.last_event and is_event_stream(self._start) and _is_between_events(self._tail):
            end = {**_END, "body": last_event(ending)}
        await self._send(end)


def last_event(ending: Ending) -> bytes:
    """For `addEventListener("token_expired", …)`; without data it is not dispatched (HTML, "Server-sent events")."""
    return f"event: {ending.code}\ndata: {json.dumps({'reason': ending.reason})}\n\n".encode("ascii")


def is_event_stream(start: Message | None) -> bool:
    """Whether text may be added to it: a compressed one takes none."""
    headers = start.get("headers", ()) if start else ()
    for name, value in headers:
        if name == b"content-type":
            is_one: bool = value.startswith(b"text/event-stream")
            return is_one and not has(headers, b"content-encoding") and not has_length(start)
    return False


def has_length(start: Message | None) -> bool:
    return start is not None and has(start.get("headers", ()), b"content-length")


def has(headers: Iterable[tuple[bytes, bytes]], wanted: bytes) -> bool:
    return any(name.lower() == wanted for name, _ in headers)


def _is_between_events(tail: bytes) -> bool:
    return not tail or tail.endswith((b"\n\n", b"\r\r", b"\r\n\r\n"))
