"""What bcrypt takes at each cost, to choose one for a login: every step doubles it, for us and for whoever guesses."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import bcrypt

COSTS: Sequence[int] = (10, 11, 12, 13, 14)
_PASSWORD = b"correct horse battery staple"


@dataclass(frozen=True, slots=True)
class PasswordTimes:
    """ms, the median of the rounds: to make a hash, and to check a password against it."""

    hash: float
    check: float


def measure_passwords(rounds: int, costs: Sequence[int] = COSTS) -> Mapping[int, PasswordTimes]:
    """By cost."""
    return {cost: _measure(cost, rounds) for cost in costs}


def _measure(cost: int, rounds: int) -> PasswordTimes:
    hashed = bcrypt.hashpw(_PASSWORD, bcrypt.gensalt(cost))
    return PasswordTimes(
        hash=_median(lambda: bcrypt.hashpw(_PASSWORD, bcrypt.gensalt(cost)), rounds),
        check=_median(lambda: bcrypt.checkpw(_PASSWORD, hashed), rounds),
    )


def _median(call: Callable[[], object], rounds: int) -> float:
    return statistics.median(_milliseconds(call) for _ in range(rounds))


def _milliseconds(call: Callable[[], object]) -> float:
    started = time.perf_counter_ns()
    call()
    return (time.perf_counter_ns() - started) / 1e6
