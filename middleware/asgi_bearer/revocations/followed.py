"""FollowedRevocations: a copy in this process of what all processes take back, and what it is worth."""

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
from ..flights import Flight
from .contact import Contact, WhenLost
from .feed import READ_BACK, Feed
from .local_copy import LocalCopy
from .marks import TokenMarks
from .readiness import RevocationReadiness
from .revocation import Revocation
from .revocations import PATIENCE, Revocations
from .store import Store
from .unconfirmed import Unconfirmed
from .watches import Watch

_log = logging.getLogger("asgi_bearer")

DEFAULT_SILENCE = timedelta(seconds=10)
_MIN_SILENCE, _MAX_SILENCE = timedelta(seconds=1), timedelta(hours=1)

STORE_LIMIT = 5.0
"""Seconds for which `revoke` waits for the store."""


class FollowedRevocations(Revocations):
    """What `SqliteRevocations` and `RedisRevocations` have in common."""

    def __init__(
        self,
        store: Store,
        *,
        max_silence: timedelta,
        when_lost: WhenLost,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
    ) -> None:
        super().__init__(clock=clock)
        self._store = store
        self._max_silence = max_silence
        self._when_lost = when_lost
        self._monotonic = monotonic
        self._feed: Feed | None
        self._first_contact: Flight | None
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
            flight = self._first_contact = self._first_contact or Flight(partial(self.wait_until_ready, PATIENCE))
        with anyio.move_on_after(PATIENCE):  # the event loop of the flight may end before it has landed
            await flight.landing()
        self.awaits_first_contact = False

    def close(self) -> None:
        with self._lock:
            feed, self._feed = self._feed, None
        if feed is not None:
            feed.close()

    def is_revoked(self, marks: TokenMarks) -> bool:
        now = self._monotonic()
        if now > self._contact.trusted_until:
            self._check_silence(now)
        return self._copy.is_revoked(marks)

    async def revoke(self, *revocations: Revocation) -> None:
        self.start()
        now = self._clock()
        news = [one for one in revocations if self._copy.add(one, now) or one.mark in self._unconfirmed]
        if not news:
            return
        marks = [one.mark for one in news]
        self._unconfirmed.expect(marks, self._monotonic() + STORE_LIMIT + READ_BACK)
        try:
            with anyio.fail_after(STORE_LIMIT):
                await anyio.to_thread.run_sync(self._store.add, news, abandon_on_cancel=True)
        except Exception as fault:
            _log.warning("revocations: %d could not be stored yet: %s", len(news), type(fault).__name__)
            self._unconfirmed.expect(marks, self._monotonic())
            raise RevocationsUnavailable from fault

    def watch(self, marks: TokenMarks, tell: Callable[[], None]) -> Watch:
        self.start()
        return super().watch(marks, tell)

    def faults(self) -> Iterator[str]:
        name = type(self).__name__
        yield from super().faults()
        if not isinstance(self._max_silence, timedelta) or not _MIN_SILENCE <= self._max_silence <= _MAX_SILENCE:
            yield f"{name}: max_silence must be a timedelta from 1 second to 1 hour, such as timedelta(seconds=10)"
        if self._when_lost not in ("refuse", "continue"):
            yield f'{name}: when_lost must be "refuse" or "continue"'

    def readiness(self) -> RevocationReadiness:
        now, contact = self._monotonic(), self._contact
        self._copy.forget(self._clock())
        return RevocationReadiness(
            ready=now <= contact.trusted_until or contact.may_continue(now),
            state="lost" if contact.made_at is None else contact.state(now),
            entries=len(self._copy),
            silence=None if contact.made_at is None else contact.silence(now),
            last_fault=contact.fault,
        )

    def _check_silence(self, now: float) -> None:
        """The copy is not to be trusted: it is too old, or was never complete."""
        self.start()
        self._contact.report(now)
        if not self._contact.may_continue(now):
            raise AuthenticationUnavailable

    def _begin_anew(self) -> None:
        """With an empty copy, and with locks that nobody holds."""
        silence = self._max_silence if isinstance(self._max_silence, timedelta) else DEFAULT_SILENCE
        self._lock = Lock()
        self._copy = LocalCopy()
        self._unconfirmed = Unconfirmed()
        self._contact = Contact(self._store.name, silence.total_seconds(), self._when_lost, self._monotonic())
        self._feed = None
        self._first_contact = None
        self.awaits_first_contact = True

    def _begin_feed(self) -> Feed:
        feed = Feed(
            self._store,
            self._copy,
            contact=self._contact,
            unconfirmed=self._unconfirmed,
            clock=self._clock,
            monotonic=self._monotonic,
        )
        feed.start()
        return feed


_FOLLOWED: WeakSet[FollowedRevocations] = WeakSet()


def begin_anew_after_fork() -> None:
    """The thread that follows stayed with the parent, and perhaps a lock that it held."""
    for one in list(_FOLLOWED):
        one._begin_anew()  # noqa: SLF001 - its own module


getattr(os, "register_at_fork", lambda **_: None)(after_in_child=begin_anew_after_fork)  # Windows cannot fork
