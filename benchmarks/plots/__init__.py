"""Plots of the figures, for the documentation: each of one subject, with units, readable at 800 pixels."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from benchmarks.plots.bars import draw_overheads, draw_shares
from benchmarks.plots.curves import draw_memory, draw_scale, draw_waits

PLOTS: Sequence[tuple[str, Sequence[str], Callable[[Mapping[str, Any]], Figure]]] = (
    ("overhead", ("overheads",), draw_overheads),
    ("share", ("load",), draw_shares),
    ("waits", ("load", "latencies"), draw_waits),
    ("scale", ("curves", "times", "load", "connections"), draw_scale),
    ("memory", ("memory",), draw_memory),
)
"""File, what of the figures is needed, and how it is drawn."""


def draw_plots(figures: Mapping[str, Any], folder: Path) -> None:
    """Those whose figures are there, as PNG."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, needed, draw in PLOTS:
        if figures.keys() >= set(needed):
            draw(figures).savefig(folder / f"{name}.png", dpi=130, metadata={"Software": None})
