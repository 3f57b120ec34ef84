"""Revocations: the seam that is asked at every request, in the memory of one process."""

import time
from collections.abc import Callable, Iterator

import anyio
import anyio.lowlevel

from ..tokens.identifiers import TokenIdentifiers
from .index import RevocationIndex
from .revocation import Revocation
from .status import RevocationStatus
from .subscriptions import Subscription

PATIENCE = 3.0
"""Seconds that a start, or the first requests, wait for the first copy."""
_GLANCE = 0.01
"""Seconds."""


class Revocations:
    """Tokens that are taken back, known to this one process, until they end or it does.

    For tests and for a server of one process; `SqliteRevocations` and `RedisRevocations` are for more.
    clock: seconds since 1970.
    """

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._copy = RevocationIndex()

    awaits_first_contact = False
    """Whether `wait_for_first_contact` should be called before `is_revoked`."""

    def start(self) -> None:
        """Begin to follow what other processes take back. Cheap, never waits, and may be called at every request."""

    async def wait_until_ready(self, patience: float = PATIENCE) -> None:
        """Start, and wait for the first copy, so that a server that says it is ready refuses nobody for want of it.

        patience: seconds; a store that is down is not waited for, and requests get 503 until it is there.
        """
        self.start()
        with anyio.move_on_after(patience):
            while not self.status().ready:  # noqa: ASYNC110 - what is waited for is another thread
                await anyio.sleep(_GLANCE)

    async def wait_for_first_contact(self) -> None:
        """Wait as `wait_until_ready` does, once for all who wait, so that the first requests of a server without a
        lifespan are answered. A store that is lost later is not waited for.
        """

    def close(self) -> None:
        """Follow no longer. It does not wait; `start` begins anew."""

    def is_revoked(self, identifiers: TokenIdentifiers) -> bool:
        """Return whether a token with these identifiers is revoked. It never waits.

        Raises AuthenticationUnavailable if that is not known well enough.
        """
        return self._copy.is_revoked(identifiers)

    async def revoke(self, *revocations: Revocation) -> None:
        """Take back. When it returns, that is in force in this process, and stored for all others.

        Raises RevocationsUnavailable where the store cannot be reached. It is in force in this process all the same,
        and is stored when the store is back, if the process lives until then.
        """
        for revocation in revocations:
            self._copy.add(revocation, self._clock())
        await anyio.lowlevel.checkpoint()

    def subscribe(self, identifiers: TokenIdentifiers, notify: Callable[[], None]) -> Subscription:
        """Have `notify` called once when a token with these identifiers is revoked; at once if it is already.

        It is called from any thread, so it must be quick and thread-safe.
        """
        return self._copy.subscribe(identifiers, notify)

    def errors(self) -> Iterator[str]:
        """What is wrong with the configuration, a sentence each with what to write instead."""
        if not callable(self._clock):
            yield f"{type(self).__name__}: clock must be a function that returns seconds since 1970, such as time.time"

    def status(self) -> RevocationStatus:
        """How it is now: a value for a health route."""
        self._copy.forget(self._clock())
        return RevocationStatus(ready=True, state="fresh", entries=len(self._copy), silence=0.0, last_error=None)
