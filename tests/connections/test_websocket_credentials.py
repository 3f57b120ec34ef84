"""Tokens from browsers' websockets: the subprotocol and the cookie, and what does not count as either."""

from typing import Any

import pytest

from asgi_bearer import ConnectionSettings, CookieToken, optional, public
from tests.asgi import Answer, Recorder, bearer, call, challenge_of, guarded, http_scope, websocket_scope
from tests.connections.server import DENIAL
from tests.tokens import sign

pytestmark = pytest.mark.anyio

TOKEN = sign()
ORIGIN = "https://app.example.com"
SUBPROTOCOL = ConnectionSettings(subprotocol=True)
COOKIE = ConnectionSettings(cookie=CookieToken("session", origins=[ORIGIN, "http://localhost:3000"]))
BOTH = ConnectionSettings(subprotocol=True, cookie=CookieToken("session", origins=[ORIGIN]))

NO_CREDENTIALS = 'Bearer realm="api"'
SEVERAL = challenge_of("invalid_request", "More than one Authorization header was sent")
MALFORMED = challenge_of("invalid_request", "The Authorization header is malformed")
MALFORMED_TOKEN = challenge_of("invalid_token", "The access token is malformed")


def offering(*values: str) -> list[tuple[bytes, bytes]]:
    return [(b"sec-websocket-protocol", value.encode("latin-1")) for value in values]


def from_page(origin: str | None, *cookies: str) -> list[tuple[bytes, bytes]]:
    origins = [] if origin is None else [(b"origin", origin.encode())]
    return origins + [(b"cookie", cookie.encode()) for cookie in cookies]


async def ask(
    rules: ConnectionSettings, headers: list[tuple[bytes, bytes]], allow: Any = ()
) -> tuple[Answer, Recorder]:
    app = Recorder()
    names = [
        name.strip() for field, value in headers if field[:3] == b"sec" for name in value.decode("latin-1").split(",")
    ]
    scope = websocket_scope(headers=headers, subprotocols=names, **DENIAL)
    answer = await call(guarded(app, allow, connections=rules), scope)
    return answer, app


@pytest.mark.parametrize(
    ("values", "left"),
    [
        pytest.param([f"bearer, {TOKEN}"], [], id="as browsers write it"),
        pytest.param([f"bearer,{TOKEN}"], [], id="without a space"),
        pytest.param(["bearer", TOKEN], [], id="in two fields"),
        pytest.param([f"bearer, {TOKEN}, chat.v2, chat.v1"], ["chat.v2", "chat.v1"], id="before the app's own"),
        pytest.param([f"chat.v2, bearer, {TOKEN}"], ["chat.v2"], id="after the app's own"),
    ],
)
async def test_the_subprotocol_brings_a_token_that_the_app_never_sees(values: list[str], left: list[str]) -> None:
    answer, app = await ask(SUBPROTOCOL, offering(*values))
    assert answer.messages == [{"type": "websocket.accept", "subprotocol": "bearer"}]
    (scope,) = app.scopes
    assert str(scope["user"]) == "suman"
    assert scope["subprotocols"] == left
    own = [value for name, value in scope["headers"] if name == b"sec-websocket-protocol"]
    assert own == ([", ".join(left).encode()] if left else [])
    assert TOKEN not in repr({**scope, "user": None, "state": None, "auth": None})


@pytest.mark.parametrize(
    ("headers", "status", "challenge"),
    [
        pytest.param(offering("chat"), 401, NO_CREDENTIALS, id="another protocol only"),
        pytest.param(offering(f"Bearer, {TOKEN}"), 401, NO_CREDENTIALS, id="other case: names are compared exactly"),
        pytest.param(offering(f"bearer.{TOKEN}"), 401, NO_CREDENTIALS, id="one word"),
        pytest.param(offering("bearer"), 400, MALFORMED, id="no token"),
        pytest.param(offering("bearer,"), 400, MALFORMED, id="an empty token"),
        pytest.param(offering("bearer, a\xa0b"), 400, MALFORMED, id="no token's characters"),
        pytest.param(offering("bearer, x"), 401, MALFORMED_TOKEN, id="no token at all"),
        pytest.param(offering("bearer, " + "x" * 20_000), 401, MALFORMED_TOKEN, id="huge"),
        pytest.param(offering(f"bearer, {TOKEN}, bearer, {TOKEN}"), 400, SEVERAL, id="two tokens"),
        pytest.param(offering("bearer, bearer, bearer"), 400, SEVERAL, id="nothing but the name"),
        pytest.param([*offering(f"bearer, {TOKEN}"), bearer(TOKEN)], 400, SEVERAL, id="a header too"),
    ],
)
async def test_subprotocols_that_are_refused(headers: Any, status: int, challenge: str) -> None:
    answer, app = await ask(SUBPROTOCOL, headers)
    assert (answer.status, answer.challenge, app.reached) == (status, challenge, False)
    assert TOKEN not in repr(answer)


