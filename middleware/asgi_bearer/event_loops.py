"""Event loops: what asyncio and trio do differently, and neither Starlette nor anyio has a cheap word for.

Nothing here is bound to a task that waits: a call that ends early, an alarm and a wake-up from another thread.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from contextvars import Context
from typing import Any


def in_trio() -> bool:
    trio = sys.modules.get("trio")
    return trio is not None and trio.lowlevel.in_trio_task()


def spawn(function: Callable[[], Coroutine[Any, Any, None]]) -> object:
    """A task without the context variables of the one that made it, which would live on in it."""
    if in_trio():
        import trio

        return trio.lowlevel.spawn_system_task(function, context=Context())
    return asyncio.get_running_loop().create_task(function(), context=Context())


def threadsafe(function: Callable[[], object]) -> Callable[[], None]:
    """`function` to be called from any thread, in the event loop of this one. Nothing happens once that is closed."""
    schedule: Callable[[Callable[[], object]], object]
    if in_trio():
        import trio

        schedule = trio.lowlevel.current_trio_token().run_sync_soon
    else:
        schedule = asyncio.get_running_loop().call_soon_threadsafe

    def call() -> None:
        with suppress(RuntimeError):
            schedule(function)

    return call


def set_alarm(seconds: float, ring: Callable[[], None]) -> Callable[[], None]:
    """Call `ring` after so many seconds of the loop's clock, which never goes back. Returns what calls it off."""
    if in_trio():
        import trio

        scope = trio.CancelScope()

        async def wait() -> None:
            with scope:
                await trio.sleep(max(seconds, 0))
                ring()

        trio.lowlevel.spawn_system_task(wait, context=Context())
        return scope.cancel
    return asyncio.get_running_loop().call_later(seconds, ring, context=Context()).cancel


class TaskCall:
    """A call that runs in this task, and is to be cancelled from outside of it. For asyncio."""

    def __init__(self, task: Any) -> None:
        self._task = task

    def cancel(self) -> None:
        self._task.cancel()

    def is_cause_of(self, error: BaseException | None) -> bool:
        """Whether it was cancelled here and by nobody else; then its task goes on. Asked once, after `cancel`."""
        return self._task.uncancel() == 0 and isinstance(error, asyncio.CancelledError)


class ScopeCall:
    """One call of a coroutine, likewise. For trio, where only a scope around it can do that."""

    def __init__(self) -> None:
        import trio

        self._scope = trio.CancelScope()

    async def of(self, running: Awaitable[None]) -> None:
        with self._scope:
            await running

    def cancel(self) -> None:
        self._scope.cancel()

    def is_cause_of(self, _error: BaseException | None) -> bool:
        """Never: the scope keeps what it raised to itself."""
        return False
