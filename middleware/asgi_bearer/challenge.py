"""Refuse: AuthError → answer, over HTTP or before a websocket is accepted.

The answer depends only on the error's class and on the configured realm and scopes, never on what the client sent.
"""

import json

from starlette.types import Message, Scope, Send

from .errors import AuthError


def challenge(error: AuthError, realm: str) -> str:
    """The value of `WWW-Authenticate` (RFC 6750 section 3): each attribute at most once, `realm` always."""
    attributes = [f'realm="{realm}"']
    if error.error:
        attributes.append(f'error="{error.error}"')
    if error.description:
        attributes.append(f'error_description="{error.description}"')
    if error.scopes:
        attributes.append(f'scope="{" ".join(sorted(error.scopes))}"')
    return "Bearer " + ", ".join(attributes)


async def refuse(error: AuthError, realm: str, scope: Scope, send: Send) -> None:
    """Answer `error` without reading the request's body.

    A websocket is refused with the same HTTP answer where the server offers the extension `websocket.http.response`,
    else closed before it is accepted, which servers turn into a 403 (ASGI, "WebSocket Denial Response").
    """
    if scope["type"] == "http":
        start, body = _answer(error, realm, "http.response")
        if scope["method"] == "HEAD":  # RFC 9110 section 9.3.2: the same fields, no content
            body = {**body, "body": b""}
    elif "websocket.http.response" in (scope.get("extensions") or {}):
        start, body = _answer(error, realm, "websocket.http.response")
    else:
        await send({"type": "websocket.close", "code": 1008, "reason": error.detail})
        return
    await send(start)
    await send(body)


def _answer(error: AuthError, realm: str, kind: str) -> tuple[Message, Message]:
    body = json.dumps({"detail": error.detail}).encode("ascii")
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode("ascii")),
        (b"cache-control", b"no-store"),  # RFC 9111 section 5.2.2.5: a refusal is for this request only
    ]
    if error.status < 500:
        headers.append((b"www-authenticate", challenge(error, realm).encode("ascii")))
    if error.retry_after is not None:
        headers.append((b"retry-after", str(error.retry_after).encode("ascii")))
    return (
        {"type": f"{kind}.start", "status": error.status, "headers": headers},
        {"type": f"{kind}.body", "body": body},
    )
