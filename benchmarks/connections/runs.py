"""A server process, thousands of idle websockets, and one mass revocation.

Each number of websockets is held twice: by the app alone and behind the middleware. This process is the client; its
sockets come from several loopback addresses, since one has 28,000 ports.
"""

import asyncio
import json
import os
import resource
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from asgi_bearer import TokenIssuer
from benchmarks.connections import AUDIENCE, ISSUER

COUNTS: Sequence[int] = (1_000, 5_000, 10_000)

_SECRET = secrets.token_bytes(32)
_ROOT = Path(__file__).parents[2]
_PER_ADDRESS = 5_000
_AT_ONCE = 200
_OTHER_FILES = 200
"""That a process has open beside its websockets."""

Socket = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True, slots=True)
class Held:
    """So many websockets: bytes of the server's memory for each; seconds from the revocation until all were closed."""

    connections: int
    bytes_bare: float
    bytes_guarded: float
    closed: float


def run_connections(counts: Sequence[int] = COUNTS) -> list[Held]:
    """Those that this system has files for. Raises RuntimeError where one is not held or not closed as it should be."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    return [_run(count) for count in counts if most == resource.RLIM_INFINITY or count + _OTHER_FILES <= most]


def _run(count: int) -> Held:
    with _files_for(count + _OTHER_FILES):
        bare, _ = asyncio.run(_measure("app", count))
        guarded, closed = asyncio.run(_measure("guarded", count))
    return Held(count, bare, guarded, closed)


@contextmanager
def _files_for(count: int) -> Iterator[None]:
    """Let this process, and the server that it starts, have as many open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = soft == resource.RLIM_INFINITY or soft >= count
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft if enough else count, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def _measure(app: str, count: int) -> tuple[float, float]:
    """Bytes each, and the seconds until all were closed, where the app can close them."""
    with _server(app) as port:
        before = await asyncio.to_thread(_ask, port, "/state")
        held = await _open_all(port, count)
        await asyncio.sleep(1)
        state = await asyncio.to_thread(_ask, port, "/state")
        if state["now"] != count:
            raise RuntimeError(f"{state['now']:.0f} of {count} websockets are held")
        closed = await _revoke_all(port, held) if app == "guarded" else 0.0
        for _, writer in held:
            writer.close()
        return (state["memory"] - before["memory"]) / count, closed


async def _revoke_all(port: int, held: list[Socket]) -> float:
    begun = time.monotonic()
    closing = [asyncio.create_task(_closed_at(reader)) for reader, _ in held]
    await asyncio.to_thread(_ask, port, "/revoke")
    return max(await asyncio.gather(*closing)) - begun


async def _closed_at(reader: asyncio.StreamReader) -> float:
    """When the close frame came; its code must be 3000 (RFC 6455 section 5.5.1)."""
    async with asyncio.timeout(60):
        frame = await reader.readexactly(4)
    if frame[0] != 0x88 or int.from_bytes(frame[2:]) != 3000:
        raise RuntimeError(f"no close frame with 3000: {frame!r}")
    return time.monotonic()


async def _open_all(port: int, count: int) -> list[Socket]:
    token = TokenIssuer(ISSUER, AUDIENCE, _SECRET, lifetime=timedelta(hours=1)).issue("suman")
    held: list[Socket] = []
    for start in range(0, count, _AT_ONCE):
        numbers = range(start, min(start + _AT_ONCE, count))
        held += await asyncio.gather(*(_open(port, token, number) for number in numbers))
    return held


async def _open(port: int, token: str, number: int) -> Socket:
    address = f"127.0.0.{2 + number // _PER_ADDRESS}"
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0))
    key = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
    lines = f"GET /held HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{key}\r\n"
    writer.write(f"{lines}Authorization: Bearer {token}\r\n\r\n".encode())
    answer = await reader.readuntil(b"\r\n\r\n")
    if not answer.startswith(b"HTTP/1.1 101"):
        raise RuntimeError(answer.decode("latin-1"))
    return reader, writer


@contextmanager
def _server(app: str) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    options = ["--port", str(port), "--log-level", "warning", "--lifespan", "off", "--backlog", "4096"]
    options += ["--ws", "websockets-sansio", "--ws-ping-interval", "600"]
    command = [sys.executable, "-m", "uvicorn", *options, f"benchmarks.connections.site:{app}"]
    path = os.pathsep.join([str(_ROOT), str(_ROOT / "middleware")])
    environment = {**os.environ, "PYTHONPATH": path, "BENCHMARK_SECRET": _SECRET.hex()}
    with subprocess.Popen(command, cwd=_ROOT, env=environment) as process:
        try:
            _wait_for(port)
            yield port
        finally:
            process.kill()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            _ask(port, "/state")
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the server did not start")


def _ask(port: int, path: str) -> dict[str, float]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
        found: dict[str, float] = json.load(answer)
        return found
