"""Two demo processes behind one name, as one service: with SQLite alone, and with revocations in Valkey or Redis."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import ConnectionClosedError
from websockets.sync.client import connect

from tests.demo.round_robin import round_robin
from tests.demo.server import Server, login, register, serving
from tests.revocation.servers import ENGINES, RedisServer, eventually


@contextmanager
def two_hosts(directory: Path, **environment: str) -> Iterator[tuple[Server, Server, httpx.Client]]:
    database = directory / "demo.sqlite3"
    with (
        serving(database, **environment) as one,
        serving(database, **environment) as two,
        round_robin(one.url, two.url) as client,
    ):
        yield one, two, client


@pytest.fixture(params=["sqlite", *ENGINES])
def hosts(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Server, Server, httpx.Client]]:
    with ExitStack() as stack:
        environment = {}
        if request.param != "sqlite":
            environment["DEMO_REDIS"] = stack.enter_context(RedisServer(request.param, tmp_path)).url
        yield stack.enter_context(two_hosts(tmp_path, **environment))


def bearing(tokens: dict[str, str]) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens['access_token']}"}


def refresh(client: httpx.Client, refresh_token: str) -> httpx.Response:
    return client.post("/token/refresh", data={"grant_type": "refresh_token", "refresh_token": refresh_token})


def profiles(client: httpx.Client, tokens: dict[str, str]) -> list[int]:
    """What two requests are answered: of the common name's client, by both hosts."""
    return [client.get("/profile", headers=bearing(tokens)).status_code for _ in range(2)]


def wait_until_refused(client: httpx.Client, tokens: dict[str, str]) -> None:
    """A second is promised; the others are for a busy machine."""
    eventually(lambda: profiles(client, tokens) == [401, 401], seconds=4)


def test_what_one_host_revokes_the_other_refuses(hosts: tuple[Server, Server, httpx.Client]) -> None:
    one, two, client = hosts
    register(client, "suman")
    first, second, other = (login(client, "suman").json() for _ in range(3))
    for tokens in (first, second, other):
        assert profiles(client, tokens) == [200, 200]

    url = two.url.replace("http:", "ws:") + "/ws/echo"
    with connect(url, additional_headers=bearing(first), proxy=None) as socket_:
        assert socket_.recv() == "Welcome suman"
        assert httpx.post(f"{one.url}/logout", headers=bearing(first)).status_code == 204
        with pytest.raises(ConnectionClosedError, match="3000"):
            socket_.recv(timeout=5)
    wait_until_refused(client, first)
    assert profiles(client, second) == [200, 200]

    newest = refresh(client, second["refresh_token"]).json()
    assert refresh(client, second["refresh_token"]).status_code == 400  # on the other host than the first use
    wait_until_refused(client, newest)

    assert client.post("/logout/everywhere", headers=bearing(other)).status_code == 204
    wait_until_refused(client, other)
    assert {refresh(client, other["refresh_token"]).status_code for _ in range(2)} == {400}
    again = login(client, "suman").json()
    assert profiles(client, again) == [200, 200]


def test_of_a_hundred_refreshes_at_once_on_two_hosts_no_two_are_alive(tmp_path: Path) -> None:
    with two_hosts(tmp_path) as (_, _, client):
        register(client, "suman")
        for _ in range(3):
            tokens = login(client, "suman").json()
            with ThreadPoolExecutor(100) as pool:
                answers = list(pool.map(lambda token: refresh(client, token), [tokens["refresh_token"]] * 100))
            renewed = [answer.json() for answer in answers if answer.status_code == 200]
            assert {answer.status_code for answer in answers} <= {200, 400, 429}
            assert len(renewed) == 1  # and whoever has it has nothing: the session is over
            assert refresh(client, renewed[0]["refresh_token"]).status_code in (400, 429)
            wait_until_refused(client, renewed[0])
            wait_until_refused(client, tokens)


def test_with_the_store_down_a_logout_is_a_503_that_holds_here_and_later_everywhere(tmp_path: Path) -> None:
    with ExitStack() as stack:
        store = stack.enter_context(RedisServer("valkey", tmp_path))
        one, two, both = stack.enter_context(two_hosts(tmp_path, DEMO_REDIS=store.url))
        here, there = stack.enter_context(one.client()), stack.enter_context(two.client())
        register(here, "suman")
        tokens = login(here, "suman").json()
        assert profiles(both, tokens) == [200, 200]
        store.kill()
        answer = here.post("/logout", headers=bearing(tokens))
        assert answer.status_code == 503
        assert answer.json()["detail"].startswith("Logged out here, and no refresh works")
        assert profiles(here, tokens) == [401, 401]
        assert refresh(there, tokens["refresh_token"]).status_code == 400
        store.start()
        wait_until_refused(there, tokens)


def test_a_host_that_starts_without_its_store_answers_503_until_it_is_there(tmp_path: Path) -> None:
    store = RedisServer("valkey", tmp_path)
    with serving(tmp_path / "demo.sqlite3", DEMO_REDIS=store.url) as server, server.client() as client:
        register(client, "suman")
        tokens = login(client, "suman").json()
        assert profiles(client, tokens) == [503, 503]
        with store:
            eventually(lambda: profiles(client, tokens) == [200, 200])
