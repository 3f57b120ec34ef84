"""Refresh tokens: opaque, hashed at rest, new at each use (RFC 6749 section 10.4, RFC 9700 section 4.14.2).

    mQ8l…3nA  7Zt0…cVk     two halves of 256 random bits, of which the database holds the SHA-256 only
    selector  secret       the selector names the session and stays, the secret is new at each use

One row a session, however often it is refreshed: a token with a known selector and another secret than the newest was
used before. Either its client or a thief has it from then, and nobody can tell which: the session ends for both.
"""

import hashlib
import hmac
import re
import secrets
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from .database import Database

IDLE_LIFETIME = timedelta(days=7)
"""How long a refresh token is good, unused."""

SESSION_LIFETIME = timedelta(days=30)
"""How long after its login a session can be refreshed at all."""

_HALF = 43  # letters of 32 bytes in base64url
_TOKEN = re.compile(rf"[A-Za-z0-9_-]{{{2 * _HALF}}}")


class UnknownRefreshToken(Exception):
    """Never given out, or of a session that ended or expired."""


class ReusedRefreshToken(Exception):
    """It was used before; its session has ended by now. `session_id`: whose access tokens are to be revoked."""

    def __init__(self, session_id: str) -> None:
        super().__init__()
        self.session_id = session_id


@dataclass(frozen=True, slots=True)
class Session:
    """One login and all that comes of it: a family of tokens."""

    id: str
    """No secret: it is the `sid` of the session's access tokens."""
    name: str
    """The account's."""
    refresh_token: str
    """The newest."""


class RefreshTokens:
    """`clock`: seconds since 1970, the same for all processes."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def begin(self, name: str) -> Session:
        """A new session for the account of this name, and its first token."""
        now = self._clock()
        return await self._database.run(lambda connection: _begin(connection, name, now))

    async def renew(self, refresh_token: str) -> Session:
        """The same session with its next token; this one is used up. Raises UnknownRefreshToken, ReusedRefreshToken."""
        now = self._clock()
        outcome = await self._database.run(lambda connection: _renew(connection, refresh_token, now))
        if isinstance(outcome, Session):
            return outcome
        raise outcome  # only now: raised within the transaction, it would take the session's end back

    async def end(self, session_id: str) -> None:
        """Its refresh token is good for nothing any more."""
        await self._database.run(
            lambda connection: connection.execute("DELETE FROM sessions WHERE id = ?", (session_id,))
        )

    async def end_all(self, name: str) -> list[str]:
        """The same for every session of the account of this name: their ids."""
        return await self._database.run(lambda connection: _end_all(connection, name))


def _end_all(connection: sqlite3.Connection, name: str) -> list[str]:
    rows = connection.execute("DELETE FROM sessions WHERE name = ? RETURNING id", (name,))
    return [session_id for (session_id,) in rows]


def _begin(connection: sqlite3.Connection, name: str, now: float) -> Session:
    connection.execute("DELETE FROM sessions WHERE idle_until <= ?", (now,))
    ends_at = now + SESSION_LIFETIME.total_seconds()
    begun = Session(secrets.token_urlsafe(16), name, secrets.token_urlsafe(32) + secrets.token_urlsafe(32))
    connection.execute(
        "INSERT INTO sessions (selector_hash, secret_hash, id, name, idle_until, ends_at) VALUES (?, ?, ?, ?, ?, ?)",
        (*_hashes(begun.refresh_token), begun.id, name, _idle_until(now, ends_at), ends_at),
    )
    return begun


def _renew(
    connection: sqlite3.Connection, refresh_token: str, now: float
) -> Session | UnknownRefreshToken | ReusedRefreshToken:
    if not _TOKEN.fullmatch(refresh_token):
        return UnknownRefreshToken()
    selector_hash, secret_hash = _hashes(refresh_token)
    row = connection.execute(
        "SELECT secret_hash, id, name, ends_at FROM sessions WHERE selector_hash = ? AND idle_until > ?",
        (selector_hash, now),
    ).fetchone()
    if row is None:
        return UnknownRefreshToken()
    newest, session_id, name, ends_at = row
    if not hmac.compare_digest(newest, secret_hash):
        connection.execute("DELETE FROM sessions WHERE selector_hash = ?", (selector_hash,))
        return ReusedRefreshToken(session_id)
    renewed = Session(session_id, name, refresh_token[:_HALF] + secrets.token_urlsafe(32))
    connection.execute(
        "UPDATE sessions SET secret_hash = ?, idle_until = ? WHERE selector_hash = ?",
        (_hashes(renewed.refresh_token)[1], _idle_until(now, ends_at), selector_hash),
    )
    return renewed


def _hashes(refresh_token: str) -> tuple[bytes, bytes]:
    """Of both halves. SHA-256 is enough where 256 random bits are hashed: there is nothing to guess."""
    octets = refresh_token.encode("ascii")
    return hashlib.sha256(octets[:_HALF]).digest(), hashlib.sha256(octets[_HALF:]).digest()


def _idle_until(now: float, ends_at: float) -> float:
    return min(now + IDLE_LIFETIME.total_seconds(), ends_at)
