"""Path patterns: Starlette's route syntax, taken apart into segments of fixed texts and parameters.

    /orders/{id:int}/lines   →   ("orders",) (Parameter("id", "int"),) ("lines",)

`Segment` decides whether one segment of a path fits, in time linear in its length: a client may send a thousand
hyphens to `{year}-{month}-{day}`, before it has shown a token.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from starlette.convertors import CONVERTOR_TYPES, UUIDConvertor

from .request_target import fold_value

PARAMETER = re.compile(r"{([a-zA-Z_][a-zA-Z0-9_]*)(?::([a-zA-Z_][a-zA-Z0-9_]*))?}")

ONE_SEGMENT_KINDS = frozenset(("str", "int", "float", "uuid"))
"""Starlette's own kinds of parameter that never take a slash. A kind that the app registers may take anything."""

MAX_DIVIDED = 1_024
"""Characters of a segment that is divided among several parameters. A public rule does not match a longer one, a
protected rule does."""


class Parameter(NamedTuple):
    name: str
    kind: str = "str"


Pieces = tuple[str | Parameter, ...]
"""One segment: fixed texts and parameters, in order."""


def read_pattern(path: str) -> tuple[Pieces, ...]:
    """Return the segments of a path in route syntax; `/` has one, without pieces."""
    return tuple(_pieces(segment) for segment in path.split("/")[1:])


def _pieces(segment: str) -> Pieces:
    pieces: list[str | Parameter] = []
    end = 0
    for found in PARAMETER.finditer(segment):
        pieces += [segment[end : found.start()], Parameter(found[1], found[2] or "str")]
        end = found.end()
    return tuple(piece for piece in (*pieces, segment[end:]) if piece)


def parameters(pieces: Pieces) -> list[Parameter]:
    return [piece for piece in pieces if isinstance(piece, Parameter)]


def head(pieces: Pieces) -> str:
    """The fixed text before the first parameter."""
    return pieces[0] if pieces and isinstance(pieces[0], str) else ""


def tail(pieces: Pieces) -> str:
    """The fixed text behind the last parameter; "" without one."""
    return pieces[-1] if len(pieces) > 1 and isinstance(pieces[-1], str) else ""


def has_foreign_kind(segments: Sequence[Pieces]) -> bool:
    """Whether a parameter is of a kind that the app registered (Starlette's `register_url_convertor`)."""
    return any(
        one.kind not in ONE_SEGMENT_KINDS and one.kind != "path" for pieces in segments for one in parameters(pieces)
    )


def takes_any_rest(pieces: Pieces) -> bool:
    """Whether a parameter in this segment may take slashes."""
    return any(one.kind not in ONE_SEGMENT_KINDS for one in parameters(pieces))


class Segment:
    """Decides whether the text of one segment fits its pieces. None of its parameters takes a slash.

    is_lenient: its fixed texts and those that are asked about are folded, and one that is too long to divide fits.
    """

    __slots__ = ("_is_lenient", "_pieces")

    def __init__(self, pieces: Pieces, *, is_lenient: bool) -> None:
        self._pieces = pieces
        self._is_lenient = is_lenient

    def fits(self, text: str) -> bool:
        """Whether the whole text fits."""
        pieces = self._pieces
        if len(pieces) == 1:
            piece = pieces[0]
            if isinstance(piece, Parameter):
                return _fits_parameter(piece, text)
            return text == piece or (self._is_lenient and fold_value(text) == piece)
        if len(text) > MAX_DIVIDED:
            return self._is_lenient
        return len(text) in self._ends(text)

    def begins(self, text: str) -> bool:
        """Whether the folded text begins with something that fits; asked of a protected rule's segments only."""
        if len(self._pieces) == 1 and isinstance(self._pieces[0], str):
            return text.startswith(self._pieces[0]) or fold_value(text) == self._pieces[0]
        if len(text) > MAX_DIVIDED:
            return True
        return bool(self._ends(text))

    def _ends(self, text: str) -> set[int]:
        """The places where all pieces may end: each piece moves the places on, so none is tried twice."""
        places = {0}
        for piece in self._pieces:
            places = _places_after(piece, text, places)
        return places


def _fits_parameter(parameter: Parameter, text: str) -> bool:
    if parameter.kind == "str":
        return bool(text)
    return re.fullmatch(CONVERTOR_TYPES[parameter.kind].regex, text) is not None


def _places_after(piece: str | Parameter, text: str, places: set[int]) -> set[int]:
    if isinstance(piece, str):
        return {place + len(piece) for place in places if text.startswith(piece, place)}
    if piece.kind == "int":
        return _places_after_digits(text, places)
    if piece.kind == "float":
        whole = _places_after_digits(text, places)
        return whole | _places_after_digits(text, {place + 1 for place in whole if text.startswith(".", place)})
    if piece.kind == "uuid":
        uuid = re.compile(UUIDConvertor.regex)
        return {found.end() for place in places if (found := uuid.match(text, place))}
    return set(range(min(places) + 1, len(text) + 1)) if places else places


def _places_after_digits(text: str, places: set[int]) -> set[int]:
    found: set[int] = set()
    for place, character in enumerate(text):
        if character in "0123456789" and (place in places or place in found):
            found.add(place + 1)
    return found
