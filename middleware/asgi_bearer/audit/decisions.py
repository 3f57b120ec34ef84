"""What the allowlist decides for each route, as plain values."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..compiled_rules import host_pattern
from ..middleware import BearerMiddleware
from ..policy import strictest
from ..rules import Rule
from ..samples import common_sample, sample
from ..targets import AMBIGUOUS, Target
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
            touched.add((id(guard.middleware), rule))
            other = decide(route, path, host)
            differs = (other.rules, other.demands) != (decision.rules, decision.demands)
            if differs and not any(earlier.takes(route.method, path, host) for earlier in found[:place]):
                exceptions[path, host] = other
        routes.append(AuditedRoute(route, decision, tuple(exceptions.values())))
    middlewares = {id(guard.middleware): guard.middleware for route in found for guard in route.guards}
    return Audit(
        tuple(routes),
        tuple(
            str(rule)
            for number, middleware in middlewares.items()
            for rule in middleware.policy.rules
            if (number, rule) not in touched
        ),
    )


def decide(route: FoundRoute, path: str | None = None, host: str | None = None) -> Decision:
    """What all the middlewares in front of a route ask for together; of one path of it, if that is told."""
    path = sample(route.path) if path is None else path
    host = sample(route.host) if host is None else host
    if not route.guards:
        return Decision(path, UNGUARDED, host=host)
    rules: list[Rule] = []
    for guard in route.guards:
        rules += deciding(guard.middleware, path_behind(guard, route, path), route.method, host)
    decisive = strictest(tuple(rules))
    return Decision(
        path,
        decisive.access.name.lower(),
        tuple(sorted(decisive.scopes)),
        tuple(tuple(sorted(any_of)) for any_of in decisive.roles),
        tuple(str(rule) for rule in rules if rule.path),
        host,
    )


def deciding(middleware: BearerMiddleware, path: str, method: str, host: str) -> list[Rule]:
    """The rules that decide together. An endpoint that answers any method is as open as the most open of them."""
    methods = METHODS if method == ANY_METHOD else (method,)
    decisions = [middleware.policy.deciding(Target(path, path, one, host)) for one in methods]
    return min(decisions, key=lambda rules: strictest(tuple(rules)).access)


def path_behind(guard: Guard, route: FoundRoute, path: str) -> str:
    """A path of the route as this middleware sees it: without the segments that it is mounted below."""
    mounted_below = route.path.removesuffix(guard.path).count("/")
    return "/" + "/".join(path.split("/")[mounted_below + 1 :])


def _meetings(route: FoundRoute, hosts: set[str]) -> Iterator[tuple[Guard, Rule, str, str]]:
    """Where rules touch a route: the rule, and a path and host that are both's."""
    for guard in route.guards:
        prefix = sample(route.path.removesuffix(guard.path))
        for rule in guard.middleware.policy.rules:
            host = _common_host(rule, route, hosts)
            if host is None or not _covers_some_method(rule, route):
                continue
            path = common_sample(guard.path, rule.path)
            if path is not None and not AMBIGUOUS.search(path):
                yield guard, rule, prefix + path, host


def _common_host(rule: Rule, route: FoundRoute, hosts: set[str]) -> str | None:
    """A host on which this route is reached and the rule holds; None where there is none."""
    if rule.host is None:
        return sample(route.host)
    named = host_pattern(rule.host)
    if route.host:
        return sample(route.host) if named.fullmatch(sample(route.host)) else None
    return None if any(named.fullmatch(sample(host)) for host in hosts) else sample(rule.host)


def _covers_some_method(rule: Rule, route: FoundRoute) -> bool:
    return route.method == ANY_METHOD or rule.covers_method(route.method)
