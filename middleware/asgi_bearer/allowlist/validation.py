"""What can be wrong with the rules of an allowlist, alone and beside each other, each with what to write instead."""

import re
from collections.abc import Iterator, Sequence

from starlette.routing import compile_path

from ..names import SCOPE_TOKEN
from .index import RuleIndex
from .path_pattern import PARAMETER, has_foreign_kind, parameters, read_pattern, takes_any_rest
from .request_target import AMBIGUOUS, METHOD, fold_path, fold_values
from .requirement import Requirement, combine
from .rules import Rule

_HOST = re.compile(r"(?:[a-z0-9_-]|{\w+(?::\w+)?})+(?:\.(?:[a-z0-9_-]|{\w+(?::\w+)?})+)*|\[[0-9a-f:.]+\]")
_PATH_PARAMETER = "{:path}"

_FOREIGN = re.compile(r"<(?:\w+:)?\w+>|/:[A-Za-z_]\w*(?=/|$)")
"""A parameter as other routers write it: `<id>`, `<int:id>`, `/:id`."""


def rule_errors(rules: Sequence[object]) -> Iterator[str]:
    """Everything that is wrong with the rules, alone and beside each other, a sentence each."""
    patterns: RuleIndex[Rule] = RuleIndex()
    literal: dict[str, list[Rule]] = {}
    sound = []
    for rule in rules:
        if not isinstance(rule, Rule):
            yield f"{rule!r} in allow is not a rule; write {_instead(rule)}"
        elif errors := list(_errors_of(rule)):
            yield from errors
        else:
            sound.append(rule)
            if "{" in rule.path:
                patterns.add(rule.path, rule)
            else:
                literal.setdefault(fold_values(fold_path(rule.path)), []).append(rule)
    place = {id(rule): number for number, rule in enumerate(sound)}
    for rule in sound:  # a literal path goes before a pattern, so only rules of one kind stand in each other's way
        rivals = patterns.find(fold_path(rule.path)) if "{" in rule.path else literal[fold_values(fold_path(rule.path))]
        for other in rivals:
            if other is not rule and _never_decides(rule, other, first=place[id(rule)] < place[id(other)]):
                yield f"{rule} can never decide a request, because {other} does; take one of them out"
                break


def _instead(value: object) -> str:
    return f"public({value!r})" if isinstance(value, str) else "public(…), optional(…) or protected(…)"


def _errors_of(rule: Rule) -> Iterator[str]:
    if not isinstance(rule.path, str) or not rule.path.startswith("/"):
        yield f"{rule}: the path must start with a slash; write for example '/orders'"
        return
    if "*" in rule.path:
        yield f"{rule}: a star is no pattern; write {{rest:path}} for any rest or {{name}} for one segment"
    elif "{" in PARAMETER.sub("", rule.path) or "}" in PARAMETER.sub("", rule.path) or _FOREIGN.search(rule.path):
        yield f"{rule}: a parameter is written {{name}} or {{name:int}}"
    else:
        yield from _pattern_errors(rule)
    yield from _method_errors(rule)
    yield from _permission_errors(rule)
    if rule.host is not None and not (isinstance(rule.host, str) and _HOST.fullmatch(rule.host)):
        yield f"{rule}: a host is written in lower case and without scheme, port and path, as 'admin.example.com'"


def _method_errors(rule: Rule) -> Iterator[str]:
    for method in sorted(rule.methods or (), key=str):
        if not METHOD.fullmatch(str(method)) or method == "HEAD":
            instead = "GET, which decides HEAD too" if method == "HEAD" else repr(str(method).upper())
            yield f"{rule}: method {method!r} never matches; write {instead}"
    if rule.methods is not None and not rule.methods:
        yield f"{rule}: methods=[] matches nothing; leave methods out for all of them"


def _permission_errors(rule: Rule) -> Iterator[str]:
    for scope in sorted(rule.scopes, key=str):
        if not isinstance(scope, str) or not SCOPE_TOKEN.fullmatch(scope) or "," in scope:
            yield f"{rule}: {scope!r} is not one scope (RFC 6749 section 3.3); write scopes={_divided(scope)}"
    if not all(isinstance(role, str) and role for role in rule.roles):
        yield f"{rule}: roles must be non-empty strings"


def _divided(scope: object) -> list[str]:
    return str(scope).replace(",", " ").split()


