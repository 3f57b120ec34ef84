"""What the memory runs say: as figures for JSON, as a table, and whether the targets are met."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from benchmarks.memory.runs import Growth, MemoryRuns
from benchmarks.table import Table
from benchmarks.targets import Target, Verdict

Figures = Mapping[str, Any]

_MEBIBYTE = 1024 * 1024
_GROWTHS = ("million", "once", "tight")
_TIMES = {1: "once", 2: "twice"}


def memory_figures(runs: MemoryRuns) -> dict[str, Any]:
    """In bytes."""
    filled = {
        name: {**_growth(growth), "entry_bytes": round(growth.entry_bytes)}
        for name, growth in (("million", runs.million), ("once", runs.once))
    }
    return {**filled, "tight": _growth(runs.tight), "leak": asdict(runs.leak)}


def _growth(growth: Growth) -> dict[str, Any]:
    return {**asdict(growth), "most": growth.most}


def memory_tables(figures: Figures) -> Iterator[Table]:
    heads = ("different tokens", "each sent", "kept at most", "memory at most", "grew by at most", "bytes per entry")
    yield Table(
        "Memory: different tokens through one process",
        heads,
        [_growth_row(figures[run]) for run in _GROWTHS],
    )
    leak = figures["leak"]
    row = (f"{leak['requests']:,}", f"{leak['blocks']:,}", f"{leak['grown'] / 1024:,.0f} KiB")
    yield Table("Memory: requests with tokens seen before", ("requests", "blocks more", "grew by"), [row])


def _growth_row(growth: Figures) -> tuple[str, ...]:
    memory = (f"{growth[name] / _MEBIBYTE:.1f} MiB" for name in ("limit_bytes", "most"))
    return (
        f"{growth['tokens']:,}",
        _TIMES[growth["times"]],
        f"{growth['limit_tokens']:,}",
        *memory,
        _entry_bytes(growth),
    )


def _entry_bytes(growth: Figures) -> str:
    """Of a store that is full when it holds its number of tokens."""
    return f"{growth['entry_bytes']:,}" if "entry_bytes" in growth else ""


def memory_verdicts(figures: Figures) -> Iterator[Verdict]:
    """Point 4."""
    for run in _GROWTHS:
        growth = figures[run]
        bound = growth["limit_bytes"] / _MEBIBYTE
        sent = f"{growth['tokens']:,} different tokens, {_TIMES[growth['times']]} each"
        name = f"{sent}, a store of {bound:.0f} MiB: memory grew by"
        yield Verdict(Target(4, name, "at most", bound, "MiB"), growth["most"] / _MEBIBYTE)
    leak = figures["leak"]
    name = f"{leak['requests']:,} requests with seen tokens: "
    yield Verdict(Target(4, name + "memory grew by", "at most", 1, "MiB"), leak["grown"] / _MEBIBYTE)
    yield Verdict(Target(4, name + "blocks of memory more", "at most", 100, "blocks"), leak["blocks"])
