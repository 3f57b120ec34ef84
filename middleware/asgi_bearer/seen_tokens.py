"""SeenTokens: tokens that verified, so that one seen before costs no signature.

What may have changed since is looked at again at every request: the time, whether the issuer is still trusted, and
whether the key that signed it is still one of its keys. The whole text of a token is compared, never a part or a hash
of it; each middleware has its own store, so nothing is shared between configurations; and what was refused is not kept.
"""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from threading import Lock

from starlette.authentication import AuthCredentials

from .claims import Claims
from .issuers import Issuer
from .keys.verification_key import VerificationKey
from .revocations.marks import TokenMarks
from .users import User
from .verification import Header

_ENTRY_BYTES, _BYTES_PER_OCTET = 1_700, 6
"""Memory of an entry, and of each byte of its token: text, claims and user. The second is that of 200 short claims; of
few and long ones it is 2, so that 340 bytes with nine claims take 2,500 and not the 3,700 that they are counted as."""


@dataclass(frozen=True, slots=True)
class CacheLimits:
    """How many verified tokens are kept, and in how many bytes of memory, about; the least recently used go first."""

    tokens: int = 10_000
    memory: int = 64 * 1024 * 1024

    def faults(self) -> Iterator[str]:
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


class SeenTokens:
    """By the credentials that they came in: the whole Authorization field."""

    def __init__(self, limits: CacheLimits) -> None:
        self._limits = limits
        self._tokens: OrderedDict[bytes, VerifiedToken] = OrderedDict()
        self._memory = 0
        self._lock = Lock()

    def get(self, credentials: bytes) -> VerifiedToken | None:
        found = self._tokens.get(credentials)
        if found is not None:
            try:
                self._tokens.move_to_end(credentials)
            except KeyError:  # another thread put it out meanwhile
                return None
        return found

    def keep(self, credentials: bytes, token: VerifiedToken) -> None:
        with self._lock:
            if credentials not in self._tokens:
                self._memory += _memory(credentials)
            self._tokens[credentials] = token
            while self._memory > self._limits.memory or len(self._tokens) > self._limits.tokens:
                oldest, _ = self._tokens.popitem(last=False)
                self._memory -= _memory(oldest)


def _memory(credentials: bytes) -> int:
    return _ENTRY_BYTES + _BYTES_PER_OCTET * len(credentials)
