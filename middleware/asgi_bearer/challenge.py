"""Challenge: AuthError → answer, over HTTP or before a websocket is accepted.

The answer depends only on the error's class and on the configured realm and scopes, never on what the client sent.
"""

import json
from functools import lru_cache

import anyio.lowlevel
from starlette.types import Scope, Send

from .errors import AuthError

_HTTP = ("http.response.start", "http.response.body")
_WEBSOCKET = ("websocket.http.response.start", "websocket.http.response.body")


def challenge(error: AuthError, realm: str) -> str:
    """The value of `WWW-Authenticate` (RFC 6750 section 3): each attribute at most once, `realm` always."""
    return _challenge(type(error), error.scopes, realm)


def _challenge(error: type[AuthError], scopes: tuple[str, ...], realm: str) -> str:
    attributes = [f'realm="{realm}"']
    if error.error:
        attributes.append(f'error="{error.error}"')
    if error.description:
        attributes.append(f'error_description="{error.description}"')
    if scopes:
        attributes.append(f'scope="{" ".join(sorted(scopes))}"')
    return "Bearer " + ", ".join(attributes)


async def reject(error: AuthError, realm: str, scope: Scope, send: Send) -> None:
    """Answer `error` without reading the request's body.

    A websocket is rejected with the same HTTP answer if the server offers the extension `websocket.http.response`,
    else closed before it is accepted, which servers turn into a 403 (ASGI, "WebSocket Denial Response").
    """
    is_http = scope["type"] == "http"
    if not is_http and "websocket.http.response" not in (scope.get("extensions") or {}):
        await send({"type": "websocket.close", "code": 1008, "reason": error.detail})
        return
    headers, body = _answer(type(error), error.scopes, error.retry_after, realm)  # type: ignore[arg-type]  # a class has a hash
    if is_http and scope["method"] == "HEAD":  # RFC 9110 section 9.3.2: the same fields, no content
        body = b""
    start_type, body_type = _HTTP if is_http else _WEBSOCKET
    await send({"type": start_type, "status": error.status, "headers": [*headers]})  # servers and apps append to it
    await send({"type": body_type, "body": body})
    if not is_http:
        # uvicorn's websockets-sansio (0.54) logs an ERROR for every app that returns before the connection is closed
        await anyio.lowlevel.checkpoint()


@lru_cache(maxsize=256)
def _answer(
    error: type[AuthError], scopes: tuple[str, ...], retry_after: int | None, realm: str
) -> tuple[tuple[tuple[bytes, bytes], ...], bytes]:
    """Headers and body. There are few, so they are made once: 5 µs of 10, and garbage is cheap to refuse."""
    body = json.dumps({"detail": error.detail}).encode("ascii")
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode("ascii")),
        (b"cache-control", b"no-store"),  # RFC 9111 section 5.2.2.5: a refusal is for this request only
    ]
    if error.status < 500:
        headers.append((b"www-authenticate", _challenge(error, scopes, realm).encode("ascii")))
    if retry_after is not None:
        headers.append((b"retry-after", str(retry_after).encode("ascii")))
    return tuple(headers), body
