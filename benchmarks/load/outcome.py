"""What the load runs say: as figures for JSON, as tables, and whether the target is met."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from benchmarks.contenders import starlette
from benchmarks.load.generator import PERCENTILES
from benchmarks.load.runs import ALGORITHM, CONNECTIONS, Effort, LoadRuns, Series
from benchmarks.table import Table
from benchmarks.targets import Target, Verdict

Figures = Mapping[str, Any]


def load_figures(runs: LoadRuns, effort: Effort) -> dict[str, Any]:
    """Requests per second, shares in percent, waits in milliseconds."""
    return {
        "generator": effort.generator,
        "generator_share": round(runs.throughput.generator_share()),
        "algorithm": ALGORITHM,
        "connections": CONNECTIONS,
        "rounds": effort.rounds,
        "seconds": effort.seconds,
        "pair_rounds": effort.pair_rounds,
        "apps": list(_series(runs.throughput)),
        "pair": list(_series(runs.pair)),
        "waits": list(_series(runs.waits)),
        "workers": {str(workers): list(_series(series)) for workers, series in runs.workers.items()},
    }


def _series(series: Series) -> Iterator[dict[str, Any]]:
    for name in series.loads:
        yield {
            "name": name,
            "over": series.bare[name],
            "requests_per_second": round(series.requests_per_second(name)),
            "share": round(series.share(name), 2),
            "processor_share": round(series.processor_share(name), 2),
            "waits": {percentile: round(series.wait(name, percentile), 3) for percentile in PERCENTILES},
            "failures": series.failures(name),
        }


def load_tables(figures: Figures) -> Iterator[Table]:
    how = f"{figures['algorithm']}, {figures['connections']} connections, {figures['generator']}"
    yield Table(
        f"Under uvicorn, one worker: requests per second ({how})", _APP_HEADS, list(map(_app_row, figures["apps"]))
    )
    heads = ("percent of the requests", *PERCENTILES)
    waits = [(app["name"], *(f"{app['waits'][one]:.2f}" for one in PERCENTILES)) for app in figures["waits"]]
    yield Table("Under uvicorn: within how many ms a single connection has its answer", heads, waits)
    yield Table("Under uvicorn: workers and generator share the cores", _WORKER_HEADS, list(_worker_rows(figures)))


_APP_HEADS = ("app", "requests/s", "of bare", "by processor time", "p50 ms", "p99 ms", "p99.9 ms", "failures")
_WORKER_HEADS = ("app", "1 worker, requests/s", "of bare", "2 workers, requests/s", "of bare")


def _app_row(app: Figures) -> tuple[str, ...]:
    waits = (f"{app['waits'][percentile]:.2f}" for percentile in ("50", "99", "99.9"))
    shares = (f"{app['share']:.1f} %", f"{app['processor_share']:.1f} %")
    return app["name"], f"{app['requests_per_second']:,}", *shares, *waits, str(app["failures"])


def _worker_rows(figures: Figures) -> Iterator[tuple[str, ...]]:
    for one, two in zip(figures["workers"]["1"], figures["workers"]["2"], strict=True):
        cells = ((f"{app['requests_per_second']:,}", f"{app['share']:.1f} %") for app in (one, two))
        yield one["name"], *next(cells), *next(cells)


def load_verdicts(figures: Figures) -> Iterator[Verdict]:
    """Point 5."""
    seen = next(app for app in figures["pair"] if app["name"] == starlette.OURS_SEEN)
    name = "token seen, under uvicorn: of the bare app's requests per second"
    yield Verdict(Target(5, name, "at least", 95, "%"), seen["share"])
    if not math.isnan(seen["processor_share"]):
        name = "the same, by the server's processor time"
        yield Verdict(Target(5, name, "at least", 95, "%"), seen["processor_share"])
    failures = sum(app["failures"] for app in figures["apps"])
    yield Verdict(Target(5, "requests that failed under uvicorn", "at most", 0, ""), failures)
