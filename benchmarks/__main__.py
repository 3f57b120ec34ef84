"""The command line: `python -m benchmarks` measures, prints the tables and writes the figures as JSON."""

import argparse
import json
import logging
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import circumstances, latency_figures, password_figures, sample_figures, verdict_figures
from benchmarks.latency import measure_latencies
from benchmarks.passwords import COSTS, measure_passwords
from benchmarks.refusals import refusals
from benchmarks.requests import requests
from benchmarks.rules import rule_counts
from benchmarks.tables import print_latencies, print_passwords, print_tables, print_verdicts
from benchmarks.targets import in_process_verdicts
from benchmarks.timing import SAMPLE_SECONDS, measure
from benchmarks.verbs import verbs
from benchmarks.verifiers import verifiers


@dataclass(frozen=True, slots=True)
class Effort:
    """How often everything is measured."""

    rounds: int
    sample_seconds: float = SAMPLE_SECONDS
    full_caches: bool = True
    latency_calls: int = 20_000
    password_rounds: int = 3
    password_costs: tuple[int, ...] = tuple(COSTS)


_FULL = Effort(rounds=41)
_SMOKE = Effort(
    rounds=2, sample_seconds=0.001, full_caches=False, latency_calls=50, password_rounds=1, password_costs=(4, 5)
)


def main() -> None:
    arguments = _parser().parse_args()
    effort = _SMOKE if arguments.smoke else Effort(arguments.rounds)
    logging.getLogger("asgi_bearer").setLevel(logging.WARNING)  # as a server in production has it
    figures = _measured_and_printed(effort)
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    print(f"\n{effort.rounds} rounds; every figure is in {arguments.output}")


def _measured_and_printed(effort: Effort) -> dict[str, object]:
    contenders = [*verbs(), *verifiers(), *requests(full_caches=effort.full_caches), *refusals(), *rule_counts()]
    samples = measure(contenders, effort.rounds, effort.sample_seconds)
    print_tables(samples)
    latencies = measure_latencies(effort.latency_calls, full_caches=effort.full_caches)
    print_latencies(latencies)
    passwords = measure_passwords(effort.password_rounds, effort.password_costs)
    print_passwords(passwords)
    verdicts = list(in_process_verdicts(samples))
    print_verdicts(verdicts)
    return {
        **circumstances(effort.rounds, effort.sample_seconds),
        **sample_figures(samples),
        "latencies": latency_figures(latencies),
        "passwords": password_figures(passwords),
        "targets": verdict_figures(verdicts),
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks", description="What a bearer token costs.")
    parser.add_argument("--rounds", type=_rounds, default=_FULL.rounds, help="at least 2; %(default)s")
    parser.add_argument("--smoke", action="store_true", help=f"{_SMOKE.rounds} rounds, to see that all of it runs")
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
