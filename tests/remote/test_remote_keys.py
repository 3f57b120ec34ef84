"""Keys that are fetched, as requests see them: when they wait, when they don't, and what they are answered."""

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier, Event
from typing import Any

import anyio
import pytest
from joserfc.jwk import ECKey
from starlette.testclient import TestClient

from asgi_bearer import BearerMiddleware, ConfigurationError, Issuer, RemoteKeys, StaticKeys, public
from asgi_bearer.issuers.trusted import TrustedIssuer
from tests.asgi import Answer, Recorder, get, guarded
from tests.keys import another_jwk, public_jwk
from tests.remote import Site, rules
from tests.remote.server import JwksServer, answer, hang
from tests.tokens import ABSENT, claims, sign

pytestmark = pytest.mark.anyio

ONE, TWO = public_jwk("ES256", kid="one"), public_jwk("ES256", kid="two")
UNKNOWN = "The access token is not signed by a trusted issuer"


async def all_of(count: int, site: Site, **parameters: Any) -> list[int]:
    """The statuses of so many requests at once."""
    statuses: list[int] = []

    async def one() -> None:
        statuses.append((await site.ask(**parameters)).status)

    async with anyio.create_task_group() as tasks:
        for _ in range(count):
            tasks.start_soon(one)
    return statuses


async def test_nothing_is_fetched_before_it_is_needed() -> None:
    with JwksServer([ONE]) as server:
        site = Site(server)
        assert server.requests == []
        assert (await site.ask()).status == 200
        assert server.requests == ["/.well-known/openid-configuration", "/jwks"]
        assert (await site.ask()).status == 200
        assert server.fetches == 1


async def test_one_fetch_for_all_that_wait() -> None:
    with JwksServer([ONE]) as server:
        site = Site(server)
        assert set(await all_of(100, site)) == {200}
        assert server.fetches == 1
        assert (await site.counters()).fetches == 1


async def test_lifespan_warms() -> None:
    with JwksServer([ONE]) as server:
        site = Site(server)
        await get(site.app, type="lifespan")
        await site.landed()
        assert server.fetches == 1
        assert site.status().ready
        assert (await site.ask()).status == 200
        assert server.fetches == 1


async def test_an_app_starts_while_its_provider_is_down() -> None:
    with JwksServer([ONE]) as server:
        server.die()
        site = Site(server)
        await get(site.app, type="lifespan")
        await site.landed()
        assert (await site.ask()).status == 503
        server.come_back()
        site.clock.skip(30)
        assert (await site.ask()).status == 200


async def test_who_only_asks_for_readiness_gets_ready() -> None:
    with JwksServer([ONE]) as server:
        site = Site(server)
        assert not site.status().ready
        await site.landed()
        status = site.status()
        assert (status.ready, status.state, status.keys, status.last_error) == (True, "fresh", 1, None)
        assert status.issuer == server.issuer
        assert status.usable_for == pytest.approx(4200, abs=5)


async def test_keys_at_hand_are_always_ready() -> None:
    source = TrustedIssuer(Issuer("x", "y", keys=StaticKeys.from_jwks({"keys": [ONE]}))).keys
    assert await source.wait_for("two", "ES256") == ()
    source.refresh()
    status = source.status()
    assert (status.ready, status.state, status.keys, status.usable_for) == (True, "fresh", 1, None)


async def test_keys_are_renewed_in_the_background_before_they_expire() -> None:
    with JwksServer([ONE]) as server:
        site = Site(server, timeout=1)
        await site.ask()
        site.clock.skip(290)
        await site.ask()
        assert (await site.counters()).refreshes == 0
        server.at_keys = hang(server)
        site.clock.skip(300)
        assert set(await all_of(50, site)) == {200}  # the provider hangs, and nobody waits for it
        assert site.status().state == "due"
        await site.landed()
        counters = await site.counters()
        assert (counters.fetches, counters.refreshes, counters.failures, counters.served_stale) == (2, 1, 1, 0)


async def test_a_withdrawn_key_stops_verifying_within_its_lifetime() -> None:
    with JwksServer([ONE, TWO]) as server:
        site = Site(server)
        assert (await site.ask(kid="one")).status == 200
        server.keys = [TWO]
        site.clock.skip(601)
        refused = await site.ask(kid="one")
        assert refused.status == 401
        assert UNKNOWN in (refused.challenge or "")
        assert (await site.ask(kid="two")).status == 200


