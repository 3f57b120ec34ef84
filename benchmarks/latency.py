"""How long single requests take: not what many take on average, but how slow the slow ones are.

One request of each app in turn, HS256, the garbage collector on as in a server. In process, so without a network's
share. Where the machine halts the process for a while, it hits the apps alike.
"""

import asyncio
import gc
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.contenders import GUARDS
from benchmarks.contenders.starlette import BARE, MAIN_PEER, OURS, OURS_SEEN, bare
from benchmarks.requests import Request, guarded_request, request
from benchmarks.tokens import new_tokens

APPS: Sequence[str] = (BARE, OURS_SEEN, OURS, MAIN_PEER)


@dataclass(frozen=True, slots=True)
class Latency:
    """µs: half of the requests, 90, 99 and 99.9 of a hundred took no longer; and the longest."""

    p50: float
    p90: float
    p99: float
    p999: float
    most: float

    @classmethod
    def of(cls, microseconds: Sequence[float]) -> "Latency":
        cuts = statistics.quantiles(microseconds, n=1000, method="inclusive")
        return cls(cuts[499], cuts[899], cuts[989], cuts[998], max(microseconds))


def measure_latencies(calls: int, *, full_caches: bool) -> Mapping[str, Latency]:
    """By app, of so many requests each."""
    requests = {BARE: request(bare(), new_tokens("HS256"))}
    requests |= {
        guard.name: guarded_request(guard, "HS256", full_cache=full_caches) for guard in GUARDS if guard.name in APPS
    }
    gc.collect()
    taken = asyncio.run(_take_turns(requests, calls))
    return {name: Latency.of(taken[name]) for name in APPS}


async def _take_turns(requests: Mapping[str, Request], calls: int) -> Mapping[str, Sequence[float]]:
    taken: dict[str, list[float]] = {name: [] for name in requests}
    for _ in range(calls):
        for name, call in requests.items():
            started = time.perf_counter_ns()
            await call()
            taken[name].append((time.perf_counter_ns() - started) / 1000)
    return taken
