"""Streams end with their token; plain answers are not touched."""

from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from typing import Any, cast

import anyio
import anyio.lowlevel
import pytest
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from asgi_bearer import AuthenticationUnavailable, ConnectionSettings, Revocation, Revocations, optional, public
from asgi_bearer.connections.lifetime import ConnectionContext, State
from asgi_bearer.connections.stream import Stream
from tests.asgi import guarded, http_scope
from tests.connections.server import SHORT, http_server, short_token, stream_scope
from tests.tokens import ISSUER, NOW, sign

pytestmark = pytest.mark.anyio

GRACE = timedelta(seconds=0.1)
ALL = ConnectionSettings(ending_responses="all")
QUICK = ConnectionSettings(ending_responses="all", grace=GRACE)
EVENTS = (b"content-type", b"text/event-stream; charset=utf-8")
END = {"type": "http.response.body", "body": b"", "more_body": False}


def start(*headers: tuple[bytes, bytes]) -> Message:
    return {"type": "http.response.start", "status": 200, "headers": list(headers)}


def chunk(body: bytes = b"x", *, more: bool = True) -> Message:
    return {"type": "http.response.body", "body": body, "more_body": more}


class Streaming:
    """An app that sends these messages and then waits for the disconnect."""

    def __init__(self, *messages: Message) -> None:
        self.messages = messages
        self.disconnects: list[Message] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        for message in self.messages:
            await send(message)
        while not self.disconnects:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.disconnects.append(message)


async def test_a_stream_ends_with_its_token_and_the_app_is_told() -> None:
    app, server = Streaming(start(), chunk()), http_server()
    begun = anyio.current_time()
    await server.serve(guarded(app, connections=ALL), stream_scope())
    assert anyio.current_time() - begun >= SHORT
    assert server.sent == [start(), chunk(), END]
    assert app.disconnects == [{"type": "http.disconnect"}]


async def test_an_event_stream_that_sends_nothing_ends_too() -> None:
    app, server = Streaming(start(EVENTS)), http_server()
    await server.serve(guarded(app, connections=ALL), stream_scope())
    assert server.sent == [start(EVENTS), END]


@pytest.mark.parametrize(
    ("headers", "sent", "event"),
    [
        pytest.param([EVENTS], b"data: 1\n\n", True, id="between two events"),
        pytest.param([EVENTS], b"data: 1\r\n\r\n", True, id="between two events of other lines"),
        pytest.param([EVENTS], b"", True, id="before the first"),
        pytest.param([EVENTS], b"data: 1\n", False, id="amid an event"),
        pytest.param([EVENTS, (b"content-encoding", b"gzip")], b"\x1f\x8b", False, id="compressed"),
        pytest.param([(b"content-type", b"text/plain")], b"x\n\n", False, id="no event stream"),
    ],
)
async def test_the_last_event(headers: Any, sent: bytes, event: bool) -> None:
    app, server = Streaming(start(*headers), chunk(sent)), http_server()
    await server.serve(
        guarded(app, connections=ConnectionSettings(ending_responses="all", last_event=True)), stream_scope()
    )
    last = b'event: token_expired\ndata: {"reason": "token expired"}\n\n' if event else b""
    assert server.sent[-1] == {**END, "body": last}


@pytest.mark.parametrize(
    "messages",
    [
        pytest.param([start(), chunk(more=False)], id="plain"),
        pytest.param([start((b"Content-Length", b"2")), chunk(), chunk(more=False)], id="of a length"),
        pytest.param([start(EVENTS), chunk(), chunk(more=False)], id="a stream that is through in time"),
        pytest.param(
            [{"type": "http.response.push", "path": "/x", "headers": []}, start(), chunk(more=False)], id="push"
        ),
    ],
)
async def test_an_answer_that_is_complete_is_not_ended(messages: list[Message]) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for message in messages:
            await send(message)
        await anyio.sleep(SHORT * 2)  # as background tasks do

    server = http_server()
    await server.serve(guarded(app, connections=ALL), stream_scope())
    assert server.sent == messages


async def test_an_answer_of_a_stated_length_is_not_cut() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start((b"content-length", b"2")))
        await send(chunk())
        await anyio.sleep(SHORT * 2)
        await send(chunk(more=False))

    server = http_server()
    await server.serve(guarded(app, connections=ALL), stream_scope())
    assert server.sent[-1] == chunk(more=False)


