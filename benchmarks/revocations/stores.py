"""What an entry costs, measured with real ones: memory, bytes on the wire, time to apply, and the server's share."""

import gc
import time
import tracemalloc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import anyio

from asgi_bearer import RedisRevocations, Revocation, SqliteRevocations
from asgi_bearer.revocation.follower import PACE
from asgi_bearer.revocation.index import RevocationIndex
from asgi_bearer.revocation.replicated import ReplicatedRevocations
from asgi_bearer.revocation.sqlite import SqliteStore
from benchmarks.revocations.decisions import revocations
from tests.revocation.servers import RedisServer, eventually


@dataclass(frozen=True, slots=True)
class Costs:
    """Of one entry, unless it says otherwise."""

    copy_bytes: float
    """In a process's copy."""
    apply_seconds: float
    """CPU of a process, for one that comes alone."""
    load_seconds: float
    """CPU of a process, for one among many, as at its start."""
    wire_bytes: float
    """From the server to one process, for one that comes alone."""
    load_wire_bytes: float
    """For one among many."""
    idle_wire_bytes: float
    """A second, from the server to one process, where nothing comes."""
    server_bytes: float
    """In the server's memory."""
    server_add_seconds: float
    """CPU of the server."""
    server_deliver_seconds: float
    """CPU of the server for one process, for one that comes alone."""
    server_load_seconds: float
    """For one among many."""
    server_idle_seconds: float
    """CPU of the server a second, for one process, where nothing comes."""
    sqlite_load_seconds: float
    sqlite_bytes: float
    """In the file."""
    sqlite_revoke_seconds: float
    """Until `revoke` returns, with its data on the disk."""
    sqlite_poll_seconds: float
    """CPU of a process a second, where nothing comes."""


@dataclass(frozen=True, slots=True)
class Sizes:
    copy: int
    stream: int
    one_by_one: int
    readers: int
    idle_seconds: float


FULL = Sizes(copy=1_000_000, stream=200_000, one_by_one=60, readers=16, idle_seconds=10)
SMOKE = Sizes(copy=2_000, stream=2_000, one_by_one=5, readers=2, idle_seconds=0.5)


def measure_costs(sizes: Sizes) -> Costs:
    with TemporaryDirectory() as folder:
        return Costs(
            copy_bytes=_copy_bytes(sizes.copy),
            **_redis(sizes, Path(folder)),
            **_sqlite(sizes, Path(folder) / "file"),
        )


def _copy_bytes(count: int) -> float:
    """The most that an entry took, at any size up to this: dictionaries grow in leaps."""
    copy, now, most = RevocationIndex(), time.time(), 0.0
    gc.collect()
    tracemalloc.start()
    for step in range(8):
        for one in revocations(count // 8):
            copy.add(one, now)
        gc.collect()
        used, _ = tracemalloc.get_traced_memory()
        most = max(most, used / len(copy)) if step >= 3 else most
    tracemalloc.stop()
    return most


def _redis(sizes: Sizes, folder: Path) -> Mapping[str, float]:
    with RedisServer("valkey", folder) as server:
        before = _server(server)
        writer = RedisRevocations(server.url)
        many = revocations(sizes.stream)
        writer._store.add(many)  # noqa: SLF001 - without its copy
        added = _server(server)
        started = time.process_time()
        with _following(server.url) as [copy]:
            eventually(lambda: copy.status().entries >= sizes.stream, 120)
            load_seconds = (time.process_time() - started) / sizes.stream
        loaded = _server(server)
        server.client.flushall()
        one_by_one = _one_by_one(sizes, server, writer)
        return {
            "load_seconds": load_seconds,
            "load_wire_bytes": (loaded["sent"] - added["sent"]) / sizes.stream,
            "server_bytes": (added["memory"] - before["memory"]) / sizes.stream,
            "server_load_seconds": (loaded["cpu"] - added["cpu"]) / sizes.stream,
            "server_add_seconds": (added["cpu"] - before["cpu"]) / sizes.stream,
            **one_by_one,
        }


def _one_by_one(sizes: Sizes, server: RedisServer, writer: RedisRevocations) -> Mapping[str, float]:
    """All readers are in this process; it is the server whose time is looked at, and this one's for all of them."""
    alone = _server(server)["cpu"]
    time.sleep(sizes.idle_seconds)
    alone = (_server(server)["cpu"] - alone) / sizes.idle_seconds
    with _following(*[server.url] * sizes.readers) as copies:
        eventually(lambda: all(copy.status().ready for copy in copies))
        before = _server(server)
        time.sleep(sizes.idle_seconds)
        idle = _server(server)
        started = time.process_time()
        many = revocations(sizes.one_by_one)
        for one in many:
            writer._store.add([one])  # noqa: SLF001 - without its copy
            time.sleep(PACE + 0.05)  # so that it comes alone, and each reader waits for it
        spent, waited = time.process_time() - started, len(many) * (PACE + 0.05)
        eventually(lambda: all(copy.status().entries == len(many) for copy in copies), 60)
        after = _server(server)
    deliveries = len(many) * sizes.readers
    idle_for = sizes.idle_seconds * sizes.readers
    return {
        "apply_seconds": spent / deliveries,
        "wire_bytes": (after["sent"] - idle["sent"]) / deliveries,
        "idle_wire_bytes": (idle["sent"] - before["sent"]) / idle_for,
        "server_deliver_seconds": (after["cpu"] - idle["cpu"] - alone * waited) / deliveries,
        "server_idle_seconds": max(0.0, (idle["cpu"] - before["cpu"]) / idle_for - alone / sizes.readers),
    }


def _sqlite(sizes: Sizes, path: Path) -> Mapping[str, float]:
    store = SqliteStore(path, time.time)
    store.add(revocations(sizes.stream))
    copy = SqliteRevocations(path)
    started = time.process_time()
    copy.start()
    eventually(lambda: copy.status().entries >= sizes.stream, 120)
    load_seconds = (time.process_time() - started) / sizes.stream
    started = time.process_time()
    time.sleep(sizes.idle_seconds)
    poll_seconds = (time.process_time() - started) / sizes.idle_seconds
    size = path.stat().st_size
    times = anyio.run(_revoke_each, copy, revocations(sizes.one_by_one))
    _close(copy)
    return {
        "sqlite_load_seconds": load_seconds,
        "sqlite_bytes": size / sizes.stream,
        "sqlite_revoke_seconds": median(times),
        "sqlite_poll_seconds": poll_seconds,
    }


async def _revoke_each(copy: SqliteRevocations, many: list[Revocation]) -> list[float]:
    times = []
    for one in many:
        started = time.perf_counter()
        await copy.revoke(one)
        times.append(time.perf_counter() - started)
    return times


def _server(server: RedisServer) -> Mapping[str, float]:
    """What the server says of itself: bytes sent and in memory, seconds of CPU."""
    found: Any = {**server.client.info("stats"), **server.client.info("memory"), **server.client.info("cpu")}
    cpu = float(found["used_cpu_user"]) + float(found["used_cpu_sys"])
    return {"sent": float(found["total_net_output_bytes"]), "memory": float(found["used_memory"]), "cpu": cpu}


@contextmanager
def _following(*urls: str) -> Iterator[list[RedisRevocations]]:
    copies = [RedisRevocations(url) for url in urls]
    for copy in copies:
        copy.start()
    yield copies
    for copy in copies:
        _close(copy)


def _close(copy: ReplicatedRevocations) -> None:
    feed = copy._feed  # noqa: SLF001 - to wait for its end
    copy.close()
    assert feed is not None
    feed.thread.join(10)
