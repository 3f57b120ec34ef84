"""What all plots have in common. The colours are Okabe and Ito's, which colour-blind people tell apart."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

OURS_SEEN, OURS, PEER, LEAST, BARE, BOUND = "#0072B2", "#56B4E9", "#BBBBBB", "#009E73", "#000000", "#D55E00"
PEER_LINE = "#888888"
"""A line is thinner than a bar."""

WIDTH = 10
"""Inches: at 130 dots each a text of 12 points is 13 pixels high on a page that shows 800."""

_TEXT = 12


def start_figure(title: str, height: float) -> Figure:
    drawn = Figure(figsize=(WIDTH, height), layout="constrained", facecolor="white")
    drawn.suptitle(title, x=0.01, ha="left", fontsize=15, fontweight="bold")
    return drawn


def colour_of(name: str) -> str:
    """Of an app, by its name."""
    if "the least" in name:
        return LEAST
    if "asgi-bearer" not in name:
        return BARE if "bare" in name else PEER
    return OURS_SEEN if "seen" in name else OURS


def settle(axes: Axes, x: str = "", y: str = "") -> None:
    """Labels of the axes with their units; no frame, and a light grid."""
    axes.set_xlabel(x, fontsize=_TEXT)
    axes.set_ylabel(y, fontsize=_TEXT)
    axes.tick_params(which="both", labelsize=_TEXT, length=0)
    axes.spines[["top", "right", "left", "bottom"]].set_visible(False)
    axes.grid(color="#E5E5E5")
    axes.set_axisbelow(True)