async def test_a_public_stream_has_no_deadline() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        await send(chunk())
        await anyio.sleep(SHORT * 2)
        await send(chunk(more=False))

    server = http_server()
    await server.serve(guarded(app, [public("/")]), stream_scope())
    assert server.sent[-1] == chunk(more=False)


@pytest.mark.parametrize("spec_version", ["2.3", "2.4"])
async def test_finally_of_a_starlette_generator_that_waits_for_ever(spec_version: str) -> None:
    told: list[str] = []

    async def events() -> AsyncIterator[str]:
        try:
            yield "data: 1\n\n"
            await anyio.sleep_forever()
        finally:
            told.append("finally")

    app = StreamingResponse(events(), media_type="text/event-stream", background=BackgroundTask(told.append, "after"))
    server = http_server()
    scope = {**stream_scope(), "asgi": {"version": "3.0", "spec_version": spec_version}}
    await server.serve(guarded(app, connections=QUICK), scope)
    assert server.sent[-1] == END
    assert told == (["finally", "after"] if spec_version == "2.3" else ["finally"])


@pytest.mark.parametrize("spec_version", ["2.3", "2.4"])
async def test_a_starlette_generator_that_goes_on_is_stopped_by_its_next_chunk(spec_version: str) -> None:
    class Ticks:
        def __aiter__(self) -> "Ticks":
            return self

        async def __anext__(self) -> str:
            await anyio.sleep(SHORT / 4)
            return "tick"

    server = http_server()
    scope = {**stream_scope(), "asgi": {"version": "3.0", "spec_version": spec_version}}
    await server.serve(guarded(StreamingResponse(Ticks()), connections=ALL), scope)
    assert server.sent[-1] == END
    assert len(server.sent) < 12


async def test_the_apps_own_last_chunk_after_the_end_is_no_error() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        await send(chunk())
        while (await receive())["type"] != "http.disconnect":
            pass
        await send(chunk(more=False))
        with pytest.raises(OSError, match="ended with its token"):
            await send(chunk())

    server = http_server()
    await server.serve(guarded(app, connections=ALL), stream_scope())
    assert server.sent == [start(), chunk(), END]


async def test_a_chunk_that_is_being_sent_is_sent_before_the_end() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        await send(chunk(b"1"))
        await send(chunk(b"2"))

    server = http_server()

    async def slow_send(message: Message) -> None:
        if message.get("body") == b"2":
            await anyio.sleep(SHORT * 2)
        server.sent.append(message)

    await guarded(app, connections=ALL)(stream_scope(), server.receive, slow_send)
    assert server.sent == [start(), chunk(b"1"), chunk(b"2"), END]


async def test_a_last_chunk_that_is_being_sent_is_the_end() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        await send(chunk(b"1"))
        await send(chunk(b"2", more=False))

    server = http_server()

    async def slow_send(message: Message) -> None:
        if message.get("body") == b"2":
            await anyio.sleep(SHORT * 2)
        server.sent.append(message)

    await guarded(app, connections=ALL)(stream_scope(), server.receive, slow_send)
    assert server.sent == [start(), chunk(b"1"), chunk(b"2", more=False)]


@pytest.mark.parametrize("app_sends", [True, False])
async def test_a_client_that_reads_nothing_keeps_nothing_alive_beyond_the_grace(app_sends: bool) -> None:
    server, ended = http_server(), []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        await send(chunk())
        server.is_stalled = True
        try:
            await (send(chunk()) if app_sends else anyio.sleep_forever())
        finally:
            ended.append(True)

    await server.serve(guarded(app, connections=QUICK), stream_scope())
    assert ended == [True]
    assert server.sent == [start(), chunk()]


async def test_an_app_that_streams_in_a_task_of_its_own_is_cancelled_as_a_whole() -> None:
    ended: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        async def stream() -> None:
            await send(start())
            await send(chunk())

        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(stream)
                await anyio.sleep_forever()
        finally:
            ended.append("finally")

    server = http_server()
    await server.serve(guarded(app, connections=QUICK), stream_scope())
    assert ended == ["finally"]
    assert server.sent[-1] == END


