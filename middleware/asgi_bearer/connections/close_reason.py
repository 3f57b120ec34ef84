"""CloseReason: why a connection ends before its app or its client ends it."""

from typing import NamedTuple

from starlette.requests import ClientDisconnect
from starlette.websockets import WebSocketDisconnect

from ..errors import InvalidToken, TokenExpired, TokenRevoked

UNAUTHORIZED = 3000
"""The websocket close code "Unauthorized" in IANA's registry."""


class CloseReason(NamedTuple):
    code: str
    """The name of a last event; with spaces, the reason of a websocket's close."""
    error: InvalidToken
    """What a request would be rejected with at this moment."""

    @property
    def text(self) -> str:
        return self.code.replace("_", " ")


EXPIRED = CloseReason("token_expired", TokenExpired())
REVOKED = CloseReason("token_revoked", TokenRevoked())
MAX_AGE_REACHED = CloseReason("connection_expired", TokenExpired())
"""The token may be good for longer, but a connection may not be this old."""


class ConnectionEnded(OSError):
    """Raised to an app that sends after the end, as servers do when the client is gone (ASGI, "HTTP Disconnected")."""

    def __init__(self) -> None:
        super().__init__("the connection ended with its token")


_DISCONNECTS = (ConnectionEnded, ClientDisconnect, WebSocketDisconnect)


def is_disconnect(error: BaseException | None) -> bool:
    """Whether it only says that the connection is over, or was raised because of that."""
    if isinstance(error, BaseExceptionGroup):
        return all(is_disconnect(one) for one in error.exceptions)
    return isinstance(error, _DISCONNECTS)
