"""Which rules could hold for a path, found without asking them all: a tree of path segments.

Paths are folded (see `targets.fold_path`), so that a guard is found under each spelling. What is found is a superset:
each rule is still asked whether it holds.
"""

from collections.abc import Iterator
from typing import Generic, TypeVar

from .compiled_rules import BUILT_IN_CONVERTORS, PARAMETER
from .targets import fold_path

_Item = TypeVar("_Item")

_ONE_SEGMENT = BUILT_IN_CONVERTORS - {"path"}
"""What never takes a slash; of a convertor of the app's own that is not known."""


class _Segment(Generic[_Item]):
    """One segment of some rules' paths."""

    __slots__ = ("ending", "fixed", "open", "parameter")

    def __init__(self) -> None:
        self.fixed: dict[str, _Segment[_Item]] = {}
        """What follows, by its folded text."""
        self.parameter: _Segment[_Item] | None = None
        """What follows if a parameter stands in it, whatever text is there."""
        self.ending: list[_Item] = []
        """Rules that end here."""
        self.open: list[_Item] = []
        """Rules whose next parameter may take any number of segments."""


class RuleIndex(Generic[_Item]):
    def __init__(self) -> None:
        self._root: _Segment[_Item] = _Segment()

    def add(self, path: str, item: _Item) -> None:
        """path: in Starlette's route syntax."""
        here = self._root
        for segment in path.rstrip("/").split("/")[1:]:
            convertors = {parameter[1] for parameter in PARAMETER.finditer(segment)}
            if not convertors <= _ONE_SEGMENT:
                here.open.append(item)
                return
            if convertors:
                here.parameter = here.parameter or _Segment()
                here = here.parameter
            else:
                here = here.fixed.setdefault(segment.lower(), _Segment())
        here.ending.append(item)

    def find(self, path: str) -> Iterator[_Item]:
        """Every rule that could hold for the path in any of its spellings, and maybe some more."""
        here = [self._root]
        for segment in fold_path(path).split("/")[1:]:
            following = []
            for one in here:
                if one.open:
                    yield from one.open
                if (fixed := one.fixed.get(segment)) is not None:
                    following.append(fixed)
                if one.parameter is not None:
                    following.append(one.parameter)
            if not following:
                return
            here = following
        for one in here:
            yield from one.open
            yield from one.ending
