"""Guard: a way to guard the route, and what it needs to be timed fairly."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from starlette.types import ASGIApp

from benchmarks.tokens import ALGORITHMS


@dataclass(frozen=True, slots=True)
class Guard:
    """A way to guard the route, and the bare app that its overhead is counted from.

    build: the app for an algorithm.
    left_out: checks that it does not make, by the name of the token that passes (see `tokens.refused_tokens`), and
        why. A peer that checks less has less to do: that is in its favour.
    cache: what it keeps of the tokens that it saw: nothing, or others than those that it is timed with, or just those.
    """

    name: str
    bare: str
    build: Callable[[str], ASGIApp]
    algorithms: Sequence[str] = ALGORITHMS
    left_out: Mapping[str, str] = field(default_factory=dict)
    cache: Literal["none", "missed", "hit"] = "none"
