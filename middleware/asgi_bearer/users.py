"""Identify: Claims → User, the value on `request.state.user`.

`User` and `AnonymousUser` are also Starlette users, so that `request.user` and `@requires` keep working.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from inspect import iscoroutinefunction
from types import MappingProxyType
from typing import Any

from starlette.authentication import AuthCredentials, BaseUser

from .claims import Claims
from .errors import UserRefused

UserLoader = Callable[[Claims], Awaitable[Any]]
"""`async (Claims) -> user or None`: who the app takes this subject for; None refuses the token with 401."""


@dataclass(frozen=True, slots=True)
class User(BaseUser):
    """Somebody with a valid token. `str(user)` is the subject."""

    subject: str
    """`sub`: unique within its issuer only (RFC 7519 section 4.1.2)."""
    scopes: frozenset[str]
    roles: frozenset[str]
    claims: Mapping[str, Any]
    """The whole verified claims set; it and all that is in it cannot be changed."""
    issuer: str
    expires_at: datetime
    """`exp` in UTC, without leeway."""

    @property
    def is_authenticated(self) -> bool:
        return True

    @property
    def display_name(self) -> str:
        return self.subject

    @property
    def identity(self) -> str:
        return self.subject

    def __str__(self) -> str:
        return self.subject


@dataclass(frozen=True, slots=True)
class AnonymousUser(BaseUser):
    """Nobody in particular: on a public route, or on an optional one without a token. `str(user)` is empty."""

    subject: str = ""
    scopes: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    claims: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

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


def is_async(function: object) -> bool:
    return iscoroutinefunction(function) or iscoroutinefunction(getattr(type(function), "__call__", None))  # noqa: B004


def user_of(claims: Claims) -> User:
    """What `request.state.user` is where the app has no users of its own."""
    return User(
        subject=claims.subject,
        scopes=claims.scopes,
        roles=claims.roles,
        claims=claims.members,
        issuer=claims.issuer,
        expires_at=datetime.fromtimestamp(claims.expires_at, UTC),
    )


async def load_user(claims: Claims, user_loader: UserLoader) -> Any:
    """What `user_loader` makes of these claims. Raises UserRefused."""
    user = await user_loader(claims)
    if user is None:
        raise UserRefused
    return user


def starlette_credentials(claims: Claims | None) -> AuthCredentials:
    """`scope["auth"]` for Starlette's `@requires`: the token's scopes, and `authenticated` as its docs have it."""
    return AuthCredentials() if claims is None else AuthCredentials(["authenticated", *sorted(claims.scopes)])
