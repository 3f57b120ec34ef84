"""Requests in this process: what a token costs, ours and our peers, with its parts, refusals and single requests."""

from dataclasses import dataclass
from typing import Any

from benchmarks.figures import circumstances, latency_figures, password_figures, sample_figures
from benchmarks.latency import measure_latencies
from benchmarks.passwords import COSTS, measure_passwords
from benchmarks.refusals import refusals
from benchmarks.requests import requests
from benchmarks.rules import rule_counts
from benchmarks.tables import print_latencies, print_passwords, print_tables
from benchmarks.targets import Verdict, in_process_verdicts
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


SMOKE = Effort(
    rounds=2, sample_seconds=0.001, full_caches=False, latency_calls=50, password_rounds=1, password_costs=(4, 5)
)


def measure_and_print(effort: Effort) -> tuple[dict[str, Any], list[Verdict]]:
    contenders = [*verbs(), *verifiers(), *requests(full_caches=effort.full_caches), *refusals(), *rule_counts()]
    samples = measure(contenders, effort.rounds, effort.sample_seconds)
    print_tables(samples)
    latencies = measure_latencies(effort.latency_calls, full_caches=effort.full_caches)
    print_latencies(latencies)
    passwords = measure_passwords(effort.password_rounds, effort.password_costs)
    print_passwords(passwords)
    figures = {
        **circumstances(effort.rounds, effort.sample_seconds),
        **sample_figures(samples),
        "latencies": latency_figures(latencies),
        "passwords": password_figures(passwords),
    }
    return figures, list(in_process_verdicts(samples))