@pytest.mark.parametrize("named", [True, False], ids=["kid", "no kid"])
async def test_keys_that_are_fetched_again_stay_the_same_objects_and_changed_ones_do_not(named: bool) -> None:
    def published(key: ECKey, name: str) -> dict[str, Any]:
        return {**key.as_dict(private=False), **({"kid": name} if named else {})}

    one, two, three = (ECKey.generate_key("P-256") for _ in range(3))
    with JwksServer([published(one, "one"), published(two, "two")]) as server:
        site = Site(server)
        source: Any = site.source
        await source.wait_for(None, "ES256")
        before = source._ring.keys
        for keys, same in (
            ([published(two, "two"), {**published(one, "one"), "x5t": "AAAA"}], (before[1], before[0])),
            ([published(one, "one"), published(three, "two")], (before[0], None)),
            (
                [published(one, "three"), {**published(three, "two"), "alg": "ES256"}],
                (before[0] if not named else None,),
            ),
        ):
            server.keys = keys
            site.clock.skip(601)
            await source.wait_for(None, "ES256")
            for key, expected in zip(source._ring.keys, same, strict=False):
                assert (key is expected) is (expected is not None)
                assert expected or key not in before


async def test_max_age_of_the_provider_counts() -> None:
    with JwksServer([ONE]) as server:
        server.max_age = 120
        site = Site(server)
        await site.ask()
        server.keys = [TWO]
        site.clock.skip(59)
        assert (await site.ask()).status == 200
        site.clock.skip(62)
        assert (await site.ask()).status == 401


async def test_an_unknown_kid_is_asked_for_at_once() -> None:
    with JwksServer([ONE]) as server:
        site = Site(server)
        await site.ask()
        server.keys = [ONE, TWO]
        site.clock.skip(10)
        assert set(await all_of(200, site, kid="two")) == {200}
        assert server.fetches == 2


async def test_within_the_cooldown_an_unknown_kid_waits_for_its_end() -> None:
    with JwksServer([ONE]) as server:
        site = Site(server, cooldown=0.5)
        await site.ask()
        server.keys = [ONE, TWO]
        assert set(await all_of(100, site, kid="two")) == {200}
        assert server.fetches == 2


async def test_D1_a_kid_that_stays_unknown_is_refused_with_one_fetch_a_cooldown() -> None:
    with JwksServer([ONE]) as server:
        site = Site(server)
        await site.ask()
        site.clock.skip(10)
        refused: list[Answer] = []

        async def junk(number: int) -> None:
            refused.append(await site.ask(kid=f"junk {number}"))

        async with anyio.create_task_group() as tasks:
            for number in range(200):
                tasks.start_soon(junk, number)
        assert {one.status for one in refused} == {401}
        assert all(UNKNOWN in (one.challenge or "") for one in refused)
        assert server.fetches == 2
        assert (await site.counters()).unknown_key_ids == 200


async def test_places_to_wait_are_bounded() -> None:
    with JwksServer([ONE]) as server:
        site = Site(server)
        keys = RemoteKeys(rules=replace(rules(cooldown=0.5), max_waiting=3), clock=site.clock)
        site = Site(server, keys)
        await site.ask()
        assert await all_of(50, site, kid="junk") == [401] * 50
        counters = await site.counters()
        assert (counters.rejected_waiters, counters.unknown_key_ids, server.fetches) == (47, 50, 2)


async def test_an_algorithm_that_is_not_accepted_asks_for_nothing() -> None:
    with JwksServer([ONE]) as server:
        site = Site(server)
        await site.ask()
        assert (await site.ask(algorithm="HS256", kid="two")).status == 401
        assert (await site.ask(algorithm="HS256", kid=7)).status == 401
        assert server.fetches == 1


async def test_a_fetch_that_was_under_way_before_is_not_conclusive() -> None:
    """It may have read the keys a moment before they were rotated."""
    with JwksServer([ONE]) as server:
        site = Site(server, cooldown=0.2, timeout=3)
        await site.ask()
        site.clock.skip(500)
        old = server.key_set()

        asked = Event()

        def slowly(connection: Any) -> None:
            asked.set()
            server.closing.wait(0.3)
            answer(old)(connection)

        server.at_keys = slowly
        site.source.refresh()
        assert await anyio.to_thread.run_sync(asked.wait, 3)
        server.at_keys = server.answer_keys
        server.keys = [TWO]
        assert (await site.ask(kid="two")).status == 200
        assert server.fetches == 3


