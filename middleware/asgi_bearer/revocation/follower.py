"""Follower: the thread that keeps a process's copy as the store has it.

A thread and no task: it works the same on asyncio, trio and none, goes on while an event loop is busy, and outlives one
loop that ends where another begins.
"""

import logging
import random
from collections.abc import Callable, Sequence
from threading import Event, Thread

from .index import Entry, RevocationIndex
from .outbox import Outbox
from .revocation import Revocation, read_revocation
from .staleness import Staleness
from .store import Reader, Store

_log = logging.getLogger("asgi_bearer")

MAX_WAIT = 1.0
"""Seconds that one look waits for news; a tenth of the bound where that is less."""

PACE = 0.2
"""Seconds after news until the next look, so that many are read at once: a lone one is read as it comes, and a flood
costs five looks a second."""

READ_BACK = 2.0
"""Seconds after which what was stored should have been read back."""

_MIN_BACKOFF, _MAX_BACKOFF = 0.05, 1.0
_HAND_IN_TURN = 0.3
"""Seconds, about, between two tries to hand in, where others do so too."""
_BATCH = 10_000
"""Revocations that are handed in at once."""


class Follower:
    """Follows one store from `start()` to `close()`, whatever happens to it."""

    def __init__(
        self,
        store: Store,
        copy: RevocationIndex,
        *,
        contact: Staleness,
        unconfirmed: Outbox,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
    ) -> None:
        self._reader: Reader = store.reader()
        self._copy = copy
        self._contact = contact
        self._unconfirmed = unconfirmed
        self._clock = clock
        self._monotonic = monotonic
        self._wait = self._pause = 0.0
        self._closing = Event()
        self.thread = Thread(target=self._run, name="asgi-bearer revocations", daemon=True)

    def start(self) -> None:
        self.thread.start()

    def close(self) -> None:
        """Ends with the look that is under way; nobody waits for it."""
        self._closing.set()

    def _run(self) -> None:
        failures = 0
        while not self._closing.is_set():
            try:
                self._exchange()
            except Exception as fault:  # the thread must outlive every one of them
                failures += 1
                self._contact.fault = f"{type(fault).__name__}: {str(fault)[:200]!a}"
                _log.debug("revocations: the store is not there", exc_info=True)
                self._closing.wait(_backoff(failures))
            else:
                failures, self._contact.fault = 0, None
                self._closing.wait(self._pause)
            self._contact.report(self._monotonic())
        self._reader.close()

    def _exchange(self) -> None:
        """One look into the store, and what follows from it."""
        asked_at = self._monotonic()
        reading = self._reader.read(self._wait)
        if reading.begins_anew:  # whether the store has what is known here is not known
            self._unconfirmed.expect(self._copy.identifiers(), asked_at + random.random() * MAX_WAIT)  # noqa: S311 - jitter
        self._wait = self._pause = 0.0
        self._take(reading.texts)
        if reading.is_complete:
            self._contact.make(asked_at)
            self._wait = min(MAX_WAIT, self._contact.max_staleness / 10)
            self._pause = PACE if reading.texts else 0.0
            self._hand_in(asked_at)

    def _take(self, texts: Sequence[str | bytes]) -> None:
        now, broken = self._clock(), 0
        for text in texts:
            try:
                revocation = read_revocation(text)
            except ValueError:
                broken += 1
                continue
            self._copy.add(revocation, now)
            if self._unconfirmed:
                self._confirm(revocation.identifier, Entry.of(revocation))
        self._copy.forget(now)
        if broken:
            _log.warning("revocations: skipped %d entries of the store that are no revocations", broken)

    def _confirm(self, identifier: str, stored: Entry) -> None:
        known = self._copy.entry(identifier)
        if known is None or stored.covers(known):
            self._unconfirmed.confirm(identifier)

    def _hand_in(self, now: float) -> None:
        """What this process knows and the store lacks. Nothing is handed in too: it ends a turn."""
        if self._unconfirmed:
            self._wait = min(self._wait, _HAND_IN_TURN * (0.5 + random.random()))  # noqa: S311 - jitter
        lacking = self._lacking(now)
        if self._reader.resend(lacking):
            self._unconfirmed.expect((revocation.identifier for revocation in lacking), now + READ_BACK)

    def _lacking(self, now: float) -> list[Revocation]:
        living = []
        for identifier in self._unconfirmed.overdue(now, _BATCH):
            revocation = self._copy.revocation(identifier)
            if revocation is None:  # it died meanwhile
                self._unconfirmed.confirm(identifier)
            else:
                living.append(revocation)
        return living


def _backoff(failures: int) -> float:
    """Seconds; by chance less up to a half, so that not all processes come at once."""
    doubled: float = min(_MIN_BACKOFF * 2.0 ** min(failures - 1, 10), _MAX_BACKOFF)
    return doubled * (1 - 0.5 * random.random())  # noqa: S311 - jitter
