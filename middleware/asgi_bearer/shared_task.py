"""SharedTask: one run of an async function that many tasks wait for, none of which owns it.

A request that is cancelled leaves the flight to the others. It may be awaited in any event loop, on asyncio and trio,
in any thread: nothing of the loop it runs in is shared.
"""

import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import Future

import anyio
import anyio.lowlevel

from .event_loops import spawn, threadsafe

_log = logging.getLogger("asgi_bearer")


class SharedTask:
    """Departs when it is made, in the event loop that it is made in."""

    def __init__(self, run: Callable[[], Awaitable[None]]) -> None:
        self._run = run
        self._landed: Future[None] = Future()
        self._task = spawn(self._fly)  # a reference, or asyncio may forget a task that runs

    @property
    def is_done(self) -> bool:
        return self._landed.done()

    async def wait(self) -> None:
        """Wait until it has landed. If its event loop is closed before it departs it never does: set a limit."""
        event = anyio.Event()
        wake = threadsafe(event.set)
        self._landed.add_done_callback(lambda _: wake())
        await event.wait()

    async def _fly(self) -> None:
        try:
            await anyio.lowlevel.checkpoint()  # not within the caller's locks, as an eager task would begin
            await self._run()
        except Exception as error:  # trio ends the whole program for an exception in a system task
            _log.error("a task in the background failed: %s", type(error).__name__)
        finally:
            self._landed.set_result(None)
