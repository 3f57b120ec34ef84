"""The event stream and the websocket of a demo in a process of its own, ending with their token."""

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosedError
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from tests.demo.server import Server, login, register, run_demo, serving


@pytest.fixture
def short(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path / "demo.sqlite3", DEMO_TOKEN_SECONDS="3") as running:
        yield running


def log_in(client: httpx.Client) -> dict[str, Any]:
    register(client, "suman")
    tokens: dict[str, Any] = login(client, "suman").json()
    return tokens


def bearing(tokens: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens['access_token']}"}


def test_the_stream_ends_when_its_token_expires(short: Server) -> None:
    with short.client() as client:
        tokens = log_in(client)
        assert tokens["expires_in"] == 3
        started = time.monotonic()
        with client.stream("GET", "/events", headers=bearing(tokens)) as answer:
            assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
            assert answer.headers["cache-control"] == "no-store"
            text = "".join(answer.iter_text())
        assert time.monotonic() - started < 3 + 5
    blocks = text.split("\n\n")
    assert blocks[0] == ": one event a second, until the token ends"
    first = json.loads(blocks[1].partition("data: ")[2])
    assert (first["number"], first["listeners"]) == (1, 1)
    assert "event: token_expired" in blocks[-2]
    assert short.stop(signal.SIGINT) == (0, "")


def test_a_logout_ends_both_within_a_second_or_so(tmp_path: Path) -> None:
    with serving(tmp_path / "demo.sqlite3") as running, running.client() as client:
        tokens = log_in(client)
        url = running.url.replace("http:", "ws:") + "/ws/echo"
        with (
            client.stream("GET", "/events", headers=bearing(tokens)) as answer,
            connect(url, additional_headers=bearing(tokens), proxy=None) as socket_,
        ):
            chunks = answer.iter_text()
            next(chunks)
            Thread(target=lambda: httpx.post(f"{running.url}/logout", headers=bearing(tokens))).start()
            assert "event: token_revoked" in "".join(chunks)
            assert socket_.recv() == "Welcome suman"
            with pytest.raises(ConnectionClosedError, match=r"3000.*token revoked"):
                socket_.recv(timeout=5)
        assert running.stop(signal.SIGINT) == (0, "")


def test_a_browsers_socket_brings_its_token_as_a_subprotocol_and_a_fresh_one_later(short: Server) -> None:
    with short.client() as client:
        tokens = log_in(client)
        url = short.url.replace("http:", "ws:") + "/ws/echo"
        offered = [Subprotocol("bearer"), Subprotocol(tokens["access_token"])]
        with connect(url, subprotocols=offered, proxy=None) as socket_:
            assert socket_.subprotocol == "bearer"
            assert socket_.recv() == "Welcome suman"
            time.sleep(1.5)
            fresh = client.post("/token/refresh", json={"refresh_token": tokens["refresh_token"]}).json()
            socket_.send(json.dumps({"type": "bearer.renew", "access_token": fresh["access_token"]}))
            assert json.loads(socket_.recv())["type"] == "bearer.renewed"
            time.sleep(1.6)  # the first token is over by now
            socket_.send("still here")
            assert socket_.recv() == "still here"
            with pytest.raises(ConnectionClosedError, match=r"3000.*token expired"):
                socket_.recv(timeout=8)


def test_the_server_stops_while_somebody_listens(tmp_path: Path) -> None:
    with (
        serving(tmp_path / "demo.sqlite3") as running,
        running.client() as client,
        client.stream("GET", "/events", headers=bearing(log_in(client))) as answer,
    ):
        next(answer.iter_text())
        assert running.stop(signal.SIGINT) == (0, "")


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "x", "86401", "٣"])
def test_a_token_lives_for_whole_seconds(tmp_path: Path, text: str) -> None:
    code, _, errors = run_demo("--port", "0", "--database", str(tmp_path / "d"), DEMO_TOKEN_SECONDS=text)
    assert (code, f"DEMO_TOKEN_SECONDS must be a number from 1 to 86400, not {text!r}" in errors) == (1, True)
