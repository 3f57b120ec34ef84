"""RemoteKeys: keys fetched from a provider. `RefreshSchedule` says when; here it is done.

A token's keys are found without waiting as long as there are usable ones; only a key that nobody knows yet, or keys
that are not there, make a request wait for the one fetch that all share.
"""

import logging
import math
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING

import anyio

from ..errors import AuthenticationUnavailable
from ..shared_task import SharedTask
from .http_client import default_library, library_of
from .key_notes import KeyNote
from .refresh_schedule import FetchAttempt, FetchSettings, RefreshSchedule
from .status import Counters, KeyStatus, State, log_notes
from .verification_key import HMAC_ALGORITHMS, KeyRing, VerificationKey

if TYPE_CHECKING:
    from .fetch import FetchedKeys
    from .http_client import HttpClient

_log = logging.getLogger("asgi_bearer")


class RemoteKeys:
    """Keys that a provider publishes, fetched when they are needed and renewed in the background.

    jwks_uri: where the JWK Set is. None: where the issuer's metadata say (OpenID Connect Discovery 1.0, RFC 8414).
    client: an AsyncClient of httpx or httpx2, for proxies, certificates of your own and the like. You close it. It must
        be usable in every event loop that requests run in; without it each fetch has a client of its own.
    rules: times and bounds.
    clock: seconds since whenever, that never go back.

    Needs httpx or httpx2: `pip install "asgi-bearer[remote]"`. What is wrong is told by the issuer they are given to.
    """

    def __init__(
        self,
        jwks_uri: str | None = None,
        *,
        client: "HttpClient | None" = None,
        rules: FetchSettings = FetchSettings(),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.jwks_uri = jwks_uri
        self.client = client
        self.rules = rules
        self.clock = clock


class RemoteKeySource:
    """The keys of one issuer as they are found, fetched and renewed."""

    def __init__(
        self,
        issuer: str,
        remote: RemoteKeys,
        algorithms: tuple[str, ...],
        *,
        allow_loopback_http: bool,
    ) -> None:
        self._issuer = issuer
        self._algorithms = algorithms
        self._clock = remote.clock
        self._lock = Lock()
        self._ring = KeyRing.of((), ())
        self._flight: _Fetch | None = None
        self._waiting = 0
        self._last_fault: str | None = None
        self._counters = Counters()
        self._notes: tuple[KeyNote, ...] = ()
        """Those that are in the log since the set changed."""
        self._rules = remote.rules
        self._freshness = RefreshSchedule(remote.rules)
        self._fetch = _fetcher(issuer, remote, allow_loopback_http=allow_loopback_http)

    def find(self, key_id: str | None, algorithm: str) -> tuple[VerificationKey, ...] | None:
        """The keys that may have signed a token with this header; None where `wait_for` must be asked."""
        now = self._clock()
        if now >= self._freshness.refresh_at:
            if not self._freshness.usable(now):
                return None
            if now >= self._freshness.fresh_until:
                self._count(served_stale=1)
            self.refresh()
        found = self._ring.find(key_id, algorithm)
        return found if found or algorithm not in self._algorithms else None

    async def wait_for(self, key_id: str | None, algorithm: str) -> tuple[VerificationKey, ...]:
        """The same after a fetch, none where it brought no such key. Raises AuthenticationUnavailable.

        An answer is conclusive when it was asked for after the request came: one that was under way already may have
        missed a rotation.
        """
        arrived_at = self._clock()
        if self._freshness.usable(arrived_at):
            self._count(unknown_key_ids=1)
        while True:
            flight = self._join(self._clock())
            if flight is None:
                return ()
            try:
                with anyio.move_on_after(flight.attempt.lost_at - self._clock()):
                    await flight.wait()
            finally:
                self._leave()
            now = self._clock()
            found = self._ring.find(key_id, algorithm) if self._freshness.usable(now) else ()
            if found:
                return found
            if self._freshness.failures or not self._freshness.usable(now):
                raise AuthenticationUnavailable(self._retry_after(now))
            if flight.asked_at >= arrived_at:
                return ()

    def refresh(self) -> None:
        """Fetch in the background what is due. Nothing waits for it, and nothing is raised."""
        now = self._clock()
        with self._lock:
            due = now >= self._freshness.refresh_at and not self._freshness.backing_off(now)
            if due and not self._freshness.under_way(now):
                self._depart(now)
                self._count_locked(refreshes=1)

    def status(self) -> KeyStatus:
        now = self._clock()
        freshness = self._freshness
        state: State = "none"
        if now < freshness.refresh_at:
            state = "fresh"
        elif now < freshness.fresh_until:
            state = "due"
        elif freshness.usable(now):
            state = "stale"
        return KeyStatus(
            issuer=self._issuer,
            ready=state != "none",
            state=state,
            keys=len(self._ring.keys) if state != "none" else 0,
            usable_for=max(0.0, freshness.usable_until - now),
            last_error=self._last_fault,
            counters=self._counters,
        )

    def _join(self, now: float) -> "_Fetch | None":
        """A place in the fetch to wait for, if one is free. Raises AuthenticationUnavailable in a back-off."""
        with self._lock:
            if self._waiting >= self._rules.max_waiting and self._freshness.usable(now):
                self._count_locked(rejected_waiters=1)
                return None
            flight = self._flight
            if flight is None or not self._freshness.under_way(now):
                if self._freshness.backing_off(now):
                    raise AuthenticationUnavailable(self._retry_after(now))
                flight = self._depart(now)
            self._waiting += 1
            return flight

    def _leave(self) -> None:
        with self._lock:
            self._waiting -= 1

    def _retry_after(self, now: float) -> int:
        return max(1, math.ceil(self._freshness.backing_off(now)))

    def _depart(self, now: float) -> "_Fetch":
        self._flight = _Fetch(self, self._freshness.start(now))
        return self._flight

    async def fly(self, flight: "_Fetch") -> None:
        """One fetch, at its time, and what follows from it."""
        number = flight.attempt.number
        try:
            await anyio.sleep(max(0.0, flight.attempt.starts_at - self._clock()))
            started_at = self._clock()
            self._count(fetches=1)
            with anyio.fail_after(self._rules.timeout.total_seconds()):
                fetched = await self._fetch()
        except Exception as error:  # whatever a client of the user's raises, too
            self._failed(number, *_said(error))
        except BaseException:  # its event loop ends
            with self._lock:
                self._freshness.abandon(number)
            raise
        else:
            self._succeeded(number, started_at, fetched)
            flight.asked_at = started_at

    def _succeeded(self, number: int, started_at: float, fetched: "FetchedKeys") -> None:
        ring = KeyRing.of(fetched.keys, self._algorithms, self._ring.keys)
        notes = (*fetched.notes, *ring.notes)
        if not ring.keys:
            self._failed(number, "none of the keys fits the algorithms of this issuer", notes)
            return
        with self._lock:
            if not self._freshness.succeed(number, started_at, fetched.max_age):
                return
            self._ring = ring
            self._last_fault = None
        self._log_notes(notes)
        fresh_for = self._freshness.fresh_until - started_at
        _log.info("keys of issuer %r were fetched: %d, fresh for %d s", self._issuer, len(ring.keys), fresh_for)

    def _failed(self, number: int, fault: str, notes: tuple[KeyNote, ...] = ()) -> None:
        now = self._clock()
        with self._lock:
            self._freshness.fail(number, now)
            self._last_fault = fault
            self._count_locked(failures=1)
        usable = self._freshness.usable_until - now
        still = f"the old ones serve for {usable:.0f} s more" if usable > 0 else "there are none"
        _log.warning("keys of issuer %r cannot be fetched, %s: %s", self._issuer, still, fault)
        if notes:  # no key is usable, so each reason matters
            self._log_notes(tuple(replace(note, warning=True) for note in notes))

    def _log_notes(self, notes: tuple[KeyNote, ...]) -> None:
        log_notes(f"issuer {self._issuer!r}", notes, self._notes)
        self._notes = notes

    def _count(self, **more: int) -> None:
        with self._lock:
            self._count_locked(**more)

    def _count_locked(self, **more: int) -> None:
        old = self._counters
        self._counters = replace(old, **{name: getattr(old, name) + one for name, one in more.items()})


class _Fetch(SharedTask):
    """A fetch. asked_at: when what it brought was asked for."""

    def __init__(self, source: RemoteKeySource, attempt: FetchAttempt) -> None:
        self.attempt = attempt
        self.asked_at = -math.inf
        super().__init__(lambda: source.fly(self))


def remote_key_errors(
    issuer: str, remote: RemoteKeys, algorithms: tuple[str, ...], *, allow_loopback_http: bool
) -> Iterator[str]:
    library = library_of(remote.client) or default_library()
    if library is None:
        yield 'keys are fetched with httpx or httpx2, and neither is installed; pip install "asgi-bearer[remote]"'
        return
    from .fetch import Provider

    if not isinstance(remote.jwks_uri, str | None):
        yield 'jwks_uri must be a URL such as "https://login.example.com/jwks.json", or None'
    elif isinstance(issuer, str):
        yield from Provider(issuer, remote.jwks_uri, allow_loopback_http).errors(library)
    if remote.client is not None and library_of(remote.client) is None:
        yield "client must be an httpx.AsyncClient or an httpx2.AsyncClient"
    if not callable(remote.clock):
        yield "clock must be a function that returns seconds, such as time.monotonic"
    if isinstance(remote.rules, FetchSettings):
        yield from remote.rules.errors()
    else:
        yield "rules must be FetchSettings(…)"
    if not HMAC_ALGORITHMS.isdisjoint(algorithms):
        yield "a secret cannot be fetched; write keys=StaticKeys.from_secret(…), or algorithms of public keys"


def _fetcher(issuer: str, remote: RemoteKeys, *, allow_loopback_http: bool) -> Callable[[], Awaitable["FetchedKeys"]]:
    from .fetch import Provider, fetch_keys

    provider = Provider(issuer, remote.jwks_uri, allow_loopback_http)
    return partial(fetch_keys, provider, remote.client, remote.rules.max_bytes)


def _said(error: Exception) -> tuple[str, tuple[KeyNote, ...]]:
    """A fixed sentence for the log, and notes about single keys."""
    from .fetch import FetchError

    if isinstance(error, TimeoutError):
        return "it took too long", ()
    return (str(error), error.notes) if isinstance(error, FetchError) else (type(error).__name__, ())
