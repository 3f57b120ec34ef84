"""The command line: `python -m benchmarks` measures, prints the tables, writes the figures as JSON and draws plots."""

import argparse
import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.figures import verdict_figures
from benchmarks.parts import PARTS, Wish
from benchmarks.plots import draw_plots
from benchmarks.report import PAGE, PLOTS, write_page
from benchmarks.tables import print_verdicts
from benchmarks.targets import Verdict

_ROUNDS = 41
_RESULTS = Path("benchmarks") / "results"
LATEST, SMOKE = _RESULTS / "latest.json", _RESULTS / "smoke" / "figures.json"


def main() -> None:
    arguments = _parser().parse_args()
    logging.getLogger("asgi_bearer").setLevel(logging.WARNING)  # as a server in production has it
    output = arguments.output or (SMOKE if arguments.smoke else LATEST)
    figures = _read(output) if arguments.only else {}
    verdicts: list[Verdict] = []
    for name in arguments.only or PARTS:
        measured, found = PARTS[name](Wish(arguments.smoke, arguments.rounds))
        figures |= measured
        verdicts += found
    print_verdicts(sorted(verdicts, key=lambda verdict: verdict.target.point))
    figures["targets"] = merged_targets(figures.get("targets", []), list(verdict_figures(verdicts)))
    _write(figures, output)


def _read(output: Path) -> dict[str, Any]:
    figures: dict[str, Any] = json.loads(output.read_text("utf-8")) if output.exists() else {}
    return figures


def merged_targets(before: Sequence[dict[str, Any]], measured: Sequence[dict[str, Any]]) -> Sequence[dict[str, Any]]:
    """Those of a point that was measured again replace the point's."""
    points = {target["point"] for target in measured}
    kept = [target for target in before if target["point"] not in points]
    return sorted([*kept, *measured], key=lambda target: int(target["point"]))


def _write(figures: dict[str, Any], output: Path) -> None:
    """The page of the documentation shows the latest figures and no others."""
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    plots = PLOTS if output == LATEST else output.parent
    draw_plots(figures, plots)
    if output == LATEST:
        write_page(figures)
    print(f"\nEvery figure is in {output}, drawn in {plots}" + (f", read in {PAGE}" if output == LATEST else ""))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks", description="What a bearer token costs.")
    parser.add_argument(
        "--only", action="append", choices=PARTS, help="this part, the others' figures stay; repeatable"
    )
    parser.add_argument("--rounds", type=_rounds, default=_ROUNDS, help="in process, at least 2; %(default)s")
    parser.add_argument("--smoke", action="store_true", help="a few rounds of little, to see that all of it runs")
    parser.add_argument("--output", type=Path, help=f"where the JSON goes; {LATEST}, or {SMOKE}")
    return parser


def _rounds(text: str) -> int:
    rounds = int(text)
    if rounds < 2:
        raise argparse.ArgumentTypeError("a spread needs two rounds or more")
    return rounds


if __name__ == "__main__":
    main()
