"""Stream: an HTTP response, which may be sent bit by bit.

An event stream in answer to a GET ends with its token; it begins with its head. Every other response is one answer to
one request, and is delivered whole, unless its token is revoked: then it is aborted, and the client gets an incomplete
message. `ConnectionSettings` has the other choices. What is sent in one piece is passed on as it is.
"""

import json
from collections.abc import Awaitable

from starlette.types import Message

from ..challenge import reject
from .close_reason import CloseReason
from .lifetime import PASSING, WATCHED, Connection

_END: Message = {"type": "http.response.body", "body": b"", "more_body": False}
_LAST_OF_A_BODY = frozenset(("http.response.body", "http.response.pathsend", "http.response.zerocopysend"))


class Stream(Connection):
    """One HTTP request and its response."""

    _ends_with_token = False
    _is_event_stream = _takes_events = _is_started = False
    _request_is_read = False
    _is_complete = False
    _tail = b""
    """The last bytes of an event stream: nothing may be put into the middle of an event."""

    def send(self, message: Message) -> Awaitable[None]:
        """Until something is watched for, what the server's own `send` returns: a plain answer pays for a look."""
        if self._state is not PASSING:
            return self._send_of_stream(message)
        if message["type"] == "http.response.start":
            message = self._read_head(message)
            if not (self._is_event_stream and self._ends_with_token):
                self._is_started = True
                return self._send(message)
        elif not message.get("more_body") or not self._can_end():
            return self._send(message)
        self._restart_max_age()
        self._watch()
        return self._send_of_stream(message)

    def _read_head(self, message: Message) -> Message:
        """The same with its headers in a list: they may be given as an iterator, which can be read once."""
        headers = [*message.get("headers", ())]
        self._is_event_stream = self.scope["method"] == "GET" and is_event_stream(headers)
        choice = self._context.settings.ending_responses
        if choice == "event_streams":
            self._ends_with_token = self._is_event_stream
        elif choice == "all":
            self._ends_with_token = not has(headers, b"content-length")
        self._takes_events = self._is_event_stream and not has(headers, b"content-encoding")
        return {**message, "headers": headers}

    def _can_end(self) -> bool:
        if self._ends_with_token:
            return True
        return self._context.revocations is not None and self._context.settings.revoked_responses == "abort"

    async def receive(self) -> Message:
        """The request's body as it comes; once it is read or the stream has begun, a disconnect may come from here."""
        if self._request_is_read or self._state is not PASSING:
            return await self._receive_until_the_end()
        message = await self._receive()
        self._request_is_read = not message.get("more_body")
        return message

    async def _send_of_stream(self, message: Message) -> None:
        is_last = message["type"] in _LAST_OF_A_BODY and not message.get("more_body")
        if self._has_ended and is_last:
            return  # it asks for what was done already
        await self._send_unless_ended(message)
        self._is_started = True
        if is_last:
            self._is_complete = True
            if self._state is WATCHED:
                self._release()
        elif self._context.settings.last_event:
            self._tail = (self._tail + message.get("body", b""))[-4:]

    def _disconnect(self) -> Message:
        return {"type": "http.disconnect"}

    async def _notify_client(self, reason: CloseReason) -> None:
        """The end of a stream, or the 401 if it had not begun; nothing if the response is aborted."""
        if self._is_complete or not self._ends_with_token:
            return
        if not self._is_started:
            await reject(reason.error, self._context.realm, self.scope, self._send)
            return
        end = _END
        if self._context.settings.last_event and self._takes_events and _is_between_events(self._tail):
            end = {**_END, "body": last_event(reason)}
        await self._send(end)


def last_event(reason: CloseReason) -> bytes:
    """For `addEventListener("token_expired", …)`; without data it is not dispatched (HTML, "Server-sent events")."""
    return f"event: {reason.code}\ndata: {json.dumps({'reason': reason.text})}\n\n".encode("ascii")


Fields = list[tuple[bytes, bytes]]


def is_event_stream(headers: Fields) -> bool:
    """Whether the media type is `text/event-stream`, in any case and with any parameters (RFC 9110 section 8.3.1)."""
    types = [value.partition(b";")[0].strip().lower() for name, value in headers if name.lower() == b"content-type"]
    return types == [b"text/event-stream"]


def has(headers: Fields, wanted: bytes) -> bool:
    return any(name.lower() == wanted for name, _ in headers)


def _is_between_events(tail: bytes) -> bool:
    return not tail or tail.endswith((b"\n\n", b"\r\r", b"\r\n\r\n"))
