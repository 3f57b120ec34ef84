"""JSON values that cannot be changed, so that requests may share them. They are equal to what they are made of.

A copy (`dict(…)`, `.copy()`, `copy.deepcopy`, pickle) is an ordinary one.
"""

from collections.abc import Mapping
from typing import Any, NoReturn


def _refuse(*_: object, **__: object) -> NoReturn:
    raise TypeError("verified claims cannot be changed; change a copy")


class FrozenObject(dict[str, Any]):
    """A JSON object."""

    __slots__ = ()
    __setitem__ = __delitem__ = __ior__ = clear = pop = popitem = setdefault = update = _refuse

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (dict(self),)


class FrozenArray(list[Any]):
    """A JSON array."""

    __slots__ = ()
    __setitem__ = __delitem__ = __iadd__ = __imul__ = append = clear = _refuse
    extend = insert = pop = remove = reverse = sort = _refuse

    def __reduce__(self) -> tuple[Any, ...]:
        return list, (list(self),)


class LazyFrozenObject:
    """A JSON object that is frozen when somebody looks at it, which few requests do: 1 µs of 20."""

    __slots__ = ("_members",)

    def __init__(self, members: dict[str, Any]) -> None:
        self._members = members

    def text(self, name: str) -> str | None:
        """The member of this name, where it is a text; nothing is frozen for that."""
        value = self._members.get(name)
        return value if isinstance(value, str) else None

    def members(self) -> FrozenObject:
        members = self._members
        if not isinstance(members, FrozenObject):
            members = self._members = frozen_object(members)
        return members


def frozen_object(members: Mapping[str, Any]) -> FrozenObject:
    """The same members, and all that is in them."""
    nested = {name: _frozen(value) for name, value in members.items() if type(value) in _CONTAINERS}
    return FrozenObject({**members, **nested})


def _frozen(value: Any) -> Any:
    kind = type(value)
    if kind is dict:
        return frozen_object(value)
    return FrozenArray(map(_frozen, value)) if kind is list else value


_CONTAINERS = frozenset((dict, list))
