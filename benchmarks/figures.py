"""What was measured, as JSON: every figure with its spread, the machine, the versions and the date."""

import os
import platform
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.comparison import checks_left_out, overhead, times_ours, times_primitive
from benchmarks.contenders import GUARDS
from benchmarks.latency import Latency
from benchmarks.passwords import PasswordTimes
from benchmarks.targets import Verdict
from benchmarks.timing import Samples, Spread

_PACKAGES = (
    *("starlette", "fastapi", "litestar", "cryptography", "joserfc", "PyJWT", "Authlib", "clasp-jwt"),
    *("authx", "fastapi-users", "fastapi-keycloak-middleware", "fastmcp", "bcrypt"),
    *("uvicorn", "uvloop", "httptools"),
)


def circumstances(rounds: int, sample_seconds: float) -> dict[str, Any]:
    """When and where, with what."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"processor": _processor(), "cores": os.cpu_count(), "system": platform.system()},
        "python": platform.python_version(),
        "packages": {name: version(name) for name in _PACKAGES},
        "rounds": rounds,
        "sample_seconds": sample_seconds,
        "garbage_collector": "off during a round, run before each; on where single requests are timed",
        "unit": "microseconds",
    }


def sample_figures(samples: Samples) -> dict[str, Any]:
    return {
        "times": [
            {"name": name, "algorithm": algorithm, **_rounded(samples.spread(name, algorithm))}
            for name, algorithm in samples.figures
        ],
        "overheads": list(_overheads(samples)),
        "left_out": [{"name": name, "check": check, "reason": reason} for name, check, reason in checks_left_out()],
    }


def _overheads(samples: Samples) -> Iterator[dict[str, Any]]:
    for guard in GUARDS:
        for algorithm in guard.algorithms:
            yield {
                "name": guard.name,
                "over": guard.bare,
                "algorithm": algorithm,
                **_rounded(overhead(samples, guard, algorithm)),
                "times_ours": round(times_ours(samples, guard, algorithm), 3),
                "times_primitive": round(times_primitive(samples, guard, algorithm), 3),
            }


def latency_figures(latencies: Mapping[str, Latency]) -> list[dict[str, Any]]:
    return [{"name": name, **_rounded(latency)} for name, latency in latencies.items()]


def password_figures(times: Mapping[int, PasswordTimes]) -> list[dict[str, Any]]:
    """In milliseconds."""
    return [{"cost": cost, **_rounded(one)} for cost, one in times.items()]


def verdict_figures(verdicts: Iterable[Verdict]) -> list[dict[str, Any]]:
    return [
        {**asdict(verdict.target), "measured": round(verdict.measured, 3), "met": verdict.is_met}
        for verdict in verdicts
    ]


def _rounded(figures: Spread | Latency | PasswordTimes) -> dict[str, float]:
    return {name: round(figure, 3) for name, figure in asdict(figures).items()}


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    lines = information.read_text("utf-8").splitlines() if information.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()
