"""Without a lifespan the first requests wait for the first copy of the revocations: once, for a bounded time."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import anyio
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from asgi_bearer import (
    BearerMiddleware,
    CacheLimits,
    Issuer,
    RedisRevocations,
    Revocation,
    Revocations,
    SqliteRevocations,
)
from asgi_bearer.revocation import replicated as followed_module
from asgi_bearer.revocation.replicated import ReplicatedRevocations, begin_anew_after_fork
from asgi_bearer.revocation.sqlite import SqliteStore
from tests.asgi import Recorder, bearer, call, get, guarded, websocket_scope
from tests.keys import SECRET, public_jwk
from tests.remote.server import JwksServer
from tests.revocation.fakes import FakeStore, followed
from tests.revocation.servers import RedisServer, eventually, free_port
from tests.revocation.tokens import clock, token_revocation
from tests.tokens import AUDIENCE, NOW, claims, sign

ROOT = Path(__file__).parents[2]


@contextmanager
def unstarted(store: FakeStore) -> Iterator[ReplicatedRevocations]:
    copy = followed(store)
    try:
        yield copy
    finally:
        store.may_go_on.set()
        copy.close()
        eventually(lambda: not store.open_readers)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(followed_module, "PATIENCE", 0.3)


@pytest.mark.anyio
async def test_the_first_requests_wait_for_the_first_copy_and_share_one_wait() -> None:
    store = FakeStore()
    store.may_go_on.clear()
    store.add_text(token_revocation("a2"))
    statuses: list[tuple[str, int]] = []

    async def ask(token_id: str) -> None:
        statuses.append((token_id, (await get(app, token=sign(claims(jti=token_id)))).status))

    with unstarted(store) as copy:
        app = guarded(Recorder(), revocations=copy)
        async with anyio.create_task_group() as tasks:
            for token_id in ("a1", "a2") * 10:
                tasks.start_soon(ask, token_id)
            await anyio.to_thread.run_sync(eventually, lambda: store.open_readers)
            assert statuses == []
            assert len(store.open_readers) == 1
            flight = copy._first_contact
            store.may_go_on.set()
        assert sorted(statuses) == [("a1", 200)] * 10 + [("a2", 401)] * 10
        assert copy._first_contact is flight
        assert not copy.awaits_first_contact


@pytest.mark.anyio
@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("cache", [None, CacheLimits()], ids=["no cache", "cache"])
async def test_a_store_that_is_down_is_waited_for_once(cache: CacheLimits | None) -> None:
    store = FakeStore()
    store.fault = ConnectionError("gone")
    with unstarted(store) as copy:
        app = guarded(Recorder(), revocations=copy, cache=cache)
        begun = time.monotonic()
        assert (await get(app, token=sign())).status == 503
        assert time.monotonic() - begun > 0.3
        begun = time.monotonic()
        for _ in range(5):
            assert (await get(app, token=sign())).status == 503
        assert time.monotonic() - begun < 0.3
        store.fault = None
        await anyio.to_thread.run_sync(eventually, lambda: copy.status().ready)
        assert (await get(app, token=sign())).status == 200


@pytest.mark.anyio
@pytest.mark.usefixtures("impatient")
async def test_only_a_token_that_verified_is_waited_with() -> None:
    store = FakeStore()
    with unstarted(store) as copy:
        app = guarded(Recorder(), revocations=copy)
        assert (await get(app)).status == 401
        assert (await get(app, token=sign()[:-4] + "AAAA")).status == 401
        assert not store.open_readers


@pytest.mark.anyio
async def test_a_cancelled_request_leaves_the_wait_to_the_others() -> None:
    store = FakeStore()
    store.may_go_on.clear()
    with unstarted(store) as copy:
        app = guarded(Recorder(), revocations=copy)
        with anyio.move_on_after(0.1) as first:
            await get(app, token=sign())
        assert first.cancelled_caught
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_expect_200, app)
            await anyio.sleep(0.05)
            store.may_go_on.set()


async def _expect_200(app: BearerMiddleware) -> None:
    assert (await get(app, token=sign())).status == 200


@pytest.mark.usefixtures("impatient")
def test_an_event_loop_that_ends_while_it_waits_is_no_obstacle() -> None:
    store = FakeStore()
    store.may_go_on.clear()

    async def give_up(app: BearerMiddleware) -> None:
        with anyio.move_on_after(0.05):
            await get(app, token=sign())

    with unstarted(store) as copy:
        app = guarded(Recorder(), revocations=copy)
        anyio.run(give_up, app)
        store.may_go_on.set()
        eventually(lambda: copy.status().ready)
        anyio.run(_expect_200, app)


@pytest.mark.anyio
async def test_a_websocket_waits_too() -> None:
    store = FakeStore()
    store.add_text(token_revocation("a2"))
    with unstarted(store) as copy:
        app = guarded(Recorder(), revocations=copy)
        scope = websocket_scope(headers=[bearer(sign())])
        assert [message["type"] for message in (await call(app, scope)).messages] == ["websocket.accept"]


@pytest.mark.anyio
async def test_a_lifespan_has_waited_already() -> None:
    store = FakeStore()
    with unstarted(store) as copy:
        await copy.wait_until_ready()
        assert not copy.awaits_first_contact
        assert (await get(guarded(Recorder(), revocations=copy), token=sign())).status == 200
        assert copy._first_contact is None
    await Revocations().wait_for_first_contact()
    assert not Revocations().awaits_first_contact


@pytest.mark.anyio
async def test_a_child_that_was_forked_waits_again() -> None:
    with unstarted(FakeStore()) as copy:
        await copy.wait_for_first_contact()
        feed = copy._feed
        assert feed is not None
        begin_anew_after_fork()
        assert copy.awaits_first_contact
        feed.close()  # a fork has no such thread
        await copy.wait_for_first_contact()
        assert copy.status().ready


def test_inside_a_mount_which_gets_no_lifespan(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with (
        JwksServer([public_jwk("ES256", kid="one")]) as server,
        closing(SqliteRevocations(path, clock=clock)) as revocations,
    ):
        SqliteStore(path, clock).add([Revocation("token", server.issuer, "a2", NOW + 600)])
        issuer = Issuer(server.issuer, AUDIENCE, allow_loopback_http=True)
        app = Starlette(routes=[Mount("/api", app=guarded(Recorder(), issuers=issuer, revocations=revocations))])
        with TestClient(app) as client:
            for token_id, status in (("a1", 200), ("a2", 401)):
                token = sign(claims(iss=server.issuer, jti=token_id), algorithm="ES256", kid="one")
                answer = client.get("/api/", headers={"Authorization": f"Bearer {token}"})
                assert answer.status_code == status, answer.text


_APP = """
import os
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from asgi_bearer import BearerMiddleware
from asgi_bearer import Issuer
from asgi_bearer import RedisRevocations
from asgi_bearer import SqliteRevocations
from asgi_bearer import StaticKeys
from tests.tokens import AUDIENCE, ISSUER, NOW

