"""Websockets end with their token, and go on with a fresh one."""

import json
from datetime import timedelta
from typing import Any

import anyio
import pytest
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from asgi_bearer import (
    AuthenticationUnavailable,
    Claims,
    ConnectionSettings,
    Revocation,
    Revocations,
    optional,
    protected,
)
from tests.asgi import guarded, websocket_scope
from tests.connections.server import DENIAL, SHORT, FakeServer, short_token, socket_scope, text, websocket_server
from tests.tokens import ISSUER, NOW, claims, issuer, sign

pytestmark = pytest.mark.anyio

QUICK = ConnectionSettings(grace=timedelta(seconds=0.1))
RENEWAL = ConnectionSettings(renewal=True)
ACCEPT = {"type": "websocket.accept"}
EXPIRED = {"type": "websocket.close", "code": 3000, "reason": "token expired"}
REVOKED = {"type": "websocket.close", "code": 3000, "reason": "token revoked"}
DISCONNECT = {"type": "websocket.disconnect", "code": 3000, "reason": "token expired"}


class Listener:
    """Accepts, and keeps what it receives until it is disconnected."""

    def __init__(self) -> None:
        self.received: list[Message] = []
        self.users: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert (await receive())["type"] == "websocket.connect"
        await send(ACCEPT)
        message: Message = {"type": ""}
        while message["type"] != "websocket.disconnect":
            message = await receive()
            self.received.append(message)
            self.users.append(scope["user"].claims["jti"])
            assert scope["user"] is scope["state"]["user"]


async def test_a_websocket_ends_with_its_token_and_the_app_is_told() -> None:
    app, server = Listener(), websocket_server(text("hello"))
    await server.serve(guarded(app), socket_scope())
    assert server.sent == [ACCEPT, EXPIRED]
    assert app.received == [text("hello"), DISCONNECT]


async def test_a_websocket_ends_when_its_token_is_taken_back() -> None:
    revocations = Revocations(clock=lambda: NOW)
    app, server = Listener(), websocket_server()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(server.serve, guarded(app, revocations=revocations), socket_scope(sign()))
        await anyio.sleep(SHORT)
        await revocations.revoke(Revocation("token", ISSUER, "a1", NOW + 1000))
    assert server.sent == [ACCEPT, REVOKED]
    assert app.received == [{**DISCONNECT, "reason": "token revoked"}]


@pytest.mark.parametrize(
    ("leeway", "exp", "least"),
    [
        pytest.param(0, SHORT, SHORT, id="exp"),
        pytest.param(1, SHORT - 1, SHORT, id="exp and leeway"),
        pytest.param(0, 0.001, 0.001, id="just before"),
    ],
)
async def test_the_deadline_is_exp_and_leeway(leeway: float, exp: float, least: float) -> None:
    server = websocket_server()
    begun = anyio.current_time()
    trusted = issuer(leeway=timedelta(seconds=leeway))
    await server.serve(guarded(Listener(), issuers=trusted), socket_scope(short_token(exp=NOW + exp)))
    assert least <= anyio.current_time() - begun < least + 2
    assert server.sent[-1]["code"] == 3000


async def test_a_websocket_on_an_optional_route_without_a_token_has_no_deadline() -> None:
    server = websocket_server({"type": "websocket.disconnect", "code": 1000})
    await server.serve(guarded(_accept_and_wait, [optional("/", methods=["WEBSOCKET"])]), websocket_scope(state={}))
    assert server.sent == [ACCEPT]


