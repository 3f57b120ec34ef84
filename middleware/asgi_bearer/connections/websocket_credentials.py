"""Tokens from browsers' websockets, where no header can be set: a subprotocol or a cookie, where that is asked for.

Both are read as if they were an Authorization field: so one that is malformed, too long or not the only one is refused
by the same rules. The query is never looked at (RFC 9700 section 4.3.2).
"""

from collections.abc import Iterable

from starlette.types import Message, Scope, Send

from .settings import ConnectionSettings, CookieToken

Fields = list[tuple[bytes, bytes]]


def with_browser_token(
    rules: ConnectionSettings, scope: Scope, headers: Fields, send: Send
) -> tuple[Scope, Fields, Fields, Send]:
    """A websocket's scope, headers and `send` without its token, and the headers to look for credentials in.

    The cookie counts where there is nothing else: browsers send it without being asked.
    """
    credentials = headers
    if rules.subprotocol:
        offered, own = read_offer(scope.get("subprotocols") or ())  # uvicorn's wsproto has it here only
        if offered:
            credentials = headers + offered
            scope, headers = without_offer(scope, headers, own)
            send = answer_bearer(send)
    if rules.cookie is not None and not any(name == b"authorization" for name, _ in credentials):
        credentials = credentials + read_cookie(headers, rules.cookie)
    return scope, headers, credentials, send


def read_offer(protocols: Iterable[str]) -> tuple[Fields, list[str]]:
    """`bearer` and right after it the token, anywhere in the list (RFC 6455 section 11.3.4); and the other names."""
    credentials, own = [], []
    offered = iter(protocols)
    for name in offered:
        if name == "bearer":
            credentials.append((b"authorization", b"Bearer " + next(offered, "").encode("latin-1", "replace")))
        else:
            own.append(name)
    return credentials, own


def without_offer(scope: Scope, headers: Fields, own: list[str]) -> tuple[Scope, Fields]:
    """What the app gets: it might choose, answer or log what it finds there."""
    kept = [field for field in headers if field[0] != b"sec-websocket-protocol"]
    if own:
        kept.append((b"sec-websocket-protocol", ", ".join(own).encode("latin-1", "replace")))
    return {**scope, "subprotocols": own, "headers": kept}, kept


def answer_bearer(send: Send) -> Send:
    """Choose `bearer` where the app chose none of its own: a browser takes no choice for a failure."""

    async def send_with_protocol(message: Message) -> None:
        if message["type"] == "websocket.accept" and not message.get("subprotocol"):
            message = {**message, "subprotocol": "bearer"}
        await send(message)

    return send_with_protocol


def read_cookie(headers: Fields, cookie: CookieToken) -> Fields:
    """The cookie's values as Authorization fields; none from elsewhere, or where nobody says from where."""
    origins = [value.decode("latin-1") for field, value in headers if field == b"origin"]
    if len(origins) != 1 or origins[0] not in cookie.origins:
        return []
    name = cookie.name.encode("ascii")
    pairs = [pair.strip(b" \t").partition(b"=") for f, value in headers if f == b"cookie" for pair in value.split(b";")]
    return [(b"authorization", b"Bearer " + value) for found, _, value in pairs if found == name]
