"""How often a login may fail, counted in the database, so for all processes together.

An attempt is counted before the password is looked at and taken back when it was right: a hundred guesses at once are a
hundred attempts. An unknown name counts like a known one.
"""

import math
import sqlite3
import time
from collections.abc import Callable

from .accounts import name_key
from .addresses import network_of
from .database import Database

WINDOW = 300.0
"""Seconds in which failures are counted."""

_LIMITS = (
    (5, "name_key = ? AND address = ?", ("name", "address")),  # one guesser and one account
    (20, "address = ?", ("address",)),  # one guesser and many accounts
    (50, "name_key = ?", ("name",)),  # many guessers and one account; high, so that nobody is locked out for a joke
)


class TooManyFailures(Exception):
    """`retry_after`: whole seconds until one more attempt is allowed."""

    def __init__(self, retry_after: int) -> None:
        super().__init__()
        self.retry_after = retry_after


class LoginLimits:
    """`clock`: seconds since 1970, the same for all processes."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def count_attempt(self, name: str, address: str) -> None:
        """Raises TooManyFailures."""
        now, network = self._clock(), network_of(address)
        retry_after = await self._database.run(lambda connection: _count(connection, name_key(name), network, now))
        if retry_after is not None:
            raise TooManyFailures(retry_after)

    async def take_back(self, name: str, address: str) -> None:
        """One attempt's password was never looked at: it was no failure."""
        key, network = name_key(name), network_of(address)
        await self._database.run(
            lambda connection: connection.execute(
                "DELETE FROM failed_logins WHERE rowid = (SELECT rowid FROM failed_logins"
                " WHERE name_key = ? AND address = ? ORDER BY at DESC LIMIT 1)",
                (key, network),
            )
        )

    async def forget(self, name: str, address: str) -> None:
        """The password was right: this address starts again with this account."""
        key, network = name_key(name), network_of(address)
        await self._database.run(
            lambda connection: connection.execute(
                "DELETE FROM failed_logins WHERE name_key = ? AND address = ?", (key, network)
            )
        )


def _count(connection: sqlite3.Connection, name: str, address: str, now: float) -> int | None:
    connection.execute("DELETE FROM failed_logins WHERE at <= ?", (now - WINDOW,))
    values = {"name": name, "address": address}
    waits: list[int] = []
    for limit, condition, names in _LIMITS:
        newest = connection.execute(
            f"SELECT at FROM failed_logins WHERE {condition} ORDER BY at DESC LIMIT 1 OFFSET ?",  # noqa: S608 - constants
            (*(values[one] for one in names), limit - 1),
        ).fetchone()
        if newest is not None:
            waits.append(max(1, math.ceil(newest[0] + WINDOW - now)))
    if waits:
        return max(waits)
    connection.execute("INSERT INTO failed_logins (name_key, address, at) VALUES (?, ?, ?)", (name, address, now))
    return None
