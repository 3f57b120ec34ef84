"""What the allowlist decides for each route, as plain values."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from ..allowlist.examples import common_example, example
from ..allowlist.matching import host_pattern
from ..allowlist.request_target import AMBIGUOUS, RequestTarget
from ..allowlist.requirement import Requirement, combine
from ..allowlist.rules import Rule
from .routes import ANY_METHOD, METHODS, FoundRoute, Guard, find_routes

UNGUARDED = "unguarded"
"""The access of a route that no middleware stands in front of."""

OPEN = ("public", "optional", UNGUARDED)
"""The kinds of access that need no token."""


@dataclass(frozen=True, slots=True)
class Decision:
    """For one route, or one path of it. rules: those that decide, as written; none where the route is unlisted."""

    path: str
    access: str
    scopes: tuple[str, ...] = ()
    roles: tuple[tuple[str, ...], ...] = ()
    rules: tuple[str, ...] = ()
    host: str = ""

    @property
    def demands(self) -> str:
        """In words: public, optional, authenticated, denied, unguarded, or the scopes and roles that are needed."""
        if self.access != "protected":
            return self.access
        scopes = [f"scope {scope}" for scope in self.scopes]
        roles = ["role " + " or ".join(any_of) for any_of in self.roles]
        return ", ".join([*scopes, *roles]) or "authenticated"

    @property
    def is_open(self) -> bool:
        return self.access in OPEN


@dataclass(frozen=True, slots=True)
class AuditedRoute:
    """exceptions: what is decided for paths of this route that other rules touch too."""

    route: FoundRoute
    decision: Decision
    exceptions: tuple[Decision, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether any path of it is reached without a token."""
        return self.decision.is_open or any(exception.is_open for exception in self.exceptions)


@dataclass(frozen=True, slots=True)
class Audit:
    """unmatched: the rules, as written, that no route of the app fits."""

    routes: tuple[AuditedRoute, ...]
    unmatched: tuple[str, ...]


def audit(app: Any) -> Audit:
    """Every route of the app with what decides it."""
    found = find_routes(app)
    hosts = {route.host for route in found if route.host}
    touched: set[tuple[int, Rule]] = set()
    routes = []
    for place, route in enumerate(found):
        decision = decide(route)
        exceptions = {}
        for guard, rule, path, host in _meetings(route, hosts):
            touched.add((id(guard.auth), rule))
            other = decide(route, RequestTarget.of_path(path, route.method, host))
            differs = (other.rules, other.demands) != (decision.rules, decision.demands)
            if differs and not any(earlier.takes(route.method, path, host) for earlier in found[:place]):
                exceptions[path, host] = other
        routes.append(AuditedRoute(route, decision, tuple(exceptions.values())))
    declarations = {id(guard.auth): guard.auth for route in found for guard in route.guards}
    return Audit(
        tuple(routes),
        tuple(
            str(rule)
            for number, auth in declarations.items()
            for rule in auth.policy.rules
            if (number, rule) not in touched
        ),
    )


def decide(route: FoundRoute, target: RequestTarget | None = None) -> Decision:
    """Return what all the middlewares in front of a route ask for together; for one target of it, if that is given."""
    if target is None:
        target = RequestTarget.of_path(example(route.path), route.method, example(route.host))
    if not route.guards:
        return Decision(target.path, UNGUARDED, host=target.host)
    decided = combine(requirement(guard, route, target) for guard in route.guards)
    return Decision(
        target.path,
        decided.access.name.lower(),
        tuple(sorted(decided.scopes)),
        tuple(tuple(sorted(any_of)) for any_of in decided.roles),
        tuple(str(rule) for rule in decided.rules),
        target.host,
    )


def requirement(guard: Guard, route: FoundRoute, target: RequestTarget) -> Requirement:
    """What one middleware asks for. An endpoint that answers any method is as open as the most open of them."""
    methods = METHODS if route.method == ANY_METHOD else (target.method,)
    mounted_below = route.path.removesuffix(guard.path).count("/")
    seen = replace(target, path=_below(target.path, mounted_below), raw=_below(target.raw, mounted_below))
    if seen.raw == seen.path:
        seen.raw = seen.path
    policy = guard.auth.policy
    return min((policy.evaluate(replace(seen, method=one)) for one in methods), key=lambda one: one.access)


def _below(path: str, segments: int) -> str:
    """A path as a middleware sees it that is mounted below so many segments."""
    return "/" + "/".join(path.split("/")[segments + 1 :])


def _meetings(route: FoundRoute, hosts: set[str]) -> Iterator[tuple[Guard, Rule, str, str]]:
    """Where rules touch a route: the rule, and a path and host that are both's."""
    for guard in route.guards:
        prefix = example(route.path.removesuffix(guard.path))
        for rule in guard.auth.policy.rules:
            host = _common_host(rule, route, hosts)
            if host is None or not _covers_some_method(rule, route):
                continue
            path = common_example(guard.path, rule.path)
            if path is not None and not AMBIGUOUS.search(path):
                yield guard, rule, prefix + path, host


def _common_host(rule: Rule, route: FoundRoute, hosts: set[str]) -> str | None:
    """A host on which this route is reached and the rule holds; None where there is none."""
    if rule.host is None:
        return example(route.host)
    named = host_pattern(rule.host)
    if route.host:
        return example(route.host) if named.fullmatch(example(route.host)) else None
    return None if any(named.fullmatch(example(host)) for host in hosts) else example(rule.host)


def _covers_some_method(rule: Rule, route: FoundRoute) -> bool:
    return route.method == ANY_METHOD or rule.covers_method(route.method)
