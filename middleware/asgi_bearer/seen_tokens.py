"""SeenTokens: tokens that verified, so that one seen before costs no signature.

What may have changed since is looked at again at every request: the time, whether the issuer is still trusted, and
whether the key that signed it is still one of its keys. The whole text of a token is compared, never a part or a hash
of it; each middleware has its own store, so nothing is shared between configurations; and what was refused is not kept.

Of a token that came once, only the key that verified it is kept: no object of its own but its text, which Python's
garbage collector need not look through. The second time it is read again, without a signature where that key is still
in use, and kept as read.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from sys import getsizeof
from threading import Lock

from starlette.authentication import AuthCredentials

from .claims import Claims
from .issuers import Issuer
from .keys.verification_key import VerificationKey
from .revocations.marks import TokenMarks
from .users import User
from .verification import Header

_KEY_ENTRY_BYTES = 150
"""Memory of a key that is kept for a token, beside the token's text."""

_ENTRY_BYTES = 800
"""Memory of a token that is kept whole, beside its text and what its claims hold: the objects around them."""


@dataclass(frozen=True, slots=True)
class CacheLimits:
    """How many verified tokens are kept, in about how many bytes of memory; by and large, the least used go first."""

    tokens: int = 10_000
    memory: int = 64 * 1024 * 1024

    def faults(self) -> Iterator[str]:
        """What is wrong, a sentence each with what to write instead."""
        if not all(type(limit) is int and limit > 0 for limit in (self.tokens, self.memory)):
            yield "cache must be CacheLimits(…) with an int over 0 of tokens and of bytes, or None for no cache"


@dataclass(slots=True)
class VerifiedToken:
    """Whose token it is, and by whom and with what it was signed."""

    issuer: Issuer
    header: Header
    key: VerificationKey
    claims: Claims
    user: User
    auth: AuthCredentials
    """What Starlette's `@requires` looks at."""
    marks: TokenMarks | None
    """What it can be taken back by, where that is asked."""
    _memory: int = 0

    @property
    def memory(self) -> int:
        """What it takes, in bytes. Its claims are frozen for that: afterwards they never take more."""
        if not self._memory:
            claims, header = self.claims, self.header
            texts = header.algorithm, header.key_id, header.token_type
            of_claims = claims.members, claims.subject, claims.audience, claims.scopes, claims.roles
            self._memory = _ENTRY_BYTES + _deep_size(*of_claims, *texts, self.auth.scopes, self.marks)
        return self._memory


Seen = VerifiedToken | VerificationKey
"""A token that came twice or more, or the key that verified one that came once."""


class SeenTokens:
    """By the credentials that they came in: the whole Authorization field.

    Two generations stand in for the order of use. What is found in the old one joins the young one. Room is made in the
    old one, where the last to come goes first: what is asked for often was there early, and has time to be found again.
    When it is empty, the young one becomes it. So most hits change nothing, and none can meet a token that is put out.
    """

    def __init__(self, limits: CacheLimits) -> None:
        self._limits = limits
        self._young: dict[bytes, Seen] = {}
        self._old: dict[bytes, Seen] = {}
        self._memory = 0
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def get(self, credentials: bytes) -> Seen | None:
        seen = self._young.get(credentials)
        if seen is None and (seen := self._old.get(credentials)) is not None:
            self.keep(credentials, seen)
        return seen

    def keep(self, credentials: bytes, seen: Seen) -> None:
        size = _memory(credentials, seen)
        if size > self._limits.memory:
            return
        with self._lock:
            before = self._young.get(credentials)
            more = size if before is None else size - _memory(credentials, before)
            if before is None or self._memory + more > self._limits.memory:
                more = size
                self._make_room(credentials, size)
            self._young[credentials] = seen  # where it stood: behind all others it would be the first to go
            self._memory += more

    def _make_room(self, credentials: bytes, size: int) -> None:
        """For one that is to be kept: it is taken out, and then others until it fits."""
        before = self._young.pop(credentials, None) or self._old.pop(credentials, None)
        if before is not None:
            self._memory -= _memory(credentials, before)
        while len(self) >= self._limits.tokens or self._memory + size > self._limits.memory:
            self._put_one_out()

    def _put_one_out(self) -> None:
        if not self._old:
            self._old, self._young = self._young, {}
        self._memory -= _memory(*self._old.popitem())


def _memory(credentials: bytes, seen: Seen) -> int:
    if isinstance(seen, VerificationKey):
        return _KEY_ENTRY_BYTES + len(credentials)
    return _KEY_ENTRY_BYTES + len(credentials) + seen.memory


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
