"""Names as people write them in a configuration: one text, or several in a list."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

SCOPE_TOKEN = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
"""The name of a scope (RFC 6749 section 3.3)."""


@dataclass(frozen=True, slots=True, repr=False)
class InvalidName:
    """Something that is no text, kept for the fault that shows it."""

    written: str

    def __repr__(self) -> str:
        return self.written


def as_strings(value: object) -> tuple[Any, ...]:
    """The names in `value`. A text alone is one name, so that `scopes="read"` is not four scopes."""
    if value is None:
        return ()
    listed = value if isinstance(value, Iterable) and not isinstance(value, str) else (value,)
    return tuple(name if isinstance(name, str) else InvalidName(repr(name)) for name in listed)


TypedValue = tuple[type, Any]


def typed(value: object) -> TypedValue | None:
    """A claim's value with its type, since `True == 1`; None if it cannot be compared, such as a list."""
    return (type(value), value) if isinstance(value, str | int | float) else None