async def _accept_and_wait(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await send(ACCEPT)
    await anyio.sleep(SHORT * 2)
    assert (await receive())["code"] == 1000


@pytest.mark.parametrize("denial", [True, False])
async def test_before_it_is_accepted_it_is_refused(denial: bool) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await anyio.sleep(SHORT * 2)
        await WebSocket(scope, receive, send).accept()

    server = websocket_server()
    await server.serve(guarded(app), socket_scope(**(DENIAL if denial else {})))
    if denial:
        assert server.kinds == ["websocket.http.response.start", "websocket.http.response.body"]
        assert server.sent[0]["status"] == 401
    else:
        assert server.sent == [{"type": "websocket.close", "code": 1008, "reason": "Could not validate credentials"}]


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param([{"type": "websocket.close", "code": 1000}], id="refused by the app"),
        pytest.param([ACCEPT, {"type": "websocket.close", "code": 1000}], id="closed by the app"),
        pytest.param([{"type": "websocket.http.response.start", "status": 404, "headers": []}], id="denied by the app"),
    ],
)
async def test_what_the_app_ended_itself_is_not_ended_again(sent: list[Message]) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for message in sent:
            await send(message)
        await anyio.sleep(SHORT * 2)

    server = websocket_server()
    await server.serve(guarded(app), socket_scope(**DENIAL))
    assert server.sent == sent


@pytest.mark.parametrize("waits", ["receive", "sleep"])
async def test_finally_of_a_starlette_endpoint(waits: str) -> None:
    told: list[str] = []

    async def endpoint(websocket: WebSocket) -> None:
        await websocket.accept()
        try:
            await (websocket.receive_text() if waits == "receive" else anyio.sleep_forever())
        except WebSocketDisconnect as disconnect:
            told.append(f"{disconnect.code} {disconnect.reason}")
            raise
        finally:
            told.append("finally")

    server = websocket_server()
    app = Starlette(routes=[WebSocketRoute("/", endpoint)])
    await server.serve(guarded(app, connections=QUICK), socket_scope())
    assert told == (["3000 token expired", "finally"] if waits == "receive" else ["finally"])
    assert server.sent[-1] == EXPIRED


async def test_tasks_of_the_app_are_not_orphaned() -> None:
    told: list[str] = []

    async def child() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            told.append("child")

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(ACCEPT)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(child)

    await websocket_server().serve(guarded(app, connections=QUICK), socket_scope())
    assert told == ["child"]


async def test_sends_after_the_end_are_errors_and_a_close_is_none() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        websocket = WebSocket(scope, receive, send)
        await websocket.accept()
        with pytest.raises(WebSocketDisconnect):
            await websocket.receive_text()
        with pytest.raises(OSError, match="ended with its token"):
            await send({"type": "websocket.send", "text": "late"})
        assert await receive() == DISCONNECT
        await websocket.close()

    server = websocket_server()
    await server.serve(guarded(app), socket_scope())
    assert server.kinds == ["websocket.accept", "websocket.close"]


async def test_disconnects_in_a_group_are_no_errors_either() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        websocket = WebSocket(scope, receive, send)
        await websocket.accept()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(websocket.receive_text)

    server = websocket_server()
    await server.serve(guarded(app), socket_scope())
    assert server.sent[-1] == EXPIRED


@pytest.mark.parametrize("app_sends", [True, False])
async def test_a_client_that_reads_nothing_keeps_nothing_alive_beyond_the_grace(app_sends: bool) -> None:
    server = websocket_server()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(ACCEPT)
        server.is_stalled = True
        await (send({"type": "websocket.send", "text": "x"}) if app_sends else anyio.sleep_forever())

    await server.serve(guarded(app, connections=QUICK), socket_scope())
    assert server.sent == [ACCEPT]


async def test_an_app_that_is_through_does_not_wait_for_a_stalled_client_beyond_the_grace() -> None:
    server = websocket_server()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send(ACCEPT)
        server.is_stalled = True
        assert await receive() == DISCONNECT

    await server.serve(guarded(app, connections=QUICK), socket_scope())
    assert server.sent == [ACCEPT]


async def test_what_is_taken_back_when_all_is_over_ends_nothing() -> None:
    told: list[Any] = []

    class Telling(Revocations):
        def subscribe(self, identifiers: Any, tell: Any) -> Any:
            told.append(tell)
            return super().subscribe(identifiers, tell)

    server = websocket_server()
    await server.serve(guarded(Listener(), revocations=Telling(clock=lambda: NOW)), socket_scope())
    told[0]()  # as from a thread that had begun to tell
    await anyio.sleep(0.01)
    assert server.sent == [ACCEPT, EXPIRED]


