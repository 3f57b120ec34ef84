"""RevocationIndex: what is revoked, in this process's memory. A request reads it without waiting and without a lock."""

import heapq
import math
from collections.abc import Callable
from threading import Lock
from typing import NamedTuple

from ..tokens.identifiers import TokenIdentifiers, read_identifier
from .revocation import Revocation
from .subscriptions import Subscription, Subscriptions

_BUCKET_SECONDS = 10
"""Seconds: what dies within the same ten of them is forgotten together, at their end."""


class Entry(NamedTuple):
    before: float
    until: float

    @classmethod
    def of(cls, revocation: Revocation) -> "Entry":
        return cls(revocation.before, float(math.ceil(revocation.until / _BUCKET_SECONDS) * _BUCKET_SECONDS))

    def covers(self, other: "Entry") -> bool:
        return self.before >= other.before and self.until >= other.until


class _ExpiryBucket:
    """Identifiers that die together. They share one entry, which saves a million tokens 70 MB."""

    __slots__ = ("entry", "identifiers")

    def __init__(self, until: float) -> None:
        self.entry = Entry(math.inf, until)
        self.identifiers: list[str] = []


class RevocationIndex:
    """By identifier. Times are seconds since 1970, and arguments."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._buckets: dict[float, _ExpiryBucket] = {}
        self._expiry_heap: list[float] = []
        self._subscriptions = Subscriptions()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._entries)

    def is_revoked(self, identifiers: TokenIdentifiers) -> bool:
        get, issued_at = self._entries.get, identifiers.issued_at
        for identifier in identifiers.names:
            entry = get(identifier)
            if entry is not None and issued_at <= entry.before:
                return True
        return False

    def add(self, revocation: Revocation, now: float) -> bool:
        """Whether it says more than what was known. Who subscriptions for it has been told when this returns."""
        identifier, entry = revocation.identifier, Entry.of(revocation)
        with self._lock:
            self._forget(now)
            known = self._entries.get(identifier, entry)
            if revocation.until <= now or (known is not entry and known.covers(entry)):
                return False
            self._put(identifier, Entry(max(known.before, entry.before), max(known.until, entry.until)))
            concerned = self._subscriptions.take(identifier, entry.before)
        for subscription in concerned:
            subscription.notify()
        return True

    def forget(self, now: float) -> None:
        """All whose time is over."""
        with self._lock:
            self._forget(now)

    def subscribe(self, identifiers: TokenIdentifiers, notify: Callable[[], None]) -> Subscription:
        """`notify` is called once, from any thread: at once if the token is revoked already."""
        subscription = Subscription(identifiers, notify, self._discard)
        with self._lock:
            is_late = self.is_revoked(identifiers)
            if not is_late:
                self._subscriptions.put(subscription)
        if is_late:
            subscription.notify()
        return subscription

    def entry(self, identifier: str) -> Entry | None:
        return self._entries.get(identifier)

    def identifiers(self) -> list[str]:
        """All that are known now."""
        with self._lock:
            return list(self._entries)

    def revocation(self, identifier: str) -> Revocation | None:
        """What is known of a identifier, to notify others."""
        entry = self._entries.get(identifier)
        return entry and Revocation(*read_identifier(identifier), until=entry.until, before=entry.before)

    def _discard(self, subscription: Subscription) -> None:
        with self._lock:
            self._subscriptions.discard(subscription)

    def _put(self, identifier: str, entry: Entry) -> None:
        cohort = self._buckets.get(entry.until)
        if cohort is None:
            cohort = self._buckets[entry.until] = _ExpiryBucket(entry.until)
            heapq.heappush(self._expiry_heap, entry.until)
        cohort.identifiers.append(identifier)
        self._entries[identifier] = cohort.entry if entry == cohort.entry else entry

    def _forget(self, now: float) -> None:
        while self._expiry_heap and self._expiry_heap[0] <= now:
            until = heapq.heappop(self._expiry_heap)
            for identifier in self._buckets.pop(until).identifiers:
                entry = self._entries.get(identifier)
                if entry is not None and entry.until <= until:  # it was not prolonged meanwhile
                    del self._entries[identifier]
