"""Samples, interleaved, and what is said of them.

- A sample is a batch of calls, as many as take 5 ms or so; its figure is the time of one call in µs.
- In every round each contender gives one sample; the next round starts one contender further and every other round
  runs backwards. So slow phases of the machine fall on all of them.
- The garbage collector is off during a round and runs before it. `latency` is measured with it on.
- A figure holds for its own batch, where code and data are warm. Parts do not add up to a whole: a verb that runs
  behind a big framework finds the processor's caches full of that framework, and takes longer than alone.
- Everything runs inside one event loop: its start is in no sample. The clock is `time.perf_counter_ns`.
- An overhead is the median over the rounds of (with − bare), both of the same round; a difference of two medians
  can differ from it by little.
"""

import asyncio
import gc
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any, Literal

SAMPLE_SECONDS = 0.005

Key = tuple[str, str]
"""A contender's name and its algorithm; the latter is empty where none is involved."""


@dataclass(frozen=True, slots=True)
class Contender:
    """Something to time: `call` does it once, or returns the awaitable that does."""

    name: str
    call: Callable[[], Any]
    algorithm: str = ""
    kind: Literal["function", "coroutine"] = "function"

    @property
    def key(self) -> Key:
        return self.name, self.algorithm

    async def run(self, calls: int) -> int:
        """Nanoseconds that so many calls took."""
        call = self.call
        if self.kind == "coroutine":
            started = time.perf_counter_ns()
            for _ in repeat(None, calls):
                await call()
            return time.perf_counter_ns() - started
        started = time.perf_counter_ns()
        for _ in repeat(None, calls):
            call()
        return time.perf_counter_ns() - started


@dataclass(frozen=True, slots=True)
class Spread:
    """µs: the median over the rounds, where the middle four fifths of them lie, and the ends."""

    median: float
    p10: float
    p90: float
    least: float
    most: float

    @classmethod
    def of(cls, figures: Sequence[float]) -> "Spread":
        tenths = statistics.quantiles(figures, n=10, method="inclusive")
        return cls(statistics.median(figures), tenths[0], tenths[-1], min(figures), max(figures))


@dataclass(frozen=True, slots=True)
class Samples:
    """Of each contender one figure a round, in µs a call, and the calls of one sample."""

    figures: Mapping[Key, Sequence[float]]
    calls: Mapping[Key, int]

    def spread(self, name: str, algorithm: str = "") -> Spread:
        return Spread.of(self.figures[name, algorithm])

    def overhead(self, dressed: Key, *parts: Key) -> Spread:
        """What `dressed` takes more than the parts together, round by round."""
        rounds = zip(self.figures[dressed], *(self.figures[part] for part in parts), strict=True)
        return Spread.of([whole - sum(others) for whole, *others in rounds])


def measure(contenders: Sequence[Contender], rounds: int, sample_seconds: float = SAMPLE_SECONDS) -> Samples:
    """Every contender's samples. Their keys must differ."""
    assert len({contender.key for contender in contenders}) == len(contenders)
    with asyncio.Runner() as runner:
        return runner.run(_measure(contenders, rounds, sample_seconds))


async def _measure(contenders: Sequence[Contender], rounds: int, sample_seconds: float) -> Samples:
    calls = {contender.key: await _calibrate(contender, sample_seconds) for contender in contenders}
    figures: dict[Key, list[float]] = {contender.key: [] for contender in contenders}
    gc.disable()
    try:
        for turn in _turns(contenders, rounds):
            gc.collect()
            for contender in turn:
                nanoseconds = await contender.run(calls[contender.key])
                figures[contender.key].append(nanoseconds / calls[contender.key] / 1000)
    finally:
        gc.enable()
    return Samples(figures, calls)


def _turns(contenders: Sequence[Contender], rounds: int) -> Iterator[Iterable[Contender]]:
    for number in range(rounds):
        first = number % len(contenders)
        turn = [*contenders[first:], *contenders[:first]]
        yield reversed(turn) if number % 2 else turn


async def _calibrate(contender: Contender, sample_seconds: float) -> int:
    """How many calls take about as long as a sample should."""
    calls, nanoseconds = 1, await contender.run(1)
    while nanoseconds < sample_seconds * 1e9 / 4:
        calls *= 2
        nanoseconds = await contender.run(calls)
    return max(1, round(calls * sample_seconds * 1e9 / nanoseconds))
