"""The page of the documentation: `python -m benchmarks.report` writes the latest figures between its markers.

A marker is `<!-- figures: NAME -->`, and what follows up to `<!-- end -->` is generated. The rest is written by hand.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.connections.outcome import connection_table
from benchmarks.contenders import GUARDS
from benchmarks.curves import curve_tables
from benchmarks.load.outcome import load_tables
from benchmarks.memory.outcome import memory_tables
from benchmarks.refusals import KINDS, PLACES, contender_name
from benchmarks.rules import DECISIONS, SIZES, decision_name
from benchmarks.table import Table
from benchmarks.tokens import ALGORITHMS

Figures = Mapping[str, Any]

LATEST = Path("benchmarks") / "results" / "latest.json"

PAGE = Path("docs") / "performance.md"
PLOTS = Path("docs") / "performance"

_SECTION = re.compile(r"(<!-- figures: ([a-z]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def write_page() -> None:
    PAGE.write_text(with_figures(PAGE.read_text("utf-8"), latest_figures()), "utf-8")


def latest_figures() -> Figures:
    figures: dict[str, Any] = json.loads(LATEST.read_text("utf-8"))
    return figures


def with_figures(page: str, figures: Figures) -> str:
    """The page with these figures. A section whose figures are not there stays. Raises KeyError for an unknown one."""

    def renew(section: re.Match[str]) -> str:
        needed, tables = SECTIONS[section[2]]
        return f"{section[1]}{_section(tables(figures))}{section[3]}" if needed in figures else section[0]

    return _SECTION.sub(renew, page)


def _section(tables: Iterator[Table]) -> str:
    return "".join(f"\n**{table.title}**\n\n{table.as_markdown()}\n" for table in tables) + "\n"


def _targets(figures: Figures) -> Iterator[Table]:
    rows = [_target_row(target) for target in figures["targets"]]
    met = sum(target["met"] for target in figures["targets"])
    yield Table(f"{met} of {len(rows)} targets are met", ("target", "bound", "measured", "met?"), rows)


def _target_row(target: Figures) -> Sequence[str]:
    bound = f"{target['sense']} {target['bound']:g} {target['unit']}"
    measured = f"{target['measured']:.2f} {target['unit']}"
    return f"{target['point']}. {target['name']}", bound, measured, "yes" if target["met"] else "**no**"


def _machine(figures: Figures) -> Iterator[Table]:
    machine, packages = figures["machine"], figures["packages"]
    dates = {"in process": figures["date"]} | {
        name: figures[name]["date"] for name in ("load", "memory", "connections", "curves", "profile")
    }
    yield Table(
        "Where and when",
        ("", ""),
        [
            ("machine", f"{machine['processor']}, {machine['cores']} cores, {machine['system']}"),
            ("Python", figures["python"]),
            ("packages", ", ".join(f"{name} {version}" for name, version in packages.items())),
            ("date", ", ".join(f"{name} {date}" for name, date in dates.items())),
        ],
    )


def _overheads(figures: Figures) -> Iterator[Table]:
    medians = {(one["name"], one["algorithm"]): one["median"] for one in figures["overheads"]}
    left_out = {guard.name: ", ".join(guard.left_out) for guard in GUARDS}
    rows = [
        (guard.name, *(_microseconds(medians.get((guard.name, one))) for one in ALGORITHMS), left_out[guard.name])
        for guard in GUARDS
    ]
    yield Table("One request: µs over the bare app", ("app", *ALGORITHMS, "checks left out"), rows)


def _refusals(figures: Figures) -> Iterator[Table]:
    medians = {one["name"]: one["median"] for one in figures["times"]}
    rows = [
        (kind.name, *(_microseconds(medians.get(contender_name(place, kind))) for place in PLACES)) for kind in KINDS
    ]
    yield Table("One request, refused or not, HS256 (µs)", ("request", *PLACES), rows)


def _waits(figures: Figures) -> Iterator[Table]:
    names = ("p50", "p90", "p99", "p999", "most")
    rows = [(one["name"], *(_microseconds(one[name]) for name in names)) for one in figures["latencies"]]
    yield Table("Single requests in process, HS256 (µs)", ("app", "p50", "p90", "p99", "p99.9", "longest"), rows)


def _rules(figures: Figures) -> Iterator[Table]:
    medians = {one["name"]: one["median"] for one in figures["times"]}
    rows = [
        (decision, *(_microseconds(medians[decision_name(decision, size)]) for size in SIZES)) for decision in DECISIONS
    ]
    yield Table("One decision among so many rules (µs)", ("decided by", *(f"{size:,}" for size in SIZES)), rows)


def _passwords(figures: Figures) -> Iterator[Table]:
    rows = [(str(one["cost"]), f"{one['hash']:.0f}", f"{one['check']:.0f}") for one in figures["passwords"]]
    yield Table("bcrypt (ms)", ("cost", "hash", "check"), rows)


def _microseconds(figure: float | None) -> str:
    return "" if figure is None else f"{figure:.1f}"


SECTIONS: Mapping[str, tuple[str, Callable[[Figures], Iterator[Table]]]] = {
    "machine": ("machine", _machine),
    "targets": ("targets", _targets),
    "overheads": ("overheads", _overheads),
    "refusals": ("times", _refusals),
    "load": ("load", lambda figures: load_tables(figures["load"])),
    "waits": ("latencies", _waits),
    "memory": ("memory", lambda figures: memory_tables(figures["memory"])),
    "rules": ("times", _rules),
    "curves": ("curves", lambda figures: curve_tables(figures["curves"]["points"])),
    "connections": ("connections", lambda figures: iter([connection_table(figures["connections"]["held"])])),
    "passwords": ("passwords", _passwords),
    "profile": ("profile", lambda figures: (Table(**table) for table in figures["profile"]["tables"])),
}
"""By name: what of the figures is needed, and the tables made of them."""


if __name__ == "__main__":
    write_page()
