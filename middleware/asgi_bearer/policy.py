"""Match: Scope → Rule. Which rule of the allowlist decides a request; compiled once, before the first one.

- A literal path goes before a pattern. Where several rules of one kind hold, the strictest wins: protected over
  optional over public, and the scopes and roles of all of them are needed.
- Where nothing holds exactly, `unlisted` decides: any valid token, or nobody.
- Guards whose path the request spells differently are needed on top: they never open, they only ask for more.
- On a host that any rule names, only rules that name it open anything. Guards without a host hold on every host.
- HEAD is decided as GET. `WEBSOCKET` is a method here: without `methods`, an opening opens HTTP only, while a guard
  guards both.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache

from starlette.types import Scope

from .compiled_rules import CompiledRule, host_pattern
from .rule_index import RuleIndex
from .rules import UNLISTED, Rule, Unlisted
from .targets import Target, fold_host, fold_path, read_host, read_target

_MOST_KEPT, _LONGEST_KEPT = 1024, 256
"""Decisions that are kept, by all that they depend on, of paths up to so many characters: 2 µs of a decision's 2.5."""


class Policy:
    """The compiled allowlist."""

    def __init__(self, rules: Sequence[Rule], unlisted: Unlisted) -> None:
        self.rules = tuple(rules)
        self.unlisted = UNLISTED[unlisted]
        self._literal: dict[str, list[CompiledRule]] = {}
        self._patterns: RuleIndex[CompiledRule] = RuleIndex()
        for rule in rules:
            if "{" in rule.path:
                self._patterns.add(rule.path, CompiledRule(rule))
            else:
                self._literal.setdefault(fold_path(rule.path), []).append(CompiledRule(rule))
        self._decided: dict[tuple[object, ...], Rule] = {}
        self._hosts = [host_pattern(host) for host in {rule.host for rule in rules if rule.host is not None}]

    def match(self, scope: Scope) -> Rule:
        """The rule that decides this request. Raises AmbiguousPath, or AmbiguousHost where rules name hosts."""
        asked = (scope["type"], scope.get("method"), scope["path"], scope.get("raw_path"), scope.get("root_path"))
        rule = self._decided.get(asked)
        if rule is None:
            rule = self.decide(scope)
            if not self._hosts and len(scope["path"]) <= _LONGEST_KEPT:
                if len(self._decided) >= _MOST_KEPT:
                    self._decided.clear()
                self._decided[asked] = rule
        return rule

    def decide(self, scope: Scope) -> Rule:
        """The same, looked at anew."""
        target = read_target(scope)
        if self._hosts:
            target.host = read_host(scope["headers"])
        rules = self.deciding(target)
        return rules[0] if len(rules) == 1 else strictest(tuple(rules))

    def deciding(self, target: Target) -> list[Rule]:
        """The rules that together decide; `unlisted` among them where none holds exactly."""
        named = bool(self._hosts) and self._is_named(target.host)
        exact, more = _holding(self._literal.get(fold_path(target.path), ()), target, named=named)
        if not exact:
            exact, more_patterns = _holding(self._patterns.find(target.path), target, named=named)
            more += more_patterns
        return [*(exact or [self.unlisted]), *more]

    def _is_named(self, host: str) -> bool:
        """Whether some rule names this host."""
        return any(pattern.fullmatch(fold_host(host)) for pattern in self._hosts)


def _holding(candidates: Iterable[CompiledRule], target: Target, *, named: bool) -> tuple[list[Rule], list[Rule]]:
    """The rules that hold exactly, and further guards that hold for another spelling."""
    exact, more = [], []
    for candidate in candidates:
        if candidate.holds(target, named=named):
            exact.append(candidate.rule)
        elif candidate.guards(target):
            more.append(candidate.rule)
    return exact, more


@lru_cache(maxsize=1024)
def strictest(rules: tuple[Rule, ...]) -> Rule:
    """One rule that asks for everything that any of them asks for."""
    return replace(
        max(rules, key=lambda rule: rule.access),
        scopes=frozenset().union(*(rule.scopes for rule in rules)),
        roles=tuple(dict.fromkeys(any_of for rule in rules for any_of in rule.roles)),
    )
