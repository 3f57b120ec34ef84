"""RevocationStatus: what can be said of revocations on a health route."""

from dataclasses import dataclass
from typing import Literal

State = Literal["fresh", "late", "lost"]


@dataclass(frozen=True, slots=True)
class RevocationStatus:
    """ready: whether requests with tokens are answered, and not refused with 503."""

    ready: bool
    state: State
    """late: no contact with the store for half of the bound; lost: for longer than the bound, or never yet."""
    entries: int
    """In force in this process."""
    silence: float | None
    """Seconds since the copy was complete; None where it never was yet."""
    last_error: str | None
    """Of the latest try to reach the store, if it failed."""
