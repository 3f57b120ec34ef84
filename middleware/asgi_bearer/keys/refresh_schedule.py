"""RefreshSchedule: when an issuer's keys are fetched, how long they serve, and when they stop. All time rules are here.

    fetched        refresh_at          fresh_until              usable_until
       ├────── fresh ──────┼────── due ──────┼────── stale ──────┤ nothing
       served              served, renewed   served only while   requests wait for a fetch,
                           in the background fetches fail        or get 503 between two of them

- A fetch that fails is tried again after a back-off that doubles; requests wait for no back-off.
- An unknown `kid` asks for a fetch, at once where the last one is a cooldown ago, else at the cooldown's end.
- One fetch at a time. One that takes longer than its time is given up, and what it brings after all is ignored
  where a later one was quicker.

No I/O, no clock: all times are seconds of one clock, and arguments.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from datetime import timedelta

_NEVER = float("-inf")
_SLACK = 1.0
"""Seconds beyond its timeout after which a fetch counts as lost with its event loop."""


@dataclass(frozen=True, slots=True)
class FetchSettings:
    """The times and bounds of keys that are fetched. A withdrawn key stops verifying `max_lifetime` later at the
    latest; `stale_if_error` later still where its provider cannot be reached.
    """

    lifetime: timedelta = timedelta(minutes=10)
    """How long keys are fresh where their answer has no `Cache-Control: max-age`."""
    min_lifetime: timedelta = timedelta(minutes=1)
    max_lifetime: timedelta = timedelta(hours=1)
    """Bounds of what `max-age` may say."""
    stale_if_error: timedelta = timedelta(hours=1)
    """How much longer keys serve while fetches fail (RFC 5861 section 4)."""
    cooldown: timedelta = timedelta(seconds=10)
    """From one fetch to the next that an unknown `kid` may cause."""
    min_backoff: timedelta = timedelta(seconds=1)
    max_backoff: timedelta = timedelta(seconds=30)
    """From a failed fetch to the next; doubled each time, less up to a half by chance."""
    timeout: timedelta = timedelta(seconds=5)
    """Of one whole fetch."""
    max_bytes: int = 262_144
    """Of each document."""
    max_waiting: int = 256
    """Requests with an unknown `kid` that wait for a fetch; more of them are refused at once."""

    def errors(self) -> Iterator[str]:
        """What is wrong, a sentence each with what to write instead."""
        wrong = []
        for name in (field.name for field in fields(self)):
            value = getattr(self, name)
            if name in ("max_bytes", "max_waiting"):
                if type(value) is not int or value <= 0:
                    wrong.append(f"FetchSettings: {name} must be an int over 0")
            elif not isinstance(value, timedelta) or value <= timedelta(0):
                wrong.append(f"FetchSettings: {name} must be a timedelta over 0, such as timedelta(seconds=10)")
        yield from wrong
        if not wrong and not self.min_lifetime <= self.lifetime <= self.max_lifetime:
            yield "FetchSettings: lifetime must lie between min_lifetime and max_lifetime"
        if not wrong and 2 * self.cooldown > self.min_lifetime:
            yield "FetchSettings: cooldown must not be over half of min_lifetime, or keys could not be renewed in time"
        if not wrong and self.min_backoff > self.max_backoff:
            yield "FetchSettings: min_backoff must not be over max_backoff"


@dataclass(frozen=True, slots=True)
class FetchAttempt:
    """A fetch that may be made, from `starts_at` on; at `lost_at` it counts as lost. `number` counts them."""

    number: int
    starts_at: float
    lost_at: float


class RefreshSchedule:
    """The state of one issuer's keys."""

    def __init__(self, rules: FetchSettings, chance: Callable[[], float] = random.random) -> None:
        self._rules = rules
        self._chance = chance
        self.refresh_at = self.fresh_until = self.usable_until = _NEVER
        self.failures = 0
        """Fetches that failed since the last good one."""
        self._next_fetch_at = _NEVER
        self._latest = self._applied = 0
        self._lost_at = _NEVER

    def usable(self, now: float) -> bool:
        """Whether the keys may serve."""
        return now < self.fresh_until or (self.failures > 0 and now < self.usable_until)

    def backing_off(self, now: float) -> float:
        """Seconds until the next try after a failure, 0 where it is not needed to wait for it."""
        return max(0.0, self._next_fetch_at - now) if self.failures else 0.0

    def under_way(self, now: float) -> bool:
        """Whether a fetch is, or waits for its time."""
        return now < self._lost_at

    def start(self, now: float) -> FetchAttempt:
        """The next fetch, now where the cooldown and the back-off allow it, else at their end."""
        starts_at = max(now, self._next_fetch_at)
        self._latest += 1
        self._lost_at = starts_at + self._rules.timeout.total_seconds() + _SLACK
        return FetchAttempt(self._latest, starts_at, self._lost_at)

    def succeed(self, number: int, started_at: float, max_age: float | None) -> bool:
        """Whether its keys are to be taken: not where a later fetch already brought some. max_age: seconds."""
        if number < self._applied:
            return False
        rules = self._rules
        wanted = rules.lifetime.total_seconds() if max_age is None else max_age
        lifetime = min(max(wanted, rules.min_lifetime.total_seconds()), rules.max_lifetime.total_seconds())
        self._applied = number
        self.failures = 0
        self.refresh_at = started_at + lifetime * (0.5 + 0.3 * self._chance())  # jitter: not all processes at once
        self.fresh_until = started_at + lifetime
        self.usable_until = self.fresh_until + rules.stale_if_error.total_seconds()
        self._next_fetch_at = started_at + rules.cooldown.total_seconds()
        self._land(number)
        return True

    def fail(self, number: int, now: float) -> None:
        if number < self._latest:  # a later one tells better how things are
            return
        self.failures += 1
        doubled = self._rules.min_backoff.total_seconds() * 2 ** min(self.failures - 1, 32)
        backoff = min(doubled, self._rules.max_backoff.total_seconds())
        self._next_fetch_at = now + backoff * (1 - 0.5 * self._chance())
        self._land(number)

    def abandon(self, number: int) -> None:
        """Its event loop ended before it did: nothing is known, and the next may start."""
        self._land(number)

    def _land(self, number: int) -> None:
        if number == self._latest:
            self._lost_at = _NEVER
