"""A guard's cost: over its bare app, as a multiple of ours, and as a multiple of the primitive."""

from collections.abc import Iterator

from benchmarks.contenders import GUARDS, OURS
from benchmarks.contenders.guard import Guard
from benchmarks.timing import Samples, Spread
from benchmarks.verifiers import VERIFIERS


def overhead(samples: Samples, guard: Guard, algorithm: str) -> Spread:
    """µs over the bare app, round by round."""
    return samples.overhead((guard.name, algorithm), (guard.bare, ""))


def times_ours(samples: Samples, guard: Guard, algorithm: str) -> float:
    """Against our first sight over the same bare app."""
    ours = samples.overhead((OURS[guard.bare], algorithm), (guard.bare, ""))
    return overhead(samples, guard, algorithm).median / ours.median


def times_primitive(samples: Samples, guard: Guard, algorithm: str) -> float:
    return overhead(samples, guard, algorithm).median / samples.spread("primitive", algorithm).median


def checks_left_out() -> Iterator[tuple[str, str, str]]:
    """Who, which check, and why."""
    for guard in GUARDS:
        yield from ((guard.name, check, reason) for check, reason in guard.left_out.items())
    for verifier in VERIFIERS:
        yield from ((verifier.name, check, reason) for check, reason in verifier.left_out.items())