async def test_an_error_of_the_app_is_the_servers_to_hear_about() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        await send(chunk())
        while (await receive())["type"] != "http.disconnect":
            pass
        raise KeyError("a fault of the app")

    with pytest.raises(KeyError):
        await http_server().serve(guarded(app, connections=ALL), stream_scope())


async def test_an_error_before_the_end_is_too() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        await send(chunk())
        raise KeyError

    with pytest.raises(KeyError):
        await http_server().serve(guarded(app, connections=ALL), stream_scope())


async def test_a_server_that_cancels_is_obeyed() -> None:
    server = http_server()
    with anyio.move_on_after(SHORT / 4) as scope:
        await server.serve(guarded(Streaming(start(), chunk()), connections=ALL), stream_scope())
    assert scope.cancelled_caught


async def test_an_app_that_is_cancelled_and_returns_as_if_nothing_were() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        await send(chunk())
        try:
            await anyio.sleep_forever()
        except anyio.get_cancelled_exc_class():
            return

    server = http_server()
    await server.serve(guarded(app, connections=QUICK), stream_scope())
    await anyio.lowlevel.checkpoint()
    assert server.sent[-1] == END


async def test_a_body_is_read_as_it_comes() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        assert await Request(scope, receive).body() == b"12"
        await Streaming(start(), chunk())(scope, receive, send)

    server = http_server()
    server.arriving.clear()
    server.client({"type": "http.request", "body": b"1", "more_body": True})
    server.client({"type": "http.request", "body": b"2", "more_body": False})
    await server.serve(guarded(app, connections=ALL), stream_scope())
    assert server.reads == 3


@pytest.mark.parametrize("arrives", ["late", "never"])
async def test_of_a_body_that_goes_on_nothing_is_read_after_the_end(arrives: str) -> None:
    """Client and app may stream to each other, and the app may wait for the client only."""
    app, server = Streaming(start(), chunk()), http_server()
    server.arriving.clear()
    server.client({"type": "http.request", "body": b"1", "more_body": True})
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(server.serve, guarded(app, connections=ALL), stream_scope())
        await anyio.sleep(SHORT * 2)
        if arrives == "late":
            server.client({"type": "http.request", "body": b"2", "more_body": True})
    assert app.disconnects == [{"type": "http.disconnect"}]
    assert server.sent == [start(), chunk(), END]


async def test_the_clients_own_disconnect_arrives() -> None:
    app, server = Streaming(start(), chunk()), http_server()
    server.client({"type": "http.disconnect"})
    await server.serve(guarded(app, connections=ALL), stream_scope())
    assert app.disconnects == [{"type": "http.disconnect"}]
    assert server.sent == [start(), chunk()]


async def test_an_event_stream_ends_when_its_token_is_revoked() -> None:
    revocations = Revocations(clock=lambda: NOW)
    app, server = Streaming(start(EVENTS), chunk(b"data: 1\n\n")), http_server()
    middleware = guarded(app, revocations=revocations, connections=ConnectionSettings(last_event=True))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(server.serve, middleware, stream_scope(sign()))
        await anyio.sleep(SHORT)
        clock = lambda: NOW + 1  # noqa: E731 - a clock is a function
        await revocations.revoke(Revocation.subject(ISSUER, "suman", lifetime=timedelta(hours=1), clock=clock))
    assert server.sent[-1]["body"].startswith(b"event: token_revoked\n")


async def test_max_age_ends_earlier_than_the_token() -> None:
    rules = ConnectionSettings(max_age=timedelta(seconds=SHORT), last_event=True)
    server = http_server()
    await server.serve(guarded(Streaming(start(EVENTS)), connections=rules), stream_scope(sign()))
    assert server.sent[-1]["body"].startswith(b"event: connection_expired\n")


async def test_max_age_over_the_tokens_changes_nothing() -> None:
    rules = ConnectionSettings(max_age=timedelta(hours=1), last_event=True)
    server = http_server()
    await server.serve(guarded(Streaming(start(EVENTS)), connections=rules), stream_scope(short_token()))
    assert server.sent[-1]["body"].startswith(b"event: token_expired\n")


CSV = (b"content-type", b"text/csv")


