"""What an allowlist decides for a canonical request, after docs/allowlist.md and without any code of the library.

A rule is read from the fields that its author wrote. Only canonical requests are asked about: decoded paths in plain
spelling, upper-case methods, hosts as they are written.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from asgi_bearer import Rule
from tests.agreement.generated.sites import PARAMETER

PUBLIC, OPTIONAL, PROTECTED, DENIED = range(4)

_SEGMENT = {"": "[^/]+", "str": "[^/]+", "int": "[0-9]+", "float": r"[0-9]+(?:\.[0-9]+)?"}
_SEGMENT["uuid"] = "[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}"


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

    def requirement(self, method: str, path: str, host: str) -> Requirement:
        """host: one that some rule names, or "" for any other."""
        holding = [rule for rule in self.rules if self._holds(rule, method, path, host)]
        literal = [rule for rule in holding if "{" not in rule.path]
        if deciding := literal or holding:
            return _strictest(deciding)
        return Requirement(DENIED if self.unlisted == "denied" else PROTECTED)

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
        return _expression(rule.path, opening=opening).fullmatch(path) is not None


def _strictest(rules: Iterable[Rule]) -> Requirement:
    rules = list(rules)
    return Requirement(
        max(int(rule.access) for rule in rules),
        frozenset().union(*(rule.scopes for rule in rules)),
        tuple(any_of for rule in rules if (any_of := _any_of(rule))),
    )


def _any_of(rule: Rule) -> frozenset[str]:
    """The roles that the rule's author listed, of which one is needed."""
    return frozenset(name for one in rule.roles for name in ([one] if isinstance(one, str) else one))


@lru_cache(maxsize=4096)
def _expression(path: str, *, opening: bool) -> re.Pattern[str]:
    """`{rest:path}` of an opening is at least one character, that of a guard may be none."""
    end, expression = 0, ""
    for parameter in PARAMETER.finditer(path):
        rest = ".+" if opening else ".*"
        one = rest if parameter[2] == "path" else _SEGMENT[parameter[2] or ""]
        expression += re.escape(path[end : parameter.start()]) + one
        end = parameter.end()
    return re.compile(expression + re.escape(path[end:]), re.DOTALL)