async def test_a_client_that_is_gone_at_the_end_is_no_error() -> None:
    server = websocket_server()

    async def send(message: Message) -> None:
        if message["type"] == "websocket.close":
            raise OSError("gone")

    await guarded(Listener())(socket_scope(), server.receive, send)


# renewal


def renew(token: Any) -> Message:
    return text(json.dumps({"type": "bearer.renew", "access_token": token}))


def answers(server: FakeServer) -> list[Any]:
    return [json.loads(message["text"]) for message in server.sent if message["type"] == "websocket.send"]


def fresh(**changes: Any) -> str:
    return sign(claims(**{"exp": NOW + 3 * SHORT, "jti": "fresh", **changes}))


async def test_a_fresh_token_is_taken_without_reconnecting() -> None:
    app, server = Listener(), websocket_server(renew(fresh()), text("hello"))
    begun = anyio.current_time()
    await server.serve(guarded(app, connections=RENEWAL), socket_scope())
    assert anyio.current_time() - begun >= 2.5 * SHORT
    assert answers(server) == [{"type": "bearer.renewed", "expires_at": NOW + 3 * SHORT}]
    assert app.received == [text("hello"), DISCONNECT]
    assert app.users == ["fresh", "fresh"]


@pytest.mark.parametrize(
    ("token", "error"),
    [
        pytest.param(fresh(sub="mallory"), "invalid_token", id="another subject"),
        pytest.param(fresh(exp=NOW), "invalid_token", id="expired"),
        pytest.param(fresh(scope="profile"), "insufficient_scope", id="too little scope"),
        pytest.param(fresh()[:-4] + "AAAA", "invalid_token", id="a bad signature"),
        pytest.param("", "invalid_token", id="nothing"),
        pytest.param(None, "invalid_token", id="no text"),
        pytest.param("x y", "invalid_token", id="two words"),
        pytest.param("é\n", "invalid_token", id="no token's characters"),
        pytest.param("x" * 40_000, "invalid_token", id="huge"),
    ],
)
async def test_a_token_that_is_refused_changes_nothing(token: Any, error: str) -> None:
    app, server = Listener(), websocket_server(renew(token), text("hello"))
    allow = [protected("/", scopes=["orders:read"])]
    await server.serve(guarded(app, allow, connections=RENEWAL), socket_scope())
    assert answers(server) == [{"type": "bearer.refused", "error": error}]
    assert app.received == [text("hello"), DISCONNECT]
    assert app.users == ["a1", "a1"]


async def test_another_issuers_subject_is_another_subject() -> None:
    other = issuer(name="https://other.example.com/")
    token = fresh(iss="https://other.example.com/")
    server = websocket_server(renew(token))
    await server.serve(guarded(Listener(), issuers=[issuer(), other], connections=RENEWAL), socket_scope())
    assert answers(server) == [{"type": "bearer.refused", "error": "invalid_token"}]


async def test_the_user_loader_is_asked_again() -> None:
    asked: list[str] = []

    async def load(found: Claims) -> Any:
        asked.append(found.members["jti"])
        if found.members["jti"] == "fresh":
            raise AuthenticationUnavailable
        return "anybody"

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await WebSocket(scope, receive, send).accept()
        assert (await receive())["type"] == "websocket.disconnect"

    server = websocket_server(renew(fresh()))
    await server.serve(guarded(app, user_loader=load, connections=RENEWAL), socket_scope())
    assert asked == ["a1", "fresh"]
    assert answers(server) == [{"type": "bearer.refused", "error": "authentication_unavailable"}]


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(text("hello"), id="text"),
        pytest.param(text('{"type": "chat", "text": "bearer.renew"}'), id="a message about it"),
        pytest.param(text('"bearer.renew"'), id="no object"),
        pytest.param(text('{"type": "chat", "quoted": "bearer.renew"}'), id="another type"),
        pytest.param(text('{"type": "bearer.renew", "type": "bearer.renew"}'), id="a name twice"),
        pytest.param({"type": "websocket.receive", "bytes": b'{"type": "bearer.renew"}'}, id="binary"),
        pytest.param({"type": "websocket.receive", "bytes": b"x", "text": None}, id="binary, no text"),
        pytest.param(
            text('{"type": "bearer.renew", "access_token": "' + "x" * 70_000 + '"}'), id="longer than any token"
        ),
    ],
)
async def test_other_messages_are_the_apps(message: Message) -> None:
    app, server = Listener(), websocket_server(message)
    await server.serve(guarded(app, connections=RENEWAL), socket_scope())
    assert app.received == [message, DISCONNECT]
    assert answers(server) == []


