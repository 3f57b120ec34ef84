"""When a rule matches.

A public or optional rule matches exactly: this path, this method, this host, in both readings of the path. A protected
rule also covers what some router takes for the same:

- another case, and a slash more or less at the end;
- another spelling of a number, a UUID or a date in it;
- any text in the place of a typed parameter: routers differ in what they take for a number or a UUID;
- any way to write a method that is unusual (`UNUSUAL_METHOD`);
- a rest without a boundary: `/admin/{rest:path}` covers `/adminusers`, which some routers pass to `/admin`.
"""

import re
from collections.abc import Callable, Sequence
from urllib.parse import quote

from starlette.routing import compile_path

from .path_pattern import (
    ONE_SEGMENT_KINDS,
    PARAMETER,
    Parameter,
    Pieces,
    Segment,
    has_foreign_kind,
    head,
    read_pattern,
    tail,
    takes_any_rest,
)
from .request_target import (
    UNRESERVED_IN_PATH,
    UNUSUAL_METHOD,
    RequestTarget,
    fold_case,
    fold_host,
    fold_path,
    fold_value,
)
from .requirement import Requirement
from .rules import Rule

_Matcher = Callable[[str], bool]


class CompiledRule:
    """A rule with its path and host compiled."""

    __slots__ = ("_host", "_matches_path", "_matches_raw", "_matches_variant", "requirement", "rule")

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.requirement = Requirement.of(rule)
        self._matches_path = _exact(rule.path, needs_rest=True)
        self._matches_raw = _exact(_percent_encoded(rule.path), needs_rest=False)
        self._matches_variant = _lenient(rule.path)
        self._host = None if rule.host is None else host_pattern(rule.host)

    def matches(self, target: RequestTarget, *, host_is_named: bool) -> bool:
        """Whether it matches exactly, in both readings of the path. host_is_named: whether some rule names the host."""
        return bool(
            self.rule.covers_method(target.method)
            and self._matches_path(target.path)
            and (target.raw is target.path or self._matches_raw(target.raw))
            and (self._is_at(target.host) if self._host else self.rule.is_protected or not host_is_named)
        )

    def matches_variant(self, target: RequestTarget, folded_path: str) -> bool:
        """Whether it is protected and the target is one of the spellings that it covers."""
        return bool(
            self.rule.is_protected
            and (target.method == UNUSUAL_METHOD or self.rule.covers_method(target.method))
            and self._matches_variant(folded_path)
            and (self._host is None or self._is_at(fold_host(target.host)))
        )

    def _is_at(self, host: str) -> bool:
        return self._host is not None and self._host.fullmatch(host) is not None


def host_pattern(host: str) -> re.Pattern[str]:
    """As Starlette's `Host` routes match it, which fold case in some versions only."""
    return re.compile(compile_path(host)[0].pattern)


def mounted_at(path: str) -> str:
    """The folded text before a `{rest:path}` that ends the rule, without parameters and the last slash; else ""."""
    start, slash, rest = path.rpartition("/")
    is_rest = bool(PARAMETER.fullmatch(rest)) and takes_any_rest(read_pattern(slash + rest)[0])
    return fold_path(start) if is_rest and "{" not in start else ""


def _exact(path: str, *, needs_rest: bool) -> _Matcher:
    """needs_rest: whether `{rest:path}` needs a text, since some routers take `/files/` for `/files`, another page."""
    if "{" not in path:
        return path.__eq__
    segments = read_pattern(path)
    if has_foreign_kind(segments):
        return _exact_by_convertors(path, needs_rest=needs_rest)
    rest_at = _place_of_rest(segments)
    if rest_at is None:
        fits_all = _all_fit([Segment(pieces, is_lenient=False) for pieces in segments])
        return lambda text: fits_all(text.split("/")[1:])
    return _exact_with_rest(segments, rest_at, needs_rest=needs_rest)


def _exact_by_convertors(path: str, *, needs_rest: bool) -> _Matcher:
    """As Starlette matches it, with the patterns of the app's own convertors. Each is alone in its segment."""
    pattern = compile_path(path)[0].pattern
    if needs_rest and pattern.endswith(_ANY_REST):
        pattern = pattern.removesuffix(_ANY_REST) + ".+)"
    fits = re.compile(pattern).fullmatch
    return lambda text: fits(text) is not None