class Exporting:
    """An app that sends rows for longer than the token lives, and counts those that were taken."""

    def __init__(self, *headers: tuple[bytes, bytes], rows: int = 4) -> None:
        self.headers = headers
        self.rows = rows
        self.sent = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send(start(*self.headers))
        for number in range(self.rows):
            await send(chunk(b"row\n"))
            self.sent = number + 1
            await anyio.sleep(SHORT / 2)
        await send(chunk(b"", more=False))


def scope_of(method: str, token: str | None = None) -> Scope:
    return {**stream_scope(token), "method": method}


@pytest.mark.parametrize(
    ("method", "headers", "choice", "is_whole"),
    [
        pytest.param("GET", [CSV], "event_streams", True, id="an export"),
        pytest.param("GET", [EVENTS], "event_streams", False, id="an event stream"),
        pytest.param("GET", [(b"Content-Type", b"Text/Event-Stream ; x=y")], "event_streams", False, id="in any case"),
        pytest.param("GET", [(b"content-type", b"text/event-streams")], "event_streams", True, id="another type"),
        pytest.param("GET", [EVENTS, EVENTS], "event_streams", True, id="two types"),
        pytest.param("POST", [EVENTS], "event_streams", True, id="the result of a call"),
        pytest.param("POST", [CSV], "event_streams", True, id="the answer to a POST"),
        pytest.param("GET", [CSV, (b"content-length", b"16")], "event_streams", True, id="of a length"),
        pytest.param("GET", [CSV], "all", False, id="all: an export"),
        pytest.param("POST", [EVENTS], "all", False, id="all: the result of a call"),
        pytest.param("GET", [CSV, (b"content-length", b"16")], "all", True, id="all: of a length"),
        pytest.param("GET", [EVENTS], "none", True, id="none: an event stream"),
    ],
)
async def test_which_responses_end_with_their_token(method: str, headers: Any, choice: Any, is_whole: bool) -> None:
    app, server = Exporting(*headers), http_server()
    rules = ConnectionSettings(ending_responses=choice, grace=GRACE)
    with suppress(OSError):
        await server.serve(guarded(app, connections=rules), scope_of(method))
    assert server.sent[-1] == END
    assert (app.sent == app.rows) == is_whole
    assert (len(server.sent) == app.rows + 2) == is_whole


async def revoke_soon(revocations: Revocations) -> None:
    await anyio.sleep(SHORT)
    clock = lambda: NOW + 1  # noqa: E731 - a clock is a function
    await revocations.revoke(Revocation.subject(ISSUER, "suman", lifetime=timedelta(hours=1), clock=clock))


@pytest.mark.parametrize(
    ("headers", "choice", "is_whole"),
    [
        pytest.param([CSV], "abort", False, id="an export"),
        pytest.param([CSV, (b"content-length", b"24")], "abort", False, id="of a length"),
        pytest.param([CSV], "deliver", True, id="delivered if that is set"),
    ],
)
async def test_a_response_whose_token_is_revoked_is_aborted(headers: Any, choice: Any, is_whole: bool) -> None:
    """No last chunk is sent, so a server cuts the connection and the client sees that something is missing."""
    revocations = Revocations(clock=lambda: NOW)
    app, server = Exporting(*headers, rows=6), http_server()
    rules = ConnectionSettings(revoked_responses=choice, grace=GRACE)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(revoke_soon, revocations)
        await server.serve(guarded(app, revocations=revocations, connections=rules), stream_scope(sign()))
    assert (server.sent[-1] == END) == is_whole
    assert (app.sent == app.rows) == is_whole
    assert server.sent[0]["type"] == "http.response.start"


async def test_the_end_of_an_app_that_finishes_after_the_revocation_is_not_sent() -> None:
    """It may return as if all were well; the message stays incomplete."""
    revocations, server = Revocations(clock=lambda: NOW), http_server()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start(CSV))
        await send(chunk())
        while (await receive())["type"] != "http.disconnect":
            pass
        await send(chunk(b"", more=False))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(revoke_soon, revocations)
        await server.serve(guarded(app, revocations=revocations), stream_scope(sign()))
    assert server.sent == [start(CSV), chunk()]


