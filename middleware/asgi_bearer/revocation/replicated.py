"""ReplicatedRevocations: a copy in this process of what all processes take back, and what it is worth."""

import logging
import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from threading import Lock
from weakref import WeakSet

import anyio
import anyio.to_thread

from ..errors import AuthenticationUnavailable, RevocationsUnavailable
from ..shared_task import SharedTask
from ..tokens.identifiers import TokenIdentifiers
from .follower import READ_BACK, Follower
from .index import RevocationIndex
from .outbox import Outbox
from .revocation import Revocation
from .revocations import PATIENCE, Revocations
from .staleness import OnStale, Staleness
from .status import RevocationStatus
from .store import Store
from .subscriptions import Subscription

_log = logging.getLogger("asgi_bearer")

DEFAULT_SILENCE = timedelta(seconds=10)
_MIN_SILENCE, _MAX_SILENCE = timedelta(seconds=1), timedelta(hours=1)

STORE_LIMIT = 5.0
"""Seconds for which `revoke` waits for the store."""


class ReplicatedRevocations(Revocations):
    """What `SqliteRevocations` and `RedisRevocations` have in common."""

    def __init__(
        self,
        store: Store,
        *,
        max_staleness: timedelta,
        on_stale: OnStale,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
    ) -> None:
        super().__init__(clock=clock)
        self._store = store
        self._max_staleness = max_staleness
        self._on_stale = on_stale
        self._monotonic = monotonic
        self._feed: Follower | None
        self._first_contact: SharedTask | None
        self._begin_anew()
        _FOLLOWED.add(self)

    def start(self) -> None:
        if self._feed is None:
            with self._lock:
                self._feed = self._feed or self._begin_feed()

    async def wait_until_ready(self, patience: float = PATIENCE) -> None:
        await super().wait_until_ready(patience)
        self.awaits_first_contact = False

    async def wait_for_first_contact(self) -> None:
        with self._lock:
            flight = self._first_contact = self._first_contact or SharedTask(partial(self.wait_until_ready, PATIENCE))
        with anyio.move_on_after(PATIENCE):  # the event loop of the flight may end before it has landed
            await flight.wait()
        self.awaits_first_contact = False

    def close(self) -> None:
        with self._lock:
            feed, self._feed = self._feed, None
        if feed is not None:
            feed.close()

    def is_revoked(self, identifiers: TokenIdentifiers) -> bool:
        now = self._monotonic()
        if now > self._contact.trusted_until:
            self._check_silence(now)
        return self._copy.is_revoked(identifiers)

    async def revoke(self, *revocations: Revocation) -> None:
        self.start()
        now = self._clock()
        news = [one for one in revocations if self._copy.add(one, now) or one.identifier in self._unconfirmed]
        if not news:
            return
        identifiers = [one.identifier for one in news]
        self._unconfirmed.expect(identifiers, self._monotonic() + STORE_LIMIT + READ_BACK)
        try:
            with anyio.fail_after(STORE_LIMIT):
                await anyio.to_thread.run_sync(self._store.add, news, abandon_on_cancel=True)
        except Exception as fault:
            _log.warning("revocations: %d could not be stored yet: %s", len(news), type(fault).__name__)
            self._unconfirmed.expect(identifiers, self._monotonic())
            raise RevocationsUnavailable from fault

    def subscribe(self, identifiers: TokenIdentifiers, notify: Callable[[], None]) -> Subscription:
        self.start()
        return super().subscribe(identifiers, notify)

    def errors(self) -> Iterator[str]:
        name = type(self).__name__
        yield from super().errors()
        if not isinstance(self._max_staleness, timedelta) or not _MIN_SILENCE <= self._max_staleness <= _MAX_SILENCE:
            yield f"{name}: max_staleness must be a timedelta from 1 second to 1 hour, such as timedelta(seconds=10)"
        if self._on_stale not in ("deny", "allow"):
            yield f'{name}: on_stale must be "deny" or "allow"'

    def status(self) -> RevocationStatus:
        now, contact = self._monotonic(), self._contact
        self._copy.forget(self._clock())
        return RevocationStatus(
            ready=now <= contact.trusted_until or contact.may_continue(now),
            state="lost" if contact.made_at is None else contact.state(now),
            entries=len(self._copy),
            silence=None if contact.made_at is None else contact.silence(now),
            last_error=contact.fault,
        )

    def _check_silence(self, now: float) -> None:
        """The copy is not to be trusted: it is too old, or was never complete."""
        self.start()
        self._contact.report(now)
        if not self._contact.may_continue(now):
            raise AuthenticationUnavailable

    def _begin_anew(self) -> None:
        """With an empty copy, and with locks that nobody holds."""
        silence = self._max_staleness if isinstance(self._max_staleness, timedelta) else DEFAULT_SILENCE
        self._lock = Lock()
        self._copy = RevocationIndex()
        self._unconfirmed = Outbox()
        self._contact = Staleness(self._store.name, silence.total_seconds(), self._on_stale, self._monotonic())
        self._feed = None
        self._first_contact = None
        self.awaits_first_contact = True

    def _begin_feed(self) -> Follower:
        feed = Follower(
            self._store,
            self._copy,
            contact=self._contact,
            unconfirmed=self._unconfirmed,
            clock=self._clock,
            monotonic=self._monotonic,
        )
        feed.start()
        return feed


_FOLLOWED: WeakSet[ReplicatedRevocations] = WeakSet()


def begin_anew_after_fork() -> None:
    """The thread that follows stayed with the parent, and perhaps a lock that it held."""
    for one in list(_FOLLOWED):
        one._begin_anew()  # noqa: SLF001 - its own module


getattr(os, "register_at_fork", lambda **_: None)(after_in_child=begin_anew_after_fork)  # Windows cannot fork
