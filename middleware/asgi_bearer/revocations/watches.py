"""Watches: who is to be told when a token is taken back, such as open connections; found by what is taken back."""

import logging
from collections.abc import Callable

from .marks import TokenMarks

_log = logging.getLogger("asgi_bearer")


class Watch:
    """One who waits. `cancel()` when it is no longer of interest; a call that has begun by then still comes."""

    __slots__ = ("_cancel", "_tell", "marks")

    def __init__(self, marks: TokenMarks, tell: Callable[[], None], cancel: Callable[["Watch"], None]) -> None:
        self.marks = marks
        self._tell = tell
        self._cancel = cancel

    def cancel(self) -> None:
        self._cancel(self)

    def tell(self) -> None:
        """Whatever it raises is logged: the next one must be told too."""
        try:
            self._tell()
        except Exception as error:
            _log.error("a watch on revocations failed: %s", type(error).__name__)


class Watches:
    """By mark. Its owner sees to it that one thread at a time is here."""

    def __init__(self) -> None:
        self._by_mark: dict[str, set[Watch]] = {}

    def put(self, watch: Watch) -> None:
        for mark in watch.marks.names:
            self._by_mark.setdefault(mark, set()).add(watch)

    def discard(self, watch: Watch) -> None:
        for mark in watch.marks.names:
            watches = self._by_mark.get(mark, set())
            watches.discard(watch)
            if not watches:
                self._by_mark.pop(mark, None)

    def take(self, mark: str, before: float) -> list[Watch]:
        """Those with this mark whose token was issued at or before the instant; they are here no longer."""
        concerned = [watch for watch in self._by_mark.get(mark, ()) if watch.marks.issued_at <= before]
        for watch in concerned:
            self.discard(watch)
        return concerned
