"""The runs, in a process of their own, and what they found."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Growth:
    """What different tokens left. times: each was sent. grown: bytes more than with an empty store, after so many."""

    tokens: int
    times: int
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
    once: Growth
    tight: Growth
    leak: Leak


@dataclass(frozen=True, slots=True)
class Effort:
    """Tokens through the default store, twice each and once, and through the tight one; requests with seen tokens."""

    tokens: int = 1_000_000
    once_tokens: int = 100_000
    tight_tokens: int = 100_000
    requests: int = 100_000


def run_memory(effort: Effort) -> MemoryRuns:
    sizes = map(str, (effort.tokens, effort.once_tokens, effort.tight_tokens, effort.requests))
    command = [sys.executable, "-m", "benchmarks.memory", *sizes]
    figures = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=600).stdout)
    million, once, tight = (Growth(**figures[run]) for run in ("million", "once", "tight"))
    return MemoryRuns(million, once, tight, Leak(**figures["leak"]))
