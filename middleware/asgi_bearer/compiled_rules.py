"""When a rule holds.

An opening holds exactly: this path, this method, this host. A guard also holds for what some router takes for the same:
another case, a slash more or less at the end, another way to write a number.
"""

import re
from collections.abc import Callable, Iterable
from urllib.parse import quote

from starlette.convertors import FloatConvertor, IntegerConvertor, UUIDConvertor
from starlette.routing import compile_path

from .rules import Rule
from .targets import Target, fold_host, other_slash

PARAMETER = re.compile(r"{[a-zA-Z_][a-zA-Z0-9_]*(?::([a-zA-Z_][a-zA-Z0-9_]*))?}")
BUILT_IN_CONVERTORS = frozenset({None, "str", "int", "float", "uuid", "path"})


class CompiledRule:
    """A rule with its path and host compiled. `named` is whether some rule names the target's host."""

    __slots__ = ("_fits", "_fits_raw", "_fits_some_spelling", "_host", "rule")

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self._fits = _matcher(rule.path) if rule.is_guard else _matcher(rule.path, any_rest=".+")
        self._fits_raw = _matcher(_undecoded(rule.path))
        self._fits_some_spelling = _spellings(rule.path)
        self._host = None if rule.host is None else host_pattern(rule.host)

    def holds(self, target: Target, *, named: bool) -> bool:
        """Exactly, and in both readings of the path."""
        return bool(
            self.rule.covers_method(target.method)
            and self._fits(target.path)
            and (target.raw is target.path or self._fits_raw(target.raw))
            and (self._is_at(target.host) if self._host else self.rule.is_guard or not named)
        )

    def guards(self, target: Target) -> bool:
        """Whether this is a guard and the target one of the spellings of what it guards."""
        return bool(
            self.rule.is_guard
            and (self.rule.methods is None or target.method.upper() in self.rule.methods)
            and self._fits_some_spelling(target.path)
            and (self._host is None or self._is_at(fold_host(target.host)))
        )

    def _is_at(self, host: str) -> bool:
        return self._host is not None and self._host.fullmatch(host) is not None


def host_pattern(host: str) -> re.Pattern[str]:
    """As Starlette's `Host` routes match it, which fold case in some versions only."""
    return re.compile(compile_path(host)[0].pattern)


def _matcher(path: str, any_rest: str = ".*") -> Callable[[str], object]:
    """any_rest: what a `{rest:path}` at the end is. Some routers take `/files/` for `/files`, so no opening fits it."""
    if "{" not in path:
        return path.__eq__
    pattern = compile_path(path)[0].pattern
    if pattern.endswith(_ANY_REST):
        pattern = pattern.removesuffix(_ANY_REST) + any_rest + ")"
    return _in_bounded_time(path, re.compile(pattern).fullmatch, if_too_long=False)


_ANY_REST = ".*)$"
_WIDER = {
    IntegerConvertor.regex: r"\s*[+-]?[\d_]+\s*",
    FloatConvertor.regex: r"\s*[+-]?(?:[\d_.]+(?:e[+-]?[\d_]+)?|inf|infinity|nan)\s*",
    UUIDConvertor.regex: r"\s*(?:urn:)?(?:uuid:)?{?[0-9a-f-]{32,}}?\s*",
}
"""What Python's own int(), float() and UUID() read, which some routers call; by what Starlette matches."""


def _undecoded(path: str) -> str:
    """The path as it stands in a request line; what a convertor of the app's own makes of that is not asked."""
    return "".join(
        quote(text, safe="/!$&'()*+,;=:@")
        if parameter is None
        else parameter[0]
        if parameter[1] in BUILT_IN_CONVERTORS
        else parameter[0].replace(f":{parameter[1]}", ":path")
        for text, parameter in _pieces(path)
    )


def _pieces(path: str) -> Iterable[tuple[str, re.Match[str] | None]]:
    """The fixed texts and the parameters of a path, in order."""
    end = 0
    for parameter in PARAMETER.finditer(path):
        yield path[end : parameter.start()], None
        yield "", parameter
        end = parameter.end()
    yield path[end:], None


def _spellings(path: str) -> Callable[[str], object]:
    if "{" not in path:
        return lambda _spelling: True  # literal paths are looked up by what they have in common
    pattern = compile_path(path)[0].pattern
    for exact, wider in _WIDER.items():
        pattern = pattern.replace(f">{exact})", f">{wider})")
    fits = re.compile(pattern, re.IGNORECASE).fullmatch
    return _in_bounded_time(path, lambda text: fits(text) or fits(other_slash(text)), if_too_long=True)


MAX_BACKTRACKING = 256
"""Characters of a path that a pattern is matched with which tries every way to divide it: seconds, for a long one."""


def _in_bounded_time(path: str, fits: Callable[[str], object], *, if_too_long: bool) -> Callable[[str], object]:
    *segments, last = path.split("/")
    divides = len(PARAMETER.findall(last)) > 1 or any(
        len(PARAMETER.findall(segment)) > 1 or ":path}" in segment for segment in segments
    )
    if not divides:
        return fits
    return lambda text: fits(text) if len(text) <= MAX_BACKTRACKING else if_too_long
