"""The runs, each in a process of its own, and what they found."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Growth:
    """What different tokens left. grown: bytes more than with an empty store, after so many tokens."""

    tokens: int
    limit_tokens: int
    limit_bytes: int
    grown: Sequence[tuple[int, int]]

    @property
    def most(self) -> int:
        return max(grown for _, grown in self.grown)

    @property
    def entry_bytes(self) -> float:
        """While the second half of the store filled, where the number of tokens is what ends it."""
        filling = [look for look in self.grown if look[0] <= self.limit_tokens]
        (half, grown_by_half), (full, grown) = filling[len(filling) // 2 - 1], filling[-1]
        return (grown - grown_by_half) / (full - half)


@dataclass(frozen=True, slots=True)
class Leak:
    """What requests with seen tokens left."""

    requests: int
    blocks: int
    grown: int


@dataclass(frozen=True, slots=True)
class MemoryRuns:
    million: Growth
    tight: Growth
    leak: Leak


@dataclass(frozen=True, slots=True)
class Effort:
    """Tokens through the default store, through the tight one, and requests with seen tokens."""

    tokens: int = 1_000_000
    tight_tokens: int = 100_000
    requests: int = 100_000


def run_memory(effort: Effort) -> MemoryRuns:
    return MemoryRuns(
        Growth(**_run_alone("million", effort.tokens)),
        Growth(**_run_alone("tight", effort.tight_tokens)),
        Leak(**_run_alone("leak", effort.requests)),
    )


def _run_alone(name: str, count: int) -> Any:
    command = [sys.executable, "-m", "benchmarks.memory", name, str(count)]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=600).stdout)
