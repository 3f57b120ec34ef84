"""Over real sockets, on every server: websockets and streams end with their token, and nobody's log complains."""

import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import anyio
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from asgi_bearer import Revocation, SqliteRevocations
from tests.keys import SECRET
from tests.tokens import ISSUER, claims, sign

_ROOT = Path(__file__).parents[2]
_UVICORN = ("uvicorn", "--no-access-log", "--log-level", "warning", "--port", "{port}")
_SERVERS = {
    "uvicorn h11 sansio": (*_UVICORN, "--http", "h11", "--ws", "websockets-sansio", "--loop", "asyncio"),
    "uvicorn httptools wsproto uvloop": (*_UVICORN, "--http", "httptools", "--ws", "wsproto", "--loop", "uvloop"),
    "uvicorn httptools sansio uvloop": (
        *_UVICORN,
        "--http",
        "httptools",
        "--ws",
        "websockets-sansio",
        "--loop",
        "uvloop",
    ),
    "uvicorn h11 websockets": (*_UVICORN, "--http", "h11", "--ws", "websockets"),
    "hypercorn": ("hypercorn", "--log-level", "WARNING", "--bind", "127.0.0.1:{port}"),
    "granian": ("granian", "--interface", "asgi", "--log-level", "warning", "--port", "{port}"),
}
INCOMPLETE = "ASGI callable returned without completing response."
"""What uvicorn logs if a response is aborted."""

SLACK = 2.5
"""Seconds; the promise is one, machines that test are busy."""


