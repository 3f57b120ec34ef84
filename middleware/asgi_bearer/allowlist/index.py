"""Which rules could match a path, found without asking them all: a tree of path segments.

Paths are folded (`request_target.fold_path`), so a protected rule is found for each spelling. What is found is a
superset: each rule is still asked whether it matches. Within a segment, patterns are found by the fixed texts around
their parameters, so ten thousand rules such as `/{name}.e7` cost what ten cost.
"""

from collections.abc import Iterator
from typing import Generic, TypeVar

from .path_pattern import Pieces, head, parameters, read_pattern, tail, takes_any_rest
from .request_target import fold_case, fold_value

_Item = TypeVar("_Item")
_Value = TypeVar("_Value")


class _ByAffixes(Generic[_Value]):
    """Values by the fixed text that a segment begins with and the one that it ends with."""

    __slots__ = ("_by_lengths",)

    def __init__(self) -> None:
        self._by_lengths: dict[tuple[int, int], dict[tuple[str, str], _Value]] = {}

    def place(self, start: str, end: str, value: _Value) -> _Value:
        """Return the value for these texts: the one that is there, or else this one."""
        return self._by_lengths.setdefault((len(start), len(end)), {}).setdefault((start, end), value)

    def find(self, text: str) -> Iterator[_Value]:
        for (start, end), values in self._by_lengths.items():
            if len(text) >= start + end:
                found = values.get((text[:start], text[len(text) - end :]))
                if found is not None:
                    yield found


class _Segment(Generic[_Item]):
    """What may follow one segment of some rules' paths."""

    __slots__ = ("ending", "fixed", "patterns", "rests")

    def __init__(self) -> None:
        self.fixed: dict[str, _Segment[_Item]] = {}
        """Segments without a parameter, by their folded text."""
        self.patterns: _ByAffixes[_Segment[_Item]] = _ByAffixes()
        """Segments with a parameter."""
        self.ending: list[_Item] = []
        """Rules that end here."""
        self.rests: _ByAffixes[list[_Item]] = _ByAffixes()
        """Rules of which the rest begins in the next segment; a rest begins without a boundary."""

    def following(self, text: str) -> "Iterator[_Segment[_Item]]":
        if (fixed := self.fixed.get(fold_value(text))) is not None:
            yield fixed
        yield from self.patterns.find(text)

    def rests_from(self, text: str) -> Iterator[_Item]:
        found = list(self.rests.find(text))
        if (value := fold_value(text)) != text:
            found += [items for items in self.rests.find(value) if items not in found]
        for items in found:
            yield from items


class RuleIndex(Generic[_Item]):
    """Items by the path patterns of their rules."""

    def __init__(self) -> None:
        self._root: _Segment[_Item] = _Segment()

    def add(self, path: str, item: _Item) -> None:
        """path: in Starlette's route syntax."""
        segments = read_pattern(path.rstrip("/"))
        here = self._root
        for pieces, following in zip(segments, (*segments[1:], ()), strict=True):
            if takes_any_rest(pieces):
                here.rests.place(fold_case(head(pieces)), "", []).append(item)
                return
            if takes_any_rest(following) and not head(following):
                start = fold_case(head(pieces))
                here.rests.place(start if parameters(pieces) else fold_value(start), "", []).append(item)
                return
            here = _child(here, pieces)
        here.ending.append(item)

    def find(self, folded_path: str) -> Iterator[_Item]:
        """Every rule that could match the path in any of its spellings, and maybe some more."""
        here = [self._root]
        for text in folded_path.split("/")[1:]:
            following: list[_Segment[_Item]] = []
            for one in here:
                yield from one.rests_from(text)
                following += one.following(text)
            if not following:
                return
            here = following
        for one in here:
            yield from one.rests_from("")
            yield from one.ending


def _child(here: _Segment[_Item], pieces: Pieces) -> _Segment[_Item]:
    if parameters(pieces):
        return here.patterns.place(fold_case(head(pieces)), fold_case(tail(pieces)), _Segment())
    return here.fixed.setdefault(fold_value(fold_case("".join(map(str, pieces)))), _Segment())
