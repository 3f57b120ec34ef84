"""The generators ask as long as they are told, with the tokens in turn, and count what fails."""

import math
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from benchmarks.load.asking import OURS, Demand, ask
from benchmarks.load.server import Server, serving

GENERATORS = [
    OURS,
    pytest.param("wrk", marks=pytest.mark.skipif(not shutil.which("wrk"), reason="needs wrk: apt-get install wrk")),
]


def _answering(status: int) -> ASGIApp:
    """Refuses what brings none of the tokens."""

    async def app(scope: Scope, _receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        token = dict(scope["headers"])[b"authorization"]
        answer = status if token in {b"Bearer one", b"Bearer two"} else 401
        await send({"type": "http.response.start", "status": answer, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})

    return app


@pytest.fixture
def tokens(tmp_path: Path) -> Path:
    file = tmp_path / "tokens"
    file.write_text("one\ntwo")
    return file


@contextmanager
def _ready(status: int, workers: int = 1) -> Iterator[Server]:
    """A server that has answered: a busy machine takes longer to start one than it is asked here."""
    with serving(lambda: _answering(status), workers) as server:
        connection = HTTPConnection("127.0.0.1", server.port, timeout=30)
        connection.request("GET", "/", headers={"Authorization": "Bearer one"})
        assert connection.getresponse().status == status
        connection.close()
        yield server


@pytest.mark.parametrize("generator", GENERATORS)
def test_requests_are_counted_and_timed(generator: str, tokens: Path) -> None:
    with _ready(200) as server:
        load = ask(server, Demand("/", tokens, 1, connections=2, seconds=1, generator=generator))
    assert load.requests > 10
    assert load.failures == 0
    assert 0.5 < load.seconds < 10
    assert load.requests_per_second == load.requests / load.seconds
    assert 0 < load.waits["1"] <= load.waits["50"] <= load.waits["99.9"]
    assert 0 < load.generator_share <= 200
    assert load.server_seconds > 0 or math.isnan(load.server_seconds)


@pytest.mark.parametrize("generator", GENERATORS)
def test_other_answers_are_failures(generator: str, tokens: Path) -> None:
    with _ready(403) as server:
        load = ask(server, Demand("/", tokens, 0, connections=1, seconds=1, generator=generator))
    assert load.failures == load.requests > 0


def test_workers_share_a_port(tokens: Path) -> None:
    with _ready(200, workers=2) as server:
        assert len(set(server.workers)) == 2
        assert ask(server, Demand("/", tokens, 0, connections=4, seconds=0.2, generator=OURS)).failures == 0