async def test_stale_keys_serve_while_the_provider_is_down_then_503_then_it_is_back() -> None:
    with JwksServer([ONE]) as server:
        site = Site(server)
        await site.ask()
        server.die()
        for _ in range(69):
            site.clock.skip(60)
            assert (await site.ask()).status == 200
            await site.landed()
        status = site.status()
        assert (status.ready, status.state) == (True, "stale")
        assert status.counters.served_stale >= 59
        assert status.counters.failures >= 60
        site.clock.skip(61)
        refused = await site.ask()
        assert (refused.status, refused.detail, refused.challenge) == (
            503,
            "Authentication is temporarily unavailable",
            None,
        )
        assert 1 <= int(refused.header("retry-after") or "0") <= 30
        assert refused.header("cache-control") == "no-store"
        fetches = (await site.counters()).fetches
        assert (await site.ask()).status == 503  # in the back-off nobody waits and nothing is asked
        assert (await site.counters()).fetches == fetches
        server.come_back()
        site.clock.skip(30)
        assert (await site.ask()).status == 200
        assert site.status().state == "fresh"


async def test_an_unknown_kid_while_the_provider_is_down_is_our_fault() -> None:
    with JwksServer([ONE]) as server:
        site = Site(server)
        await site.ask()
        server.die()
        site.clock.skip(10)
        assert (await site.ask(kid="two")).status == 503
        assert (await site.ask(kid="one")).status == 200


async def test_a_cancelled_request_leaves_the_fetch_to_the_others() -> None:
    with JwksServer([ONE]) as server:
        site = Site(server)

        def slowly(connection: Any) -> None:
            server.closing.wait(0.2)
            server.answer_keys(connection)

        server.at_keys = slowly
        statuses = []

        async def other() -> None:
            statuses.append((await site.ask()).status)

        async with anyio.create_task_group() as tasks:
            with anyio.move_on_after(0.05) as first:
                tasks.start_soon(other)
                await site.ask()
        assert first.cancelled_caught
        assert statuses == [200]
        assert server.fetches == 1


async def test_a_fetch_that_hangs_ends_and_its_late_answer_is_ignored() -> None:
    with JwksServer([ONE]) as server:
        site = Site(server, timeout=1)
        server.at_keys = hang(server)
        assert set(await all_of(20, site)) == {503}
        assert site.status().last_error == "it took too long"
        assert server.fetches == 1
        server.at_keys = server.answer_keys
        site.clock.skip(2)
        assert (await site.ask()).status == 200


async def test_it_dies_and_comes_back() -> None:
    with JwksServer([ONE]) as server:
        site = Site(server)
        for _ in range(3):
            assert (await site.ask()).status == 200
            server.die()
            site.clock.skip(599)
            assert (await site.ask()).status == 200
            await site.landed()
            server.come_back()
            site.clock.skip(30)
            assert (await site.ask()).status == 200
            await site.landed()


async def test_a_token_without_kid_is_tried_with_what_is_there() -> None:
    with JwksServer([ONE]) as server:
        site = Site(server)
        assert (await site.ask(kid=ABSENT)).status == 200


async def test_public_routes_fetch_nothing() -> None:
    with JwksServer([ONE]) as server:
        issuer = Issuer(server.issuer, "orders-api", allow_loopback_http=True)
        app = BearerMiddleware(Recorder(), issuers=issuer, allow=[public("/health")])
        assert (await get(app, "/health")).status == 200
        assert (await get(app, "/")).status == 401
        assert (await get(app, "/", "junk")).status == 401
        assert server.requests == []


# A loop that ends while anyio connects leaves a coroutine of anyio's unawaited, which Python says when it collects it.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_event_loops_one_after_the_other() -> None:
    """Starlette's TestClient has a new one for every request."""
    with JwksServer([ONE, TWO]) as server:
        site = Site(server, cooldown=0.1)
        client = TestClient(site.app)
        for kid in ("one", "two", "one"):
            headers = {"authorization": f"Bearer {site.token(kid=kid)}"}
            assert client.get("/", headers=headers).status_code == 200
        site.clock.skip(599)
        assert client.get("/", headers=headers).status_code == 200
        site.clock.skip(599)
        assert client.get("/", headers=headers).status_code == 200
        assert client.get("/", headers={"authorization": f"Bearer {site.token(kid='three')}"}).status_code == 401


