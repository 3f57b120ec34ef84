"""Match: Scope → Rule. Which rule of the allowlist decides a request; compiled once, before the first one.

    public("/health")                               no token is looked at
    optional("/catalogue")                          no token: anonymous; a bad token is refused
    protected("/orders/{id:int}", scopes=["read"])  a token with all of the scopes and any of the roles
    everything else                                 `unlisted`: any valid token, or nobody

A decision uses what the router will use: scope type, method and Starlette's route path, always matched in full. So:

- A path that two parsers could read differently is refused before any rule is looked at.
- A literal path goes before a pattern. Where several rules of one kind match, the strictest wins: protected over
  optional over public, and the scopes and roles of all of them are needed.
- HEAD is decided as GET. Methods are compared exactly where a rule opens something; a protected rule also holds for
  other spellings (`get`), since some routers fold case.
- `WEBSOCKET` is a method here. Without `methods`, a public or optional rule opens HTTP only, a protected one
  guards both.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Literal

from starlette._utils import get_route_path
from starlette.routing import compile_path
from starlette.types import Scope

from .errors import AmbiguousPath
from .names import read_names


class Access(IntEnum):
    """Who may pass, from the most open to the strictest."""

    PUBLIC = 0
    OPTIONAL = 1
    PROTECTED = 2
    DENIED = 3


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the allowlist. `roles` is a list of sets: any role of each set is needed."""

    path: str
    methods: frozenset[str] | None
    access: Access
    scopes: frozenset[str] = frozenset()
    roles: tuple[frozenset[str], ...] = ()

    def covers_method(self, method: str) -> bool:
        if self.access is Access.PROTECTED:
            return self.methods is None or method.upper() in self.methods
        return method != WEBSOCKET if self.methods is None else method in self.methods

    def __str__(self) -> str:
        methods = "" if self.methods is None else f", methods={sorted(self.methods, key=str)}"
        return f"{self.access.name.lower()}({self.path!r}{methods})"


WEBSOCKET = "WEBSOCKET"


def public(path: str, methods: Iterable[str] | None = None) -> Rule:
    """No token is looked at. `path` in Starlette's route syntax; `methods` upper case, None for all HTTP ones."""
    return Rule(path, _methods(methods), Access.PUBLIC)


def optional(path: str, methods: Iterable[str] | None = None) -> Rule:
    """Without a token the user is an `AnonymousUser`; a bad token is refused all the same."""
    return Rule(path, _methods(methods), Access.OPTIONAL)


def protected(
    path: str, methods: Iterable[str] | None = None, scopes: Iterable[str] = (), roles: Iterable[str] = ()
) -> Rule:
    """A valid token with all of `scopes` and any of `roles`. Without `methods` it guards websockets too."""
    any_of = frozenset(read_names(roles))
    all_of = frozenset(read_names(scopes))
    return Rule(path, _methods(methods), Access.PROTECTED, all_of, (any_of,) if any_of else ())


def _methods(methods: Iterable[str] | None) -> frozenset[str] | None:
    return None if methods is None else frozenset(read_names(methods))


_TWO_READINGS = re.compile(
    r"\A(?!/)"  # no leading slash: absolute form, authority form, `*`, empty
    r"|//"  # empty segments, which some routers fold
    r"|/\.{1,2}(?:/|\Z)"  # dot segments, which some apps and proxies resolve
    r"|[\\;\x00-\x1f\x7f-\x9f\u2028\u2029\ufffd\ud800-\udfff]"  # separators to somebody, line ends, decoding failures
)
_ENCODED_SLASH = re.compile(rb"%2[fF]")


def route_path(scope: Scope) -> str:
    """The path that Starlette's router will match. Raises AmbiguousPath."""
    path = get_route_path(scope)
    if _TWO_READINGS.search(path) or _TWO_READINGS.search(scope["path"]):
        raise AmbiguousPath
    if _ENCODED_SLASH.search(scope.get("raw_path") or b""):
        raise AmbiguousPath
    return path


Unlisted = Literal["authenticated", "denied"]


class Policy:
    """The compiled allowlist."""

    def __init__(self, rules: Sequence[Rule], unlisted: Unlisted) -> None:
        access = Access.PROTECTED if unlisted == "authenticated" else Access.DENIED
        self._unlisted = Rule("", None, access)
        self._literal: dict[str, list[Rule]] = {}
        self._patterns: list[tuple[re.Pattern[str], Rule]] = []
        for rule in rules:
            if "{" in rule.path:
                self._patterns.append((compile_path(rule.path)[0], rule))
            else:
                self._literal.setdefault(rule.path, []).append(rule)

    def match(self, scope: Scope) -> Rule:
        """The rule that decides this request. Raises AmbiguousPath."""
        path = route_path(scope)
        method = WEBSOCKET if scope["type"] == "websocket" else scope["method"]
        if method == "HEAD":
            method = "GET"
        matching = [rule for rule in self._literal.get(path, ()) if rule.covers_method(method)]
        if not matching:
            matching = [rule for regex, rule in self._patterns if regex.fullmatch(path) and rule.covers_method(method)]
        if not matching:
            return self._unlisted
        return matching[0] if len(matching) == 1 else strictest(matching)


def strictest(rules: Sequence[Rule]) -> Rule:
    """One rule that asks for everything that any of them asks for."""
    return replace(
        max(rules, key=lambda rule: rule.access),
        scopes=frozenset().union(*(rule.scopes for rule in rules)),
        roles=tuple(dict.fromkeys(any_of for rule in rules for any_of in rule.roles)),
    )


