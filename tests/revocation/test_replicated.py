"""A copy that follows a store: what it is worth, what is handed in again, and what a fork leaves of it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any

import anyio
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from asgi_bearer import AuthenticationUnavailable, Revocation
from asgi_bearer.errors import RevocationsUnavailable
from asgi_bearer.revocation import replicated as followed_module
from asgi_bearer.revocation.replicated import ReplicatedRevocations, begin_anew_after_fork
from asgi_bearer.revocation.revocation import write_revocation
from tests.asgi import get
from tests.revocation.fakes import FakeStore, followed
from tests.revocation.servers import eventually
from tests.revocation.tokens import HOUR, identifiers, revoke, token_revocation
from tests.tokens import ISSUER, NOW


@contextmanager
def following(store: FakeStore, count: int = 1, **settings: Any) -> Iterator[list[ReplicatedRevocations]]:
    copies, readers = [followed(store, **settings) for _ in range(count)], set(store.open_readers)
    try:
        for copy in copies:
            copy.start()
        yield copies
    finally:
        feeds = [copy._feed for copy in copies]
        store.may_go_on.set()
        for copy in copies:
            copy.close()
        for feed in feeds:
            assert feed is not None
            feed.thread.join(10)
        assert store.open_readers == readers


def refuses(copy: ReplicatedRevocations) -> bool:
    try:
        copy.is_revoked(identifiers())
    except AuthenticationUnavailable:
        return True
    return False


def has_it(copy: ReplicatedRevocations) -> bool:
    return not refuses(copy) and copy.is_revoked(identifiers())


def has_all(copy: ReplicatedRevocations, count: int) -> bool:
    return not refuses(copy) and copy.status().entries == count


def is_confirmed(copy: ReplicatedRevocations) -> bool:
    return not copy._unconfirmed


def has_failed_with(copy: ReplicatedRevocations, name: str) -> bool:
    return (copy.status().last_error or "").startswith(name)


def test_nothing_is_answered_before_the_first_copy_was_read() -> None:
    store = FakeStore()
    store.may_go_on.clear()
    with following(store) as [copy]:
        assert refuses(copy)
        status = copy.status()
        assert (status.ready, status.state, status.silence) == (False, "lost", None)
        store.may_go_on.set()
        eventually(lambda: not refuses(copy))
        assert copy.status().ready


def test_a_request_begins_what_nobody_began() -> None:
    store = FakeStore()
    copy = followed(store)
    assert refuses(copy)
    eventually(lambda: not refuses(copy))
    copy.close()


@pytest.mark.anyio
async def test_what_one_takes_back_all_have_soon() -> None:
    store = FakeStore()
    with following(store, 3) as copies:
        eventually(lambda: not refuses(copies[0]))
        await copies[0].revoke(token_revocation("a1"))
        assert copies[0].is_revoked(identifiers())
        for copy in copies:
            eventually(partial(has_it, copy))
        assert len(store.texts) == 1


def test_what_is_known_and_stored_is_not_stored_again() -> None:
    store = FakeStore()
    with following(store) as [copy]:
        for _ in range(3):
            revoke(copy, token_revocation("a1"))
            eventually(partial(is_confirmed, copy))
        revoke(copy, token_revocation("dead", NOW - 1))
        assert len(store.texts) == 1


@pytest.mark.parametrize("on_stale", ["deny", "allow"])
@pytest.mark.parametrize(("second", "lost"), [(-1, False), (0, False), (1, True)])
def test_the_bound(on_stale: str, second: float, lost: bool, caplog: pytest.LogCaptureFixture) -> None:
    store, now = FakeStore(), [1000.0]
    with following(store, monotonic=lambda: now[0], on_stale=on_stale) as [copy]:
        eventually(lambda: not refuses(copy))
        store.fault = ConnectionError("gone")
        eventually(lambda: copy.status().last_error == "ConnectionError: 'gone'")
        now[0] += 10 + second
        assert refuses(copy) is (lost and on_stale == "deny")
        status = copy.status()
        assert status.state == ("lost" if lost else "late")
        assert status.ready is (not lost or on_stale == "allow")
        assert status.silence == 10 + second
        eventually(lambda: "no contact with fake store" in caplog.text)
        store.fault = None
        eventually(lambda: copy.status().state == "fresh" and not refuses(copy))


def test_a_thread_that_hangs_is_noticed_by_who_asks(caplog: pytest.LogCaptureFixture) -> None:
    store, now = FakeStore(), [1000.0]
    with following(store, monotonic=lambda: now[0]) as [copy]:
        eventually(lambda: not refuses(copy))
        store.may_go_on.clear()
        time.sleep(0.1)
        now[0] += 11
        assert refuses(copy)
        assert "refused with 503" in caplog.text


def test_without_a_first_copy_continue_continues_after_the_bound() -> None:
    store, now = FakeStore(), [1000.0]
    store.fault = ConnectionError("gone")
    with following(store, monotonic=lambda: now[0], on_stale="allow") as [copy]:
        assert refuses(copy)
        now[0] += 11
        assert not refuses(copy)
        assert copy.status().ready


@pytest.mark.anyio
async def test_what_cannot_be_stored_is_in_force_here_and_handed_in_later() -> None:
    store = FakeStore()
    with following(store, 2) as [one, other]:
        eventually(lambda: not refuses(one) and not refuses(other))
        store.fault = ConnectionError("gone")
        for _ in range(2):  # the second try fails as the first did, though the copy knows it already
            with pytest.raises(RevocationsUnavailable):
                await one.revoke(token_revocation("a1"))
        assert one.is_revoked(identifiers())
        assert not other.is_revoked(identifiers())
        store.fault = None
        eventually(lambda: other.is_revoked(identifiers()))
        eventually(partial(is_confirmed, one))
        assert len(store.texts) == 1


def test_what_died_meanwhile_is_not_handed_in() -> None:
    store, now = FakeStore(), [float(NOW)]
    with following(store, clock=lambda: now[0]) as [copy]:
        eventually(lambda: not refuses(copy))
        store.fault_of_writing = OSError("full")
        with pytest.raises(RevocationsUnavailable):
            revoke(copy, token_revocation("a1", NOW + 100))
        assert not refuses(copy)  # what can be read is fresh
        now[0] += 100
        store.fault_of_writing = None
        eventually(partial(is_confirmed, copy))
        assert store.texts == []


@pytest.mark.anyio
async def test_a_store_that_hangs_is_waited_for_within_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(followed_module, "STORE_LIMIT", 0.1)
    store = FakeStore()
    with following(store) as [copy]:
        store.may_go_on.clear()
        with anyio.fail_after(4), pytest.raises(RevocationsUnavailable):
            await copy.revoke(token_revocation("a1"))
        store.may_go_on.set()
        eventually(partial(is_confirmed, copy))
        assert copy.is_revoked(identifiers())


@pytest.mark.anyio
async def test_starlette_answers_503_where_it_cannot_be_stored() -> None:
    store = FakeStore()
    store.fault = ConnectionError("gone")

    async def log_out(request: Request) -> Response:
        await copy.revoke(token_revocation("a1"))
        raise AssertionError

    with following(store) as [copy]:
        answer = await get(Starlette(routes=[Route("/log-out", log_out)]), "/log-out")
        assert answer.status == 503
        assert answer.header("retry-after") == "5"


def test_a_store_that_lost_all_gets_it_back_from_each_who_knows() -> None:
    store = FakeStore()
    subject = Revocation.subject(ISSUER, "suman", lifetime=HOUR, before=NOW)
    with following(store, 3) as copies:
        revoke(copies[0], subject, *(token_revocation(f"t{number}") for number in range(20)))
        for copy in copies:
            eventually(partial(has_all, copy, 21))
        store.lose_all()
        with following(store) as [late]:
            eventually(partial(has_all, late, 21))
            assert late.is_revoked(identifiers())
            assert not late.is_revoked(identifiers()._replace(issued_at=NOW + 1))
        for copy in copies:
            eventually(partial(is_confirmed, copy))


def test_it_is_handed_in_by_one_at_a_time() -> None:
    store = FakeStore()
    with following(store) as [copy]:
        revoke(copy, token_revocation("a1"))
        eventually(partial(is_confirmed, copy))
        store.others_turn = True
        store.lose_all()
        time.sleep(0.3)
        assert store.texts == []
        store.others_turn = False
        eventually(lambda: store.texts)


def test_a_turn_ends_at_the_first_look_after_which_nothing_is_left_to_hand_in() -> None:
    """Another process has stored it meanwhile."""
    store = FakeStore()
    store.others_turn = True
    with following(store) as [copy]:
        eventually(lambda: not refuses(copy))
        store.fault_of_writing = OSError("full")
        with pytest.raises(RevocationsUnavailable):
            revoke(copy, token_revocation("a1"))
        eventually(lambda: 1 in store.handed_in)
        store.texts.append(write_revocation(token_revocation("a1")))
        eventually(partial(is_confirmed, copy))
        count = len(store.handed_in)
        eventually(lambda: len(store.handed_in) > count + 1)
        assert not any(store.handed_in[count + 1 :])
        assert len(store.texts) == 1


def test_an_older_instant_in_the_store_is_no_confirmation() -> None:
    store = FakeStore()
    with following(store) as [copy]:
        eventually(lambda: not refuses(copy))
        store.fault_of_writing = OSError("full")
        with pytest.raises(RevocationsUnavailable):
            revoke(copy, Revocation.subject(ISSUER, "suman", lifetime=HOUR, before=NOW))
        store.texts.append(f'["subject","{ISSUER}","suman",{NOW + 9000},{NOW - 1}]')
        time.sleep(0.1)
        assert len(copy._unconfirmed) == 1
        store.fault_of_writing = None
        eventually(partial(is_confirmed, copy))


def test_garbage_in_a_store_is_skipped_and_said(caplog: pytest.LogCaptureFixture) -> None:
    store = FakeStore()
    store.texts += ["", b"\xff\x00", "[" * 50_000, '["token","i\x1b[31m","v"', "{}"]
    store.texts.append(f'["token","{ISSUER}","a1",{NOW + 600},null]')
    with following(store) as [copy]:
        eventually(partial(has_it, copy))
    assert "entries of the store that are no revocations" in caplog.text
    assert "\x1b" not in caplog.text


def test_no_exception_ends_the_thread() -> None:
    store = FakeStore()
    with following(store) as [copy]:
        for fault in (RuntimeError("x\n\x1b"), RecursionError(), MemoryError(), KeyError("k")):
            store.fault = fault
            name = type(fault).__name__
            eventually(partial(has_failed_with, copy, name))
        store.fault = None
        eventually(lambda: copy.status().last_error is None)


def test_start_and_close_may_be_called_again() -> None:
    store = FakeStore()
    copy = followed(store)
    copy.close()
    for _ in range(2):
        copy.start()
        copy.start()
        feed = copy._feed
        eventually(lambda: not refuses(copy))
        copy.close()
        copy.close()
        assert feed is not None
        feed.thread.join(10)
    assert not store.open_readers


def test_an_open_connection_is_told_by_the_thread() -> None:
    store = FakeStore()
    told: list[int] = []
    with following(store, 2) as [one, other]:
        other.subscribe(identifiers(), lambda: told.append(1))
        revoke(one, token_revocation("a1"))
        eventually(lambda: told == [1])


def test_a_fork_begins_anew() -> None:
    store = FakeStore()
    with following(store) as [copy]:
        revoke(copy, token_revocation("a1"))
        feed = copy._feed
        assert feed is not None
        begin_anew_after_fork()
        assert copy._feed is None
        assert copy.status().entries == 0
        feed.close()  # a fork has no such thread; here it may have a look under way
        feed.thread.join(10)
        copy.start()
        eventually(partial(has_it, copy))


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"max_staleness": 10}, "max_staleness must be a timedelta"),
        ({"max_staleness": timedelta(milliseconds=999)}, "max_staleness must be a timedelta"),
        ({"max_staleness": timedelta(hours=1, seconds=1)}, "max_staleness must be a timedelta"),
        ({"on_stale": "ignore"}, "on_stale must be"),
        ({"clock": None}, "clock must be a function"),
    ],
)
def test_faults_are_said(settings: Any, fault: str) -> None:
    (found,) = followed(FakeStore(), **settings).errors()
    assert fault in found
    assert list(followed(FakeStore(), max_staleness=timedelta(seconds=1)).errors()) == []
