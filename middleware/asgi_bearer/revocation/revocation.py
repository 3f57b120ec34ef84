"""Revocation: one token, subject, session or key that is taken back, and until when that must be remembered."""

import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from ..tokens.claims import MAX_LEEWAY, Claims, is_instant
from ..tokens.identifiers import KINDS, Kind, identifier_of
from ..tokens.users import User

_LEEWAY = MAX_LEEWAY
"""The most that an issuer may forgive after `exp`: until then its token can be accepted."""

LATEST_END = 253_402_301_400.0
"""Seconds since 1970, ten minutes into the year 10000: no token is valid then, whatever its `exp` and leeway. Every end
up to it can be rounded up to ten seconds, and written and read again."""


@dataclass(frozen=True, slots=True)
class Revocation:
    """What is taken back. Make it with `token`, `subject`, `session` or `key`.

    Raises ValueError where a member is not what it should be.
    """

    kind: Kind
    issuer: str
    """As `iss` has it: names are unique within an issuer only."""
    value: str
    """The `jti`, `sub`, `sid` or `kid`."""
    until: float
    """Seconds since 1970: when no token concerned can be valid any more, so that it may be forgotten."""
    before: float = math.inf
    """Of a subject, seconds since 1970: tokens with `iat` at or before it are taken back, and those without."""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError("kind must be token, subject, session or key")
        if not all(isinstance(text, str) and text for text in (self.issuer, self.value)):
            raise ValueError("issuer and value must be texts that are not empty")
        if not _is_end(self.until):
            raise ValueError("until must be seconds since 1970, at most ten minutes into the year 10000")
        if not (is_instant(self.before) if self.kind == "subject" else self.before == math.inf):
            raise ValueError("before must be seconds since 1970 for a subject, and left out for all else")

    @classmethod
    def token(cls, token: Claims | User) -> Self:
        """One token, by its `jti` (RFC 7519 section 4.1.7), never by its text, which may have several forms.

        token: verified claims, or `request.state.user`. Raises ValueError where it has no `jti`: take back its subject
        or its session instead.
        """
        members = token.members if isinstance(token, Claims) else token.claims
        expires_at = token.expires_at if isinstance(token, Claims) else token.expires_at.timestamp()
        if not members.get("jti"):
            raise ValueError("a token without jti cannot be told from others; take back its subject or its session")
        return cls("token", token.issuer, members["jti"], _end(expires_at, _LEEWAY))

    @classmethod
    def subject(
        cls,
        issuer: str,
        subject: str,
        *,
        lifetime: timedelta,
        before: float | None = None,
        clock: Callable[[], float] = time.time,
    ) -> Self:
        """All tokens of a subject that were issued up to an instant; those issued later are good.

        lifetime: the longest that a token of this issuer lives.
        before: seconds since 1970, by the issuer's clock; default: now. `iat` is in whole seconds as a rule, so a token
            that is issued later within the same second is taken back too. Where the issuer's clock may be ahead, or
            rounds up, add that: an instant that is too late costs a new login, one too early leaves a token good.
        """
        instant = clock() if before is None else before
        return cls("subject", issuer, subject, _end(instant, _span(lifetime)), instant)

    @classmethod
    def session(
        cls, issuer: str, session_id: str, *, lifetime: timedelta, clock: Callable[[], float] = time.time
    ) -> Self:
        """All tokens of a session, by `sid`: those issued already and those that would be. lifetime: see `subject`."""
        return cls("session", issuer, session_id, _end(clock(), _span(lifetime)))

    @classmethod
    def key(cls, issuer: str, key_id: str, *, lifetime: timedelta, clock: Callable[[], float] = time.time) -> Self:
        """All tokens that are signed with a key, by `kid`, whatever their headers say.

        The key needs that `kid` where it is trusted, in its JWK Set or as `key_id`: under a key without one, who stole
        it writes into the header what he likes, and only withdrawing the key ends that.
        lifetime: until the issuer will have withdrawn the key for certain, or its `kid` leaves your configuration. Who
        stole the key can sign with any `iat` and `exp`, so this is not bounded by how long good tokens live.
        """
        return cls("key", issuer, key_id, _end(clock(), _span(lifetime)))

    @property
    def identifier(self) -> str:
        """What tokens concerned are found by."""
        return identifier_of(self.kind, self.issuer, self.value)


def write_revocation(revocation: Revocation) -> str:
    """One line of ASCII, for stores."""
    before = None if revocation.before == math.inf else revocation.before
    fields = [revocation.kind, revocation.issuer, revocation.value, revocation.until, before]
    return json.dumps(fields, separators=(",", ":"))


def read_revocation(text: str | bytes) -> Revocation:
    """What `write_revocation` wrote. Raises ValueError on anything else, since others may write to a store too."""
    try:
        fields = json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(fields, list) or len(fields) != 5 or not isinstance(fields[0], str):
        raise ValueError("not a list of five")
    kind, issuer, value, until, before = fields
    return Revocation(kind, issuer, value, until, math.inf if before is None else before)


def _is_end(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= LATEST_END


def _end(instant: float, span: float) -> float:
    """So many seconds later, but no later than any token can be valid."""
    return min(instant + span, LATEST_END)


def _span(lifetime: timedelta) -> float:
    if not isinstance(lifetime, timedelta) or lifetime <= timedelta(0):
        raise ValueError("lifetime must be a timedelta over 0, such as timedelta(hours=1)")
    return lifetime.total_seconds() + _LEEWAY
