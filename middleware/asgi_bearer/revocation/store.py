"""What a store of revocations must do, so that many processes can follow it."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from .revocation import Revocation


class Reading(NamedTuple):
    """What one look into a store brought."""

    texts: Sequence[str | bytes]
    """Each a written revocation, or whatever else somebody put there; in the order in which they were stored."""
    is_complete: bool
    """Nothing more was there."""
    begins_anew: bool
    """It begins at the store's first entry: nothing was read before, or what was read is no longer there."""


class Reader(Protocol):
    """One process's place in a store. It belongs to one thread. Any exception says that the store is not there now."""

    def read(self, wait: float) -> Reading:
        """What was stored since the last look. Waits for it for so many seconds, or less."""

    def resend(self, revocations: Sequence[Revocation]) -> bool:
        """Store what the store lacks. False if nothing was stored: it is another process's turn, or a look must come
        first. With nothing to store, a turn that this process had is given to the others at once.
        """

    def close(self) -> None:
        """Give back what it holds. It may be read again."""


class Store(Protocol):
    """Any exception says that the store is not there now."""

    name: str
    """For log lines: nothing secret."""

    def add(self, revocations: Sequence[Revocation]) -> None:
        """Store. When it returns, all others can read it. Any thread may do so; it takes a bounded time."""

    def reader(self) -> Reader:
        """A place of its own, at the beginning. Nothing is opened yet."""
