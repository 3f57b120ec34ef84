"""Redis and Valkey, real ones, broken in every way under load.

The invariant: what `revoke` returned for is in force in every copy within the bound, or that copy refuses; and after
the server is back every copy has everything, also what could not be stored at first.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Self

import pytest
from redis.exceptions import ConnectionError  # noqa: A004 - its own name

from asgi_bearer import AuthenticationUnavailable, RedisRevocations, Revocation
from asgi_bearer.errors import RevocationsUnavailable
from asgi_bearer.revocation import redis as redis_stream
from asgi_bearer.revocation.redis import RedisReader, RedisStore
from asgi_bearer.revocation.revocation import write_revocation
from tests.revocation.servers import ENGINES, Proxy, RedisServer, eventually, free_port
from tests.revocation.tokens import clock, identifiers, revoke, token_revocation
from tests.tokens import ISSUER, NOW

BOUND = timedelta(seconds=1)
STREAM = "asgi-bearer:revocations:20m"


@pytest.fixture(params=ENGINES)
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RedisServer]:
    with RedisServer(request.param, tmp_path) as started:
        yield started


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[RedisServer]:
    with RedisServer("valkey", tmp_path) as started:
        yield started


@contextmanager
def following(*urls: str, **settings: Any) -> Iterator[list[RedisRevocations]]:
    """A copy for each URL, as so many processes have."""
    values = {"clock": clock, "max_staleness": BOUND, **settings}
    copies = [RedisRevocations(url, **values) for url in urls]
    for copy in copies:
        assert list(copy.errors()) == []
        copy.start()
    feeds = [copy._feed for copy in copies]
    try:
        yield copies
    finally:
        for copy in copies:
            copy.close()
        for feed in feeds:
            assert feed is not None
            feed.thread.join(10)
            assert not feed.thread.is_alive()


def has(copy: RedisRevocations, *token_ids: str) -> bool:
    try:
        return all(copy.is_revoked(identifiers(jti=token_id)) for token_id in token_ids)
    except AuthenticationUnavailable:
        return False


class Load:
    """Threads that take tokens back through the first copy and ask all of them about what was taken back."""

    def __init__(self, copies: Sequence[RedisRevocations]) -> None:
        self._copies = copies
        self._stored: list[tuple[str, float]] = []
        self._all: list[str] = []
        self._lost = 0.0, 0.0
        self._ends = threading.Event()
        self._threads = [threading.Thread(target=self._revoke, args=(name,)) for name in "ab"]
        self._threads.append(threading.Thread(target=self._ask))
        self.accepted: list[str] = []
        self.refused = self.unavailable = 0

    def __enter__(self) -> Self:
        for copy in self._copies:
            eventually(lambda copy=copy: copy.status().ready)  # type: ignore[misc]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        for thread in self._threads:
            thread.join(20)
        assert self.accepted == []
        assert len(self._all) > 20
        for copy in self._copies:
            eventually(partial(has, copy, *self._all))

    def run(self, seconds: float) -> None:
        time.sleep(seconds)

    def lose_latest(self) -> None:
        """The store lost what perhaps one process alone knows: all will know it in the end, not within the bound."""
        now = time.monotonic()
        self._lost = now - 0.5, now + 0.2

    def _revoke(self, name: str) -> None:
        number = 0
        while not self._ends.wait(0.01):
            token_id = f"{name}{number}"
            number += 1
            self._all.append(token_id)
            try:
                revoke(self._copies[0], token_revocation(token_id))
                self._stored.append((token_id, time.monotonic()))
            except RevocationsUnavailable:
                self.unavailable += 1

    def _ask(self) -> None:
        while not self._ends.wait(0.002):
            bound = time.monotonic() - BOUND.total_seconds()
            since, until = self._lost
            stored = [one for one in self._stored if not since < one[1] < until]
            due = [token_id for token_id, stored_at in stored if stored_at < bound]
            for copy in self._copies:
                self._ask_one(copy, [*due[:20], *due[-200:]])

    def _ask_one(self, copy: RedisRevocations, token_ids: Sequence[str]) -> None:
        try:
            self.accepted += [token_id for token_id in token_ids if not copy.is_revoked(_marks(token_id))]
        except AuthenticationUnavailable:
            self.refused += 1


def _marks(token_id: str) -> Any:
    return _ANY._replace(names=(token_revocation(token_id).identifier,))


_ANY = identifiers()


def test_what_one_takes_back_all_have_at_once(server: RedisServer) -> None:
    with following(*[server.url] * 3) as copies:
        told = threading.Event()
        copies[2].subscribe(identifiers(), told.set)
        eventually(lambda: all(copy.status().ready for copy in copies))
        started = time.monotonic()
        revoke(copies[0], token_revocation("a1"))
        assert told.wait(5)
        assert time.monotonic() - started < 2  # it takes milliseconds; machines are busy
        for copy in copies:
            eventually(partial(has, copy, "a1"))
        assert [copy.status().state for copy in copies] == ["fresh"] * 3


def test_all_kinds_are_read_by_one_who_comes_later(server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_stream, "_BATCH", 7)
    names = [f"t{number}" for number in range(21)]
    with following(server.url) as [first]:
        revoke(
            first,
            Revocation.subject(ISSUER, "other", lifetime=timedelta(days=1), before=NOW),
            Revocation.session(ISSUER, "s1", lifetime=timedelta(days=400), clock=clock),
            Revocation.key(ISSUER, "k9", lifetime=timedelta(days=36_500), clock=clock),
            *map(token_revocation, names),
        )
    with following(server.url) as [later]:
        eventually(lambda: has(later, *names))
        assert later.is_revoked(identifiers(sub="other"))
        assert later.is_revoked(identifiers(sid="s1"))
        assert later.is_revoked(identifiers("k9"))
        assert not later.is_revoked(identifiers())


def test_killed_and_restarted_empty_under_load(server: RedisServer) -> None:
    with following(*[server.url] * 3) as copies, Load(copies) as load:
        load.run(0.8)
        server.kill()
        load.lose_latest()
        load.run(0.4)
        server.start()
        load.run(0.4)
    assert load.unavailable > 0
    with following(server.url) as [late]:
        eventually(lambda: late.status().entries == len(load._all))


@pytest.mark.parametrize("engine", ENGINES)
def test_killed_and_restarted_with_its_data_under_load(engine: str, tmp_path: Path) -> None:
    with RedisServer(engine, tmp_path, keeps=True) as server, following(*[server.url] * 2) as copies:
        with Load(copies) as load:
            load.run(0.4)
            server.restart()
            load.run(0.4)
        eventually(lambda: not copies[0]._unconfirmed)
        stored = server.client.xlen(STREAM)
        assert stored == pytest.approx(len(load._all), abs=40)  # what was under way may be there twice, not all of it


def test_frozen_beyond_the_bound_under_load(valkey: RedisServer, caplog: pytest.LogCaptureFixture) -> None:
    with following(*[valkey.url] * 2) as copies, Load(copies) as load:
        load.run(0.3)
        with valkey.frozen():
            load.run(1.3)
            assert load.refused > 0
            assert [copy.status().state for copy in copies] == ["lost"] * 2
        eventually(lambda: all(copy.status().ready for copy in copies))
        load.run(0.2)
    assert "tokens are refused with 503" in caplog.text


def test_a_partition_that_one_of_them_is_behind(valkey: RedisServer) -> None:
    proxy = Proxy(valkey.port)
    with following(valkey.url, valkey.url, proxy.url) as copies, Load(copies) as load:
        load.run(0.3)
        proxy.mode = "stall"
        load.run(1.3)
        assert copies[2].status().state == "lost"
        assert copies[1].status().state == "fresh"
        assert load.refused > 0
        proxy.cut()
        load.run(0.1)
        proxy.mode = "pass"
        eventually(lambda: copies[2].status().ready)
        load.run(0.2)
    assert load.unavailable == 0
    proxy.close()


def test_who_takes_back_behind_a_partition_is_told_and_obeyed_later(valkey: RedisServer) -> None:
    proxy = Proxy(valkey.port)
    with following(proxy.url, valkey.url) as [one, other]:
        eventually(lambda: one.status().ready and other.status().ready)
        proxy.mode = "stall"
        with pytest.raises(RevocationsUnavailable):
            revoke(one, token_revocation("a1"))
        assert one._copy.is_revoked(identifiers())
        assert not other.is_revoked(identifiers())
        proxy.cut()
        proxy.mode = "pass"
        eventually(lambda: has(other, "a1"))
    proxy.close()


def test_continue_continues_with_a_warning(valkey: RedisServer, caplog: pytest.LogCaptureFixture) -> None:
    with following(valkey.url, on_stale="allow") as [copy]:
        revoke(copy, token_revocation("a1"))
        eventually(lambda: not copy._unconfirmed)
        valkey.kill()
        eventually(lambda: copy.status().state == "lost")
        assert copy.is_revoked(identifiers())
        assert not copy.is_revoked(identifiers(jti="a2"))
        eventually(lambda: "are ACCEPTED until it is back" in caplog.text)


def test_a_server_that_is_emptied_gets_all_back(valkey: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing breaks the connection: it is noticed at the next look whether the last entry is still there."""
    monkeypatch.setattr(redis_stream, "_LOOK_AGAIN", 0.2)
    with following(valkey.url, valkey.url) as copies:
        revoke(copies[0], *(token_revocation(f"t{number}") for number in range(50)))
        eventually(lambda: all(copy.status().entries == 50 and not copy._unconfirmed for copy in copies))
        valkey.client.flushall()
        eventually(lambda: valkey.client.xlen(STREAM) >= 50)
        eventually(lambda: not any(copy._unconfirmed for copy in copies))
        assert valkey.client.xlen(STREAM) == 50


