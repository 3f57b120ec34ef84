"""Passwords: bcrypt in a bounded pool of threads, the same work whether or not there is such an account.

bcrypt takes about a third of a second of one core at cost 12, raises for more than 72 bytes, and runs for weeks at cost
31: none of that may be had by sending a request.
"""

import os
import re
from collections.abc import Callable
from typing import TypeVar, TypeVarTuple

import bcrypt
from anyio import CapacityLimiter
from anyio.to_thread import run_sync

Arguments = TypeVarTuple("Arguments")
Result = TypeVar("Result")

MAX_BYTES = 72
"""What bcrypt takes, in UTF-8."""

_MAX_COST = 15
_MAX_WAITING = 64
_HASH = re.compile(rb"\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{31}")
"""Its salt is 128 bits, so the 22nd letter has four forms; bcrypt raises ValueError for the others."""


class TooBusy(Exception):
    """More people are waiting for a password check than is sensible."""


class Passwords:
    """Hashes and checks passwords, `cost` as bcrypt counts it (each one more doubles the work)."""

    def __init__(self, cost: int = 12) -> None:
        self._cost = cost
        self._nobody = bcrypt.hashpw(os.urandom(16).hex().encode(), bcrypt.gensalt(cost))
        self._threads = CapacityLimiter(max(1, (os.cpu_count() or 2) - 1))  # a core stays free for everybody else
        self._waiting = 0

    async def hash(self, password: str) -> bytes:
        """Raises TooBusy."""
        return await self._run(self.hash_now, password)

    async def check(self, password: str, password_hash: bytes | None) -> bool:
        """Whether this is the password. One bcrypt run in any case, so that its time tells nothing. Raises TooBusy."""
        return await self._run(self._check_now, password, password_hash)

    def hash_now(self, password: str) -> bytes:
        """The same as `hash`, for the command line."""
        return bcrypt.hashpw(password.encode("utf-8"), bcrypt.gensalt(self._cost))

    def _check_now(self, password: str, password_hash: bytes | None) -> bool:
        octets = password.encode("utf-8", "surrogatepass")
        usable = password_hash is not None and _is_sound(password_hash) and len(octets) <= MAX_BYTES
        matches = bcrypt.checkpw(octets[:MAX_BYTES], password_hash if usable and password_hash else self._nobody)
        return usable and matches

    async def _run(self, work: Callable[[*Arguments], Result], *arguments: *Arguments) -> Result:
        if self._waiting >= _MAX_WAITING:
            raise TooBusy
        self._waiting += 1
        try:
            return await run_sync(work, *arguments, limiter=self._threads)
        finally:
            self._waiting -= 1


def _is_sound(password_hash: bytes) -> bool:
    parts = _HASH.fullmatch(password_hash)
    return parts is not None and 4 <= int(parts[1]) <= _MAX_COST
