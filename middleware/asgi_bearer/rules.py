"""The lines of an allowlist.

    public("/health")                               no token is looked at
    optional("/catalogue")                          no token: anonymous; a bad token is refused
    protected("/orders/{id:int}", scopes=["read"])  a token with all of the scopes and any of the roles

Public and optional rules are openings, protected ones are guards; `compiled_rules` says when one holds.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

from .names import read_names
from .targets import WEBSOCKET


class Access(IntEnum):
    """Who may pass, from the most open to the strictest."""

    PUBLIC = 0
    OPTIONAL = 1
    PROTECTED = 2
    DENIED = 3


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the allowlist. `roles` is a list of sets: any role of each set is needed."""

    path: str
    methods: frozenset[str] | None
    access: Access
    scopes: frozenset[str] = frozenset()
    roles: tuple[frozenset[str], ...] = ()
    host: str | None = None

    @property
    def is_guard(self) -> bool:
        """Whether it only ever asks for more: `protected`, as against the openings `public` and `optional`."""
        return self.access is Access.PROTECTED

    def covers_method(self, method: str) -> bool:
        """As it is written."""
        if self.methods is None:
            return self.is_guard or method != WEBSOCKET
        return method in self.methods

    def __str__(self) -> str:
        methods = "" if self.methods is None else f", methods={sorted(self.methods, key=str)}"
        host = "" if self.host is None else f", host={self.host!r}"
        return f"{self.access.name.lower()}({self.path!r}{methods}{host})"


def public(path: str, methods: Iterable[str] | None = None, *, host: str | None = None) -> Rule:
    """No token is looked at. `path` in Starlette's route syntax; `methods` upper case, None for all HTTP ones.

    host: in the syntax of Starlette's `Host` routes. A host that any rule names is a site of its own: only rules that
    name it open anything there.
    """
    return Rule(path, _methods(methods), Access.PUBLIC, host=host)


def optional(path: str, methods: Iterable[str] | None = None, *, host: str | None = None) -> Rule:
    """Without a token the user is an `AnonymousUser`; a bad token is refused all the same."""
    return Rule(path, _methods(methods), Access.OPTIONAL, host=host)


def protected(
    path: str,
    methods: Iterable[str] | None = None,
    scopes: Iterable[str] = (),
    roles: Iterable[str] = (),
    *,
    host: str | None = None,
) -> Rule:
    """A valid token with all of `scopes` and any of `roles`. Without `methods` it guards websockets too."""
    any_of = frozenset(read_names(roles))
    all_of = frozenset(read_names(scopes))
    return Rule(path, _methods(methods), Access.PROTECTED, all_of, (any_of,) if any_of else (), host)


def _methods(methods: Iterable[str] | None) -> frozenset[str] | None:
    return None if methods is None else frozenset(read_names(methods))


Unlisted = Literal["authenticated", "denied"]

UNLISTED: Mapping[Unlisted, Rule] = {
    "authenticated": Rule("", None, Access.PROTECTED),
    "denied": Rule("", None, Access.DENIED),
}
"""What holds where no rule does."""
