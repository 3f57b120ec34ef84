"""The SQLite file that several demo processes share: a connection for each use, in a thread of its own."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from anyio import CapacityLimiter
from anyio.to_thread import run_sync

Result = TypeVar("Result")

_SCHEMA = """
CREATE TABLE IF NOT EXISTS accounts (
    name_key TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    password_hash BLOB NOT NULL,
    roles TEXT NOT NULL DEFAULT ''
);
CREATE TABLE IF NOT EXISTS failed_logins (name_key TEXT NOT NULL, address TEXT NOT NULL, at REAL NOT NULL);
CREATE INDEX IF NOT EXISTS failed_logins_at ON failed_logins (at);
CREATE TABLE IF NOT EXISTS sessions (
    selector_hash BLOB PRIMARY KEY,
    secret_hash BLOB NOT NULL,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    idle_until REAL NOT NULL,
    ends_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS sessions_name ON sessions (name);
CREATE INDEX IF NOT EXISTS sessions_idle_until ON sessions (idle_until);
"""


class Database:
    """Transactions on one SQLite file. Raises sqlite3.Error where it cannot be opened or written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._threads = CapacityLimiter(8)
        path.touch(mode=0o600)  # it holds password hashes; an existing file keeps its mode
        with self._transaction() as connection:
            connection.execute("PRAGMA journal_mode = WAL")
        with self._transaction() as connection:
            for statement in filter(str.strip, _SCHEMA.split(";")):
                connection.execute(statement)

    async def run(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """`work` inside one transaction, in a thread: its result, or rolled back with its exception."""
        return await run_sync(self.run_now, work, limiter=self._threads)

    def run_now(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """The same at once, for the command line."""
        with self._transaction() as connection:
            connection.execute("BEGIN IMMEDIATE")  # one writer at a time, also among processes
            result = work(connection)
            connection.execute("COMMIT")
        return result

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self._path, timeout=10, isolation_level=None)
        try:
            yield connection
        finally:
            connection.close()  # rolls back what was not committed
