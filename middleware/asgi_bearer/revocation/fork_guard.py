"""ForkGuard: while a process forks, no thread of it is inside SQLite, and no file is open there.

A child that inherits either cannot use the same file (https://www.sqlite.org/howtocorrupt.html, section 2.6). A lock of
SQLite's own may be held by a thread that stayed with the parent: it waits for ever. And SQLite believes that this
process holds the file's locks, which stayed with the parent as well: when others take the log away from under it, it
reads one that nobody writes to any more, and sees nothing wrong.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from threading import Condition, RLock


class ForkGuard:
    """`with gate:` around whatever enters SQLite, once. Who forks lets nobody in, waits until all have left, and closes
    what is open.

    A handler of a signal may raise meanwhile, which Python reports and then forks all the same: that child never gets
    in. A handler that forks itself may pass, as its thread has the door.
    """

    def __init__(self, close_files: Callable[[], None]) -> None:
        self._close_files = close_files
        self._lock = RLock()
        self._left = Condition()
        self._active = 0
        self._is_shut = False
        self._is_usable = True
        register = getattr(os, "register_at_fork", lambda **_: None)  # Windows cannot fork
        register(before=self._shut, after_in_parent=self._open, after_in_child=self._open_in_child)

    def __enter__(self) -> None:
        if not self._is_usable:
            raise OSError("this process was forked amid SQLite, and must not use it; end it")
        with self._lock, self._left:
            self._active += 1

    def __exit__(self, *_: object) -> None:
        with self._left:
            self._active -= 1
            self._left.notify_all()

    def close_files(self) -> None:
        """All that are open in this process, as soon as nobody is inside."""
        self._shut()
        self._open()

    def _shut(self) -> None:
        if self._is_usable:
            self._lock.acquire()
            with self._left:
                self._left.wait_for(lambda: not self._active)
            self._close_files()
            self._is_shut = True

    def _open(self) -> None:
        self._is_shut = False
        with suppress(RuntimeError):  # it was interrupted before it had the door
            self._lock.release()

    def _open_in_child(self) -> None:
        self._is_usable = self._is_shut
        self._open()