class Site:
    """One server process and its log."""

    def __init__(self, port: int, revocations: Path, log: Path) -> None:
        self.port = port
        self.revocations = revocations
        self.log = log

    def websocket(self, path: str, token: str, protocols: Sequence[str] = ()) -> ClientConnection:
        headers = {} if protocols else {"Authorization": f"Bearer {token}"}
        return connect(
            f"ws://127.0.0.1:{self.port}{path}",
            additional_headers=headers,
            subprotocols=list(protocols) or None,  # type: ignore[arg-type]
        )

    def stream(self, token: str) -> tuple[bytes, float]:
        """All that is sent, and how long it lasted."""
        begun = time.monotonic()
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            request = f"GET /events HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\r\n"
            connection.sendall(request.encode())
            answer = b""
            while some := connection.recv(65536):
                answer += some
        return answer, time.monotonic() - begun

    def exchange(self, method: str, path: str, token: str, meanwhile: Callable[[], object] = bool) -> tuple[int, bytes]:
        """Status and body. meanwhile: called when the head has come."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        with contextlib.closing(connection):
            connection.request(method, path, headers={"Authorization": f"Bearer {token}"})
            answer = connection.getresponse()
            answer.read(1)
            meanwhile()
            return answer.status, answer.read()

    def tasks(self) -> dict[str, int]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/tasks", timeout=10) as answer:
            found: dict[str, int] = json.load(answer)
            return found


@pytest.fixture(scope="module", params=_SERVERS)
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    words = [word.format(port=port) for word in _SERVERS[request.param]]
    command = [str(Path(sys.executable).with_name(words[0])), *words[1:], "tests.connections.site:app"]
    site = Site(port, folder / "revocations.sqlite", folder / "log")
    path = os.pathsep.join([str(_ROOT / "middleware"), str(_ROOT)])
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONWARNINGS": "ignore"}
    environment |= {"REVOCATIONS": str(site.revocations), "SECRET": SECRET.hex()}
    with (
        site.log.open("wb") as log,
        subprocess.Popen(command, cwd=_ROOT, env=environment, stdout=log, stderr=log) as process,
    ):
        try:
            _wait_for(site, process)
            yield site
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()


def _wait_for(site: Site, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while True:
        with contextlib.suppress(OSError):
            site.tasks()
            if not _is_unavailable(site):
                return
        assert process.poll() is None, site.log.read_text()
        assert time.monotonic() < deadline
        time.sleep(0.1)


def _is_unavailable(site: Site) -> bool:
    """Whether the first copy of the revocations is still being read."""
    request = urllib.request.Request(f"http://127.0.0.1:{site.port}/nothing")
    request.add_header("Authorization", f"Bearer {short_token(60)}")
    with pytest.raises(urllib.error.HTTPError) as caught, urllib.request.urlopen(request, timeout=10):
        pass
    caught.value.close()
    return caught.value.code == 503


@pytest.fixture(autouse=True)
def _log_and_tasks(site: Site) -> Iterator[None]:
    """After each test nothing was complained of, and no task is left."""
    before, logged = site.tasks()["tasks"], len(site.log.read_bytes())
    yield
    deadline = time.monotonic() + 5
    while site.tasks()["tasks"] > before and time.monotonic() < deadline:
        time.sleep(0.1)
    assert site.tasks()["tasks"] <= before
    complained = site.log.read_bytes()[logged:].decode()
    assert all(INCOMPLETE in line for line in complained.splitlines()), complained


def token_until(expiry: float, subject: str = "suman") -> str:
    return sign(claims(sub=subject, iat=int(time.time()), nbf=int(time.time()), exp=expiry))


def short_token(seconds: float = 1.5) -> str:
    """It ends so many seconds from now."""
    return token_until(time.time() + seconds)


def closed(websocket: ClientConnection, timeout: float = 10) -> tuple[int, str]:
    with pytest.raises(ConnectionClosed):
        websocket.recv(timeout=timeout)
    return websocket.close_code or 0, websocket.close_reason or ""


@pytest.mark.parametrize("path", ["/socket", "/sleeper"])
def test_a_websocket_ends_at_expiry(site: Site, path: str) -> None:
    before = site.tasks()["finally"]
    expiry = time.time() + 2.5
    with site.websocket(path, token_until(expiry)) as websocket:
        assert closed(websocket) == (3000, "token expired")
        assert -0.05 <= time.time() - expiry < SLACK
    _wait_until(lambda: site.tasks()["finally"] == before + 1)


def test_a_stream_ends_at_expiry(site: Site) -> None:
    before = site.tasks()["finally"]
    answer, seconds = site.stream(short_token())
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"data: 1\n\n" in answer
    assert b'event: token_expired\ndata: {"reason": "token expired"}\n\n' in answer
    assert answer.endswith(b"0\r\n\r\n")
    assert 1.3 <= seconds < 1.5 + SLACK
    _wait_until(lambda: site.tasks()["finally"] == before + 1)


@pytest.mark.parametrize("method", ["GET", "POST"], ids=["an export", "the result of a call"])
def test_a_response_that_began_is_delivered_whole(site: Site, method: str) -> None:
    status, body = site.exchange(method, "/export", short_token(1))
    assert status == 200
    assert body.endswith(b"row 7\ndone\n")


def test_a_response_whose_token_is_revoked_is_incomplete_to_its_client(site: Site) -> None:
    """The server cuts the connection, and may say so in its log."""
    with pytest.raises((http.client.IncompleteRead, ConnectionError)) as cut:
        site.exchange("GET", "/export", token_until(time.time() + 60, "third"), lambda: _revoke(site, "third"))
    if isinstance(cut.value, http.client.IncompleteRead):
        assert b"done" not in cut.value.partial


def test_a_websocket_ends_when_another_process_takes_its_token_back(site: Site) -> None:
    with site.websocket("/socket", token_until(time.time() + 60, "other")) as websocket:
        websocket.send("hello")
        assert websocket.recv() == "hello"
        revoked_at = _revoke(site, "other")
        assert closed(websocket) == (3000, "token revoked")
        assert time.monotonic() - revoked_at < SLACK


def test_a_fresh_token_is_handed_in(site: Site) -> None:
    begun = time.monotonic()
    with site.websocket("/socket", short_token()) as websocket:
        websocket.send(json.dumps({"type": "bearer.renew", "access_token": short_token(2.5)}))
        assert json.loads(websocket.recv())["type"] == "bearer.renewed"
        assert closed(websocket) == (3000, "token expired")
    assert time.monotonic() - begun >= 2.3


def test_the_subprotocol(site: Site) -> None:
    with site.websocket("/socket", "", ["bearer", short_token(1)]) as websocket:
        assert websocket.subprotocol == "bearer"
        websocket.send("hello")
        assert websocket.recv() == "hello"
        assert closed(websocket) == (3000, "token expired")


def test_a_refusal_before_the_websocket_is_accepted(site: Site) -> None:
    with pytest.raises(InvalidStatus) as caught:
        site.websocket("/socket", short_token(-1))
    assert caught.value.response.status_code == 401
    assert 'error="invalid_token"' in caught.value.response.headers["www-authenticate"]


def _revoke(site: Site, subject: str) -> float:
    revocations = SqliteRevocations(site.revocations)
    anyio.run(revocations.revoke, Revocation.subject(ISSUER, subject, lifetime=timedelta(hours=1)))
    revocations.close()
    return time.monotonic()


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
