"""Lines: how long the slow ones wait, how cost grows, and how memory stays."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from benchmarks.curves import CLAIMS, CURVES, FIRST_SIGHT, HIT_RATES, MIXED, PEER, SEEN, TOKEN_BYTES
from benchmarks.load.generator import PERCENTILES
from benchmarks.plots import style
from benchmarks.rules import SIZES, decision_name

Figures = Mapping[str, Any]

_MEBIBYTE = 1024 * 1024
_LINES = {FIRST_SIGHT: style.OURS, SEEN: style.OURS_SEEN, PEER: style.PEER_LINE, MIXED: style.OURS_SEEN}


def draw_waits(figures: Figures) -> Figure:
    drawn = style.start_figure("How long a client waits for its answer, from the quickest to the slowest", 5)
    uvicorn, inside = drawn.subplots(1, 2)
    for app in figures["load"]["waits"]:
        _line(uvicorn, PERCENTILES, [1000 * app["waits"][one] for one in PERCENTILES], app["name"])
    uvicorn.set_title("Under uvicorn, one connection", fontsize=12, loc="left")
    names = ("p50", "p90", "p99", "p999")
    for app in figures["latencies"]:
        _line(inside, ["50", "90", "99", "99.9"], [app[name] for name in names], app["name"])
    inside.set_title("In process, no network", fontsize=12, loc="left")
    for axes in (uvicorn, inside):
        axes.set_yscale("log")
        _plain(axes.yaxis)
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        style.settle(axes, "so many % of the requests take no longer", "µs")
    drawn.legend(*uvicorn.get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False, fontsize=12)
    return drawn


def _line(axes: Axes, x: Sequence[Any], y: Sequence[float], name: str) -> None:
    colour = style.colour_of(name)
    axes.plot(x, y, color=style.PEER_LINE if colour == style.PEER else colour, marker="o", markersize=4, label=name)


def draw_scale(figures: Figures) -> Figure:
    drawn = style.start_figure("How the cost grows, over the bare app", 8)
    (rules, claims, token_bytes), (hit_rates, workers, connections) = drawn.subplots(2, 3)
    _rules(rules, figures["times"])
    for axes, curve in ((claims, CLAIMS), (token_bytes, TOKEN_BYTES), (hit_rates, HIT_RATES)):
        _curve(axes, curve, figures["curves"]["points"])
    _workers(workers, figures["load"]["workers"])
    _connections(connections, figures["connections"]["held"])
    handles = [*claims.get_legend_handles_labels()[0], *workers.get_legend_handles_labels()[0][:1]]
    names = [FIRST_SIGHT, SEEN, PEER, "bare app"]
    drawn.legend(handles, names, loc="outside lower center", ncols=2, frameon=False, fontsize=12)
    return drawn


def _rules(axes: Axes, times: Sequence[Figures]) -> None:
    """Three ways to be decided, in one colour: they are apart, and level."""
    medians = {one["name"]: one["median"] for one in times}
    for decision in ("literal", "pattern", "deep pattern"):
        figures = [medians[decision_name(decision, size)] for size in SIZES]
        axes.plot(SIZES, figures, color="#555555", marker="o", markersize=4)
        axes.annotate(decision, (SIZES[0], figures[0]), xytext=(0, 4), textcoords="offset points", fontsize=11)
    axes.set_xscale("log")
    _plain(axes.xaxis)
    _from_zero(axes, "rules in the allowlist", "µs a decision, alone")


def _curve(axes: Axes, curve: str, points: Sequence[Figures]) -> None:
    sizes = CURVES[curve]
    for line, colour in _LINES.items():
        medians = [one["median"] for one in points if (one["curve"], one["line"]) == (curve, line)]
        if medians:
            axes.plot(sizes, medians, color=colour, marker="o", markersize=4, label=line)
    _from_zero(axes, curve, "µs")


def _workers(axes: Axes, workers: Mapping[str, Sequence[Figures]]) -> None:
    for name in (app["name"] for app in workers["1"]):
        figures = [next(app["requests_per_second"] for app in apps if app["name"] == name) for apps in workers.values()]
        _line(axes, list(workers), figures, name)
    axes.set_xticks(range(len(workers)), list(workers))
    _from_zero(axes, "workers", "requests per second")


def _connections(axes: Axes, held: Sequence[Figures]) -> None:
    for kind, colour in (("bytes_bare", style.BARE), ("bytes_guarded", style.OURS_SEEN)):
        kilobytes = [one[kind] / 1000 for one in held]
        axes.plot([one["connections"] for one in held], kilobytes, color=colour, marker="o", markersize=4)
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    _from_zero(axes, "websockets held", "KB of memory each")


def _plain(axis: Axis) -> None:
    """1,000 and not 10³."""
    axis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axis.set_minor_formatter(NullFormatter())


def _from_zero(axes: Axes, x: str, y: str = "") -> None:
    axes.set_ylim(0, axes.get_ylim()[1] * 1.08)
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    style.settle(axes, x, y)


def draw_memory(figures: Figures) -> Figure:
    drawn = style.start_figure("Memory of one process, while a million different tokens pass", 4.5)
    axes = drawn.subplots()
    million = figures["memory"]["million"]
    tokens, grown = zip(*million["grown"], strict=True)
    bound, most = million["limit_bytes"] / _MEBIBYTE, million["most"] / _MEBIBYTE
    axes.plot(tokens, [size / _MEBIBYTE for size in grown], color=style.OURS_SEEN, linewidth=2.5)
    axes.axhline(bound, color=style.BOUND, linewidth=1.5)
    _say(axes, tokens[0], bound, f"the store's bound, {bound:.0f} MiB", style.BOUND)
    entries = f"{million['limit_tokens']:,} tokens are kept, {million['entry_bytes']:,} bytes each"
    _say(axes, million["limit_tokens"], most, entries, style.OURS_SEEN)
    axes.set_xscale("log")
    _plain(axes.xaxis)
    _from_zero(axes, "different tokens, each sent twice", "MiB more than with an empty store")
    return drawn


def _say(axes: Axes, x: float, y: float, text: str, colour: str) -> None:
    axes.annotate(text, (x, y), xytext=(0, 9), textcoords="offset points", fontsize=12, color=colour)
