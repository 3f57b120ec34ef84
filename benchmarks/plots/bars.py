"""Bars beside each other: one for each app."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.contenders import BARE, GUARDS, starlette
from benchmarks.plots.style import BOUND, colour, figure, settle
from benchmarks.tokens import ALGORITHMS

Figures = Mapping[str, Any]

SHARE_BOUND = 95


def overheads(figures: Figures) -> Figure:
    drawn = figure("What guarding one request costs over the bare app (µs, in process)", 8)
    names = [guard.name for guard in GUARDS if guard.name != starlette.OURS_WITHOUT_CACHE]
    for axes, algorithm in zip(drawn.subplots(1, len(ALGORITHMS), sharey=True), ALGORITHMS, strict=True):
        medians = {one["name"]: one["median"] for one in figures["overheads"] if one["algorithm"] == algorithm}
        _bars(axes, names, [medians.get(name) for name in names])
        primitive = next(
            one["median"] for one in figures["times"] if (one["name"], one["algorithm"]) == ("primitive", algorithm)
        )
        axes.axvline(primitive, color=BOUND, linewidth=1.5)
        axes.set_title(f"{algorithm}\nsignature {primitive:.0f} µs", fontsize=12, color=BOUND)
    return drawn


def shares(figures: Figures) -> Figure:
    """Requests per second are at the end of each bar."""
    apps = {app["name"]: app for app in figures["load"]["apps"]}
    bare = ", ".join(
        f"{name.removesuffix(', bare')} {apps[name]['requests_per_second']:,}" for name in BARE if name in apps
    )
    drawn = figure("Requests per second under uvicorn, as a share of the bare app's", 7)
    names = [guard.name for guard in GUARDS if guard.name in apps and guard.name != starlette.OURS_WITHOUT_CACHE]
    axes = drawn.subplots()
    _bars(axes, names, [apps[name]["share"] for name in names])
    axes.axvline(SHARE_BOUND, color=BOUND, linewidth=1.5)
    settle(axes, f"% of the bare app's requests per second ({bare}); the line is the target")
    return drawn


def _bars(axes: Axes, names: Sequence[str], values: Sequence[float | None]) -> None:
    """From top to bottom; an empty place where there is no value."""
    places = range(len(names))
    axes.barh(places, [value or 0 for value in values], color=[colour(name) for name in names])
    for place, value in zip(places, values, strict=True):
        axes.text(value or 0, place, f" {value:.0f}" if value else " –", va="center", fontsize=11)
    axes.set_yticks(places, names)
    axes.invert_yaxis()
    axes.margins(x=0.25)
    settle(axes)
