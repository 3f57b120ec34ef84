"""Staleness: for how long the store was not heard of, and what follows from it. Times are arguments.

    contact        max_staleness / 2        max_staleness
       ├──── fresh ────────┼────── late ───────┼───── lost
       trusted             trusted, WARNING    "deny": 503, "allow": answered, WARNING again and again

A copy is as old as the question that brought it, not as the answer: what was stored since then may be missing in it.
The one who asks about a token looks at the time, not the thread that reads: it may be what hangs.
"""

import logging
import math
from threading import Lock
from typing import Literal

from .status import State

OnStale = Literal["deny", "allow"]

_log = logging.getLogger("asgi_bearer")

_REMIND = 30.0
"""Seconds."""

_CONSEQUENCE = {
    "deny": "tokens are refused with 503 until it is back",
    "allow": "tokens that were taken back since then are ACCEPTED until it is back",
}


class Staleness:
    """With one store, whose name holds nothing secret. Seconds, of a clock that never goes back."""

    def __init__(self, store: str, max_staleness: float, on_stale: OnStale, now: float) -> None:
        self.max_staleness = max_staleness
        self.trusted_until = -math.inf
        self.made_at: float | None = None
        self.fault: str | None = None
        """Of the latest try, if it failed."""
        self._store = store
        self._when_lost = on_stale
        self._begun_at = now
        self._reported: State = "fresh"
        self._remind_at = math.inf
        self._lock = Lock()

    def make(self, at: float) -> None:
        """The copy is complete, as of this time."""
        self.made_at = at
        self.trusted_until = at + self.max_staleness

    def silence(self, now: float) -> float:
        return now - (self._begun_at if self.made_at is None else self.made_at)

    def state(self, now: float) -> State:
        silence = self.silence(now)
        if silence > self.max_staleness:
            return "lost"
        return "late" if silence > self.max_staleness / 2 else "fresh"

    def may_continue(self, now: float) -> bool:
        """Whether the old copy is to be used. A first one is waited for, but not for longer than the bound."""
        return self._when_lost == "allow" and self.state(now) == "lost"

    def report(self, now: float) -> None:
        """One line in the log for each change, so that nothing happens silently and nothing floods it."""
        with self._lock:
            state = self.state(now)
            if state != self._reported or now >= self._remind_at:
                self._reported = state
                self._remind_at = now + _REMIND if self.may_continue(now) else math.inf
                self._write(state, now)

    def _write(self, state: State, now: float) -> None:
        if state == "fresh":
            _log.info("revocations: contact with %s is back", self._store)
            return
        silence = self.silence(now)
        trusted = f"its copy is trusted for {self.max_staleness - silence:.1f} s more"
        consequence = trusted if state == "late" else _CONSEQUENCE[self._when_lost]
        _log.warning(
            "revocations: no contact with %s for %.1f s (%s); %s", self._store, silence, self.fault, consequence
        )
