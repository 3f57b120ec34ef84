"""Names as people write them in a configuration: one text, or several in a list."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, repr=False)
class NotAName:
    """Something that is no text, kept for the fault that shows it."""

    written: str

    def __repr__(self) -> str:
        return self.written


def read_names(value: object) -> tuple[Any, ...]:
    """The names in `value`. A text alone is one name, so that `scopes="read"` is not four scopes."""
    if value is None:
        return ()
    listed = value if isinstance(value, Iterable) and not isinstance(value, str) else (value,)
    return tuple(name if isinstance(name, str) else NotAName(repr(name)) for name in listed)
