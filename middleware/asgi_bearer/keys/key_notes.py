"""Key notes: what is to be said of single keys of a set."""

from dataclasses import dataclass

_SHOWN = 64
"""Characters of a `kid` that are shown."""


@dataclass(frozen=True, slots=True)
class KeyNote:
    """A sentence about a key or a set of keys. warning: the operator may have to do something."""

    text: str
    warning: bool = False


def key_name(key_id: object, otherwise: str) -> str:
    """What a key is called in a note: its `kid`, escaped and shortened, if it has one."""
    if not isinstance(key_id, str) or not key_id:
        return otherwise
    return f"kid {key_id[:_SHOWN]!a}{'…' if len(key_id) > _SHOWN else ''}"
