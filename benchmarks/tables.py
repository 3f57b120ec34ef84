"""What was measured, as aligned tables for people and as JSON for everything else."""

import os
import platform
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.contenders import BARE, GUARDS, OURS
from benchmarks.requests import REFUSALS
from benchmarks.rules import DECISIONS, SIZES, decision_name
from benchmarks.timing import SAMPLE_SECONDS, Samples, Spread
from benchmarks.tokens import ALGORITHMS
from benchmarks.verbs import LAYERS, VERBS

_PACKAGES = ("starlette", "fastapi", "joserfc", "PyJWT", "cryptography")


def print_tables(samples: Samples) -> None:
    """Every figure in µs, the median of the rounds."""
    _print("Each verb alone (µs)", ("verb", "median", "p10", "p90", ""), _verb_rows(samples))
    _print("Each algorithm (µs)", ("layer", *ALGORITHMS, ""), _layer_rows(samples))
    _print("One request: overhead over the bare app (µs)", ("app", *ALGORITHMS), _overhead_rows(samples))
    _print("The same, as a multiple of asgi-bearer's", ("app", *ALGORITHMS), _ratio_rows(samples))
    _print("The same, as a multiple of the primitive", ("app", *ALGORITHMS), _primitive_rows(samples))
    _print("Refused by asgi-bearer on Starlette, HS256 (µs)", ("request", "status", "median"), _refusal_rows(samples))
    sizes = [f"{size:,}" for size in SIZES]
    _print("One decision among so many rules (µs)", ("decided by", *sizes, "1,000 / 10"), _rule_count_rows(samples))


def _print(title: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    table = [heads, *rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(heads))]
    print(f"\n{title}\n")
    for row in table:
        cells = [row[0].ljust(widths[0])]
        cells += [
            cell.ljust(width) if heads[place] == "" else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row[1:], widths[1:], strict=True), start=1)
        ]
        print("  " + "  ".join(cells).rstrip())


def _verb_rows(samples: Samples) -> Iterable[Sequence[str]]:
    for name, meaning in VERBS:
        spread = samples.spread(name)
        yield name, _figure(spread.median), _figure(spread.p10), _figure(spread.p90), meaning


def _layer_rows(samples: Samples) -> Iterable[Sequence[str]]:
    for name, meaning in LAYERS:
        yield name, *(_figure(samples.spread(name, algorithm).median) for algorithm in ALGORITHMS), meaning


def _overhead_rows(samples: Samples) -> Iterable[Sequence[str]]:
    for bare in BARE:
        yield f"{bare}: takes {_figure(samples.spread(bare).median)} itself", *("" for _ in ALGORITHMS)
        for guard in GUARDS:
            if guard.bare == bare:
                yield f"  {guard.name}", *(_figure(_overhead(samples, guard.name, bare, one)) for one in ALGORITHMS)


def _ratio_rows(samples: Samples) -> Iterable[Sequence[str]]:
    for guard in GUARDS:
        ours = OURS[guard.bare]
        if guard.name != ours:
            ratios = [_ratio(samples, guard.name, ours, guard.bare, algorithm) for algorithm in ALGORITHMS]
            yield guard.name, *(f"{ratio:.1f} ×" for ratio in ratios)


def _primitive_rows(samples: Samples) -> Iterable[Sequence[str]]:
    for guard in GUARDS:
        ratios = [_per_primitive(samples, guard.name, guard.bare, algorithm) for algorithm in ALGORITHMS]
        yield guard.name, *(f"{ratio:.1f} ×" for ratio in ratios)


def _refusal_rows(samples: Samples) -> Iterable[Sequence[str]]:
    for name, status in REFUSALS:
        yield name, str(status), _figure(samples.spread(f"refused: {name}").median)


def _rule_count_rows(samples: Samples) -> Iterable[Sequence[str]]:
    for decision in DECISIONS:
        medians = {size: samples.spread(decision_name(decision, size)).median for size in SIZES}
        yield decision, *map(_figure, medians.values()), f"{medians[1000] / medians[10]:.2f} ×"


def _overhead(samples: Samples, name: str, bare: str, algorithm: str) -> float:
    return samples.overhead((name, algorithm), (bare, "")).median


def _ratio(samples: Samples, name: str, ours: str, bare: str, algorithm: str) -> float:
    return _overhead(samples, name, bare, algorithm) / _overhead(samples, ours, bare, algorithm)


def _per_primitive(samples: Samples, name: str, bare: str, algorithm: str) -> float:
    return _overhead(samples, name, bare, algorithm) / samples.spread("primitive", algorithm).median


def _figure(microseconds: float) -> str:
    return f"{microseconds:.1f}"


def as_json(samples: Samples, rounds: int) -> dict[str, Any]:
    """Every figure with its spread, the machine, the versions and the date."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"processor": _processor(), "cores": os.cpu_count(), "system": platform.system()},
        "python": platform.python_version(),
        "packages": {name: version(name) for name in _PACKAGES},
        "rounds": rounds,
        "sample_seconds": SAMPLE_SECONDS,
        "garbage_collector": "off during a sample, run before each",
        "unit": "microseconds",
        "times": [
            {"name": name, "algorithm": algorithm, **_spread(samples.spread(name, algorithm))}
            for name, algorithm in samples.figures
        ],
        "overheads": [
            {
                "name": guard.name,
                "over": guard.bare,
                "algorithm": algorithm,
                **_spread(samples.overhead((guard.name, algorithm), (guard.bare, ""))),
                "times_ours": round(_ratio(samples, guard.name, OURS[guard.bare], guard.bare, algorithm), 3),
                "times_primitive": round(_per_primitive(samples, guard.name, guard.bare, algorithm), 3),
            }
            for guard in GUARDS
            for algorithm in ALGORITHMS
        ],
    }


def _spread(spread: Spread) -> dict[str, float]:
    return {"median": round(spread.median, 3), "p10": round(spread.p10, 3), "p90": round(spread.p90, 3)}


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    lines = information.read_text("utf-8").splitlines() if information.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()