def test_a_server_whose_last_entries_are_lost_gets_them_back(valkey: RedisServer) -> None:
    """As after a restart with all but the last second, or where a replica takes over that was behind."""
    with following(valkey.url) as [copy]:
        revoke(copy, token_revocation("a1"))
        revoke(copy, token_revocation("a2"))
        eventually(lambda: not copy._unconfirmed)
        entries: Any = valkey.client.xrange(STREAM)
        with valkey.client.pipeline() as other_server:
            other_server.client_kill_filter(_type="normal", skipme=True)
            other_server.xdel(STREAM, entries[-1][0])
            other_server.xadd(STREAM, {"r": write_revocation(token_revocation("a3"))})
            other_server.execute()
        eventually(lambda: has(copy, "a3"))
        eventually(lambda: valkey.client.xlen(STREAM) == 3)


def test_that_all_is_to_be_read_is_not_forgotten_where_the_server_goes_meanwhile(valkey: RedisServer) -> None:
    copy = RedisRevocations(valkey.url, clock=clock, max_staleness=BOUND)
    reader = copy._store.reader()
    valkey.kill()
    with pytest.raises(ConnectionError):
        reader.read(0)
    valkey.start()
    assert reader.read(0).begins_anew
    assert not reader.read(0).begins_anew
    reader.close()


