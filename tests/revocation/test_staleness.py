"""The bound: when a copy is fresh, late and lost, and what the log says of it."""

import logging

import pytest

from asgi_bearer.revocation.staleness import OnStale, Staleness

BOUND = 10.0


def contact(on_stale: OnStale = "deny", *, made_at: float | None = 100) -> Staleness:
    made = Staleness("store", BOUND, on_stale, 90)
    if made_at is not None:
        made.make(made_at)
    return made


@pytest.mark.parametrize(
    ("now", "state"),
    [(100, "fresh"), (104, "fresh"), (105, "fresh"), (106, "late"), (109, "late"), (110, "late"), (111, "lost")],
)
def test_the_states(now: float, state: str) -> None:
    assert contact().state(now) == state


@pytest.mark.parametrize(("second", "trusted"), [(-1, True), (0, True), (1, False)])
def test_a_copy_is_trusted_for_the_bound(second: float, trusted: bool) -> None:
    assert (100 + BOUND + second <= contact().trusted_until) is trusted


def test_without_a_first_copy_nothing_is_trusted() -> None:
    assert contact(made_at=None).trusted_until < 0


@pytest.mark.parametrize(("second", "may"), [(-1, False), (0, False), (1, True)])
@pytest.mark.parametrize(("made_at", "since"), [(100, 100), (None, 90)])
def test_only_continue_continues_and_only_beyond_the_bound(
    second: float, may: bool, made_at: float | None, since: float
) -> None:
    now = since + BOUND + second
    assert contact("allow", made_at=made_at).may_continue(now) is may
    assert contact("deny", made_at=made_at).may_continue(now) is False


def lines(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    return [(record.levelname, record.getMessage()) for record in caplog.records]


def test_each_change_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "asgi_bearer")
    made = contact()
    made.fault = "ConnectionError: 'refused'"
    for now in (100, 105, 106, 107, 110, 111, 112, 200):
        made.report(now)
    made.make(201)
    made.report(202)
    made.report(203)
    silence = "revocations: no contact with store for"
    assert lines(caplog) == [
        (
            "WARNING",
            f"{silence} 6.0 s (ConnectionError: 'refused'); its copy is trusted for 4.0 s more",
        ),
        (
            "WARNING",
            f"{silence} 11.0 s (ConnectionError: 'refused'); tokens are refused with 503 until it is back",
        ),
        ("INFO", "revocations: contact with store is back"),
    ]


@pytest.mark.parametrize(("second", "count"), [(-1, 1), (0, 2), (1, 2)])
def test_who_continues_is_reminded(second: float, count: int, caplog: pytest.LogCaptureFixture) -> None:
    made = contact("allow")
    made.report(111)
    made.report(141 + second)
    assert len(caplog.records) == count
    assert "are ACCEPTED until it is back" in caplog.text
    for now in range(150, 1000):
        made.report(now)
    assert len(caplog.records) == pytest.approx(1 + (1000 - 111) // 30, abs=1)


def test_a_first_copy_that_never_comes_is_said_too(caplog: pytest.LogCaptureFixture) -> None:
    made = contact(made_at=None)
    for now in (90, 95, 96, 101):
        made.report(now)
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
