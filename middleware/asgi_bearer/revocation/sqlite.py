"""SqliteRevocations: a file that the processes of one machine share.

The file is a log that only grows at its end, so a process reads it once and then only what is new. It may be replaced
by another log: a backup is restored, the table is dropped or emptied, the file is overwritten. The log is still the one
that was read if the last row that was read is still there, with its number and its nonce, and, whenever the file has
changed without a new row, if no row is missing whose token lives. Otherwise the process reads everything again and adds
what it knows and the log lacks.
"""

import random
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from weakref import WeakSet

from .fork_guard import ForkGuard
from .replicated import DEFAULT_SILENCE, ReplicatedRevocations
from .revocation import LATEST_END, Revocation, write_revocation
from .staleness import OnStale
from .store import Reading

_POLL = 0.2
"""Seconds between two looks. One that finds nothing new is a few system calls and reads no row."""
_BUSY = 2.0
"""Seconds to wait for another one who writes."""
_TRY_AGAIN = 0.01
"""Seconds between two tries where SQLite itself does not wait."""
_BATCH = 5_000
_KEPT = 1_000
"""Rows at the end that stay although their tokens are dead: the last one that a process has read is among them, as long
as it is not farther behind. One that is reads everything again."""

_CREATE = """
CREATE TABLE IF NOT EXISTS revocations (
    number INTEGER PRIMARY KEY AUTOINCREMENT,  -- not used again, unless the log is replaced by another one
    nonce INTEGER NOT NULL DEFAULT (random()),  -- tells this row from that of another log with the same number
    until REAL NOT NULL,
    text TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS revocations_until ON revocations (until);
"""

_DELETE = """
DELETE FROM revocations WHERE until <= ? AND number <= (SELECT max(number) FROM revocations) - ?
"""

_READ = """
SELECT number, nonce, until, text FROM revocations WHERE number >= ? ORDER BY number LIMIT ?
"""

_COUNT = """
SELECT count(*) FROM revocations NOT INDEXED WHERE number <= ? AND until BETWEEN ? AND ?
"""

_BUCKET_SECONDS = 10
"""Seconds: rows that end within the same ten of them are counted together."""


