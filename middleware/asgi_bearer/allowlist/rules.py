"""The lines of an allowlist.

    public("/health")                               no token is read
    optional("/catalogue")                          no token: anonymous; a bad token is rejected
    protected("/orders/{id:int}", scopes=["read"])  a token with all of the scopes and any of the roles

`matching` says when a rule matches. A public or optional rule matches exactly; a protected rule also covers other
spellings of its path.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

from ..names import as_strings
from .request_target import UNUSUAL_METHOD, WEBSOCKET


class Access(IntEnum):
    """Kinds of access, from the most open to the strictest."""

    PUBLIC = 0
    OPTIONAL = 1
    PROTECTED = 2
    DENIED = 3


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the allowlist. `scopes`: all of them are needed. `roles`: any of them."""

    path: str
    methods: frozenset[str] | None
    access: Access
    scopes: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    host: str | None = None

    @property
    def is_protected(self) -> bool:
        """Whether it only ever asks for more: `protected`, as opposed to `public` and `optional`."""
        return self.access is Access.PROTECTED

    def covers_method(self, method: str) -> bool:
        """Whether the rule is about this method, one of a `RequestTarget`; none is about an unusual one."""
        if method == UNUSUAL_METHOD:
            return False
        if self.methods is None:
            return self.is_protected or method != WEBSOCKET
        return method in self.methods

    def __str__(self) -> str:
        methods = "" if self.methods is None else f", methods={sorted(self.methods, key=str)}"
        host = "" if self.host is None else f", host={self.host!r}"
        return f"{self.access.name.lower()}({self.path!r}{methods}{host})"


def public(path: str, methods: Iterable[str] | None = None, *, host: str | None = None) -> Rule:
    """Let requests pass without reading a token.

    path: in Starlette's route syntax. methods: in upper case; None for all HTTP methods.
    host: in the syntax of Starlette's `Host` routes. A host that any rule names is a site of its own: only rules that
        name it are public or optional there.
    """
    return Rule(path, _methods(methods), Access.PUBLIC, host=host)


def optional(path: str, methods: Iterable[str] | None = None, *, host: str | None = None) -> Rule:
    """Let requests pass without a token, as an `AnonymousUser`; a bad token is rejected all the same."""
    return Rule(path, _methods(methods), Access.OPTIONAL, host=host)


def protected(
    path: str,
    methods: Iterable[str] | None = None,
    scopes: Iterable[str] = (),
    roles: Iterable[str] = (),
    *,
    host: str | None = None,
) -> Rule:
    """Ask for a valid token with all of `scopes` and any of `roles`. Without `methods` it covers websockets too."""
    all_of, any_of = frozenset(as_strings(scopes)), frozenset(as_strings(roles))
    return Rule(path, _methods(methods), Access.PROTECTED, all_of, any_of, host)


def _methods(methods: Iterable[str] | None) -> frozenset[str] | None:
    return None if methods is None else frozenset(as_strings(methods))


Unlisted = Literal["authenticated", "denied"]
