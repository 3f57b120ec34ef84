"""Flight: one run of an async function that many tasks wait for, none of which owns it.

A request that is cancelled leaves the flight to the others. It may be awaited in any event loop, on asyncio and trio,
in any thread: nothing of the loop it runs in is shared.
"""

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from contextvars import Context
from typing import Any

import anyio
import anyio.lowlevel

_log = logging.getLogger("asgi_bearer")


class Flight:
    """Departs when it is made, in the event loop that it is made in."""

    def __init__(self, run: Callable[[], Awaitable[None]]) -> None:
        self._run = run
        self._landed: Future[None] = Future()
        self._task = _spawn(self._fly)  # a reference, or asyncio may forget a task that runs

    @property
    def has_landed(self) -> bool:
        return self._landed.done()

    async def landing(self) -> None:
        """Wait until it has landed. If its event loop is closed before it departs it never does: set a limit."""
        event = anyio.Event()
        wake = _threadsafe(event.set)
        self._landed.add_done_callback(lambda _: wake())
        await event.wait()

    async def _fly(self) -> None:
        try:
            await anyio.lowlevel.checkpoint()  # not within the caller's locks, as an eager task would begin
            await self._run()
        except Exception:  # trio ends the whole program for an exception in a system task
            _log.exception("a task in the background failed")
        finally:
            self._landed.set_result(None)


def _in_trio() -> bool:
    trio = sys.modules.get("trio")
    return trio is not None and trio.lowlevel.in_trio_task()


def _spawn(function: Callable[[], Coroutine[Any, Any, None]]) -> object:
    """Without the request's context variables, which would live on in the task."""
    if _in_trio():
        import trio

        return trio.lowlevel.spawn_system_task(function, context=Context())
    return asyncio.get_running_loop().create_task(function(), context=Context())


def _threadsafe(function: Callable[[], object]) -> Callable[[], None]:
    """`function` to be called from any thread, in the event loop of this one. Nothing happens once that is closed."""
    schedule: Callable[[Callable[[], object]], object]
    if _in_trio():
        import trio

        schedule = trio.lowlevel.current_trio_token().run_sync_soon
    else:
        schedule = asyncio.get_running_loop().call_soon_threadsafe

    def call() -> None:
        with suppress(RuntimeError):
            schedule(function)

    return call
