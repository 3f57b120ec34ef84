"""Requirement: what a request must meet, after the rules that match it are taken together."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Self

from ..errors import InsufficientScope, MissingRole, RouteDenied
from .rules import Access, Rule, Unlisted

if TYPE_CHECKING:
    from ..seams import Demand
    from ..tokens.verified_token import VerifiedToken


@dataclass(frozen=True, slots=True)
class HasScopes:
    """The demand for all of these scopes."""

    scopes: frozenset[str]
    is_constant: ClassVar[bool] = True

    def check(self, token: "VerifiedToken", _now: float) -> None:
        """Raises InsufficientScope, with all scopes that are needed (RFC 6750 section 3.1)."""
        if not self.scopes <= token.claims.scopes:
            raise InsufficientScope(tuple(self.scopes))


@dataclass(frozen=True, slots=True)
class HasAnyRole:
    """The demand for any of these roles."""

    roles: frozenset[str]
    is_constant: ClassVar[bool] = True

    def check(self, token: "VerifiedToken", _now: float) -> None:
        """Raises MissingRole."""
        if self.roles.isdisjoint(token.claims.roles):
            raise MissingRole


class IsNotDenied:
    """The demand that no token meets."""

    is_constant: ClassVar[bool] = True

    def check(self, _token: "VerifiedToken", _now: float) -> None:
        """Raises RouteDenied."""
        raise RouteDenied


@dataclass(frozen=True, slots=True)
class Requirement:
    """What one request needs. `scopes`: all of them. `roles`: any role of each set."""

    access: Access
    scopes: frozenset[str] = frozenset()
    roles: tuple[frozenset[str], ...] = ()
    rules: tuple[Rule, ...] = ()
    """The rules that decide, as written; those that cover another spelling of the path included. Empty if none does."""
    demands: "tuple[Demand, ...]" = field(init=False, repr=False, compare=False)
    """What a token is asked for, in this order: roles before scopes, since another token may bring a scope."""
    is_constant: bool = field(init=False, repr=False, compare=False)
    """Whether a token that satisfies it always will."""

    def __post_init__(self) -> None:
        demands = tuple(self._demands())
        object.__setattr__(self, "demands", demands)
        object.__setattr__(self, "is_constant", all(demand.is_constant for demand in demands))

    def _demands(self) -> "Iterator[Demand]":
        if self.access is Access.DENIED:
            yield IsNotDenied()
        yield from map(HasAnyRole, self.roles)
        if self.scopes:
            yield HasScopes(self.scopes)

    @classmethod
    def of(cls, rule: Rule) -> Self:
        """What this rule asks for alone."""
        return cls(rule.access, rule.scopes, (rule.roles,) if rule.roles else (), (rule,))


AUTHENTICATED = Requirement(Access.PROTECTED)
"""Any valid token."""

UNLISTED: dict[Unlisted, Requirement] = {"authenticated": AUTHENTICATED, "denied": Requirement(Access.DENIED)}
"""What a request needs that no rule matches."""


def combine(requirements: Iterable[Requirement]) -> Requirement:
    """Return one requirement for everything that any of these, one at least, asks for."""
    several = tuple(requirements)
    return Requirement(
        max(one.access for one in several),
        frozenset().union(*(one.scopes for one in several)),
        tuple(dict.fromkeys(any_of for one in several for any_of in one.roles)),
        tuple(rule for one in several for rule in one.rules),
    )
