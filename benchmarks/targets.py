"""The targets: what is promised, how it is computed from what was measured, and whether it is met.

A module that measures something else than `Samples` yields verdicts of its own; `tables.print_verdicts` prints all.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from benchmarks import refusals
from benchmarks.contenders import starlette
from benchmarks.timing import Key, Samples
from benchmarks.tokens import ALGORITHMS


@dataclass(frozen=True, slots=True)
class Target:
    """point: its number in the list of promises. unit: as it is printed, "×" for a multiple."""

    point: int
    name: str
    sense: Literal["at most", "at least"]
    bound: float
    unit: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """A target and what was measured."""

    target: Target
    measured: float

    @property
    def is_met(self) -> bool:
        if self.target.sense == "at most":
            return self.measured <= self.target.bound
        return self.measured >= self.target.bound


Measure = Callable[[Samples], float]


def in_process_verdicts(samples: Samples) -> Iterator[Verdict]:
    """Points 1 to 3."""
    for target, measure in TARGETS:
        yield Verdict(target, measure(samples))


def _more_than(dressed: Key, *parts: Key) -> Measure:
    """The median over the rounds of what it takes more than the parts together."""
    return lambda samples: samples.overhead(dressed, *parts).median


def _over_bare(guard: str, algorithm: str, *parts: Key) -> Measure:
    return _more_than((guard, algorithm), (starlette.BARE, ""), *parts)


def _alone(kind: str) -> Measure:
    """By itself, around an app that does nothing."""
    return _more_than((f"{refusals.ALONE}: {kind}", ""), (refusals.NOTHING, ""))


def _ratio(measure: Measure, unit: Measure) -> Measure:
    return lambda samples: measure(samples) / unit(samples)


def _first_sights() -> Iterator[tuple[Target, Measure]]:
    """With HS256 the primitive is part of the bound. Else it is counted as in a loop, and as amid requests."""
    for guard, note in ((starlette.OURS, ""), (starlette.OURS_WITHOUT_CACHE, ", cache off")):
        yield _first_sight(f"HS256{note}: over the bare app"), _over_bare(guard, "HS256")
        for algorithm in ALGORITHMS[1:]:
            in_a_loop = _over_bare(guard, algorithm, ("primitive", algorithm))
            yield _first_sight(f"{algorithm}{note}: over the bare app and the primitive"), in_a_loop
            amid_requests = _more_than((guard, algorithm), (starlette.PRIMITIVE, algorithm))
            yield _first_sight(f"{algorithm}{note}: over the bare app with the primitive in it"), amid_requests
    yield _against_peer(1, "first sight", starlette.OURS, 5)


def _first_sight(name: str) -> Target:
    return Target(1, f"first sight, {name}", "at most", 12, "µs")


def _seen() -> Iterator[tuple[Target, Measure]]:
    for algorithm in ALGORITHMS:
        target = Target(2, f"token seen, {algorithm}: over the bare app", "at most", 3, "µs")
        yield target, _over_bare(starlette.OURS_SEEN, algorithm)
    yield _against_peer(2, "token seen", starlette.OURS_SEEN, 20)


def _against_peer(point: int, what: str, guard: str, bound: float) -> tuple[Target, Measure]:
    target = Target(point, f"{what}, HS256: overhead of AuthenticationMiddleware + PyJWT", "at least", bound, "×")
    return target, _ratio(_over_bare(starlette.MAIN_PEER, "HS256"), _over_bare(guard, "HS256"))


def _refused() -> Iterator[tuple[Target, Measure]]:
    for kind in refusals.KINDS:
        if kind.like:
            target = Target(3, f"refused, {kind.name}: of “{kind.like}”", "at most", 1, "×")
            yield target, _ratio(_alone(kind.name), _alone(kind.like))
    yield Target(3, "refused, malformed header", "at most", 3, "µs"), _alone("malformed header")


TARGETS: Sequence[tuple[Target, Measure]] = (*_first_sights(), *_seen(), *_refused())
