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

from ..errors import AmbiguousPath
from .index import RuleIndex
from .matching import CompiledRule, host_pattern, mounted_at
from .request_target import AMBIGUOUS, RequestTarget, fold_host, fold_path, fold_values, read_host, read_target
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
                self._literal.setdefault(fold_values(fold_path(rule.path)), []).append(CompiledRule(rule))
        self._mounts = {mount for rule in rules if (mount := mounted_at(rule.path))}
        self._mount_lengths = {len(mount) for mount in self._mounts}
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
        """Return what a request with this target needs. Raises AmbiguousPath."""
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
        """The rules that match exactly, and the protected rules that cover the path in another reading."""
        named = bool(self._hosts) and self._is_named(target.host)
        exact: list[CompiledRule] = []
        variants: list[CompiledRule] = []
        readings = self._readings(fold_path(target.path))
        for candidates_of in (self._literal_candidates, self._patterns.find):
            for reading in readings:
                for candidate in candidates_of(reading):
                    if reading is readings[0] and candidate.matches(target, host_is_named=named):
                        exact.append(candidate)
                    elif candidate.matches_variant(target, reading):
                        variants.append(candidate)
            if exact:
                break
        return exact, [one for one in dict.fromkeys(variants) if one not in exact]

    def _literal_candidates(self, folded_path: str) -> Iterable[CompiledRule]:
        return self._literal.get(fold_values(folded_path), ())

    def _readings(self, folded_path: str) -> list[str]:
        """The path, and the path with the slash that it may lack behind a mount: `/admin/users`, `/adminusers`.

        Raises AmbiguousPath if that is a path with two readings itself.
        """
        readings = [folded_path]
        for reading in readings:
            for length in self._mount_lengths:
                mount, below = reading[:length], reading[length:]
                if mount in self._mounts and below and below[0] != "/" and (read := f"{mount}/{below}") not in readings:
                    if AMBIGUOUS.search(read):
                        raise AmbiguousPath
                    readings.append(read)
        return readings

    def _is_named(self, host: str) -> bool:
        """Whether some rule names this host."""
        return any(pattern.fullmatch(fold_host(host)) for pattern in self._hosts)
