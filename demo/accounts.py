"""Accounts: a name, a bcrypt hash and roles."""

import sqlite3
import unicodedata
from dataclasses import dataclass

from .database import Database


class NameTaken(ValueError):
    """Somebody else has this name, or one that reads like it."""


@dataclass(frozen=True, slots=True)
class Account:
    name: str
    password_hash: bytes
    roles: tuple[str, ...]


def name_key(name: str) -> str:
    """What makes two names the same: their letters, without case and compatibility forms (Unicode TR 36)."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


class Accounts:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, account: Account) -> None:
        """Raises NameTaken."""
        await self._database.run(lambda connection: _insert(connection, account))

    def add_now(self, account: Account) -> None:
        """The same for the command line."""
        self._database.run_now(lambda connection: _insert(connection, account))

    async def find(self, name: str) -> Account | None:
        return await self._database.run(lambda connection: _select(connection, name))

    async def names(self) -> list[str]:
        """Every name, sorted."""
        return await self._database.run(
            lambda connection: [name for (name,) in connection.execute("SELECT name FROM accounts ORDER BY name_key")]
        )


def _insert(connection: sqlite3.Connection, account: Account) -> None:
    try:
        connection.execute(
            "INSERT INTO accounts (name_key, name, password_hash, roles) VALUES (?, ?, ?, ?)",
            (name_key(account.name), account.name, account.password_hash, " ".join(account.roles)),
        )
    except sqlite3.IntegrityError as error:
        raise NameTaken from error


def _select(connection: sqlite3.Connection, name: str) -> Account | None:
    row = connection.execute(
        # SQLite keeps whatever type was written: a hash put in as text by other means is read as bytes too
        "SELECT name, CAST(password_hash AS BLOB), roles FROM accounts WHERE name_key = ?",
        (name_key(name),),
    ).fetchone()
    return None if row is None else Account(row[0], row[1], tuple(row[2].split()))