class SqliteRevocations(ReplicatedRevocations):
    """Tokens that are taken back, for all processes of one machine.

    path: of a file on a local disk, not a network one. It is made if it is not there; whoever may write to it decides
        which tokens are good.
    max_staleness: how old a process's copy may be; beyond, the file counts as lost. It is read five times a second.
    on_stale: "deny" answers 503, "allow" trusts the old copy, with a warning in the log every 30 seconds.
    clock: seconds since 1970. monotonic: seconds since whenever, that never go back.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        max_staleness: timedelta = DEFAULT_SILENCE,
        on_stale: OnStale = "deny",
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = path
        super().__init__(
            SqliteStore(path, clock), max_staleness=max_staleness, on_stale=on_stale, clock=clock, monotonic=monotonic
        )

    def errors(self) -> Iterator[str]:
        yield from super().errors()
        if not isinstance(self._path, str | Path) or str(self._path) in ("", ":memory:"):
            yield 'SqliteRevocations: path must be that of a file, such as "/var/lib/orders/revocations.sqlite"'
        elif not Path(self._path).parent.is_dir():
            yield f"SqliteRevocations: the folder of {str(self._path)!r} is not there; make it, or write another path"


class SqliteStore:
    """Rows in the order in which they were committed; those whose tokens are dead go when others come."""

    def __init__(self, path: str | Path, clock: Callable[[], float]) -> None:
        self.path = Path(path).absolute() if isinstance(path, str | Path) else path  # wherever the process goes later
        self.name = f"SQLite file {str(path)!r}"
        self.clock = clock

    def add(self, revocations: Sequence[Revocation]) -> None:
        rows = [(one.until, write_revocation(one)) for one in revocations]
        now = self.clock()
        with _GATE, closing(self.open()) as database, database:
            database.execute(_DELETE, (now, _KEPT))
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
        self._places: tuple[_Place | None, ...] = ()
        self._written: tuple[int, int] | None = None
        self._file: tuple[_Place | None, int] | None = None
        self._version = -1
        self._begins_anew = True
        self._last: tuple[int, int] | None = None
        self._ends = Counter[int]()
        """How many rows were read, by their end."""

    def read(self, wait: float) -> Reading:
        time.sleep(min(wait, _POLL))
        if self._database is not None and self._places != _places(self._store.path):
            _close_replaced_files()
        with _GATE:
            try:
                return self._look()
            except sqlite3.Error:  # such as of a table that is gone; opening the file makes it
                self.close_file()
                raise

    def resend(self, revocations: Sequence[Revocation]) -> bool:
        if revocations:
            self._store.add(revocations)
        return bool(revocations)

    def close(self) -> None:
        with _GATE:
            self.close_file()

    def close_file(self) -> None:
        """Until the next look."""
        if self._database is not None:
            self._database.close()
            self._database = None

    def forget_file(self) -> None:
        """The next one is another, though it may look like this one."""
        self._file = None

    def _look(self) -> Reading:
        database = self._database or self._open_file()
        (version,) = database.execute("PRAGMA data_version").fetchone()
        written = _written(self._store.path)
        if version != self._version:
            return self._read_rows(database, version)
        if written == self._written:
            return Reading((), is_complete=True, begins_anew=False)
        # SQLite has copied its log into the file, or the file was overwritten, which it does not notice itself.
        self.close_file()
        if not self._has_all(self._open_file()):
            self._begin_anew()
        return _NOTHING_YET

    def _read_rows(self, database: sqlite3.Connection, version: int) -> Reading:
        last = self._last
        rows = database.execute(_READ, (last[0] if last else 1, _BATCH + 1)).fetchall()
        is_same = not last or (bool(rows) and rows.pop(0)[:2] == last)
        if not is_same or not (rows or self._has_all(database)):
            self._begin_anew()
            return _NOTHING_YET
        if rows:
            self._last = rows[-1][:2]
            self._ends.update(int(until // _BUCKET_SECONDS) for _, _, until, _ in rows if _is_end(until))
        is_complete = len(rows) < _BATCH
        if is_complete:
            self._version = version
        begins_anew, self._begins_anew = self._begins_anew, False
        return Reading([text for _, _, _, text in rows], is_complete=is_complete, begins_anew=begins_anew)

    def _has_all(self, database: sqlite3.Connection) -> bool:
        """Whether all rows that were read are there, but for those that are deleted because their tokens are dead."""
        first = int(self._store.clock() // _BUCKET_SECONDS) + 2
        self._ends = Counter({end: count for end, count in self._ends.items() if end >= first})
        if not self._last or not self._ends:
            return True
        (found,) = database.execute(_COUNT, (self._last[0], first * _BUCKET_SECONDS, LATEST_END)).fetchone()
        return bool(found >= self._ends.total())

    def _open_file(self) -> sqlite3.Connection:
        if _place(self._store.path) is None:
            self._store.open().close()
        database = self._database = self._store.open()
        _READERS.add(self)
        self._version, self._written, self._places = -1, _written(self._store.path), _places(self._store.path)
        file = self._places[0], _number(database)
        if file != self._file:
            self._file = file
            self._begin_anew()
        return database

    def _begin_anew(self) -> None:
        self._last, self._begins_anew = None, True
        self._ends.clear()


_NOTHING_YET = Reading((), is_complete=False, begins_anew=False)

_Place = tuple[int, int]
"""Device and inode. An inode is not used again while a process has the file open."""


def _place(path: str | Path) -> _Place | None:
    try:
        found = Path(path).stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _places(path: str | Path) -> tuple[_Place | None, ...]:
    """Of the file, and of the two beside it, which exist as long as one process has the file open."""
    return tuple(_place(f"{path}{ending}") for ending in ("", "-wal", "-shm"))


def _written(path: str | Path) -> tuple[int, int]:
    """When it was last written to, and its size. Raises FileNotFoundError if it went meanwhile; look again."""
    found = Path(path).stat()
    return found.st_mtime_ns, found.st_size


def _is_end(until: object) -> bool:
    """Others may write to the file, too."""
    return isinstance(until, float) and 0 <= until <= LATEST_END


def _number(database: sqlite3.Connection) -> int:
    """What a file got by chance when it was made; 0 if nothing yet. It tells one that was closed for a while."""
    (number,) = database.execute("PRAGMA user_version").fetchone()
    return int(number)


_READERS: WeakSet[SqliteReader] = WeakSet()


def _close_files() -> None:
    for reader in list(_READERS):
        reader.close_file()


def _close_replaced_files() -> None:
    """All files of this process: SQLite goes on with deleted ones until the last that has them open has closed them."""
    for reader in list(_READERS):
        reader.forget_file()
    _GATE.close_files()


_GATE = ForkGuard(_close_files)
