"""KeyStatus: what can be said of an issuer's keys on a health route. Counted since the process started."""

import logging
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal

from .key_notes import KeyNote

_log = logging.getLogger("asgi_bearer")

State = Literal["fresh", "due", "stale", "none"]


@dataclass(frozen=True, slots=True)
class Counters:
    fetches: int = 0
    """That began."""
    refreshes: int = 0
    """Those of them that no request waited for."""
    failures: int = 0
    served_stale: int = 0
    """Tokens looked at with keys that are no longer fresh, while fetches fail."""
    unknown_key_ids: int = 0
    """Tokens whose header fitted no key at hand."""
    rejected_waiters: int = 0
    """Those of them that found no place to wait for a fetch."""


@dataclass(frozen=True, slots=True)
class KeyStatus:
    """ready: whether tokens of this issuer can be verified now."""

    issuer: str
    ready: bool
    state: State
    """fresh; due: served and renewed; stale: served while fetches fail; none."""
    keys: int
    usable_for: float | None
    """Seconds for which the keys at hand may serve, if no fetch succeeds; None for keys that are not fetched."""
    last_error: str | None
    """Of the latest fetch, if it failed."""
    counters: Counters


def log_notes(owner: str, notes: Iterable[KeyNote], logged: Collection[KeyNote] = ()) -> None:
    """Write the notes that were not `logged` before."""
    for note in notes:
        if note not in logged:
            _log.log(logging.WARNING if note.warning else logging.DEBUG, "keys of %s: %s", owner, note.text)
