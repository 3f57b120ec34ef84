"""What an allowlist decides for a canonical request, after docs/allowlist.md and without any code of the library.

A rule is read from the fields that its author wrote. Only canonical requests are asked about: decoded paths in plain
spelling, upper-case methods, hosts as they are written.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from asgi_bearer import Rule
from tests.agreement.generated.sites import PARAMETER, REST

PUBLIC, OPTIONAL, PROTECTED, DENIED = range(4)

_PARAMETERS = {"path": ".+", "": "[^/]+", "str": "[^/]+", "int": "[0-9]+", "float": r"[0-9]+(?:\.[0-9]+)?"}
_PARAMETERS["uuid"] = "[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}"


@dataclass(frozen=True, slots=True)
class Client:
    """Who asks: nobody, or a token with these scopes and roles."""

    name: str
    token: str | None
    scopes: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Requirement:
    access: int
    scopes: frozenset[str] = frozenset()
    roles: tuple[frozenset[str], ...] = ()

    def admits(self, client: Client) -> bool:
        if self.access in (PUBLIC, OPTIONAL):
            return True
        if self.access == DENIED or client.token is None:
            return False
        return self.scopes <= client.scopes and all(any_of & client.roles for any_of in self.roles)


@dataclass(frozen=True, slots=True)
class Oracle:
    rules: Sequence[Rule]
    unlisted: str

    def requirement(self, method: str, path: str, host: str, *, empty_rest: bool = False) -> Requirement:
        """host: one that some rule names, or "" for any other. empty_rest: whether `/a/{rest:path}` is about `/a/`."""
        holding = [rule for rule in self.rules if self._holds(rule, method, path, host)]
        if empty_rest and not holding:
            holding = [rule for rule in self.rules if self._covers_empty_rest(rule, method, path, host)]
        literal = [rule for rule in holding if "{" not in rule.path]
        deciding = [_of(rule) for rule in literal or holding] or [self._unlisted]
        if path.endswith("/") and not literal:  # a protected rule covers an empty rest, but lifts no denial
            protected = [rule for rule in self.rules if rule.access == PROTECTED]
            deciding += [_of(rule) for rule in protected if self._covers_empty_rest(rule, method, path, host)]
        return _strictest(deciding)

    @property
    def _unlisted(self) -> Requirement:
        return Requirement(DENIED if self.unlisted == "denied" else PROTECTED)

    def _covers_empty_rest(self, rule: Rule, method: str, path: str, host: str) -> bool:
        above = rule.path.removesuffix(REST)
        return above != rule.path and self._holds(replace(rule, path=above + "{rest}"), method, path + "zeta", host)

    def names(self, method: str, path: str, host: str) -> bool:
        """Whether a literal rule names this URL."""
        return any("{" not in rule.path and self._holds(rule, method, path, host) for rule in self.rules)

    def _holds(self, rule: Rule, method: str, path: str, host: str) -> bool:
        opening = rule.access < PROTECTED
        if rule.methods is None and opening and method == "WEBSOCKET":
            return False
        if rule.methods is not None and method not in rule.methods:
            return False
        if rule.host != (host or None) and (rule.host is not None or opening):
            return False
        return _expression(rule.path).fullmatch(path) is not None


def _of(rule: Rule) -> Requirement:
    any_of = _any_of(rule)
    return Requirement(int(rule.access), rule.scopes, (any_of,) if any_of else ())


def _strictest(requirements: Sequence[Requirement]) -> Requirement:
    return Requirement(
        max(one.access for one in requirements),
        frozenset().union(*(one.scopes for one in requirements)),
        tuple(any_of for one in requirements for any_of in one.roles),
    )


def _any_of(rule: Rule) -> frozenset[str]:
    """The roles that the rule's author listed, of which one is needed."""
    return frozenset(name for one in rule.roles for name in ([one] if isinstance(one, str) else one))


@lru_cache(maxsize=4096)
def _expression(path: str) -> re.Pattern[str]:
    end, expression = 0, ""
    for parameter in PARAMETER.finditer(path):
        expression += re.escape(path[end : parameter.start()]) + _PARAMETERS[parameter[2] or ""]
        end = parameter.end()
    return re.compile(expression + re.escape(path[end:]), re.DOTALL)
