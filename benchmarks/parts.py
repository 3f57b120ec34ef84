"""The parts of a run: each measures, prints its tables, and gives its figures and whether its targets are met."""

import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from benchmarks import in_process
from benchmarks.connections.outcome import connection_table
from benchmarks.connections.runs import COUNTS, run_connections
from benchmarks.curves import curve_contenders, curve_figures, curve_tables
from benchmarks.load import runs as load
from benchmarks.load.outcome import load_figures, load_tables, load_verdicts
from benchmarks.memory import runs as memory
from benchmarks.memory.outcome import memory_figures, memory_tables, memory_verdicts
from benchmarks.profile import SECONDS, profiles
from benchmarks.table import Table
from benchmarks.targets import Verdict
from benchmarks.timing import SAMPLE_SECONDS, measure

Outcome = tuple[dict[str, Any], list[Verdict]]
"""What goes into the JSON, and targets."""


@dataclass(frozen=True, slots=True)
class Wish:
    """smoke: a few seconds, to see that all of it runs. rounds: of requests in this process."""

    smoke: bool
    rounds: int


def _in_process(wish: Wish) -> Outcome:
    return in_process.measure_and_print(in_process.SMOKE if wish.smoke else in_process.Effort(wish.rounds))


def _load(wish: Wish) -> Outcome:
    effort = load.SMOKE if wish.smoke else load.Effort()
    figures = load_figures(load.run_loads(effort), effort)
    _print(load_tables(figures))
    return {"load": _dated(figures)}, list(load_verdicts(figures))


def _memory(wish: Wish) -> Outcome:
    if sys.platform != "linux":
        print("\nMemory is counted as Linux counts it, so it is left out here.")
        return {}, []
    effort = memory.Effort(2_000, 2_000, 1_000, 1_000) if wish.smoke else memory.Effort()
    figures = memory_figures(memory.run_memory(effort))
    _print(memory_tables(figures))
    return {"memory": _dated(figures)}, list(memory_verdicts(figures))


def _connections(wish: Wish) -> Outcome:
    if sys.platform != "linux":
        print("\nHeld websockets are counted in memory as Linux counts it, so they are left out here.")
        return {}, []
    counts = (50,) if wish.smoke else COUNTS
    held = [asdict(one) for one in run_connections(counts)]
    _print([connection_table(held)])
    if len(held) < len(counts):
        print(f"{max(counts):,} websockets need more open files than this system allows (`ulimit -Hn`).")
    return {"connections": _dated({"held": held})}, []


def _curves(wish: Wish) -> Outcome:
    rounds, seconds = (2, 0.0005) if wish.smoke else (wish.rounds, SAMPLE_SECONDS)
    points = curve_figures(measure(list(curve_contenders()), rounds, seconds))
    _print(curve_tables(points))
    return {"curves": _dated({"rounds": rounds, "points": points})}, []


def _profile(wish: Wish) -> Outcome:
    tables = list(profiles("HS256", 0.2 if wish.smoke else SECONDS))
    _print(tables)
    return {"profile": _dated({"tables": [asdict(table) for table in tables]})}, []


PARTS: Mapping[str, Callable[[Wish], Outcome]] = {
    "in-process": _in_process,
    "load": _load,
    "memory": _memory,
    "connections": _connections,
    "curves": _curves,
    "profile": _profile,
}


def _dated(figures: Mapping[str, Any]) -> dict[str, Any]:
    return {"date": datetime.now(UTC).isoformat(timespec="seconds"), **figures}


def _print(tables: Iterable[Table]) -> None:
    for table in tables:
        print(table.as_text())
