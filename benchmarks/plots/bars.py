"""Bars beside each other: one for each app."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.contenders import BARE, GUARDS, starlette
from benchmarks.plots.style import BOUND, colour_of, settle, start_figure
from benchmarks.tokens import ALGORITHMS

Figures = Mapping[str, Any]

SHARE_BOUND = 95


def draw_overheads(figures: Figures) -> Figure:
    drawn = start_figure("What guarding one request costs over the bare app (µs, in process)", 8)
    names = [guard.name for guard in GUARDS if guard.name != starlette.OURS_WITHOUT_CACHE]
    panels = drawn.subplots(1, len(ALGORITHMS), sharex=True)
    for axes, algorithm in zip(panels, ALGORITHMS, strict=True):
        medians = {one["name"]: one["median"] for one in figures["overheads"] if one["algorithm"] == algorithm}
        _bars(axes, names, [medians.get(name) for name in names])
        primitive = _primitive(figures, algorithm)
        axes.axvline(primitive, color=BOUND, linewidth=1.5, zorder=0)
        axes.set_title(f"{algorithm}\nsignature {primitive:.0f}", fontsize=12, color=BOUND)
    for axes in panels[1:]:
        axes.set_yticklabels([])
    return drawn


def _primitive(figures: Figures, algorithm: str) -> float:
    medians = {(one["name"], one["algorithm"]): one["median"] for one in figures["times"]}
    microseconds: float = medians["primitive", algorithm]
    return microseconds


def draw_shares(figures: Figures) -> Figure:
    apps = {app["name"]: app for app in figures["load"]["apps"]}
    bare = [f"{name.removesuffix(', bare')} {apps[name]['requests_per_second']:,}" for name in BARE if name in apps]
    drawn = start_figure("Requests per second under uvicorn, as a share of the bare app's (%)", 7)
    names = [guard.name for guard in GUARDS if guard.name in apps and guard.name != starlette.OURS_WITHOUT_CACHE]
    axes = drawn.subplots()
    _bars(axes, names, [apps[name]["share"] for name in names])
    axes.axvline(SHARE_BOUND, color=BOUND, linewidth=1.5, zorder=0)
    axes.set_title(f"target {SHARE_BOUND} ", fontsize=12, color=BOUND, x=SHARE_BOUND / axes.get_xlim()[1])
    drawn.supxlabel(f"bare apps, requests per second: {', '.join(bare)}", fontsize=12)
    return drawn


_BARE_OF: Mapping[str, str] = {guard.name: guard.bare for guard in GUARDS}


def _bars(axes: Axes, names: Sequence[str], values: Sequence[float | None]) -> None:
    """From top to bottom, a gap between frameworks; a dash where there is no value."""
    frameworks = list(BARE)
    places = [row + 0.6 * frameworks.index(_BARE_OF[name]) for row, name in enumerate(names)]
    axes.barh(places, [value or 0 for value in values], color=[colour_of(name) for name in names])
    for place, value in zip(places, values, strict=True):
        text = axes.text(value or 0, place, f" {value:.0f}" if value else " –", va="center", fontsize=11)
        text.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 0, "alpha": 0.8})
    axes.set_yticks(places, names)
    axes.invert_yaxis()
    axes.margins(x=0.3, y=0.03)
    settle(axes)
    axes.grid(visible=False, axis="y")
