"""The user loader: the app's own users for verified claims."""

from collections.abc import Awaitable, Callable
from inspect import iscoroutinefunction
from typing import Any

from .errors import UserRejected
from .tokens.claims import Claims

UserLoader = Callable[[Claims], Awaitable[Any]]
"""`async (Claims) -> user or None`: the app's user for this subject; None rejects the token with 401."""


def is_async(function: object) -> bool:
    return iscoroutinefunction(function) or iscoroutinefunction(getattr(type(function), "__call__", None))  # noqa: B004


async def load_user(claims: Claims, user_loader: UserLoader) -> Any:
    """What `user_loader` makes of these claims. Raises UserRejected."""
    user = await user_loader(claims)
    if user is None:
        raise UserRejected
    return user