def test_dead_entries_are_no_loss(valkey: RedisServer) -> None:
    now = [float(NOW)]
    with following(valkey.url, clock=lambda: now[0]) as [copy]:
        revoke(copy, token_revocation("a1", NOW + 100))
        eventually(lambda: not copy._unconfirmed)
        now[0] += 100
        valkey.client.flushall()
        valkey.client.client_kill_filter(_type="normal", skipme=True)
        revoke(copy, token_revocation("a2", NOW + 900))
        eventually(lambda: not copy._unconfirmed)
        assert valkey.client.xlen(STREAM) == 1


def test_a_loss_is_found_where_the_last_entry_is_dead_and_others_live(valkey: RedisServer) -> None:
    """Who comes later would not know what was lost: the copies that live must hand it in."""
    now = [float(NOW)]
    with following(valkey.url, clock=lambda: now[0]) as [copy]:
        revoke(copy, token_revocation("a1", NOW + 900))
        revoke(copy, token_revocation("a2", NOW + 100))
        eventually(lambda: not copy._unconfirmed)
        now[0] += 110
        valkey.client.flushall()
        valkey.client.client_kill_filter(_type="normal", skipme=True)
        with following(valkey.url, clock=lambda: now[0]) as [later]:
            eventually(partial(has, later, "a1"))


