"""TokenCache: tokens that verified, so that the next request with one costs no signature.

What may have changed since is checked on every request: the time, whether the issuer is still trusted, and whether the
key that signed it is still one of its keys. The whole text of a token is compared, never a part or a hash of it; each
`BearerAuth` has its own cache, so nothing is shared between configurations; and what was rejected is not cached.

On first use only what proved the token is cached, such as the verifying key: no object of its own but its text, which
Python's garbage collector need not look through. On second use the token is read again, without a signature if that key
is still in use, and cached as read.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from sys import getsizeof
from threading import Lock

from .verified_token import VerifiedToken

_KEY_ENTRY_BYTES = 150
"""Memory of a key that is kept for a token, beside the token's text."""

_ENTRY_BYTES = 1_000
"""Memory of a token that is kept whole, beside its text and what its claims hold: the objects around them."""


@dataclass(frozen=True, slots=True)
class CacheLimits:
    """How many verified tokens are kept, in about how many bytes of memory; by and large, the least used go first."""

    max_tokens: int = 10_000
    max_bytes: int = 64 * 1024 * 1024

    def errors(self) -> Iterator[str]:
        """What is wrong, a sentence each with what to write instead."""
        if not all(type(limit) is int and limit > 0 for limit in (self.max_tokens, self.max_bytes)):
            yield "cache must be CacheLimits(…) with an int over 0 of tokens and of bytes, or None for no cache"


class TokenCache:
    """By the credentials that they came in: the whole Authorization field.

    Two generations stand in for the order of use. What is found in the old one joins the young one. Room is made in the
    old one, where the last to come goes first: what is asked for often was there early, and has time to be found again.
    When it is empty, the young one becomes it. So most hits change nothing, and none can meet a token that is put out.
    """

    def __init__(self, limits: CacheLimits) -> None:
        self._limits = limits
        self._young: dict[bytes, object] = {}
        self._old: dict[bytes, object] = {}
        self._memory = 0
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def recall(self, credentials: bytes) -> VerifiedToken | None:
        """Return the token, from its third use on. Whether it still holds is not known here."""
        entry = self._find(credentials)
        return entry if isinstance(entry, VerifiedToken) else None

    def proven_by(self, credentials: bytes) -> object:
        """Return what proved these very bytes on their first use; None if nothing is known of them."""
        entry = self._find(credentials)
        return None if isinstance(entry, VerifiedToken) else entry

    def remember(self, credentials: bytes, token: VerifiedToken) -> None:
        """Cache what proved the token the first time, and the token itself from the second time on."""
        is_first = token.proven_by is not None and self._find(credentials) is None
        self._put(credentials, token.proven_by if is_first else token)

    def _find(self, credentials: bytes) -> object:
        entry = self._young.get(credentials)
        if entry is None and (entry := self._old.get(credentials)) is not None:
            self._put(credentials, entry)
        return entry

    def _put(self, credentials: bytes, entry: object) -> None:
        size = _memory(credentials, entry)
        if size > self._limits.max_bytes:
            return
        with self._lock:
            before = self._young.get(credentials)
            more = size if before is None else size - _memory(credentials, before)
            if before is None or self._memory + more > self._limits.max_bytes:
                more = size
                self._evict_until_fits(credentials, size)
            self._young[credentials] = entry  # where it stood: behind all others it would be the first to go
            self._memory += more

    def _evict_until_fits(self, credentials: bytes, size: int) -> None:
        """For one that is to be kept: it is taken out, and then others until it fits."""
        before = self._young.pop(credentials, None) or self._old.pop(credentials, None)
        if before is not None:
            self._memory -= _memory(credentials, before)
        while len(self) >= self._limits.max_tokens or self._memory + size > self._limits.max_bytes:
            self._evict_one()

    def _evict_one(self) -> None:
        if not self._old:
            self._old, self._young = self._young, {}
        self._memory -= _memory(*self._old.popitem())


def _memory(credentials: bytes, entry: object) -> int:
    return _KEY_ENTRY_BYTES + len(credentials) + (_token_size(entry) if isinstance(entry, VerifiedToken) else 0)


def _token_size(token: VerifiedToken) -> int:
    """Bytes that it takes. Its claims are frozen for that: afterwards they never take more."""
    if not token.size:
        claims = token.claims
        of_claims = claims.members, claims.subject, claims.audience, claims.scopes, claims.roles
        token.size = _ENTRY_BYTES + _deep_size(*of_claims, token.auth.scopes, token.identifiers)
    return token.size


def _deep_size(*values: object) -> int:
    """Bytes of these and of all that is in them. What is in them twice counts twice."""
    size, left = 0, list(values)
    while left:
        value = left.pop()
        size += getsizeof(value)
        if isinstance(value, dict):
            left += value.keys()
            left += value.values()
        elif isinstance(value, list | tuple | frozenset):
            left += value
    return size
