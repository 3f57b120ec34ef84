"""SharedTask: what is under the fetches and the lookups."""

from contextvars import ContextVar

import anyio
import pytest

from asgi_bearer.shared_task import SharedTask

pytestmark = pytest.mark.anyio


async def test_an_exception_within_is_logged_and_lands(caplog: pytest.LogCaptureFixture) -> None:
    async def fail() -> None:
        raise ZeroDivisionError

    flight = SharedTask(fail)
    assert not flight.is_done
    await flight.wait()
    assert flight.is_done
    assert "a task in the background failed" in caplog.text
    await flight.wait()


async def test_the_request_s_context_does_not_live_on_in_it() -> None:
    request_id: ContextVar[str] = ContextVar("request_id", default="none")
    request_id.set("7")
    seen = []

    async def look() -> None:
        seen.append(request_id.get())

    await SharedTask(look).wait()
    assert seen == ["none"]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_who_waited_in_an_event_loop_that_ended_is_not_woken(backend: str) -> None:
    flights: list[SharedTask] = []

    async def fly() -> None:
        await anyio.sleep(0.2)

    async def depart_and_wait_elsewhere() -> None:
        flights.append(SharedTask(fly))

        def elsewhere() -> None:
            async def wait_a_little() -> None:
                with anyio.move_on_after(0.05):
                    await flights[0].wait()

            anyio.run(wait_a_little, backend=backend)

        await anyio.to_thread.run_sync(elsewhere)
        await flights[0].wait()

    anyio.run(depart_and_wait_elsewhere, backend=backend)
    assert flights[0].is_done