def _pattern_errors(rule: Rule) -> Iterator[str]:
    try:
        compile_path(rule.path)
    except (AssertionError, KeyError, ValueError) as error:
        yield f"{rule}: {error}"
        return
    yield from _division_errors(rule)
    shape = "".join(_shape(rule.path))
    if AMBIGUOUS.search(shape) or any(mark in shape for mark in "?#%"):
        yield (
            f"{rule}: no request can have this path; write it decoded, with single slashes, "
            "without query, dot segments, semicolons or backslashes"
        )
    if not rule.is_protected and _PATH_PARAMETER in shape and not _literal_start(shape):
        yield f"{rule}: opens everything; write a first segment of its own, such as '/static/{{rest:path}}'"


def _division_errors(rule: Rule) -> Iterator[str]:
    """A path is divided among parameters in linear time only if these are apart."""
    segments = read_pattern(rule.path)
    if sum(one.kind == "path" for pieces in segments for one in parameters(pieces)) > 1:
        yield f"{rule}: a path can have one {{rest:path}}; write {{name}} for each segment before it"
    elif any(takes_any_rest(pieces) and len(parameters(pieces)) > 1 for pieces in segments):
        yield f"{rule}: {{rest:path}} and parameters with a convertor of your own need a segment each; add a slash"
    elif has_foreign_kind(segments) and _PATH_PARAMETER in "".join(_shape(rule.path)[:-1]):
        yield f"{rule}: beside a convertor of your own, {{rest:path}} must be the last segment"


def _literal_start(shape: str) -> str:
    """What is fixed in a path before its `{:path}` parameter."""
    return re.sub(r"{:\w+}|/", "", shape.partition(_PATH_PARAMETER)[0])


def _shape(path: str) -> list[str]:
    """The path's segments, parameters without their names: `/a/{id:int}` → `["/a", "/{:int}"]`."""
    unnamed = PARAMETER.sub(lambda parameter: f"{{:{parameter[2] or 'str'}}}", path)
    return ["/" + segment for segment in unnamed.split("/")[1:]]


def _never_decides(rule: Rule, other: Rule, *, first: bool) -> bool:
    """Whether `other` matches whatever `rule` does and is at least as strict, so that `rule` adds nothing.

    Of two rules that ask for the same, only the later one is said to be the superfluous one.
    """
    if not _covers_host(other, rule) or not _covers_path(other, rule) or not _covers_methods(other, rule):
        return False
    alone = Requirement.of(other)
    both = combine((alone, Requirement.of(rule)))
    if (both.access, both.scopes, both.roles) != (alone.access, alone.scopes, alone.roles):
        return False
    return not (first and _never_decides(other, rule, first=False))


def _covers_methods(wide: Rule, narrow: Rule) -> bool:
    if narrow.methods is not None:
        return all(wide.covers_method(method) for method in narrow.methods)
    return wide.methods is None and (wide.is_protected or not narrow.is_protected)


def _covers_host(wide: Rule, narrow: Rule) -> bool:
    return wide.host == narrow.host or (wide.is_protected and wide.host is None)


def _covers_path(wide: Rule, narrow: Rule) -> bool:
    if wide.is_protected:  # it covers every spelling, any text for a typed parameter, and a rest without a boundary
        return _covers_shape(_folded_shape(wide.path), _folded_shape(narrow.path), bounded=False)
    return _covers_shape(_shape(wide.path), _shape(narrow.path), bounded=True)


def _folded_shape(path: str) -> list[str]:
    return [re.sub(r"{:(?:int|float|uuid)}", "{:str}", segment) for segment in _shape(fold_values(fold_path(path)))]


def _covers_shape(wide: Sequence[str], narrow: Sequence[str], *, bounded: bool) -> bool:
    """Whether each path of the shape `narrow` also has the shape `wide`. Says no if it is not sure."""
    if not wide or not narrow:
        return not wide and not narrow
    if wide == ["/" + _PATH_PARAMETER]:
        return True
    if not bounded and list(wide[1:]) == ["/" + _PATH_PARAMETER] and "{" not in wide[0]:
        return narrow[0].startswith(wide[0])
    one_segment = len(narrow[0]) > 1 and ":path}" not in narrow[0]
    if wide[0] == narrow[0] or (wide[0] == "/{:str}" and one_segment):
        return _covers_shape(wide[1:], narrow[1:], bounded=bounded)
    return False
