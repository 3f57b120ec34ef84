"""`python -m benchmarks.connections`: a server process, thousands of websockets, one mass revocation.

Each websocket is held twice: by the app alone and behind the middleware. The client is a process of its own; its
sockets come from several loopback addresses, since one has 28,000 ports.
"""

import argparse
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
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from asgi_bearer import TokenIssuer
from benchmarks.connections import AUDIENCE, ISSUER

_SECRET = secrets.token_bytes(32)
_ROOT = Path(__file__).parents[2]
_PER_ADDRESS = 5_000
_AT_ONCE = 200

Figures = dict[str, float]
Held = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def main() -> None:
    arguments = _parser().parse_args()
    count = 50 if arguments.smoke else arguments.connections
    _allow_files(count + 200)
    plain, guarded = (asyncio.run(_measure(name, count)) for name in ("app", "guarded"))
    figures = {"connections": count, "without": plain, "with": guarded}
    print(f"{count} idle websockets on uvicorn (websockets-sansio)")
    for name, found in (("without the middleware", plain), ("behind it", guarded)):
        print(f"  {name:24}{found['bytes']:10,.0f} bytes each    opened in {found['opened']:.1f} s")
    print(f"  {'the middleware':24}{guarded['bytes'] - plain['bytes']:10,.0f} bytes each")
    print(f"  all closed {guarded['closed']:.2f} s after the revocation, the first after {guarded['first']:.2f} s")
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")


async def _measure(app: str, count: int) -> Figures:
    with _server(app) as port:
        before = await asyncio.to_thread(_ask, port, "/state")
        begun = time.monotonic()
        held = await _open_all(port, count)
        opened = time.monotonic() - begun
        await asyncio.sleep(1)
        state = await asyncio.to_thread(_ask, port, "/state")
        if state["now"] != count:
            raise RuntimeError(f"{state['now']:.0f} of {count} websockets are held")
        figures = {"opened": opened, "bytes": (state["memory"] - before["memory"]) / count}
        if app == "guarded":
            figures |= await _revoke_all(port, held)
        for _, writer in held:
            writer.close()
        return figures


async def _revoke_all(port: int, held: list[Held]) -> Figures:
    begun = time.monotonic()
    closing = [asyncio.create_task(_closed_at(reader)) for reader, _ in held]
    await asyncio.to_thread(_ask, port, "/revoke")
    times = [at - begun for at in await asyncio.gather(*closing)]
    return {"first": min(times), "closed": max(times)}


async def _closed_at(reader: asyncio.StreamReader) -> float:
    """When the close frame came; its code must be 3000 (RFC 6455 section 5.5.1)."""
    async with asyncio.timeout(60):
        frame = await reader.readexactly(4)
    if frame[0] != 0x88 or int.from_bytes(frame[2:]) != 3000:
        raise RuntimeError(f"no close frame with 3000: {frame!r}")
    return time.monotonic()


async def _open_all(port: int, count: int) -> list[Held]:
    token = TokenIssuer(ISSUER, AUDIENCE, _SECRET, lifetime=timedelta(hours=1)).issue("suman")
    held: list[Held] = []
    for start in range(0, count, _AT_ONCE):
        numbers = range(start, min(start + _AT_ONCE, count))
        held += await asyncio.gather(*(_open(port, token, number) for number in numbers))
    return held


async def _open(port: int, token: str, number: int) -> Held:
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


def _ask(port: int, path: str) -> Figures:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
        found: Figures = json.load(answer)
        return found


def _allow_files(count: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(count, hard), hard))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks.connections", description=__doc__)
    parser.add_argument("--connections", type=int, default=5_000, help="%(default)s")
    parser.add_argument("--smoke", action="store_true", help="50 connections, to see that all of it runs")
    default = Path("benchmarks") / "results" / "connections.json"
    parser.add_argument("--output", type=Path, default=default, help="where the JSON goes; %(default)s")
    return parser


if __name__ == "__main__":
    main()
