"""Plots of the figures, for the documentation: each of one subject, with units, readable at 800 pixels."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from benchmarks.plots.bars import overheads, shares
from benchmarks.plots.curves import memory, scale, waits

PLOTS: Sequence[tuple[str, Sequence[str], Callable[[Mapping[str, Any]], Figure]]] = (
    ("overhead", ("overheads",), overheads),
    ("share", ("load",), shares),
    ("waits", ("load", "latencies"), waits),
    ("scale", ("curves", "times", "load"), scale),
    ("memory", ("memory",), memory),
)
"""File, what of the figures is needed, and how it is drawn."""


def draw_plots(figures: Mapping[str, Any], folder: Path) -> None:
    """Those whose figures are there, as PNG."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, needed, draw in PLOTS:
        if figures.keys() >= set(needed):
            draw(figures).savefig(folder / f"{name}.png", dpi=130, metadata={"Software": None})
