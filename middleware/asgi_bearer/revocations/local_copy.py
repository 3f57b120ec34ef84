"""LocalCopy: what is taken back, in this process's memory, where a request looks without waiting and without a lock."""

import heapq
import math
from collections.abc import Callable
from threading import Lock
from typing import NamedTuple

from .marks import TokenMarks, read_mark
from .revocation import Revocation
from .watches import Watch, Watches

_GRAIN = 10
"""Seconds: what dies within the same ten of them is forgotten together, at their end."""


class Entry(NamedTuple):
    before: float
    until: float

    @classmethod
    def of(cls, revocation: Revocation) -> "Entry":
        return cls(revocation.before, float(math.ceil(revocation.until / _GRAIN) * _GRAIN))

    def covers(self, other: "Entry") -> bool:
        return self.before >= other.before and self.until >= other.until


class _Cohort:
    """Marks that die together. They share one entry, which saves a million tokens 70 MB."""

    __slots__ = ("entry", "marks")

    def __init__(self, until: float) -> None:
        self.entry = Entry(math.inf, until)
        self.marks: list[str] = []


class LocalCopy:
    """By mark. Times are seconds since 1970, and arguments."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._cohorts: dict[float, _Cohort] = {}
        self._deaths: list[float] = []
        self._watches = Watches()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._entries)

    def is_revoked(self, marks: TokenMarks) -> bool:
        get, issued_at = self._entries.get, marks.issued_at
        for mark in marks.names:
            entry = get(mark)
            if entry is not None and issued_at <= entry.before:
                return True
        return False

    def add(self, revocation: Revocation, now: float) -> bool:
        """Whether it says more than what was known. Who watches for it has been told when this returns."""
        mark, entry = revocation.mark, Entry.of(revocation)
        with self._lock:
            self._forget(now)
            known = self._entries.get(mark, entry)
            if revocation.until <= now or (known is not entry and known.covers(entry)):
                return False
            self._put(mark, Entry(max(known.before, entry.before), max(known.until, entry.until)))
            concerned = self._watches.take(mark, entry.before)
        for watch in concerned:
            watch.tell()
        return True

    def forget(self, now: float) -> None:
        """All whose time is over."""
        with self._lock:
            self._forget(now)

    def watch(self, marks: TokenMarks, tell: Callable[[], None]) -> Watch:
        """`tell` is called once, from any thread: at once where the token is taken back already."""
        watch = Watch(marks, tell, self._discard)
        with self._lock:
            is_late = self.is_revoked(marks)
            if not is_late:
                self._watches.put(watch)
        if is_late:
            watch.tell()
        return watch

    def entry(self, mark: str) -> Entry | None:
        return self._entries.get(mark)

    def marks(self) -> list[str]:
        """All that are known now."""
        with self._lock:
            return list(self._entries)

    def revocation(self, mark: str) -> Revocation | None:
        """What is known of a mark, to tell others."""
        entry = self._entries.get(mark)
        return entry and Revocation(*read_mark(mark), until=entry.until, before=entry.before)

    def _discard(self, watch: Watch) -> None:
        with self._lock:
            self._watches.discard(watch)

    def _put(self, mark: str, entry: Entry) -> None:
        cohort = self._cohorts.get(entry.until)
        if cohort is None:
            cohort = self._cohorts[entry.until] = _Cohort(entry.until)
            heapq.heappush(self._deaths, entry.until)
        cohort.marks.append(mark)
        self._entries[mark] = cohort.entry if entry == cohort.entry else entry

    def _forget(self, now: float) -> None:
        while self._deaths and self._deaths[0] <= now:
            until = heapq.heappop(self._deaths)
            for mark in self._cohorts.pop(until).marks:
                entry = self._entries.get(mark)
                if entry is not None and entry.until <= until:  # it was not prolonged meanwhile
                    del self._entries[mark]