@pytest.mark.parametrize("backends", [["asyncio"] * 8, ["trio"] * 8, ["asyncio", "trio"] * 4], ids="-".join)
def test_event_loops_in_threads_share_one_fetch(backends: list[str]) -> None:
    with JwksServer([ONE]) as server:
        site = Site(server, timeout=5)

        def slowly(connection: Any) -> None:
            server.closing.wait(0.3)
            server.answer_keys(connection)

        server.at_keys = slowly
        barrier = Barrier(len(backends))

        async def ask() -> int:
            barrier.wait()
            return (await site.ask()).status

        with ThreadPoolExecutor(len(backends)) as threads:
            assert list(threads.map(lambda backend: anyio.run(ask, backend=backend), backends)) == [200] * len(backends)
        assert 1 <= server.fetches <= len(backends)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_an_event_loop_that_ends_gives_its_fetch_back(backend: str) -> None:
    with JwksServer([ONE]) as server:
        site = Site(server, timeout=5)
        server.at_keys = hang(server)

        async def leave() -> None:
            with anyio.move_on_after(0.2):
                await site.ask()

        anyio.run(leave, backend=backend)
        assert site.source.status().counters.failures == 0
        server.at_keys = server.answer_keys
        assert anyio.run(site.ask, backend=backend).status == 200


def test_an_event_loop_that_is_closed_with_its_tasks_loses_its_fetch_only() -> None:
    with JwksServer([ONE]) as server:
        site = Site(server, timeout=0.5)
        loop = asyncio.new_event_loop()

        async def leave() -> None:
            site.source.refresh()

        loop.run_until_complete(leave())
        flight = site.source._flight
        assert flight is not None
        assert not flight.is_done
        assert anyio.run(site.ask).status in (200, 503)  # it waits for the lost one as long as that may take
        site.clock.skip(2)
        assert anyio.run(site.ask).status == 200
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()


async def test_D6_what_one_issuer_fetched_is_for_its_own_tokens_only() -> None:
    """Both name their keys alike, and both are trusted."""
    other = ECKey.generate_key("P-256", {"kid": "one"}, private=True)
    with JwksServer([ONE]) as first, JwksServer([other.as_dict(private=False)]) as second:
        issuers = [Issuer(server.issuer, "orders-api", allow_loopback_http=True) for server in (first, second)]
        app = guarded(Recorder(), issuers=issuers)
        statuses = [
            (await get(app, token=sign(claims(iss=server.issuer), algorithm="ES256", kid="one", key=key))).status
            for server in (first, second)
            for key in (None, other)
        ]
        assert statuses == [200, 401, 401, 200]


async def test_D4_no_URL_in_a_header_is_fetched() -> None:
    with JwksServer([ONE]) as server, JwksServer([TWO]) as canary:
        site = Site(server, cooldown=0.1)
        header = {"jku": f"{canary.base}/jwks", "x5u": f"{canary.base}/jwks"}
        assert (await site.ask(kid="two", **header)).status == 401
        assert (await site.ask(kid="one", **header)).status == 200
        assert canary.requests == []


async def test_an_answer_that_comes_after_a_later_one_is_ignored() -> None:
    """The first fetch is given up for lost, the second brings a rotation, and then the first lands."""
    with JwksServer([ONE]) as server:
        site = Site(server, timeout=5)
        released = Event()
        old = server.key_set()

        def late(connection: Any) -> None:
            released.wait(5)
            answer(old)(connection)

        server.at_keys = late
        site.source.refresh()
        first = site.source._flight
        assert first is not None
        with anyio.move_on_after(0.2):
            await first.wait()
        site.clock.skip(7)
        server.at_keys = server.answer_keys
        server.keys = [TWO]
        assert (await site.ask(kid="two")).status == 200
        released.set()
        await first.wait()
        assert (await site.ask(kid="two")).status == 200
        assert site.status().keys == 1


async def test_a_fetch_that_never_departs_is_our_fault() -> None:
    with JwksServer([ONE]) as server:
        site = Site(server, timeout=0.05)
        server.at_keys = hang(server)
        assert (await site.ask()).status == 503