@pytest.mark.parametrize(
    ("first", "ends_by"),
    [(0.8, "connection expired"), (0.7, "token expired")],
    ids=["a token with the same end", "a token that lives longer"],
)
async def test_max_age_begins_again_with_a_token_that_lives_longer_only(first: float, ends_by: str) -> None:
    """Or a client with one token could renew for ever. The reason tells which end came first."""
    rules = ConnectionSettings(renewal=True, max_age=timedelta(seconds=1))
    server = websocket_server()

    async def renew_late() -> None:
        await anyio.sleep(0.5)
        server.client(renew(fresh(exp=NOW + 0.8)))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(renew_late)
        await server.serve(guarded(Listener(), connections=rules), socket_scope(fresh(exp=NOW + first)))
    assert server.sent[-1] == {"type": "websocket.close", "code": 3000, "reason": ends_by}


async def test_renewal_is_off_by_default() -> None:
    app, server = Listener(), websocket_server(renew(fresh()))
    await server.serve(guarded(app), socket_scope())
    assert app.received == [renew(fresh()), DISCONNECT]


async def test_after_a_renewal_the_fresh_token_is_watched_and_the_old_one_is_not() -> None:
    revocations = Revocations(clock=lambda: NOW)
    server = websocket_server(renew(sign(claims(jti="b2"))))
    until = NOW + 1000
    async with anyio.create_task_group() as tasks:
        middleware = guarded(Listener(), revocations=revocations, connections=RENEWAL)
        tasks.start_soon(server.serve, middleware, socket_scope(sign()))
        await anyio.sleep(SHORT)
        await revocations.revoke(Revocation("token", ISSUER, "a1", until))
        await anyio.sleep(SHORT)
        assert server.sent[-1]["type"] == "websocket.send"
        await revocations.revoke(Revocation("token", ISSUER, "b2", until))
    assert server.sent[-1] == REVOKED


async def test_a_renewal_that_comes_too_late_is_not_answered() -> None:
    async def load(found: Claims) -> Any:
        if found.members["jti"] == "fresh":
            await anyio.sleep(SHORT * 2)
        return "anybody"

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await WebSocket(scope, receive, send).accept()
        assert await receive() == DISCONNECT

    server = websocket_server(renew(fresh(exp=NOW + 100)))
    await server.serve(guarded(app, user_loader=load, connections=RENEWAL), socket_scope())
    assert server.sent[-1] == EXPIRED
    assert answers(server) == []


async def test_a_client_that_is_gone_before_the_answer_to_its_renewal_is_a_disconnect() -> None:
    """Servers raise OSError to whoever sends then; apps expect it of `send`, and of `receive` a message."""

    class Leaving(FakeServer):
        async def send(self, message: Message) -> None:
            if message["type"] == "websocket.send":
                raise OSError("the client is gone")
            await super().send(message)

    app = Listener()
    server = Leaving({"type": "websocket.connect"}, renew(sign()), {"type": "websocket.disconnect", "code": 1006})
    await server.serve(guarded(app, connections=RENEWAL), socket_scope(sign()))
    assert app.received == [{"type": "websocket.disconnect", "code": 1006}]
