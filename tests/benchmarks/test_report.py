"""The page of the documentation shows the latest figures; what it says of them is written by hand."""

import re

import pytest

from benchmarks.plots import PLOTS as DRAWN
from benchmarks.report import PAGE, PLOTS, SECTIONS, latest_figures, with_figures

FIGURES = latest_figures()


def test_the_page_is_in_step_with_the_latest_run() -> None:
    page = PAGE.read_text("utf-8")
    assert with_figures(page, FIGURES) == page, "python -m benchmarks.report brings it into step"


def test_the_page_has_every_section_once() -> None:
    assert sorted(re.findall(r"<!-- figures: (\w+) -->", PAGE.read_text("utf-8"))) == sorted(SECTIONS)


def test_the_page_shows_every_plot() -> None:
    shown = re.findall(r"!\[[^\]]+\]\(performance/(\w+)\.png\)", PAGE.read_text("utf-8"))
    assert sorted(shown) == sorted(name for name, _, _ in DRAWN)
    for name in shown:
        image = (PLOTS / f"{name}.png").read_bytes()
        assert image.startswith(b"\x89PNG")
        assert len(image) > 10_000


def test_an_unknown_section_is_an_error() -> None:
    with pytest.raises(KeyError):
        with_figures("<!-- figures: nothing -->\n<!-- end -->", FIGURES)


def test_a_section_whose_figures_are_not_there_stays() -> None:
    page = "<!-- figures: load -->\nold\n<!-- end -->"
    assert with_figures(page, {}) == page


def test_held_websockets_have_a_table() -> None:
    held = [{"connections": 5_000, "bytes_bare": 30_000, "bytes_guarded": 34_000, "closed": 0.5}]
    page = with_figures("<!-- figures: connections -->\n<!-- end -->", {"connections": {"held": held}})
    assert "| 5,000 | 30,000 | 34,000 | 4,000 | 0.50 s |" in page


def test_what_is_written_by_hand_stays() -> None:
    page = "before\n<!-- figures: passwords -->\nold\n<!-- end -->\nafter"
    written = with_figures(page, FIGURES)
    assert written.startswith("before\n<!-- figures: passwords -->\n")
    assert written.endswith("<!-- end -->\nafter")
    assert "| cost | hash | check |" in written
    assert "old" not in written
    assert with_figures(written, FIGURES) == written
