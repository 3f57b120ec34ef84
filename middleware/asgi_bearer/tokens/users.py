"""Identify: Claims → User, the value on `request.state.user`.

`User` and `AnonymousUser` are also Starlette users, so that `request.user` and `@requires` keep working.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NoReturn

from starlette.authentication import AuthCredentials, BaseUser

from .claims import Claims
from .frozen_json import FrozenArray

_SESSION_USER = "_wrapped"
"""What Django Channels sets on the user in a scope: the user of its session. A verified user stays who it is."""

_CACHED_SCOPES = 100
"""A token with more of them shares nothing with others: their memory is bounded with the token's, if it is cached."""


class User(BaseUser):
    """Somebody with a valid token. `str(user)` is the subject. It cannot be changed: requests with a token share it."""

    __slots__ = ("_claims",)

    _claims: Claims

    def __init__(self, claims: Claims) -> None:
        object.__setattr__(self, "_claims", claims)

    def __setattr__(self, name: str, _value: object) -> None:
        """Starlette's BaseUser would take any attribute, and the next request with this token would see it."""
        if name != _SESSION_USER:
            raise AttributeError("a verified user cannot be changed; keep what you know of it in request.state")

    def __delattr__(self, _name: str) -> NoReturn:
        raise AttributeError("a verified user cannot be changed")

    def __reduce__(self) -> tuple[type["User"], tuple[Claims]]:
        return User, (self._claims,)

    @property
    def subject(self) -> str:
        """`sub`: unique within its issuer only (RFC 7519 section 4.1.2)."""
        return self._claims.subject

    @property
    def scopes(self) -> frozenset[str]:
        """Of `scope` and `scp` (RFC 9068 section 2.2.3)."""
        return self._claims.scopes

    @property
    def roles(self) -> frozenset[str]:
        """Of the issuer's `roles_claim`."""
        return self._claims.roles

    @property
    def claims(self) -> Mapping[str, Any]:
        """The whole verified claims set; it and all that is in it cannot be changed."""
        return self._claims.members

    @property
    def issuer(self) -> str:
        """`iss`: one of those that are trusted (RFC 7519 section 4.1.1)."""
        return self._claims.issuer

    @property
    def expires_at(self) -> datetime:
        """`exp` in UTC, without leeway."""
        return datetime.fromtimestamp(self._claims.expires_at, UTC)

    @property
    def is_authenticated(self) -> bool:
        return True

    @property
    def display_name(self) -> str:
        return self._claims.subject

    @property
    def identity(self) -> str:
        return self._claims.subject

    def __str__(self) -> str:
        return self._claims.subject

    def __repr__(self) -> str:
        return f"User(subject={self.subject!r}, issuer={self.issuer!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, User) and (self.issuer, self.claims) == (other.issuer, other.claims)

    def __hash__(self) -> int:
        return hash((self.issuer, self.subject))


class AnonymousUser(BaseUser):
    """The user of a public route, and of an optional one without a token. `str(user)` is empty."""

    __slots__ = ()

    subject = ""
    scopes: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    claims: Mapping[str, Any] = MappingProxyType({})
    issuer = ""
    expires_at: datetime | None = None

    def __setattr__(self, name: str, _value: object) -> None:
        if name != _SESSION_USER:
            raise AttributeError("the anonymous user cannot be changed; keep what you know of it in request.state")

    @property
    def is_authenticated(self) -> bool:
        return False

    @property
    def display_name(self) -> str:
        return ""

    @property
    def identity(self) -> str:
        return ""

    def __str__(self) -> str:
        return ""

    def __repr__(self) -> str:
        return "AnonymousUser()"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AnonymousUser)

    def __hash__(self) -> int:
        return hash(AnonymousUser)


class Credentials(AuthCredentials):
    """`scope["auth"]` for Starlette's `@requires`. It cannot be changed: requests with the same scopes share it."""

    def __init__(self, scopes: Iterable[str] = ()) -> None:
        object.__setattr__(self, "scopes", FrozenArray(scopes))

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("verified scopes cannot be changed")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("verified scopes cannot be changed")


def starlette_credentials(scopes: frozenset[str]) -> AuthCredentials:
    """The token's scopes, and `authenticated` as Starlette's docs have it."""
    return _credentials_once(scopes) if len(scopes) <= _CACHED_SCOPES else _credentials(scopes)


def _credentials(scopes: frozenset[str]) -> AuthCredentials:
    return Credentials(["authenticated", *sorted(scopes)])


_credentials_once = lru_cache(maxsize=256)(_credentials)
"""Kept, since few differ: 0.6 µs of 20."""


ANONYMOUS = AnonymousUser()
NO_CREDENTIALS = Credentials()
