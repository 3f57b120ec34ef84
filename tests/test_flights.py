"""Flight: what is under the fetches and the lookups."""

from contextvars import ContextVar

import anyio
import pytest

from asgi_bearer.flights import Flight

pytestmark = pytest.mark.anyio


async def test_an_exception_within_is_logged_and_lands(caplog: pytest.LogCaptureFixture) -> None:
    async def fail() -> None:
        raise ZeroDivisionError

    flight = Flight(fail)
    assert not flight.has_landed
    await flight.landing()
    assert flight.has_landed
    assert "a task in the background failed" in caplog.text
    await flight.landing()


async def test_the_request_s_context_does_not_live_on_in_it() -> None:
    request_id: ContextVar[str] = ContextVar("request_id", default="none")
    request_id.set("7")
    seen = []

    async def look() -> None:
        seen.append(request_id.get())

    await Flight(look).landing()
    assert seen == ["none"]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_who_waited_in_an_event_loop_that_ended_is_not_woken(backend: str) -> None:
    flights: list[Flight] = []

    async def fly() -> None:
        await anyio.sleep(0.2)

    async def depart_and_wait_elsewhere() -> None:
        flights.append(Flight(fly))

        def elsewhere() -> None:
            async def wait_a_little() -> None:
                with anyio.move_on_after(0.05):
                    await flights[0].landing()

            anyio.run(wait_a_little, backend=backend)

        await anyio.to_thread.run_sync(elsewhere)
        await flights[0].landing()

    anyio.run(depart_and_wait_elsewhere, backend=backend)
    assert flights[0].has_landed