class Slow:
    """An app that is silent at first."""

    def __init__(self, *headers: tuple[bytes, bytes], whole: bool = False) -> None:
        self.headers = headers
        self.whole = whole

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await anyio.sleep(SHORT * 2)
        await send(start(*self.headers))
        await send(chunk(b"secret", more=not self.whole))


@pytest.mark.parametrize("reason", ["token expired", "token revoked"])
async def test_an_event_stream_that_would_begin_after_the_end_of_its_token_is_rejected(reason: str) -> None:
    revocations, server = Revocations(clock=lambda: NOW), http_server()
    now = [float(NOW)]
    middleware = guarded(Slow(EVENTS), revocations=revocations, clock=lambda: now[0])
    async with anyio.create_task_group() as tasks:
        if reason == "token revoked":
            tasks.start_soon(revoke_soon, revocations)
        else:
            tasks.start_soon(_advance, now)
        with suppress(OSError):
            await server.serve(middleware, stream_scope(sign()))
    assert server.sent[0]["status"] == 401
    assert (b"www-authenticate" in dict(server.sent[0]["headers"])) is True
    assert all(b"secret" not in message.get("body", b"") for message in server.sent)


async def _advance(now: list[float]) -> None:
    await anyio.sleep(SHORT)
    now[0] += 10**6


@pytest.mark.parametrize(
    ("rules", "sent"), [(ALL, [start(CSV), END]), (ConnectionSettings(), [start(CSV), chunk(b"secret")])]
)
async def test_the_first_chunk_of_a_silent_stream_is_not_sent_after_the_end(rules: Any, sent: Any) -> None:
    server, now = http_server(), [float(NOW)]
    middleware = guarded(Slow(CSV), connections=rules, clock=lambda: now[0])
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_advance, now)
        with suppress(OSError):
            await server.serve(middleware, stream_scope(sign()))
    assert server.sent == sent


async def test_the_first_chunk_of_a_silent_response_is_not_sent_after_a_revocation() -> None:
    revocations, server = Revocations(clock=lambda: NOW), http_server()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(revoke_soon, revocations)
        with suppress(OSError):
            await server.serve(guarded(Slow(CSV), revocations=revocations), stream_scope(sign()))
    assert server.sent == [start(CSV)]


async def test_a_response_in_one_piece_is_delivered_whatever_became_of_its_token() -> None:
    revocations, server = Revocations(clock=lambda: NOW), http_server()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(revoke_soon, revocations)
        await server.serve(guarded(Slow(CSV, whole=True), revocations=revocations), stream_scope(sign()))
    assert server.sent == [start(CSV), chunk(b"secret", more=False)]


class Forgetful(Revocations):
    """A store that is away: what is revoked is not known."""

    is_away = False

    def is_revoked(self, marks: Any) -> bool:
        if self.is_away:
            raise AuthenticationUnavailable
        return super().is_revoked(marks)


async def test_a_stream_begins_though_the_store_of_revocations_is_away() -> None:
    revocations, server = Forgetful(clock=lambda: NOW), http_server()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        revocations.is_away = True
        await send(start(EVENTS))
        await send(chunk(b"", more=False))

    await server.serve(guarded(app, revocations=revocations), stream_scope(sign()))
    assert server.sent == [start(EVENTS), END]


@pytest.mark.parametrize("allow", [[], [optional("/")]], ids=["protected", "optional"])
@pytest.mark.parametrize(
    "kind", [iter, tuple, lambda headers: (one for one in headers)], ids=["iter", "tuple", "generator"]
)
async def test_response_headers_may_be_given_as_any_iterable(allow: Any, kind: Any) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": kind([EVENTS, CSV])})
        await send(chunk(more=False))

    server = http_server()
    await server.serve(guarded(app, allow), stream_scope(sign()))
    assert [*server.sent[0]["headers"]][:2] == [EVENTS, CSV]


async def test_an_ended_connection_does_not_begin_anew() -> None:
    context = ConnectionContext(ConnectionSettings(), "api", None, lambda: NOW)
    stream = Stream(context, cast("Any", None), http_scope(), cast("Any", None), cast("Any", None))
    stream._move_to(State.WATCHED)
    stream._move_to(State.ENDED)
    with pytest.raises(RuntimeError, match="cannot go from ENDED to WATCHED"):
        stream._move_to(State.WATCHED)
