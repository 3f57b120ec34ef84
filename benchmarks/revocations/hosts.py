"""What the costs of one entry come to for many hosts: arithmetic, so that it can be checked."""

from dataclasses import dataclass

from asgi_bearer.revocation.follower import PACE
from benchmarks.revocations.stores import Costs

PER_DAY = (10_000, 100_000, 1_000_000, 10_000_000, 100_000_000)
MINUTES = (5, 15, 60)
HOSTS = (1, 10, 100, 1000)
WORKERS = 4
"""Processes of each host."""

_LEEWAY_MINUTES = 5
"""`Revocation` adds it to each `exp`."""
_STREAM_MINUTES = {5: 20, 15: 20, 60: 70}
"""For how long the server keeps entries of tokens with this lifetime."""


@dataclass(frozen=True, slots=True)
class Load:
    """Averages over a day. `minutes`: how long tokens live; all are taken back as soon as they are issued, which is the
    worst.
    """

    per_day: int
    minutes: int
    hosts: int
    live: float
    """Entries of each process."""
    process_megabytes: float
    process_kilobytes_a_second: float
    """From the server to each process."""
    process_cpu_share: float
    """Of one core."""
    start_seconds: float
    """Of CPU, until a process that starts has its copy."""
    server_megabytes: float
    server_megabytes_a_second: float
    """From the server to all processes."""
    server_cpu_share: float
    """Of one core: where it is over 1, one server is not enough."""


def load(costs: Costs, per_day: int, minutes: int, hosts: int) -> Load:
    rate = per_day / 86_400
    live = rate * 60 * (minutes + _LEEWAY_MINUTES)
    processes = hosts * WORKERS
    looks = min(rate, 1 / PACE)  # that bring something; what comes more often comes together
    received = looks * costs.wire_bytes + (rate - looks) * costs.load_wire_bytes + costs.idle_wire_bytes
    delivered = looks * costs.server_deliver_seconds + (rate - looks) * costs.server_load_seconds
    applied = looks * costs.apply_seconds + (rate - looks) * costs.load_seconds
    return Load(
        per_day=per_day,
        minutes=minutes,
        hosts=hosts,
        live=live,
        process_megabytes=live * costs.copy_bytes / 1e6,
        process_kilobytes_a_second=received / 1e3,
        process_cpu_share=applied,
        start_seconds=live * costs.load_seconds,
        server_megabytes=rate * 60 * _STREAM_MINUTES[minutes] * costs.server_bytes / 1e6,
        server_megabytes_a_second=processes * received / 1e6,
        server_cpu_share=rate * costs.server_add_seconds + processes * (delivered + costs.server_idle_seconds),
    )


def all_loads(costs: Costs) -> list[Load]:
    return [load(costs, per_day, minutes, hosts) for per_day in PER_DAY for minutes in MINUTES for hosts in HOSTS]
