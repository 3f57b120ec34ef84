"""The time rules as tables: a second before, at, and a second after each instant."""

from dataclasses import replace
from datetime import timedelta

import pytest

from asgi_bearer import FetchSettings
from asgi_bearer.keys.refresh_schedule import RefreshSchedule

RULES = FetchSettings(
    lifetime=timedelta(seconds=600),
    min_lifetime=timedelta(seconds=60),
    max_lifetime=timedelta(seconds=3600),
    stale_if_error=timedelta(seconds=1000),
    cooldown=timedelta(seconds=10),
    min_backoff=timedelta(seconds=2),
    max_backoff=timedelta(seconds=16),
    timeout=timedelta(seconds=5),
)
START = 10_000.0


def fetched(max_age: float | None = None, chance: float = 0.0) -> RefreshSchedule:
    """Keys that were asked for at START."""
    freshness = RefreshSchedule(RULES, lambda: chance)
    attempt = freshness.start(START)
    assert attempt.starts_at == START
    assert freshness.succeed(attempt.number, START, max_age)
    return freshness


def failed(times: int, at: float, freshness: RefreshSchedule | None = None) -> RefreshSchedule:
    freshness = freshness or RefreshSchedule(RULES, lambda: 0.0)
    for _ in range(times):
        freshness.fail(freshness.start(at).number, at)
    return freshness


def test_nothing_is_usable_before_the_first_fetch() -> None:
    freshness = RefreshSchedule(RULES)
    assert not freshness.usable(START)
    assert not freshness.under_way(START)
    assert freshness.backing_off(START) == 0
    assert freshness.refresh_at < START


@pytest.mark.parametrize(
    ("max_age", "lifetime"),
    [(None, 600), (0, 60), (59, 60), (60, 60), (61, 61), (3599, 3599), (3600, 3600), (86400, 3600)],
)
def test_cache_control_is_honoured_within_bounds(max_age: float | None, lifetime: float) -> None:
    freshness = fetched(max_age)
    assert freshness.fresh_until == START + lifetime
    assert [freshness.usable(freshness.fresh_until + second) for second in (-1, 0, 1)] == [True, False, False]


@pytest.mark.parametrize(("chance", "refresh_after"), [(0.0, 300), (0.5, 390), (1.0, 480)])
def test_keys_are_renewed_before_they_expire_not_by_all_at_once(chance: float, refresh_after: float) -> None:
    assert fetched(chance=chance).refresh_at == START + refresh_after


def test_old_keys_serve_for_a_bounded_time_while_fetches_fail() -> None:
    freshness = failed(1, START + 599, fetched())
    assert [freshness.usable(START + 1600 + second) for second in (-1, 0, 1)] == [True, False, False]
    assert [freshness.usable(START + 600 + second) for second in (-1, 0, 1)] == [True, True, True]


def test_a_success_ends_the_failures() -> None:
    freshness = failed(3, START + 599, fetched())
    attempt = freshness.start(START + 700)
    freshness.succeed(attempt.number, START + 700, None)
    assert freshness.failures == 0
    assert freshness.fresh_until == START + 1300
    assert freshness.backing_off(START + 700) == 0


@pytest.mark.parametrize(("failures", "backoff"), [(1, 2), (2, 4), (3, 8), (4, 16), (5, 16), (100, 16)])
def test_the_back_off_doubles_up_to_its_bound(failures: int, backoff: float) -> None:
    freshness = failed(failures, START)
    assert freshness.backing_off(START) == backoff
    assert [freshness.backing_off(START + backoff + second) for second in (-1, 0, 1)] == [1, 0, 0]
    assert freshness.start(START).starts_at == START + backoff


def test_chance_takes_up_to_half_of_the_back_off() -> None:
    freshness = RefreshSchedule(RULES, lambda: 1.0)
    freshness.fail(freshness.start(START).number, START)
    assert freshness.backing_off(START) == 1


@pytest.mark.parametrize(("second", "starts_at"), [(9, 10), (10, 10), (11, 11)])
def test_the_next_fetch_waits_for_the_cooldown(second: float, starts_at: float) -> None:
    assert fetched().start(START + second).starts_at == START + starts_at


def test_a_fetch_is_under_way_until_it_lands_or_is_lost() -> None:
    freshness = RefreshSchedule(RULES)
    attempt = freshness.start(START)
    assert attempt.lost_at == START + 6
    assert [freshness.under_way(START + 6 + second) for second in (-1, 0, 1)] == [True, False, False]
    freshness.abandon(attempt.number)
    assert not freshness.under_way(START)
    assert freshness.failures == 0
    assert freshness.start(START).starts_at == START


def test_D8_an_older_answer_never_overwrites_a_newer_one() -> None:
    freshness = RefreshSchedule(RULES, lambda: 0.0)
    slow, quick = freshness.start(START), freshness.start(START + 7)
    assert freshness.succeed(quick.number, START + 7, None)
    assert not freshness.succeed(slow.number, START, 3600)
    assert freshness.fresh_until == START + 607


def test_an_older_failure_says_nothing() -> None:
    freshness = RefreshSchedule(RULES)
    slow, quick = freshness.start(START), freshness.start(START + 7)
    freshness.fail(slow.number, START + 8)
    freshness.abandon(slow.number)
    assert freshness.failures == 0
    assert freshness.under_way(START + 8)
    freshness.succeed(quick.number, START + 7, None)
    assert not freshness.under_way(START + 8)


def test_an_older_success_serves_until_the_newer_one_lands() -> None:
    freshness = RefreshSchedule(RULES)
    slow, quick = freshness.start(START), freshness.start(START + 7)
    assert freshness.succeed(slow.number, START, None)
    assert freshness.under_way(START + 8)
    assert freshness.succeed(quick.number, START + 7, None)


def test_a_fetch_that_failed_is_not_under_way() -> None:
    freshness = RefreshSchedule(RULES)
    attempt = freshness.start(START)
    assert freshness.under_way(START + 1)
    freshness.fail(attempt.number, START + 1)
    assert not freshness.under_way(START + 1)


def test_rules_may_be_as_tight_as_their_bounds() -> None:
    minute = timedelta(minutes=1)
    rules = FetchSettings(
        lifetime=minute,
        min_lifetime=minute,
        max_lifetime=minute,
        cooldown=minute / 2,
        min_backoff=minute,
        max_backoff=minute,
        max_bytes=1,
        max_waiting=1,
    )
    assert list(rules.errors()) == []
    tighter = replace(rules, cooldown=minute / 2 + timedelta(seconds=1), max_backoff=minute / 2, max_bytes=True)
    assert list(tighter.errors()) == ["FetchSettings: max_bytes must be an int over 0"]
    assert list(replace(tighter, max_bytes=1).errors()) == [
        "FetchSettings: cooldown must not be over half of min_lifetime, or keys could not be renewed in time",
        "FetchSettings: min_backoff must not be over max_backoff",
    ]
