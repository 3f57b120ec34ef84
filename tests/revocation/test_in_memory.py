"""In memory: what is in force, what dies when, and who is told."""

import math
import random
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from asgi_bearer import Revocation, Revocations
from asgi_bearer.revocation.index import RevocationIndex
from tests.revocation.tokens import HOUR, clock, identifiers, token_revocation
from tests.tokens import ISSUER, NOW

pytestmark = pytest.mark.anyio


async def test_what_is_taken_back_is_so_at_once() -> None:
    revocations = Revocations(clock=clock)
    revocations.start()
    assert not revocations.is_revoked(identifiers())
    await revocations.revoke(token_revocation("a1"), Revocation.session(ISSUER, "s1", lifetime=HOUR, clock=clock))
    assert revocations.is_revoked(identifiers())
    assert revocations.is_revoked(identifiers(jti="a2", sid="s1"))
    assert not revocations.is_revoked(identifiers(jti="a2"))
    status = revocations.status()
    assert (status.ready, status.state, status.entries) == (True, "fresh", 2)
    assert (status.silence, status.last_error) == (0, None)
    assert list(revocations.errors()) == []
    revocations.close()


def test_a_fault_is_said() -> None:
    wrong: Any = "now"
    assert [fault.split(";")[0] for fault in Revocations(clock=wrong).errors()] == [
        "Revocations: clock must be a function that returns seconds since 1970, such as time.time"
    ]


@pytest.mark.parametrize("second", [-1, 0, 1])
def test_an_entry_dies_with_its_token(second: int) -> None:
    copy = RevocationIndex()
    copy.add(token_revocation("a1", NOW + 600), NOW)
    copy.forget(NOW + 600 + second)
    assert copy.is_revoked(identifiers()) is (second < 0)
    assert len(copy) == (second < 0)


@pytest.mark.parametrize(("second", "known"), [(-1, 1), (0, 0), (1, 0)])
def test_what_comes_too_late_is_not_kept(second: int, known: int) -> None:
    copy = RevocationIndex()
    assert copy.add(token_revocation("a1", NOW), NOW + second) is bool(known)
    assert len(copy) == known


def test_it_is_kept_to_the_end_of_its_ten_seconds() -> None:
    copy = RevocationIndex()
    copy.add(token_revocation("a1", NOW + 1), NOW)
    copy.forget(NOW + 9)
    assert len(copy) == 1
    copy.forget(NOW + 10)
    assert len(copy) == 0
    assert (copy._buckets, copy._expiry_heap) == ({}, [])


def test_the_longer_and_the_later_of_two_counts() -> None:
    copy = RevocationIndex()
    assert copy.add(token_revocation("a1", NOW + 100), NOW)
    assert copy.add(token_revocation("a1", NOW + 200), NOW)
    assert not copy.add(token_revocation("a1", NOW + 100), NOW)
    assert not copy.add(token_revocation("a1", NOW + 200), NOW)
    copy.forget(NOW + 100)
    assert copy.is_revoked(identifiers())
    copy.forget(NOW + 200)
    assert len(copy) == 0


def test_two_instants_of_one_subject_are_the_later_and_the_longer() -> None:
    copy = RevocationIndex()
    assert copy.add(Revocation("subject", ISSUER, "suman", NOW + 100, NOW - 10), NOW)
    assert copy.add(Revocation("subject", ISSUER, "suman", NOW + 50, NOW), NOW)
    assert not copy.add(Revocation("subject", ISSUER, "suman", NOW + 50, NOW - 20), NOW)
    copy.forget(NOW + 60)
    assert copy.is_revoked(identifiers())
    assert copy.add(Revocation("subject", ISSUER, "suman", NOW + 100, NOW + 1), NOW)
    copy.forget(NOW + 100)
    assert len(copy) == 0


def test_memory_is_bounded_by_what_lives() -> None:
    copy = RevocationIndex()
    for second in range(5_000):
        copy.add(token_revocation(str(second), NOW + second + 100), NOW + second)
        assert len(copy) <= 110
    assert len(copy._buckets) == len(copy._expiry_heap) <= 12


async def test_random_ones_are_what_a_simple_model_says() -> None:
    chance = random.Random(7)
    copy, model = RevocationIndex(), dict[str, tuple[float, float]]()
    now = float(NOW)
    for _ in range(3_000):
        now += chance.choice((0, 0, 1, 7))
        subject, before = chance.choice("abcdefg"), NOW + float(chance.randrange(3_000))
        until = now + 10 * chance.randrange(1, 30)
        copy.add(Revocation("subject", ISSUER, subject, until, before), now)
        copy.forget(now)
        model = {name: known for name, known in model.items() if math.ceil(known[1] / 10) * 10 > now}
        known = model.get(subject, (0.0, 0.0))
        model[subject] = max(known[0], before), max(known[1], until)
        asked, issued_at = chance.choice("abcdefg"), NOW + float(chance.randrange(3_000))
        expected = asked in model and issued_at <= model[asked][0]
        assert copy.is_revoked(identifiers(sub=asked)._replace(issued_at=issued_at)) is expected
    assert len(copy) == len(model)


