"""SqliteRevocations: a file that the processes of one machine share."""

import random
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from weakref import WeakSet

from .contact import WhenLost
from .followed import DEFAULT_SILENCE, FollowedRevocations
from .revocation import Revocation, write_revocation
from .sqlite_gate import SqliteGate
from .store import Reading

_POLL = 0.2
"""Seconds between two looks. One that finds nothing new is two system calls and reads no row."""
_BUSY = 2.0
"""Seconds to wait for another one who writes."""
_TRY_AGAIN = 0.01
"""Seconds between two tries where SQLite itself does not wait."""
_BATCH = 5_000

_CREATE = """
CREATE TABLE IF NOT EXISTS revocations (
    number INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used again, so that nobody overlooks a row
    until REAL NOT NULL,
    text TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS revocations_until ON revocations (until);
"""


class SqliteRevocations(FollowedRevocations):
    """Tokens that are taken back, for all processes of one machine.

    path: of a file on a local disk, not a network one. It is made if it is not there; whoever may write to it decides
        which tokens are good.
    max_silence: how old a process's copy may be; beyond, the file counts as lost. It is read five times a second.
    when_lost: "refuse" answers 503, "continue" trusts the old copy, with a warning in the log every 30 seconds.
    clock: seconds since 1970. monotonic: seconds since whenever, that never go back.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        max_silence: timedelta = DEFAULT_SILENCE,
        when_lost: WhenLost = "refuse",
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = path
        super().__init__(
            SqliteStore(path, clock), max_silence=max_silence, when_lost=when_lost, clock=clock, monotonic=monotonic
        )

    def faults(self) -> Iterator[str]:
        yield from super().faults()
        if not isinstance(self._path, str | Path) or str(self._path) in ("", ":memory:"):
            yield 'SqliteRevocations: path must be that of a file, such as "/var/lib/orders/revocations.sqlite"'
        elif not Path(self._path).parent.is_dir():
            yield f"SqliteRevocations: the folder of {str(self._path)!r} is not there; make it, or write another path"


class SqliteStore:
    """Rows in the order in which they were committed; those whose tokens are dead go when others come."""

    def __init__(self, path: str | Path, clock: Callable[[], float]) -> None:
        self.path = Path(path).absolute() if isinstance(path, str | Path) else path  # wherever the process goes later
        self.name = f"SQLite file {str(path)!r}"
        self._clock = clock

    def add(self, revocations: Sequence[Revocation]) -> None:
        rows = [(one.until, write_revocation(one)) for one in revocations]
        now = self._clock()
        with _GATE, closing(self.open()) as database, database:
            database.execute("DELETE FROM revocations WHERE until <= ?", (now,))
            database.executemany("INSERT INTO revocations (until, text) VALUES (?, ?)", rows)

    def reader(self) -> "SqliteReader":
        return SqliteReader(self)

    def open(self) -> sqlite3.Connection:
        database = sqlite3.connect(self.path, timeout=_BUSY, check_same_thread=False)  # who forks closes it
        database.text_factory = bytes  # what is no UTF-8 is no revocation; it must not end the reading
        try:
            _use_log(database)
            database.execute("PRAGMA synchronous = FULL")  # what was stored survives a loss of power
            database.executescript(_CREATE)
            if not _number(database):
                database.execute(f"PRAGMA user_version = {random.randrange(1, 2**31)}")  # noqa: S311 - no secret
        except BaseException:
            database.close()
            raise
        return database


def _use_log(database: sqlite3.Connection) -> None:
    """So that who reads and who writes do not wait for each other. SQLite refuses at once where another one makes the
    same file.
    """
    until = time.monotonic() + _BUSY
    while True:
        try:
            database.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as fault:
            if fault.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(_TRY_AGAIN)
        else:
            return


class SqliteReader:
    def __init__(self, store: SqliteStore) -> None:
        self._store = store
        self._database: sqlite3.Connection | None = None
        self._place: tuple[int, int] | None = None
        self._file: tuple[tuple[int, int] | None, int] | None = None
        self._version = -1
        self._begins_anew = True
        self._last = 0

    def read(self, wait: float) -> Reading:
        time.sleep(min(wait, _POLL))
        with _GATE:
            return self._look()

    def hand_in(self, revocations: Sequence[Revocation]) -> bool:
        self._store.add(revocations)
        return True

    def close(self) -> None:
        with _GATE:
            self.close_file()

    def close_file(self) -> None:
        """Until the next look."""
        if self._database is not None:
            self._database.close()
            self._database = self._place = None

    def _look(self) -> Reading:
        database = self._follow_file()
        (version,) = database.execute("PRAGMA data_version").fetchone()
        if version == self._version:
            return Reading((), is_complete=True, begins_anew=False)
        rows = database.execute(
            "SELECT number, text FROM revocations WHERE number > ? ORDER BY number LIMIT ?", (self._last, _BATCH)
        ).fetchall()
        is_complete = len(rows) < _BATCH
        if rows:
            self._last = rows[-1][0]
        if is_complete:
            self._version = version
        begins_anew, self._begins_anew = self._begins_anew, False
        return Reading([text for _, text in rows], is_complete=is_complete, begins_anew=begins_anew)

    def _follow_file(self) -> sqlite3.Connection:
        """Begin anew where it is another file than before: one that was deleted could be read for ever."""
        place = _place(self._store.path)
        if self._database is not None:
            if place is not None and place == self._place:
                return self._database
            self._file = None  # the next one is another, and may get the place that this one leaves
        self.close_file()
        if place is None:
            self._store.open().close()
            place = _place(self._store.path)
        database = self._database = self._store.open()
        _READERS.add(self)
        file = place, _number(database)
        if file != self._file:
            self._file, self._last, self._begins_anew = file, 0, True
        self._place, self._version = place, -1
        return database


def _place(path: str | Path) -> tuple[int, int] | None:
    """Device and inode. An inode is not used again while somebody has the file open."""
    try:
        found = Path(path).stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _number(database: sqlite3.Connection) -> int:
    """What a file got by chance when it was made; 0 if nothing yet. It tells one that was closed for a while."""
    (number,) = database.execute("PRAGMA user_version").fetchone()
    return int(number)


_READERS: WeakSet[SqliteReader] = WeakSet()


def _close_files() -> None:
    for reader in list(_READERS):
        reader.close_file()


_GATE = SqliteGate(_close_files)
