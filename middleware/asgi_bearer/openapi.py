"""The allowlist in an OpenAPI document, so that the documentation page shows what is protected and can log in."""

from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from typing import Any

from .compiled_rules import PARAMETER
from .policy import Policy, strictest
from .rules import Access, Rule, Unlisted
from .samples import common_sample, sample
from .targets import Target

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
"""The fixed fields of a Path Item Object (OpenAPI 3.1 section 4.8.9)."""

_CONVERTORS = {"integer": "int", "number": "float"}


def describe_security(
    document: Mapping[str, Any],
    allow: Iterable[Rule],
    *,
    unlisted: Unlisted = "authenticated",
    token_url: str | None = None,
    name: str = "bearer",
) -> dict[str, Any]:
    """A copy of an OpenAPI 3 document with a security scheme, and for every operation what it needs.

    document: as FastAPI's `app.openapi()` or Starlette's `SchemaGenerator.get_schema()` gives it.
    allow, unlisted: as the middleware has them.
    token_url: where a form with `username` and `password` is answered with an `access_token`, such as "/login"; the
        page's Authorize button then logs in there (OAuth 2.0 password flow). Without it, a token is pasted.
    name: of the security scheme.

    Roles have no place in OpenAPI; the description of the 403 answer names them. A path that several rules touch is
    described as what most of its paths need.
    """
    rules = tuple(allow)
    policy = Policy(rules, unlisted)
    described = deepcopy(dict(document))
    schemes = described.setdefault("components", {}).setdefault("securitySchemes", {})
    schemes[name] = _scheme(rules, token_url)
    for path, item in described.get("paths", {}).items():
        for method, operation in _operations(item):
            decision = _decision(policy, _with_convertors(path, item, operation), method.upper())
            _describe(operation, decision, name, with_scopes=token_url is not None)
    return described


def _scheme(rules: Iterable[Rule], token_url: str | None) -> dict[str, Any]:
    if token_url is None:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    scopes = sorted({scope for rule in rules for scope in rule.scopes})
    return {"type": "oauth2", "flows": {"password": {"tokenUrl": token_url, "scopes": dict.fromkeys(scopes, "")}}}


def _operations(item: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    for method in _METHODS if isinstance(item, dict) else ():
        if isinstance(operation := item.get(method), dict):
            yield method, operation


def _with_convertors(path: str, item: Mapping[str, Any], operation: Mapping[str, Any]) -> str:
    """The path as a route has it: documents leave convertors away and tell the parameters' types elsewhere."""
    for parameter in [*item.get("parameters", ()), *operation.get("parameters", ())]:
        schema = parameter.get("schema", {})
        convertor = "uuid" if schema.get("format") == "uuid" else _CONVERTORS.get(schema.get("type"))
        if parameter.get("in") == "path" and convertor:
            path = path.replace(f"{{{parameter.get('name')}}}", f"{{{parameter.get('name')}:{convertor}}}")
    return path


def _decision(policy: Policy, path: str, method: str) -> Rule:
    """Of a rule for just this path, where there is one: it knows the convertors that the document leaves away."""
    bare = PARAMETER.sub("{}", path)
    for rule in policy.rules:
        if PARAMETER.sub("{}", rule.path) == bare and rule.covers_method(method):
            path = common_sample(path, rule.path) or rule.path
            break
    one = sample(path)
    return strictest(tuple(policy.deciding(Target(one, one, "GET" if method == "HEAD" else method))))


def _describe(operation: dict[str, Any], decision: Rule, name: str, *, with_scopes: bool) -> None:
    if decision.access is Access.PUBLIC:
        operation["security"] = []
        return
    # A scheme of type http has no scopes (OpenAPI 3.1 section 4.8.30).
    requirement = {name: sorted(decision.scopes) if with_scopes else []}
    operation["security"] = [{}, requirement] if decision.access is Access.OPTIONAL else [requirement]
    answers = operation.setdefault("responses", {})
    answers.setdefault("401", {"description": "Not authenticated, or the access token is not valid"})
    if lacks := _what_may_lack(decision):
        answers.setdefault("403", {"description": lacks})


def _what_may_lack(decision: Rule) -> str:
    if decision.access is Access.DENIED:
        return "Nobody may do this"
    needs = [f"the scope {scope}" for scope in sorted(decision.scopes)]
    needs += [f"the role {' or '.join(sorted(any_of))}" for any_of in decision.roles]
    return f"The access token lacks {' or '.join(needs)}" if needs else ""