class Told:
    """How often it was told."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> None:
        self.times += 1


async def test_who_subscriptions_is_told_once() -> None:
    revocations, told, other = Revocations(clock=clock), Told(), Told()
    revocations.subscribe(identifiers(sid="s1"), told)
    revocations.subscribe(identifiers(jti="a2", sid="s2"), other)
    await revocations.revoke(token_revocation("a1"))
    await revocations.revoke(Revocation.session(ISSUER, "s1", lifetime=HOUR, clock=clock))
    await revocations.revoke(token_revocation("a1", NOW + 900))
    assert (told.times, other.times) == (1, 0)
    await revocations.revoke(Revocation.key(ISSUER, "k1", lifetime=HOUR, clock=clock))
    assert (told.times, other.times) == (1, 1)
    assert revocations._copy._subscriptions._by_identifier == {}


async def test_who_comes_too_late_is_told_at_once() -> None:
    revocations, told = Revocations(clock=clock), Told()
    await revocations.revoke(token_revocation("a1"))
    watch = revocations.subscribe(identifiers(), told)
    assert told.times == 1
    watch.cancel()


async def test_who_cancelled_is_not_told() -> None:
    revocations, told, other = Revocations(clock=clock), Told(), Told()
    watch = revocations.subscribe(identifiers(), told)
    revocations.subscribe(identifiers(), other)
    watch.cancel()
    watch.cancel()
    await revocations.revoke(token_revocation("a1"))
    assert (told.times, other.times) == (0, 1)


@pytest.mark.parametrize(("second", "times"), [(-1, 0), (0, 1), (1, 1)])
async def test_of_a_subject_only_the_older_tokens_are_told(second: int, times: int) -> None:
    revocations, told = Revocations(clock=clock), Told()
    revocations.subscribe(identifiers(), told)
    await revocations.revoke(Revocation.subject(ISSUER, "suman", lifetime=HOUR, before=NOW + second))
    assert told.times == times


async def test_one_who_fails_keeps_nobody_else_from_being_told(caplog: pytest.LogCaptureFixture) -> None:
    revocations, told = Revocations(clock=clock), Told()

    def fail() -> None:
        raise RuntimeError("boom")

    for tell in (fail, told, fail):
        revocations.subscribe(identifiers(), tell)
    await revocations.revoke(token_revocation("a1"))
    assert told.times == 1
    assert caplog.text.count("a subscription on revocations failed") == 2


async def test_thousands_are_told_in_no_time() -> None:
    revocations, told = Revocations(clock=clock), Told()
    base = identifiers(sid="s1")
    for number in range(10_000):
        name = f"token 26 {ISSUER} t{number}"
        revocations.subscribe(base._replace(names=(*base.names[1:], name)), told)
    started = time.monotonic()
    await revocations.revoke(*(token_revocation(f"t{number}") for number in range(5_000)))
    assert told.times == 5_000
    await revocations.revoke(Revocation.key(ISSUER, "k1", lifetime=HOUR, clock=clock))
    assert told.times == 10_000
    assert time.monotonic() - started < 5
    assert revocations._copy._subscriptions._by_identifier == {}


def test_there_is_no_moment_in_which_a_watch_misses_what_comes() -> None:
    """While one thread takes tokens back, another begins to watch them and a third cancels."""
    copy = RevocationIndex()
    told = [Told() for _ in range(2_000)]
    tokens = [identifiers(jti=f"r{number}") for number in range(len(told))]
    in_parallel(
        lambda: [copy.add(token_revocation(f"r{number}"), NOW) for number in range(len(told))],
        lambda: [copy.subscribe(token, tell) for token, tell in zip(tokens, told, strict=True)],
        lambda: [watch.cancel() for watch in [copy.subscribe(token, Told()) for token in tokens]],  # type: ignore[func-returns-value]
        lambda: [copy.is_revoked(token) for token in tokens],
    )
    assert {tell.times for tell in told} == {1}
    assert copy._subscriptions._by_identifier == {}


def in_parallel(*runs: Callable[[], Any]) -> None:
    threads = [threading.Thread(target=run) for run in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()
