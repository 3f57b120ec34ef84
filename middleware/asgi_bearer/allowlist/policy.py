"""Policy: RequestTarget → Requirement. The one decider: middleware, audit, explain and OpenAPI ask it.

- A literal path goes before a pattern. If several rules of one kind match, the strictest wins: protected over optional
  over public, and the scopes and roles of all of them are needed.
- If no rule matches exactly, `unlisted` decides: any valid token, or none.
- Protected rules that cover another spelling of the path are needed on top: they never open, they only ask for more.
- On a host that any rule names, only rules that name it are public or optional. Protected rules without a host apply on
  every host.
- HEAD is decided as GET. WEBSOCKET is a method here: without `methods`, a public rule is about HTTP only, a protected
  rule about both. An unusual method must satisfy every protected rule for its path.
"""

from collections.abc import Iterable, Sequence

from starlette.types import Scope

from .index import RuleIndex
from .matching import CompiledRule, host_pattern
from .request_target import RequestTarget, fold_host, fold_path, read_host, read_target
from .requirement import UNLISTED, Requirement, combine
from .rules import Rule, Unlisted

_MAX_DECISIONS, _MAX_CHARACTERS = 1024, 512
"""Decisions that are cached, by all that they depend on, if that is not longer: half a megabyte in all, at most two."""


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
        self._decisions: dict[tuple[str | bytes, ...], Requirement] = {}
        self._hosts = [host_pattern(host) for host in {rule.host for rule in rules if rule.host is not None}]

    def requirement(self, scope: Scope) -> Requirement:
        """Return what this request needs. Raises AmbiguousPath, or AmbiguousHost if rules name hosts."""
        asked = (
            scope["type"],
            scope.get("method") or "",
            scope["path"],
            scope.get("raw_path") or b"",
            scope.get("root_path") or "",
        )
        decided = self._decisions.get(asked)
        return self._decide(scope, asked) if decided is None else decided

    def evaluate(self, target: RequestTarget) -> Requirement:
        """Return what a request with this target needs."""
        exact, variants = self._matching(target)
        if len(exact) == 1 and not variants:
            return exact[0].requirement
        if not exact and not variants:
            return self.unlisted
        requirements = [one.requirement for one in (*exact, *variants)]
        return combine(requirements if exact else [self.unlisted, *requirements])

    def _decide(self, scope: Scope, asked: tuple[str | bytes, ...]) -> Requirement:
        target = read_target(scope)
        if self._hosts:
            target.host = read_host(scope["headers"])
            return self.evaluate(target)  # which depends on more than `asked`
        requirement = self.evaluate(target)
        if sum(map(len, asked)) <= _MAX_CHARACTERS:
            if len(self._decisions) >= _MAX_DECISIONS:
                self._decisions.clear()
            self._decisions[asked] = requirement
        return requirement

    def _matching(self, target: RequestTarget) -> tuple[list[CompiledRule], list[CompiledRule]]:
        """The rules that match exactly, and the protected rules that cover the path as another spelling."""
        folded = fold_path(target.path)
        named = bool(self._hosts) and self._is_named(target.host)
        exact, variants = _partition(self._literal.get(folded, ()), target, folded, host_is_named=named)
        if not exact:
            exact, more = _partition(self._patterns.find(target.path), target, folded, host_is_named=named)
            variants += more
        return exact, variants

    def _is_named(self, host: str) -> bool:
        """Whether some rule names this host."""
        return any(pattern.fullmatch(fold_host(host)) for pattern in self._hosts)


def _partition(
    candidates: Iterable[CompiledRule], target: RequestTarget, folded_path: str, *, host_is_named: bool
) -> tuple[list[CompiledRule], list[CompiledRule]]:
    exact, variants = [], []
    for candidate in candidates:
        if candidate.matches(target, host_is_named=host_is_named):
            exact.append(candidate)
        elif candidate.matches_variant(target, folded_path):
            variants.append(candidate)
    return exact, variants