def test_entries_die_in_the_server(valkey: RedisServer) -> None:
    """A stream is cut where all is dead, and ends when its last entry is."""
    with following(valkey.url) as [copy]:
        store: Any = copy._store
        revoke(copy, *(token_revocation(f"t{number}") for number in range(500)))
        eventually(lambda: not copy._unconfirmed)
        store.last_times[STREAM] += 19 * 60_000  # ms, as if the last entry had just come, so much later
        revoke(copy, token_revocation("a1"))
        assert valkey.client.xlen(STREAM) == 501
        eventually(lambda: not copy._unconfirmed)
        store.last_times[STREAM] += 20 * 60_000
        revoke(copy, token_revocation("a2"))
        assert 0 < int(valkey.client.xlen(STREAM)) < 200  # whole nodes of 100 are cut
        assert 20 * 60 - 5 < int(valkey.client.ttl(STREAM)) <= 20 * 60


def test_another_one_hands_in(valkey: RedisServer) -> None:
    with following(valkey.url) as [copy]:
        valkey.client.set("asgi-bearer:revocations:turn", 1, px=60_000)
        eventually(lambda: copy.status().ready)
        copy._copy.add(token_revocation("a1"), NOW)
        copy._unconfirmed.expect([token_revocation("a1").identifier], 0)
        time.sleep(0.5)
        assert valkey.client.xlen(STREAM) == 0
        valkey.client.delete("asgi-bearer:revocations:turn")
        eventually(lambda: valkey.client.xlen(STREAM) == 1)
        assert not valkey.client.exists("asgi-bearer:revocations:turn")


TURN = "asgi-bearer:revocations:turn"


@contextmanager
def two_readers(server: RedisServer, monotonic: Callable[[], float] = time.monotonic) -> Iterator[list[RedisReader]]:
    """As two processes have, after a look. Nothing is retried and nothing runs in the background."""
    store = RedisStore(server.url, "asgi-bearer:revocations", 1, clock, monotonic)
    readers = [store.reader(), store.reader()]
    for reader in readers:
        reader.read(0)
    yield readers
    for reader in readers:
        reader.close()


def test_a_turn_is_given_back_at_once_if_nothing_is_left_to_hand_in(server: RedisServer) -> None:
    with two_readers(server) as [one, other]:
        assert not one.resend([token_revocation("a1")])
        assert server.client.exists(TURN)
        assert not other.resend([token_revocation("a2")])
        one.read(0)
        assert not one.resend([])  # what it wanted to hand in was stored by another process meanwhile
        assert not server.client.exists(TURN)
        assert not other.resend([token_revocation("a2")])
        assert not other.read(0).texts
        assert other.resend([token_revocation("a2")])
        assert len(one.read(0).texts) == 1
        assert not server.client.exists(TURN)


def test_a_process_with_nothing_to_hand_in_takes_no_turn(server: RedisServer) -> None:
    with two_readers(server) as [one, _]:
        assert not one.resend([])
        assert not server.client.exists(TURN)


def test_a_process_that_ends_gives_its_turn_back(server: RedisServer) -> None:
    with two_readers(server) as [one, _]:
        one.resend([token_revocation("a1")])
        one.close()
        assert not server.client.exists(TURN)
        server.kill()
        one.close()  # a server that is gone is no obstacle
        server.start()


