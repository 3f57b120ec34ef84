"""Outbox: what this process knows and the store is not known to have.

Whatever was taken back here stays here until it is read back out of the store, and is handed in again when that takes
too long: so neither an outage, nor a store that lost its data, nor one that was split in two loses it.
"""

from collections.abc import Iterable
from itertools import islice
from threading import Lock


class Outbox:
    """Identifiers, and from when on each is to be handed in: seconds of a clock that never goes back."""

    def __init__(self) -> None:
        self._due: dict[str, float] = {}
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._due)

    def __contains__(self, identifier: str) -> bool:
        return identifier in self._due

    def expect(self, identifiers: Iterable[str], due: float) -> None:
        """These are to be read back, and handed in where they are not by then."""
        with self._lock:
            self._due.update(dict.fromkeys(identifiers, due))

    def confirm(self, identifier: str) -> None:
        """It was read."""
        with self._lock:
            self._due.pop(identifier, None)

    def overdue(self, now: float, limit: int) -> list[str]:
        with self._lock:
            return list(islice((identifier for identifier, due in self._due.items() if due <= now), limit))
