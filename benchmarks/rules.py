"""What a decision costs among few and many rules: nine in ten are patterns, as APIs have them, of five shapes."""

from collections.abc import Iterator, Sequence
from functools import partial

from starlette.types import Scope

from asgi_bearer import Rule, protected, public
from asgi_bearer.allowlist.policy import Policy
from asgi_bearer.allowlist.request_target import read_target
from asgi_bearer.allowlist.requirement import Requirement
from benchmarks.requests import http_scope
from benchmarks.timing import Contender

SIZES = (10, 100, 1000, 10_000)
DECISIONS = ("literal", "pattern", "deep pattern", "any rest", "unlisted")
"""Each is of a path that the last rules name, or of one that none does."""


def decision_name(decision: str, size: int) -> str:
    return f"decide: {decision}, {size} rules"


def rule_counts() -> Iterator[Contender]:
    """Raises AssertionError where another rule decides than should."""
    for size in SIZES:
        rules = _rules(size)
        policy = Policy(rules, "authenticated")
        last = size // 10 - 1
        paths = {
            "literal": f"/health-{last}",
            "pattern": f"/part-{last}/7",
            "deep pattern": f"/tenants/acme/part-{last}/7/lines/8",
            "any rest": f"/files-{last}/css/site.css",
            "unlisted": f"/nowhere-{last}/7",
        }
        for decision, path in paths.items():
            scope = http_scope(path=path)
            assert bool(decide(policy, scope).rules) == (decision != "unlisted")
            yield Contender(decision_name(decision, size), partial(decide, policy, scope))


def decide(policy: Policy, scope: Scope) -> Requirement:
    """What the cache of decisions saves."""
    return policy.evaluate(read_target(scope))


def _rules(size: int) -> Sequence[Rule]:
    """Ten rules for each resource."""
    return [rule for number in range(size // 10) for rule in _resource(number)]


def _resource(number: int) -> Iterator[Rule]:
    yield public(f"/health-{number}")
    yield protected(f"/part-{number}/{{id:int}}", methods=["GET"], scopes=["read"])
    yield protected(f"/part-{number}/{{id:int}}/owner", scopes=["read"])
    yield protected(f"/part-{number}/{{id:int}}/owner/{{name}}", roles=["staff"])
    yield protected(f"/tenants/{{tenant}}/part-{number}", scopes=["tenant"])
    yield protected(f"/tenants/{{tenant}}/part-{number}/{{id:int}}", scopes=["tenant"])
    yield protected(f"/tenants/{{tenant}}/part-{number}/{{id:int}}/lines/{{line:int}}", scopes=["tenant"])
    yield public(f"/files-{number}/{{rest:path}}", methods=["GET"])
    yield protected(f"/report-{number}/{{year:int}}-{{month:int}}", scopes=["reports"])
    yield protected(f"/search-{number}/{{word}}", scopes=["search"])
