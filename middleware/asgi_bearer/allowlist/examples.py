"""Paths that stand for all paths of a route: one of its own, and one for each rule that could touch it."""

import re

from starlette.routing import compile_path

from .path_pattern import PARAMETER

_VALUES = {"int": "7", "float": "7", "uuid": "00000000-0000-4000-8000-000000000007", "path": "any/path"}
_ANY = "anything"
_DISTINCT = ("uuid", "int", "float")
"""What a parameter of one of these kinds takes, one of any kind takes too, but not the other way round."""


def example(path: str) -> str:
    """One path that the route syntax in `path` stands for."""
    return PARAMETER.sub(lambda parameter: _VALUES.get(parameter[2], _ANY), path)


def common_example(path: str, other: str) -> str | None:
    """A path that both stand for; None where there is none, or none was found."""
    merged = _merge(path.split("/"), other.split("/"))
    if merged is None:
        return None
    found = "/".join(merged)
    return found if _fits(path, found) and _fits(other, found) else None


def _fits(path: str, text: str) -> bool:
    return compile_path(path)[0].fullmatch(text) is not None


def _merge(path: list[str], other: list[str]) -> list[str] | None:
    if not path or not other:
        return [] if path == other else None
    if ":path}" in path[0]:
        return [example(segment) for segment in other] if len(path) == 1 else None
    if ":path}" in other[0]:
        return [example(segment) for segment in path] if len(other) == 1 else None
    rest = _merge(path[1:], other[1:])
    return None if rest is None else [_both(path[0], other[0]), *rest]


def _both(segment: str, other: str) -> str:
    for fixed in (segment, other):
        if "{" not in fixed:
            return fixed
    kinds = re.findall(r":(\w+)}", segment + other)
    for kind in _DISTINCT:
        if kind in kinds:
            return _VALUES[kind]
    return example(segment)