_ANY_REST = ".*)$"


def _exact_with_rest(segments: Sequence[Pieces], rest_at: int, *, needs_rest: bool) -> _Matcher:
    """For `/before/{rest:path}/after`; the rest may share its segment with fixed texts."""
    before = _all_fit([Segment(pieces, is_lenient=False) for pieces in segments[:rest_at]])
    after = _all_fit([Segment(pieces, is_lenient=False) for pieces in segments[rest_at + 1 :]])
    start, end = head(segments[rest_at]), tail(segments[rest_at])
    shortest, behind = len(start) + len(end) + needs_rest, len(segments) - rest_at - 1

    def matches(text: str) -> bool:
        texts = text.split("/")[1:]
        rest = "/".join(texts[rest_at : len(texts) - behind])
        return (
            len(texts) > rest_at + behind
            and len(rest) >= shortest
            and rest.startswith(start)
            and rest.endswith(end)
            and before(texts[:rest_at])
            and after(texts[len(texts) - behind :])
        )

    return matches


def _lenient(path: str) -> _Matcher:
    """A matcher for folded paths. A literal path is looked up by its folded values, so nothing is left to compare."""
    segments = tuple(map(_folded, read_pattern(path.rstrip("/"))))
    if "{" not in path:
        return lambda _: True
    rest_at = _place_of_rest(segments)
    if rest_at is None:
        fits_all = _all_fit([Segment(pieces, is_lenient=True) for pieces in segments])
        return lambda folded: fits_all(folded.split("/")[1:])
    return _lenient_with_rest(segments, rest_at)


def _lenient_with_rest(segments: Sequence[Pieces], rest_at: int) -> _Matcher:
    """The rest begins within the segment before it."""
    start, end = head(segments[rest_at]), tail(segments[rest_at])
    *before, last = [*segments[:rest_at], *([(start,)] if start else [])] or [()]
    before_fits = _all_fit([Segment(pieces, is_lenient=True) for pieces in before])
    begins = Segment(last, is_lenient=True).begins if last else lambda _: True
    after_fits = _all_fit([Segment(pieces, is_lenient=True) for pieces in segments[rest_at + 1 :]])
    behind = len(segments) - rest_at - 1

    def matches(folded: str) -> bool:
        texts = folded.split("/")[1:] or [""]
        rest = len(texts) - behind  # of these texts, the last belongs to the rest
        return (
            rest > len(before)
            and begins(texts[len(before)])
            and texts[rest - 1].endswith(end)
            and before_fits(texts[: len(before)])
            and after_fits(texts[rest:])
        )

    return matches


def _all_fit(segments: Sequence[Segment]) -> Callable[[Sequence[str]], bool]:
    fits = [segment.fits for segment in segments]
    return lambda texts: len(texts) == len(fits) and all(fit(text) for fit, text in zip(fits, texts, strict=True))


def _place_of_rest(segments: Sequence[Pieces]) -> int | None:
    """The place of the segment that may take slashes, of which a rule has one at most."""
    return next((place for place, pieces in enumerate(segments) if takes_any_rest(pieces)), None)


def _folded(pieces: Pieces) -> Pieces:
    """With fixed texts folded, and every parameter as one that takes any text."""
    return tuple(
        (fold_case(piece) if len(pieces) > 1 else fold_value(fold_case(piece)))
        if isinstance(piece, str)
        else Parameter(piece.name)
        if piece.kind in ONE_SEGMENT_KINDS
        else Parameter(piece.name, "path")
        for piece in pieces
    )


def _percent_encoded(path: str) -> str:
    """The path as it stands in a request line; what a convertor of the app's own makes of that is not asked."""
    return "/" + "/".join("".join(map(_encoded_piece, pieces)) for pieces in read_pattern(path))


def _encoded_piece(piece: str | Parameter) -> str:
    if isinstance(piece, str):
        return quote(piece, safe=UNRESERVED_IN_PATH)
    kind = piece.kind if piece.kind in ONE_SEGMENT_KINDS else "path"
    return f"{{{piece.name}:{kind}}}"