place = os.environ["PLACE"]
kind = RedisRevocations if place.startswith("redis:") else SqliteRevocations
app = BearerMiddleware(
    Starlette(routes=[Route("/", PlainTextResponse("hello"))]),
    issuers=Issuer(ISSUER, AUDIENCE, keys=StaticKeys.from_secret(bytes.fromhex(os.environ["SECRET"]))),
    revocations=kind(place, clock=lambda: float(NOW)),
    clock=lambda: float(NOW),
)
"""


@contextmanager
def uvicorn_without_a_lifespan(folder: Path, place: str) -> Iterator[int]:
    (folder / "site_without_lifespan.py").write_text(_APP)
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "site_without_lifespan:app", "--app-dir", str(folder)]
    command += ["--lifespan", "off", "--port", str(port), "--log-level", "warning"]
    environment = {**os.environ, "PLACE": place, "SECRET": SECRET.hex(), "PYTHONPATH": _path()}
    process = subprocess.Popen(command, cwd=ROOT, env=environment)
    try:
        eventually(lambda: _listens(port), 30)
        yield port
    finally:
        process.terminate()
        process.wait(20)


def _path() -> str:
    return os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True


def _ask(port: int, token_id: str) -> int:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request("GET", "/", headers={"Authorization": f"Bearer {sign(claims(jti=token_id))}"})
        return connection.getresponse().status


@pytest.mark.parametrize(("token_id", "status"), [("a1", 200), ("a2", 401)], ids=["valid", "revoked"])
@pytest.mark.parametrize("kind", ["sqlite", "redis"])
def test_the_first_request_to_uvicorn_without_a_lifespan(tmp_path: Path, kind: str, token_id: str, status: int) -> None:
    revoked = [token_revocation("a2")]
    if kind == "sqlite":
        SqliteStore(tmp_path / "file", clock).add(revoked)
        with uvicorn_without_a_lifespan(tmp_path, str(tmp_path / "file")) as port:
            assert _ask(port, token_id) == status
    else:
        with RedisServer("redis", tmp_path) as server:
            RedisRevocations(server.url, clock=clock)._store.add(revoked)
            with uvicorn_without_a_lifespan(tmp_path, server.url) as port:
                assert _ask(port, token_id) == status


def test_uvicorn_without_a_lifespan_answers_503_after_the_bound_if_the_store_is_down(tmp_path: Path) -> None:
    with uvicorn_without_a_lifespan(tmp_path, f"redis://127.0.0.1:{free_port()}/0") as port:
        begun = time.monotonic()
        assert _ask(port, "a1") == 503
        waited = time.monotonic() - begun
        assert waited > 2.5
        begun = time.monotonic()
        assert _ask(port, "a1") == 503
        assert time.monotonic() - begun < waited / 2