async def test_the_apps_own_choice_is_kept() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept", "subprotocol": "chat"})

    scope = websocket_scope(subprotocols=["bearer", TOKEN, "chat"])
    answer = await call(guarded(app, connections=SUBPROTOCOL), scope)
    assert answer.messages == [{"type": "websocket.accept", "subprotocol": "chat"}]


@pytest.mark.parametrize("rule", [public, optional])
async def test_on_open_routes_it_is_taken_away_and_answered_too(rule: Any) -> None:
    answer, app = await ask(SUBPROTOCOL, offering(f"bearer, {TOKEN}"), [rule("/", methods=["WEBSOCKET"])])
    assert answer.messages[0]["subprotocol"] == "bearer"
    assert app.scopes[0]["subprotocols"] == []
    assert str(app.scopes[0]["user"]) == ("" if rule is public else "suman")


@pytest.mark.parametrize("rules", [ConnectionSettings(), COOKIE])
async def test_it_is_off_by_default(rules: ConnectionSettings) -> None:
    answer, _ = await ask(rules, offering(f"bearer, {TOKEN}"))
    assert (answer.status, answer.challenge) == (401, NO_CREDENTIALS)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param(from_page(ORIGIN, f"session={TOKEN}"), 200, id="from the page"),
        pytest.param(from_page("http://localhost:3000", f"a=b; session={TOKEN}; c"), 200, id="from the other page"),
        pytest.param(from_page(ORIGIN, "a=b", f"session={TOKEN}"), 200, id="in the second field"),
        pytest.param(from_page(None, f"session={TOKEN}"), 401, id="no origin"),
        pytest.param(from_page("null", f"session={TOKEN}"), 401, id="null"),
        pytest.param(from_page("https://evil.example", f"session={TOKEN}"), 401, id="another site"),
        pytest.param(from_page("http://app.example.com", f"session={TOKEN}"), 401, id="another scheme"),
        pytest.param(from_page(ORIGIN + ":443", f"session={TOKEN}"), 401, id="a port"),
        pytest.param(from_page(ORIGIN + ".evil.example", f"session={TOKEN}"), 401, id="a longer host"),
        pytest.param(from_page(ORIGIN.upper(), f"session={TOKEN}"), 401, id="other case"),
        pytest.param([*from_page(ORIGIN), *from_page(ORIGIN, f"session={TOKEN}")], 401, id="two origins"),
        pytest.param(from_page(ORIGIN, f"Session={TOKEN}"), 401, id="another cookie"),
        pytest.param(from_page(ORIGIN, f"session={TOKEN}; session={TOKEN}"), 400, id="two cookies"),
        pytest.param(from_page(ORIGIN, f"session={TOKEN}", f"session={TOKEN}"), 400, id="two cookies in two fields"),
        pytest.param(from_page(ORIGIN, "session="), 400, id="an empty cookie"),
        pytest.param(from_page(ORIGIN, f'session="{TOKEN}"'), 400, id="a quoted cookie"),
    ],
)
async def test_the_cookie(headers: Any, status: int) -> None:
    answer, app = await ask(COOKIE, headers)
    assert app.reached is (status == 200)
    if status != 200:
        challenges = {400: MALFORMED if "two" not in repr(headers) else SEVERAL, 401: NO_CREDENTIALS}
        assert answer.status == status
        assert answer.challenge in (SEVERAL, challenges[status])


@pytest.mark.parametrize(
    "own", [pytest.param([bearer(TOKEN)], id="header"), pytest.param(offering(f"bearer, {TOKEN}"), id="subprotocol")]
)
async def test_a_cookie_beside_a_token_is_not_looked_at(own: Any) -> None:
    _, app = await ask(BOTH, [*own, *from_page(ORIGIN, "session=x")])
    assert app.reached


async def test_the_cookie_is_for_websockets_only() -> None:
    app = Recorder()
    headers = from_page(ORIGIN, f"session={TOKEN}")
    answer = await call(guarded(app, connections=BOTH), http_scope(headers=headers))
    assert (answer.status, app.reached) == (401, False)


@pytest.mark.parametrize("rules", [ConnectionSettings(), BOTH])
@pytest.mark.parametrize("name", ["access_token", "token", "session", "bearer"])
async def test_R6_the_query_never(rules: ConnectionSettings, name: str) -> None:
    scope = websocket_scope(query_string=f"{name}={TOKEN}".encode(), **DENIAL)
    answer = await call(guarded(Recorder(), connections=rules), scope)
    assert (answer.status, answer.challenge) == (401, NO_CREDENTIALS)
