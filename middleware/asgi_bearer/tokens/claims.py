"""Claims: the members of a token whose signature verified → Claims (RFC 7519 section 4.1). The time is an argument.

Every claim that is present must have its type; a wrongly typed one is rejected and never taken for an absent one.
Scopes and roles are read the other way: missing or wrongly typed, they grant nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple, TypeGuard

from ..errors import InvalidClaims, OtherKindOfToken, TokenExpired, TokenNotYetValid, UnsupportedToken, WrongAudience
from ..names import SCOPE_TOKEN, TypedValue, typed
from .frozen_json import LazyFrozenObject
from .kinds import check_kind

_NUMBERS = {int, float}
_NOTHING: frozenset[str] = frozenset()

_CACHED_SCOPES = 256
"""Characters."""

_YEAR_10000 = 253_402_300_800
"""Seconds; later instants are nobody's expiry and overflow `datetime`."""

_BOUND = "cnf"
"""The claim of a sender-constrained token (RFC 7800), which as a plain bearer token would be unbound."""


MAX_LEEWAY = 300.0
"""Seconds, the most that an issuer may forgive."""


@dataclass(frozen=True, slots=True)
class ClaimsPolicy:
    """What the tokens of one issuer must say.

    issuer: exactly `iss`. audiences: one of them must be a member of the claim `audience_claim`.
    token_types: accepted `typ` of the header, as `compact.canonical_type` gives it; None for none.
    required: claims that must be there, and the values that are admitted; None for any.
    leeway, max_age: seconds. roles_claim: a path of names.
    """

    issuer: str
    audiences: frozenset[str]
    token_types: frozenset[str | None]
    required: Mapping[str, frozenset[TypedValue | None] | None]
    leeway: float
    max_age: float | None
    audience_claim: str
    roles_claim: tuple[str, ...]


class Claims(NamedTuple):
    """Verified claims that hold now."""

    issuer: str
    subject: str
    audience: tuple[str, ...]
    scopes: frozenset[str]
    roles: frozenset[str]
    expires_at: float
    """`exp`, seconds since 1970 in UTC, without leeway."""
    issued_at: float | None
    """`iat`, likewise."""
    valid_from: float
    valid_until: float
    """When it holds, leeway and maximum age included: from the one instant until before the other."""
    claims_set: LazyFrozenObject

    @property
    def members(self) -> Mapping[str, Any]:
        """The whole claims set; it and all that is in it cannot be changed."""
        return self.claims_set.members()


def check_claims(members: dict[str, Any], token_type: str | None, policy: ClaimsPolicy, now: float) -> Claims:
    """Return the claims, if they hold at `now` (seconds since 1970) and are meant for us.

    members: the claims set of a token whose signature verified. token_type: `typ` of its header.

    Raises InvalidClaims, WrongAudience, TokenExpired, TokenNotYetValid, UnsupportedToken or OtherKindOfToken.
    """
    claim = members.get
    if token_type not in policy.token_types:
        raise OtherKindOfToken
    if _BOUND in members:
        raise UnsupportedToken
    check_kind(members)
    if claim("iss") != policy.issuer:
        raise InvalidClaims
    audience = _audience(claim(policy.audience_claim))
    if policy.audiences.isdisjoint(audience):
        raise WrongAudience
    valid_from, valid_until = _times(members, policy)
    subject = claim("sub")
    if not isinstance(subject, str) or not subject:
        raise InvalidClaims
    if not isinstance(claim("jti", ""), str) or not isinstance(claim("client_id", ""), str):
        raise InvalidClaims
    for name, admitted in policy.required.items():
        value = claim(name)
        if value in (None, "") if admitted is None else typed(value) not in admitted:
            raise InvalidClaims
    claims = Claims(
        policy.issuer,
        subject,
        audience,
        _scopes(members),
        _roles(members, policy.roles_claim),
        members["exp"],
        claim("iat"),
        valid_from,
        valid_until,
        LazyFrozenObject(members),
    )
    check_time(claims, now)
    return claims


def check_time(claims: Claims, now: float) -> None:
    """Whether the claims hold at `now`. Raises TokenExpired or TokenNotYetValid."""
    if now >= claims.valid_until:
        raise TokenExpired
    if now < claims.valid_from:
        raise TokenNotYetValid


def _audience(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list) or not _are_strings(value):
        raise InvalidClaims
    return tuple(value)


def _times(members: dict[str, Any], policy: ClaimsPolicy) -> tuple[float, float]:
    """When the claims hold."""
    expires_at, issued_at, not_before = members.get("exp"), members.get("iat", 0), members.get("nbf", 0)
    if not (is_instant(expires_at) and is_instant(issued_at) and is_instant(not_before)):
        raise InvalidClaims
    if policy.max_age is not None:
        if "iat" not in members:
            raise InvalidClaims
        expires_at = min(expires_at, issued_at + policy.max_age)
    valid_from: float = max(issued_at, not_before)
    return valid_from - policy.leeway, expires_at + policy.leeway


def is_instant(value: Any) -> TypeGuard[float]:
    """A NumericDate (RFC 7519 section 2): a number, within years that exist. A bool is no number, NaN in no range."""
    return type(value) in _NUMBERS and 0 <= value < _YEAR_10000


def _scopes(members: dict[str, Any]) -> frozenset[str]:
    """`scope` (RFC 9068 section 2.2.3: a space-separated string) and `scp` (Entra: a string, Okta: a list)."""
    scope, scp = members.get("scope"), members.get("scp")
    granted = _scope_names(scope) if isinstance(scope, str) else _NOTHING
    if scp is None:
        return granted
    return granted | (_scope_names(scp) if isinstance(scp, str) else frozenset(_tokens(_strings(scp))))


def _scope_names(text: str) -> frozenset[str]:
    return _read_scopes_once(text) if len(text) <= _CACHED_SCOPES else _read_scopes(text)


def _read_scopes(text: str) -> frozenset[str]:
    return frozenset(_tokens(text.split(" ")))


_read_scopes_once = lru_cache(maxsize=256)(_read_scopes)
"""An issuer's tokens share a few texts, so the last ones are kept as read: 0.8 µs of 20. Long ones are not kept: 256 of
them could take more memory than all cached tokens may."""


def _tokens(names: Iterable[str]) -> Iterable[str]:
    return filter(SCOPE_TOKEN.fullmatch, names)


def _roles(members: dict[str, Any], path: tuple[str, ...]) -> frozenset[str]:
    value: Any = members
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return _strings(value)


def _strings(value: object) -> frozenset[str]:
    """Those in a list of strings; anything else grants nothing."""
    return frozenset(value) if isinstance(value, list) and _are_strings(value) else _NOTHING


def _are_strings(values: list[Any]) -> bool:
    return all(type(value) is str for value in values)
