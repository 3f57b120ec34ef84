"""A guard's cost: over its bare app, as a multiple of ours, and as a multiple of the primitive."""

from benchmarks.contenders import OURS
from benchmarks.contenders.guard import Guard
from benchmarks.timing import Samples, Spread


def overhead(samples: Samples, guard: Guard, algorithm: str) -> Spread:
    """µs over the bare app, round by round."""
    return samples.overhead((guard.name, algorithm), (guard.bare, ""))


def times_ours(samples: Samples, guard: Guard, algorithm: str) -> float:
    """Against our first sight over the same bare app."""
    ours = samples.overhead((OURS[guard.bare], algorithm), (guard.bare, ""))
    return overhead(samples, guard, algorithm).median / ours.median


def times_primitive(samples: Samples, guard: Guard, algorithm: str) -> float:
    return overhead(samples, guard, algorithm).median / samples.spread("primitive", algorithm).median
