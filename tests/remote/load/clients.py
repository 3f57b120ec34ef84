"""Clients on keep-alive connections, as many as wanted, and the server that they ask."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.providers import ROOT, wait_until
from tests.remote.load.app import AUDIENCE, ISSUER, TIMES


@dataclass
class Server:
    port: int

    def status(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = httpx.get(f"http://127.0.0.1:{self.port}/ready").json()
        return found


@contextmanager
def served(issuer: str, audience: str, **times: float) -> Iterator[Server]:
    """Uvicorn in a process of its own."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {
        ISSUER: issuer,
        AUDIENCE: audience,
        TIMES: ",".join(f"{name}={seconds}" for name, seconds in times.items()),
        "PYTHONPATH": str(ROOT),
    }
    command = [
        "uvicorn",
        "--factory",
        "tests.remote.load.app:app",
        "--port",
        str(port),
        "--log-level",
        "warning",
        "--timeout-keep-alive",
        "60",
    ]
    process = subprocess.Popen(
        [sys.executable, "-m", *command, "--no-access-log"], env={**os.environ, **environment}, cwd=ROOT
    )
    server = Server(port)
    try:
        wait_until(lambda: bool(server.status()))
        yield server
    finally:
        process.terminate()
        process.wait(10)


@dataclass
class Answers:
    """statuses: how often each. seconds: how long each took."""

    statuses: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)

    def add(self, status: int, seconds: float) -> None:
        self.statuses[status] += 1
        self.seconds.append(seconds)

    def quantile(self, part: float) -> float:
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(part * len(ordered)))]

    def __str__(self) -> str:
        return ", ".join(f"{count} answered {status}" for status, count in sorted(self.statuses.items()))


class Client:
    """One connection."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def get(self, token: str) -> tuple[int, float]:
        """Status and seconds of `GET /`."""
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        start = time.perf_counter()
        writer.write(f"GET / HTTP/1.1\r\nHost: api\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        json.loads(await reader.readexactly(length))
        return int(head[9:12]), time.perf_counter() - start

    async def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            await self._streams[1].wait_closed()
