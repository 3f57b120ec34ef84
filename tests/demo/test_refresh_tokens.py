"""Refresh tokens by themselves: times to the second, what is at rest, and any order of uses."""

import sqlite3
from contextlib import closing
from pathlib import Path

import anyio
import pytest
from anyio.from_thread import start_blocking_portal
from hypothesis import given, settings
from hypothesis import strategies as st

from demo.database import Database
from demo.refresh_tokens import (
    IDLE_LIFETIME,
    SESSION_LIFETIME,
    RefreshTokens,
    ReusedRefreshToken,
    Session,
    UnknownRefreshToken,
)

pytestmark = pytest.mark.anyio

START = 1_800_000_000.0


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "demo.sqlite3"


@pytest.fixture
def tokens(database: Path, clock: Clock) -> RefreshTokens:
    return RefreshTokens(Database(database), clock)


async def test_each_use_makes_a_new_token_of_the_same_session(tokens: RefreshTokens) -> None:
    first = await tokens.begin("suman")
    second = await tokens.renew(first.refresh_token)
    third = await tokens.renew(second.refresh_token)
    assert {first.id} == {second.id, third.id}
    assert (second.name, third.name) == ("suman", "suman")
    assert len({one.refresh_token for one in (first, second, third)}) == 3


async def test_an_old_token_ends_the_session_and_names_it(tokens: RefreshTokens) -> None:
    first = await tokens.begin("suman")
    newest = await tokens.renew(first.refresh_token)
    other = await tokens.begin("suman")
    with pytest.raises(ReusedRefreshToken) as reused:
        await tokens.renew(first.refresh_token)
    assert reused.value.session_id == first.id
    for token in (first.refresh_token, newest.refresh_token):
        with pytest.raises(UnknownRefreshToken):
            await tokens.renew(token)
    assert (await tokens.renew(other.refresh_token)).id == other.id


@pytest.mark.parametrize("seconds", [-1, 0, 1])
async def test_an_unused_token_ends_when_it_was_idle(tokens: RefreshTokens, clock: Clock, seconds: int) -> None:
    begun = await tokens.begin("suman")
    for _ in range(2):
        clock.now += 60
        begun = await tokens.renew(begun.refresh_token)  # its idle time starts anew
    clock.now += IDLE_LIFETIME.total_seconds() + seconds
    if seconds < 0:
        assert await tokens.renew(begun.refresh_token)
    else:
        with pytest.raises(UnknownRefreshToken):
            await tokens.renew(begun.refresh_token)


@pytest.mark.parametrize("seconds", [-1, 0, 1])
async def test_no_use_makes_a_session_longer(tokens: RefreshTokens, clock: Clock, seconds: int) -> None:
    begun = await tokens.begin("suman")
    while clock.now + IDLE_LIFETIME.total_seconds() / 2 < START + SESSION_LIFETIME.total_seconds():
        clock.now += IDLE_LIFETIME.total_seconds() / 2
        begun = await tokens.renew(begun.refresh_token)
    clock.now = START + SESSION_LIFETIME.total_seconds() + seconds
    if seconds < 0:
        assert await tokens.renew(begun.refresh_token)
    else:
        with pytest.raises(UnknownRefreshToken):
            await tokens.renew(begun.refresh_token)


async def test_one_session_or_all_of_an_account_can_be_ended(tokens: RefreshTokens) -> None:
    sumans = [await tokens.begin("suman") for _ in range(3)]
    other = await tokens.begin("Suman2")
    await tokens.end(sumans[0].id)
    await tokens.end("no such session")
    with pytest.raises(UnknownRefreshToken):
        await tokens.renew(sumans[0].refresh_token)
    assert await tokens.renew(sumans[1].refresh_token)
    await tokens.end_all("suman")
    with pytest.raises(UnknownRefreshToken):
        await tokens.renew(sumans[2].refresh_token)
    assert await tokens.renew(other.refresh_token)


@pytest.mark.parametrize("token", ["", "x", "x" * 86, "x" * 85, "x" * 87, "é" * 86, "x" * 85 + "\n", "\ud800" * 86])
async def test_what_is_no_token_is_unknown(tokens: RefreshTokens, token: str) -> None:
    await tokens.begin("suman")
    with pytest.raises(UnknownRefreshToken):
        await tokens.renew(token)


async def test_nothing_at_rest_is_a_token(tokens: RefreshTokens, database: Path) -> None:
    begun = await tokens.begin("suman")
    newest = await tokens.renew(begun.refresh_token)
    written = b"".join(path.read_bytes() for path in database.parent.iterdir())
    for token in (begun.refresh_token, newest.refresh_token):
        assert token[:43].encode() not in written
        assert token[43:].encode() not in written
    assert begun.id.encode() in written


async def test_dead_sessions_are_removed_and_a_refreshed_one_is_one_row(
    tokens: RefreshTokens, database: Path, clock: Clock
) -> None:
    for _ in range(5):
        await tokens.begin("suman")
    clock.now += IDLE_LIFETIME.total_seconds()
    begun = await tokens.begin("suman")
    for _ in range(5):
        begun = await tokens.renew(begun.refresh_token)
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("SELECT count(*) FROM sessions").fetchone() == (1,)


async def test_of_a_hundred_uses_at_once_one_succeeds_and_the_session_ends(tokens: RefreshTokens) -> None:
    begun = await tokens.begin("suman")
    renewed: list[Session] = []
    reused: list[str] = []

    async def one() -> None:
        try:
            renewed.append(await tokens.renew(begun.refresh_token))
        except ReusedRefreshToken as error:
            reused.append(error.session_id)
        except UnknownRefreshToken:
            pass

    async with anyio.create_task_group() as tasks:
        for _ in range(100):
            tasks.start_soon(one)
    assert (len(renewed), reused) == (1, [begun.id])
    with pytest.raises(UnknownRefreshToken):
        await tokens.renew(renewed[0].refresh_token)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["begin", "newest", "old", "end", "end all"]), st.integers(0, 99))))
def test_in_any_order_of_uses_a_session_has_one_live_token_or_none(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]
) -> None:
    """Against a model: for each session the tokens given out so far, and whether it lives."""
    tokens = RefreshTokens(Database(tmp_path_factory.mktemp("model") / "demo.sqlite3"))
    given_out: dict[str, list[str]] = {}
    alive: dict[str, bool] = {}

    async def use(session_id: str, token: str) -> None:
        if not alive[session_id]:
            with pytest.raises(UnknownRefreshToken):
                await tokens.renew(token)
        elif token == given_out[session_id][-1]:
            given_out[session_id].append((await tokens.renew(token)).refresh_token)
        else:
            with pytest.raises(ReusedRefreshToken):
                await tokens.renew(token)
            alive[session_id] = False

    async def run() -> None:
        for step, number in steps:
            if step == "begin" or not given_out:
                begun = await tokens.begin("suman")
                given_out[begun.id], alive[begun.id] = [begun.refresh_token], True
                continue
            session_id = list(given_out)[number % len(given_out)]
            own = given_out[session_id]
            if step == "newest":
                await use(session_id, own[-1])
            elif step == "old":
                await use(session_id, own[number % len(own)])
            elif step == "end":
                await tokens.end(session_id)
                alive[session_id] = False
            else:
                await tokens.end_all("suman")
                alive.update(dict.fromkeys(alive, False))

    with start_blocking_portal() as portal:
        portal.call(run)