# What can be wrong with a list of rules. Said at construction, with what to write instead.

_METHOD = re.compile(r"[A-Z]+(?:-[A-Z]+)*")
_SCOPE_TOKEN = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
_PARAMETER = re.compile(r"{[a-zA-Z_][a-zA-Z0-9_]*(?::([a-zA-Z_][a-zA-Z0-9_]*))?}")
_PATH_PARAMETER = "{:path}"


def rule_faults(rules: Sequence[object]) -> Iterator[str]:
    """Everything that is wrong with the rules, alone and beside each other, a sentence each."""
    rivals: dict[str | None, list[Rule]] = {}
    for rule in rules:
        if not isinstance(rule, Rule):
            yield f"{rule!r} in allow is not a rule; write public(…), optional(…) or protected(…)"
        elif faults := list(_faults_of(rule)):
            yield from faults
        else:  # a literal path goes before a pattern, so only patterns and equal paths can stand in each other's way
            rivals.setdefault(None if "{" in rule.path else rule.path, []).append(rule)
    for group in rivals.values():
        yield from _superfluous(group)


def _superfluous(rules: Sequence[Rule]) -> Iterator[str]:
    for position, rule in enumerate(rules):
        for other_position, other in enumerate(rules):
            if position != other_position and _never_decides(rule, other, first=position < other_position):
                yield f"{rule} can never decide a request, because {other} does; take one of them out"
                break


def _faults_of(rule: Rule) -> Iterator[str]:
    if not isinstance(rule.path, str) or not rule.path.startswith("/"):
        yield f"{rule}: the path must start with a slash; write for example '/orders'"
        return
    if "*" in rule.path:
        yield f"{rule}: a star is no pattern; write {{rest:path}} for any rest or {{name}} for one segment"
    elif "{" in _PARAMETER.sub("", rule.path) or "}" in _PARAMETER.sub("", rule.path):
        yield f"{rule}: a parameter is written {{name}} or {{name:int}}"
    else:
        yield from _pattern_faults(rule)
    for method in sorted(rule.methods or (), key=str):
        if not _METHOD.fullmatch(str(method)) or method == "HEAD":
            instead = "GET, which decides HEAD too" if method == "HEAD" else repr(str(method).upper())
            yield f"{rule}: method {method!r} never matches; write {instead}"
    if rule.methods is not None and not rule.methods:
        yield f"{rule}: methods=[] matches nothing; leave methods out for all of them"
    for scope in sorted(rule.scopes, key=str):
        if not isinstance(scope, str) or not _SCOPE_TOKEN.fullmatch(scope):
            yield f"{rule}: {scope!r} is not one scope (RFC 6749 section 3.3); write scopes={str(scope).split()}"
    if not all(isinstance(role, str) and role for any_of in rule.roles for role in any_of):
        yield f"{rule}: roles must be non-empty strings"


def _pattern_faults(rule: Rule) -> Iterator[str]:
    try:
        compile_path(rule.path)
    except (AssertionError, KeyError, ValueError) as error:
        yield f"{rule}: {error}"
        return
    shape = "".join(_shape(rule.path))
    if _TWO_READINGS.search(shape) or any(mark in shape for mark in "?#%"):
        yield (
            f"{rule}: no request can have this path; write it decoded, with single slashes, "
            "without query, dot segments, semicolons or backslashes"
        )
    if rule.access is not Access.PROTECTED and _PATH_PARAMETER in shape and not _literal_start(shape):
        yield f"{rule}: opens everything; write a first segment of its own, such as '/static/{{rest:path}}'"


def _literal_start(shape: str) -> str:
    """What is fixed in a path before its `{:path}` parameter."""
    return re.sub(r"{:\w+}|/", "", shape.partition(_PATH_PARAMETER)[0])


def _shape(path: str) -> list[str]:
    """The path's segments, parameters without their names: `/a/{id:int}` → `["/a", "/{:int}"]`."""
    unnamed = _PARAMETER.sub(lambda parameter: f"{{:{parameter[1] or 'str'}}}", path)
    return ["/" + segment for segment in unnamed.split("/")[1:]]


def _never_decides(rule: Rule, other: Rule, *, first: bool) -> bool:
    """Whether `other` matches whatever `rule` does and is at least as strict, so that `rule` adds nothing.

    Of two rules that ask for the same, only the later one is said to be the superfluous one.
    """
    if not _covers_path(_shape(other.path), _shape(rule.path)) or not _covers_methods(other, rule):
        return False
    both = strictest([other, rule])
    if (both.access, both.scopes, both.roles) != (other.access, other.scopes, other.roles):
        return False
    return not (first and _never_decides(other, rule, first=False))


def _covers_methods(wide: Rule, narrow: Rule) -> bool:
    if narrow.methods is not None:
        return all(wide.covers_method(method) for method in narrow.methods)
    return wide.methods is None and (wide.access is Access.PROTECTED or narrow.access is not Access.PROTECTED)


def _covers_path(wide: Sequence[str], narrow: Sequence[str]) -> bool:
    """Whether each path of the shape `narrow` also has the shape `wide`. Says no where it is not sure."""
    if not wide or not narrow:
        return not wide and not narrow
    if wide == ["/" + _PATH_PARAMETER]:
        return True
    one_segment = len(narrow[0]) > 1 and ":path}" not in narrow[0]
    if wide[0] == narrow[0] or (wide[0] == "/{:str}" and one_segment):
        return _covers_path(wide[1:], narrow[1:])
    return False
