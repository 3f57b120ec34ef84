"""The allowlist in an OpenAPI document, so that the documentation page shows what is protected and can log in."""

from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from typing import Any

from .allowlist.examples import common_example, example
from .allowlist.path_pattern import PARAMETER
from .allowlist.policy import Policy
from .allowlist.request_target import RequestTarget
from .allowlist.requirement import Requirement, combine
from .allowlist.rules import Access, Rule

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
"""The fixed fields of a Path Item Object (OpenAPI 3.1 section 4.8.9)."""

_CONVERTORS = {"integer": "int", "number": "float"}


def describe_security(
    document: Mapping[str, Any], policy: Policy, *, token_url: str | None = None, name: str = "bearer"
) -> dict[str, Any]:
    """Return a copy of an OpenAPI 3 document with a security scheme, and for every operation what it needs.

    document: as FastAPI's `app.openapi()` or Starlette's `SchemaGenerator.get_schema()` gives it.
    token_url: where a form with `username` and `password` is answered with an `access_token`, such as "/login"; the
        page's Authorize button then logs in there (OAuth 2.0 password flow). Without it, a token is pasted.
    name: of the security scheme.

    Roles have no place in OpenAPI; the description of the 403 answer names them. Rules for a host are left out: a
    document has none. What rules say of single paths of a route, such as `public("/orders/help")`, is not said either.
    """
    described = deepcopy(dict(document))
    _object(_object(described, "components"), "securitySchemes")[name] = _scheme(policy.rules, token_url)
    for path, item in _object(described, "paths").items():
        for method, operation in _operations(item):
            kinds = {**_kinds_of_parameters(item), **_kinds_of_parameters(operation)}
            decision = _decision(policy, str(path), kinds, method.upper())
            _describe(operation, decision, name, with_scopes=token_url is not None)
    return described


def _object(holder: dict[str, Any], name: str) -> dict[str, Any]:
    """The object of this name, made where there is none."""
    if not isinstance(holder.get(name), dict):
        holder[name] = {}
    found: dict[str, Any] = holder[name]
    return found


def _scheme(rules: Iterable[Rule], token_url: str | None) -> dict[str, Any]:
    if token_url is None:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    scopes = sorted({scope for rule in rules for scope in rule.scopes})
    return {"type": "oauth2", "flows": {"password": {"tokenUrl": token_url, "scopes": dict.fromkeys(scopes, "")}}}


def _operations(item: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    for method in _METHODS if isinstance(item, dict) else ():
        if isinstance(operation := item.get(method), dict):
            yield method, operation


def _kinds_of_parameters(holder: Mapping[str, Any]) -> dict[str, str]:
    """Name → convertor of the path parameters whose type the document tells; "str" for any text."""
    listed = holder.get("parameters")
    kinds = {}
    for parameter in listed if isinstance(listed, list) else ():
        schema = parameter.get("schema") if isinstance(parameter, dict) else None
        if isinstance(schema, dict) and parameter.get("in") == "path":
            kinds[str(parameter.get("name"))] = _convertor(schema)
    return kinds


def _convertor(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type")
    return "uuid" if schema.get("format") == "uuid" else _CONVERTORS.get(kind if isinstance(kind, str) else "", "str")


def _decision(policy: Policy, path: str, kinds: Mapping[str, str], method: str) -> Requirement:
    """Of one path of the route; and where a rule is written for just this route, of one that the rule fits.

    A document leaves convertors away. The rule's are trusted where it tells no type; otherwise the stricter of both is
    what the operation needs.
    """
    method = "GET" if method == "HEAD" else method
    for name, kind in kinds.items():
        path = path.replace(f"{{{name}}}", f"{{{name}:{kind}}}")
    examples = [example(path)]
    for rule in policy.rules:
        if rule.covers_method(method) and PARAMETER.sub("{}", rule.path) == PARAMETER.sub("{}", path):
            examples = ([*examples] if kinds else []) + [common_example(path, rule.path) or example(path)]
            break
    return combine(policy.evaluate(RequestTarget.of_path(one, method)) for one in examples)


def _describe(operation: dict[str, Any], decision: Requirement, name: str, *, with_scopes: bool) -> None:
    if decision.access is Access.PUBLIC:
        operation["security"] = []
        return
    # For a scheme of type http the list is empty in OpenAPI 3.0, and may be in 3.1 ("Security Requirement Object").
    requirement = {name: sorted(decision.scopes) if with_scopes else []}
    operation["security"] = [{}, requirement] if decision.access is Access.OPTIONAL else [requirement]
    answers = _object(operation, "responses")
    told = {str(status) for status in answers}  # numbers, where the document was YAML
    new = {"401": "Not authenticated, or the access token is not valid", "403": _what_may_lack(decision)}
    for status, description in new.items():
        if description and status not in told:
            answers[status] = {"description": description}


def _what_may_lack(decision: Requirement) -> str:
    if decision.access is Access.DENIED:
        return "Nobody may do this"
    needs = [f"the scope {scope}" for scope in sorted(decision.scopes)]
    needs += [f"the role {' or '.join(sorted(any_of))}" for any_of in decision.roles]
    return f"The access token lacks {' or '.join(needs)}" if needs else ""
