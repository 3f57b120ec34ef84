"""Our own load generator, for machines without wrk: `python -m benchmarks.load.generator`, prints JSON as wrk.lua.

Each connection asks, waits for the whole answer, and asks again. The answers are parsed in C, by httptools.
"""

import argparse
import asyncio
import json
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Any, cast

import httptools
import uvloop

PERCENTILES = ("1", "10", "25", "50", "75", "90", "95", "99", "99.9")
"""Of waits; wrk.lua names the same."""


class _Connection(asyncio.Protocol):
    def __init__(self, next_request: Callable[[], bytes], waits: list[float], statuses: list[int]) -> None:
        self._next_request, self._waits, self._statuses = next_request, waits, statuses
        self._parser = httptools.HttpResponseParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by inheritance
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        self._waits.append(time.perf_counter() - self._asked_at)
        self._statuses.append(self._parser.get_status_code())
        self._ask()

    def _ask(self) -> None:
        self._asked_at = time.perf_counter()
        self._transport.write(self._next_request())


def main() -> None:
    arguments = _parser().parse_args()
    head = f"GET {arguments.path} HTTP/1.1\r\nHost: 127.0.0.1:{arguments.port}\r\nAuthorization: Bearer "
    requests = [head.encode() + token + b"\r\n\r\n" for token in arguments.tokens.read_bytes().split()]
    turn = islice(cycle(requests), arguments.position, None)
    print(json.dumps(uvloop.run(_load(arguments.port, turn, arguments.connections, arguments.seconds))))


async def _load(port: int, turn: Iterator[bytes], connections: int, seconds: float) -> dict[str, Any]:
    waits: list[float] = []
    statuses: list[int] = []
    loop, started = asyncio.get_running_loop(), time.perf_counter()
    transports = [
        (await loop.create_connection(lambda: _Connection(turn.__next__, waits, statuses), "127.0.0.1", port))[0]
        for _ in range(connections)
    ]
    await asyncio.sleep(seconds)
    broken = sum(transport.is_closing() for transport in transports)
    for transport in transports:
        transport.abort()
    return {
        "requests": len(waits),
        "microseconds": round((time.perf_counter() - started) * 1e6),
        "failures": broken + sum(status >= 400 for status in statuses),
        "waits": _percentiles(waits),
    }


def _percentiles(waits: Sequence[float]) -> dict[str, int]:
    cuts = statistics.quantiles(waits, n=1000, method="inclusive")
    return {name: round(cuts[round(float(name) * 10) - 1] * 1e6) for name in PERCENTILES}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks.load.generator")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--path", required=True)
    parser.add_argument("--tokens", type=Path, required=True, help="a file of tokens, one a line, sent in turn")
    parser.add_argument("--position", type=int, required=True, help="how many of them were sent before")
    parser.add_argument("--connections", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    return parser


if __name__ == "__main__":
    main()
