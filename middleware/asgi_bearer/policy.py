"""Match: Scope → Rule. Which rule of the allowlist decides a request; compiled once, before the first one.

    public("/health")                               no token is looked at
    optional("/catalogue")                          no token: anonymous; a bad token is refused
    protected("/orders/{id:int}", scopes=["read"])  a token with all of the scopes and any of the roles
    everything else                                 `unlisted`: any valid token, or nobody

A decision uses what the router will use: scope type, method and Starlette's route path, always matched in full. So:

- A path that two parsers could read differently is refused before any rule is looked at.
- A literal path goes before a pattern. Where several rules of one kind match, the strictest wins: protected over
  optional over public, and the scopes and roles of all of them are needed.
- HEAD is decided as GET. Methods are compared exactly where a rule opens something; a protected rule also holds for
  other spellings (`get`), since some routers fold case.
- `WEBSOCKET` is a method here. Without `methods`, a public or optional rule opens HTTP only, a protected one
  guards both.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Literal

from starlette._utils import get_route_path
from starlette.routing import compile_path
from starlette.types import Scope

from .errors import AmbiguousPath
from .names import read_names


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

    def covers_method(self, method: str) -> bool:
        if self.access is Access.PROTECTED:
            return self.methods is None or method.upper() in self.methods
        return method != WEBSOCKET if self.methods is None else method in self.methods

    def __str__(self) -> str:
        methods = "" if self.methods is None else f", methods={sorted(self.methods, key=str)}"
        return f"{self.access.name.lower()}({self.path!r}{methods})"


WEBSOCKET = "WEBSOCKET"


def public(path: str, methods: Iterable[str] | None = None) -> Rule:
    """No token is looked at. `path` in Starlette's route syntax; `methods` upper case, None for all HTTP ones."""
    return Rule(path, _methods(methods), Access.PUBLIC)


def optional(path: str, methods: Iterable[str] | None = None) -> Rule:
    """Without a token the user is an `AnonymousUser`; a bad token is refused all the same."""
    return Rule(path, _methods(methods), Access.OPTIONAL)


def protected(
    path: str, methods: Iterable[str] | None = None, scopes: Iterable[str] = (), roles: Iterable[str] = ()
) -> Rule:
    """A valid token with all of `scopes` and any of `roles`. Without `methods` it guards websockets too."""
    any_of = frozenset(read_names(roles))
    all_of = frozenset(read_names(scopes))
    return Rule(path, _methods(methods), Access.PROTECTED, all_of, (any_of,) if any_of else ())


def _methods(methods: Iterable[str] | None) -> frozenset[str] | None:
    return None if methods is None else frozenset(read_names(methods))


AMBIGUOUS = re.compile(
    r"\A(?!/)"  # no leading slash: absolute form, authority form, `*`, empty
    r"|//"  # empty segments, which some routers fold
    r"|/\.{1,2}(?:/|\Z)"  # dot segments, which some apps and proxies resolve
    r"|[\\;\x00-\x1f\x7f-\x9f\u2028\u2029\ufffd\ud800-\udfff]"  # separators to somebody, line ends, decoding failures
)
_ENCODED_SLASH = re.compile(rb"%2[fF]")


def route_path(scope: Scope) -> str:
    """The path that Starlette's router will match. Raises AmbiguousPath."""
    path = get_route_path(scope)
    if AMBIGUOUS.search(path) or AMBIGUOUS.search(scope["path"]):
        raise AmbiguousPath
    if _ENCODED_SLASH.search(scope.get("raw_path") or b""):
        raise AmbiguousPath
    return path


Unlisted = Literal["authenticated", "denied"]


class Policy:
    """The compiled allowlist."""

    def __init__(self, rules: Sequence[Rule], unlisted: Unlisted) -> None:
        access = Access.PROTECTED if unlisted == "authenticated" else Access.DENIED
        self._unlisted = Rule("", None, access)
        self._literal: dict[str, list[Rule]] = {}
        self._patterns: list[tuple[re.Pattern[str], Rule]] = []
        for rule in rules:
            if "{" in rule.path:
                self._patterns.append((compile_path(rule.path)[0], rule))
            else:
                self._literal.setdefault(rule.path, []).append(rule)

    def match(self, scope: Scope) -> Rule:
        """The rule that decides this request. Raises AmbiguousPath."""
        path = route_path(scope)
        method = WEBSOCKET if scope["type"] == "websocket" else scope["method"]
        if method == "HEAD":
            method = "GET"
        matching = [rule for rule in self._literal.get(path, ()) if rule.covers_method(method)]
        if not matching:
            matching = [rule for regex, rule in self._patterns if regex.fullmatch(path) and rule.covers_method(method)]
        if not matching:
            return self._unlisted
        return matching[0] if len(matching) == 1 else strictest(matching)


def strictest(rules: Sequence[Rule]) -> Rule:
    """One rule that asks for everything that any of them asks for."""
    return replace(
        max(rules, key=lambda rule: rule.access),
        scopes=frozenset().union(*(rule.scopes for rule in rules)),
        roles=tuple(dict.fromkeys(any_of for rule in rules for any_of in rule.roles)),
    )