def test_a_turn_that_is_over_is_not_taken_from_the_next_process(valkey: RedisServer) -> None:
    now = [0.0]
    with two_readers(valkey, lambda: now[0]) as [one, other]:
        one.resend([token_revocation("a1")])
        now[0] += 5.1
        valkey.client.delete(TURN)  # as the server does then
        assert not other.resend([token_revocation("a2")])
        assert not one.resend([token_revocation("a1")])
        assert not one.resend([])
        assert valkey.client.exists(TURN)
        assert other.resend([token_revocation("a2")])


def test_garbage_in_a_stream_is_skipped(valkey: RedisServer, caplog: pytest.LogCaptureFixture) -> None:
    client = valkey.client
    for fields in (
        {"r": b"\xff\xfe"},
        {"x": "1", "y": "2"},
        {"r": "[" * 30_000},
        {"r": ""},
        {"r": '["token","i","v",1]'},
    ):
        client.xadd(STREAM, fields)  # type: ignore[arg-type]
    client.xadd(STREAM, {"r": write_revocation(token_revocation("a1"))})
    client.xadd(STREAM, {"r": "last\r\n\x1b"})
    with following(valkey.url) as [copy]:
        eventually(lambda: has(copy, "a1"))
        revoke(copy, token_revocation("a2"))
        eventually(lambda: not copy._unconfirmed)
    assert "skipped 6 entries" in caplog.text


def test_a_key_of_another_kind_is_a_fault(valkey: RedisServer) -> None:
    valkey.client.set(STREAM, "text")
    with following(valkey.url) as [copy]:
        with pytest.raises(RevocationsUnavailable):
            revoke(copy, token_revocation("a1"))
        eventually(lambda: "WRONGTYPE" in (copy.status().last_error or ""))
        assert not copy.status().ready


@pytest.mark.parametrize("option", ["", "?protocol=3", "?decode_responses=True"])
def test_what_an_url_sets_changes_nothing(valkey: RedisServer, option: str) -> None:
    with following(valkey.url + option) as [copy]:
        revoke(copy, token_revocation("a1"))
        eventually(lambda: not copy._unconfirmed)
        valkey.client.client_kill_filter(_type="normal", skipme=True)
        revoke(copy, token_revocation("a2"))
        eventually(lambda: not copy._unconfirmed)
        assert copy.status().last_error is None


def test_nobody_there_is_no_secret_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "asgi_bearer")
    with following(f"redis://user:hunter2@127.0.0.1:{free_port()}/0") as [copy]:
        with pytest.raises(RevocationsUnavailable):
            revoke(copy, token_revocation("a1"))
        eventually(lambda: "no contact with Redis" in caplog.text)
        assert "hunter2" not in caplog.text + str(copy.status())
        assert "a1" not in caplog.text.split("Traceback")[0]


@pytest.mark.parametrize(
    ("url", "settings", "fault"),
    [
        ("http://redis.example.com", {}, "url must be"),
        (None, {}, "url must be"),
        ("redis://127.0.0.1", {"prefix": ""}, "prefix must be"),
        ("redis://127.0.0.1", {"prefix": 7}, "prefix must be"),
        ("redis://127.0.0.1", {"max_staleness": 7}, "max_staleness must be"),
    ],
)
def test_faults_are_said(url: Any, settings: Any, fault: str) -> None:
    (found,) = RedisRevocations(url, **settings).errors()
    assert fault in found


def test_what_was_never_opened_can_be_closed() -> None:
    RedisRevocations("redis://127.0.0.1")._store.reader().close()


def test_without_redis_py_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def find_nothing(_name: str) -> None:
        return None

    monkeypatch.setattr(redis_stream, "find_spec", find_nothing)
    (found,) = RedisRevocations("redis://127.0.0.1").errors()
    assert 'pip install "asgi-bearer[redis]"' in found
