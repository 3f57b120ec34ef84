"""Requirement: what a request must meet, after the rules that match it are taken together."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from .rules import Access, Rule, Unlisted


@dataclass(frozen=True, slots=True)
class Requirement:
    """What one request needs. `scopes`: all of them. `roles`: any role of each set."""

    access: Access
    scopes: frozenset[str] = frozenset()
    roles: tuple[frozenset[str], ...] = ()
    rules: tuple[Rule, ...] = ()
    """The rules that decide, as written; those that cover another spelling of the path included. Empty if none does."""

    @classmethod
    def of(cls, rule: Rule) -> Self:
        """What this rule asks for alone."""
        return cls(rule.access, rule.scopes, (rule.roles,) if rule.roles else (), (rule,))


UNLISTED: dict[Unlisted, Requirement] = {
    "authenticated": Requirement(Access.PROTECTED),
    "denied": Requirement(Access.DENIED),
}
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
