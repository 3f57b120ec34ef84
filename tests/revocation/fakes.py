"""A store in memory that can be broken, for what real ones do too rarely."""

import threading
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from asgi_bearer import Revocation
from asgi_bearer.revocation.replicated import ReplicatedRevocations
from asgi_bearer.revocation.revocation import write_revocation
from asgi_bearer.revocation.store import Reading
from tests.revocation.tokens import clock


class FakeStore:
    name = "fake store"

    def __init__(self) -> None:
        self.texts: list[str | bytes] = []
        self.generation = 0
        self.fault: Exception | None = None
        self.fault_of_writing: Exception | None = None
        self.others_turn = False
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.open_readers: set[FakeReader] = set()
        self.handed_in: list[int] = []
        """How many revocations each time."""

    def add(self, revocations: Sequence[Revocation]) -> None:
        self.may_go_on.wait(5)
        for fault in (self.fault, self.fault_of_writing):
            if fault:
                raise fault
        self.texts += map(write_revocation, revocations)

    def add_text(self, revocation: Revocation) -> None:
        """As another process did."""
        self.texts.append(write_revocation(revocation))

    def reader(self) -> "FakeReader":
        reader = FakeReader(self)
        self.open_readers.add(reader)
        return reader

    def lose_all(self) -> None:
        self.texts.clear()
        self.generation += 1


class FakeReader:
    def __init__(self, store: FakeStore) -> None:
        self._store = store
        self._generation = -1
        self._read = 0

    def read(self, wait: float) -> Reading:
        time.sleep(min(wait, 0.01))
        self._store.may_go_on.wait(5)
        if self._store.fault:
            raise self._store.fault
        begins_anew = self._generation != self._store.generation
        if begins_anew:
            self._generation, self._read = self._store.generation, 0
        texts = self._store.texts[self._read : self._read + 2]
        self._read += len(texts)
        return Reading(texts, is_complete=self._read == len(self._store.texts), begins_anew=begins_anew)

    def resend(self, revocations: Sequence[Revocation]) -> bool:
        self._store.handed_in.append(len(revocations))
        if self._store.others_turn or not revocations:
            return False
        self._store.add(revocations)
        return True

    def close(self) -> None:
        self._store.open_readers.remove(self)


def followed(store: Any, monotonic: Callable[[], float] = time.monotonic, **settings: Any) -> ReplicatedRevocations:
    values: dict[str, Any] = {"max_staleness": timedelta(seconds=10), "on_stale": "deny", "clock": clock}
    return ReplicatedRevocations(store, monotonic=monotonic, **{**values, **settings})