def test_without_httpx_and_httpx2_it_is_said_at_construction(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("asgi_bearer.keys.http_client.find_spec", lambda _name: None)
    with pytest.raises(ConfigurationError, match=r'pip install "asgi-bearer\[remote\]"'):
        guarded(Recorder(), issuers=Issuer("https://login.example.com/", "orders-api"))


@pytest.mark.parametrize(
    ("installed", "used"), [(["httpx", "httpx2"], "httpx"), (["httpx"], "httpx"), (["httpx2"], "httpx2")]
)
async def test_without_a_client_httpx_fetches_or_else_httpx2(
    installed: list[str], used: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("asgi_bearer.keys.http_client.find_spec", lambda name: name if name in installed else None)
    with JwksServer([ONE]) as server:
        assert (await Site(server).ask()).status == 200
        assert f"user-agent: python-{used}/" in server.headers[0].lower()


ENCRYPTION = {**public_jwk("RS256", kid="three"), "use": "enc", "alg": "RSA-OAEP"}
PADDED = {**TWO, "x": f"{TWO['x']}="}
SMALL = {**public_jwk("RS256", kid="four"), "n": "x" * 171}
NOTES = re.compile(r"keys of issuer '[^']+': (kid .*|[0-9].*)")


def notes_in(caplog: pytest.LogCaptureFixture) -> set[str]:
    """What was said of single keys since the last call."""
    said = {
        f"{record.levelname} {found[1]}" for record in caplog.records if (found := NOTES.match(record.getMessage()))
    }
    caplog.clear()
    return said


async def test_what_is_odd_about_keys_is_logged_once_per_change_and_not_at_every_refresh(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG", "asgi_bearer")
    with JwksServer([ONE, PADDED, ENCRYPTION, SMALL]) as server:
        site = Site(server)

        async def refresh() -> set[str]:
            site.clock.skip(4201)
            assert (await site.ask()).status == 200
            return notes_in(caplog)

        small = "WARNING kid 'four' is skipped: the RSA key has 1024 bits; make one with 2048 to 8192"
        assert await refresh() == {
            small,
            'DEBUG kid \'three\' is skipped: use is not "sig" but "enc"',
            "WARNING kid 'two' is used, but its JWK is odd: x not in base64url without padding",
        }
        for _ in range(3):
            assert await refresh() == set()
        server.keys = [{**SMALL, "kid": "five"}, SMALL, ONE]
        assert await refresh() == {small.replace("four", "five")}
        server.keys = [ONE]
        assert await refresh() == set()
        server.keys = [ONE, SMALL]
        assert await refresh() == {small}


async def test_if_no_key_is_usable_the_log_says_why_of_each_once_per_change(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "asgi_bearer")
    with JwksServer([SMALL, ENCRYPTION, None]) as server:
        site = Site(server)
        assert (await site.ask()).status == 503
        assert site.status().last_error == "the JWK Set has no usable key"
        assert "keys[2] is skipped: a JWK must be a JSON object" in caplog.text
        assert notes_in(caplog) == {
            "WARNING kid 'four' is skipped: the RSA key has 1024 bits; make one with 2048 to 8192",
            'WARNING kid \'three\' is skipped: use is not "sig" but "enc"',
        }
        site.clock.skip(31)
        assert (await site.ask()).status == 503
        assert server.fetches == 2
        assert notes_in(caplog) == set()


async def test_if_no_key_fits_the_algorithms_the_log_says_so_of_each(caplog: pytest.LogCaptureFixture) -> None:
    with JwksServer([ONE, TWO]) as server:
        site = Site(server, algorithms=["RS256"])
        assert (await site.ask()).status == 503
        assert site.status().last_error == "none of the keys fits the algorithms of this issuer"
        assert notes_in(caplog) == {
            f"WARNING kid {name!r} is not used: it fits none of the algorithms RS256" for name in ("one", "two")
        }


async def test_too_many_keys_to_try_them_all_are_a_warning_at_the_refresh(caplog: pytest.LogCaptureFixture) -> None:
    others = [another_jwk("ES512") for _ in range(5)]
    with JwksServer([*others, public_jwk("ES512", kid="own")]) as server:
        site = Site(server, cooldown=0.1, min_lifetime=60)
        assert (await site.ask(algorithm="ES512", kid=ABSENT)).status == 200
        assert notes_in(caplog) == set()
        server.keys = [another_jwk("ES512"), *server.keys]
        site.clock.skip(601)
        assert (await site.ask(algorithm="ES512", kid="own")).status == 200
        (note,) = notes_in(caplog)
        assert note.startswith("WARNING 7 keys for ES512 are too many to try them all: tokens without kid")
        assert UNKNOWN in ((await site.ask(algorithm="ES512", kid=ABSENT)).challenge or "")


def test_faults_of_everything_at_once() -> None:
    keys = RemoteKeys("http://login.example.com/", client=7, rules=7, clock=7)  # type: ignore[arg-type]
    errors = list(Issuer("https://login.example.com/", "orders-api", keys=keys).errors())
    assert len(errors) == 4
