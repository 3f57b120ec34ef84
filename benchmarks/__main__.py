"""The command line: `python -m benchmarks` measures, prints the tables and writes the figures as JSON."""

import argparse
import json
import logging
from pathlib import Path

from benchmarks.requests import refusals, requests
from benchmarks.rules import rule_counts
from benchmarks.tables import as_json, print_tables
from benchmarks.timing import measure
from benchmarks.verbs import verbs

_ROUNDS = 21
_SMOKE_ROUNDS = 2


def main() -> None:
    arguments = _parser().parse_args()
    rounds = _SMOKE_ROUNDS if arguments.smoke else arguments.rounds
    logging.getLogger("asgi_bearer").setLevel(logging.WARNING)  # as a server in production has it
    samples = measure([*verbs(), *requests(), *refusals(), *rule_counts()], rounds)
    print_tables(samples)
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(json.dumps(as_json(samples, rounds), indent=1) + "\n", "utf-8")
    print(f"\n{rounds} rounds; every figure is in {arguments.output}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks", description="What a bearer token costs.")
    parser.add_argument("--rounds", type=_rounds, default=_ROUNDS, help="at least 2; %(default)s")
    parser.add_argument("--smoke", action="store_true", help=f"{_SMOKE_ROUNDS} rounds, to see that all of it runs")
    default = Path("benchmarks") / "results" / "latest.json"
    parser.add_argument("--output", type=Path, default=default, help="where the JSON goes; %(default)s")
    return parser


def _rounds(text: str) -> int:
    rounds = int(text)
    if rounds < 2:
        raise argparse.ArgumentTypeError("a spread needs two rounds or more")
    return rounds


if __name__ == "__main__":
    main()
