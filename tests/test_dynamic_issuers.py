"""DynamicIssuers: issuers found at run time."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import anyio
import pytest

from asgi_bearer import BearerMiddleware, ConfigurationError, DynamicIssuers, Issuer
from asgi_bearer.errors import UnknownIssuer
from asgi_bearer.issuers.dynamic import IssuerLookup
from asgi_bearer.issuers.trusted import TrustedIssuer
from tests.asgi import Recorder, get, guarded
from tests.tokens import claims, issuer, sign

pytestmark = pytest.mark.anyio

UNTRUSTED = "The access token is not signed by a trusted issuer"


class Directory:
    """DynamicIssuers by name, as a table of an app's would have them."""

    def __init__(self, *names: str) -> None:
        self.issuers = {name: issuer(name=name) for name in names}
        self.asked: list[str] = []
        self.now = 0.0

    async def find(self, name: str) -> Issuer | None:
        self.asked.append(name)
        await anyio.sleep(0.01)
        return self.issuers.get(name)

    def tenants(self, **settings: Any) -> DynamicIssuers:
        return DynamicIssuers(self.find, clock=lambda: self.now, **settings)


def known(app: BearerMiddleware) -> tuple[TrustedIssuer, ...]:
    """The issuers in memory."""
    assert app.auth.lookup is not None
    return app.auth.lookup.known()


async def status(app: Any, name: str) -> int:
    return (await get(app, token=sign(claims(iss=name)))).status


async def test_a_tenant_is_found_once() -> None:
    directory = Directory("https://a.example/", "https://b.example/")
    app = guarded(Recorder(), issuers=directory.tenants())
    for name in ("https://a.example/", "https://b.example/", "https://a.example/"):
        assert await status(app, name) == 200
    assert directory.asked == ["https://a.example/", "https://b.example/"]


async def test_issuers_at_hand_come_first() -> None:
    directory = Directory("https://a.example/")
    app = guarded(Recorder(), issuers=[issuer(name="https://own.example/"), directory.tenants()])
    assert await status(app, "https://own.example/") == 200
    assert await status(app, "https://a.example/") == 200
    assert directory.asked == ["https://a.example/"]


async def test_nobody_else_is_trusted() -> None:
    app = guarded(Recorder(), issuers=Directory("https://a.example/").tenants())
    answer = await get(app, token=sign(claims(iss="https://c.example/")))
    assert answer.status == 401
    assert UNTRUSTED in (answer.challenge or "")


async def test_a_tenants_key_verifies_for_itself_only() -> None:
    directory = Directory("https://a.example/")
    directory.issuers["https://b.example/"] = issuer("ES256", name="https://b.example/")
    app = guarded(Recorder(), issuers=directory.tenants())
    assert (await get(app, token=sign(claims(iss="https://b.example/")))).status == 401
    assert (await get(app, token=sign(claims(iss="https://b.example/"), algorithm="ES256"))).status == 200


async def test_one_lookup_for_all_that_wait() -> None:
    directory = Directory("https://a.example/")
    app = guarded(Recorder(), issuers=directory.tenants(max_lookups=1))
    statuses = []

    async def ask() -> None:
        statuses.append(await status(app, "https://a.example/"))

    async with anyio.create_task_group() as tasks:
        for _ in range(50):
            tasks.start_soon(ask)
    assert statuses == [200] * 50
    assert directory.asked == ["https://a.example/"]


async def test_their_number_is_bounded_and_the_least_used_go() -> None:
    names = [f"https://{number}.example/" for number in range(4)]
    directory = Directory(*names)
    tenants = directory.tenants(max_issuers=3)
    app = guarded(Recorder(), issuers=tenants)
    for name in (names[0], names[1], names[2], names[0], names[3]):
        assert await status(app, name) == 200
    assert [one.name for one in known(app)] == [names[2], names[0], names[3]]
    assert await status(app, names[0]) == 200
    assert len(directory.asked) == 4


@pytest.mark.parametrize(("second", "expected"), [(-1, 200), (0, 401), (1, 401)])
async def test_a_tenant_who_left_is_refused_after_the_lifetime(second: int, expected: int) -> None:
    directory = Directory("https://a.example/")
    tenants = directory.tenants()
    app = guarded(Recorder(), issuers=tenants)
    assert await status(app, "https://a.example/") == 200
    directory.issuers.clear()
    directory.now = 600 + second
    assert await status(app, "https://a.example/") == expected
    assert len(known(app)) == (1 if expected == 200 else 0)


async def test_the_same_issuer_keeps_its_keys() -> None:
    directory = Directory("https://a.example/")
    tenants = directory.tenants()
    app = guarded(Recorder(), issuers=tenants)
    await status(app, "https://a.example/")
    (before,) = known(app)
    directory.now = 700
    await status(app, "https://a.example/")
    assert known(app) == (before,)


@pytest.mark.parametrize("name", ["", "a\nb", "a\x00", "\x7f", "x" * 2049])
async def test_an_odd_name_is_not_looked_up(name: str) -> None:
    directory = Directory(name)
    assert await status(guarded(Recorder(), issuers=directory.tenants()), name) == 401
    assert directory.asked == []


async def _raise(_name: str) -> Issuer | None:
    raise ZeroDivisionError


async def _hang(_name: str) -> Issuer | None:
    await anyio.sleep(30)
    return None


async def _something(_name: str) -> Any:
    return "https://a.example/"


async def _another(_name: str) -> Issuer | None:
    return issuer(name="https://b.example/")


async def _faulty(name: str) -> Issuer | None:
    return issuer(name=name, algorithms=["none"])


@pytest.mark.parametrize("find", [_raise, _hang, _something, _another, _faulty])
async def test_a_function_that_fails_is_our_fault(
    find: Callable[[str], Awaitable[Any]], caplog: pytest.LogCaptureFixture
) -> None:
    tenants = DynamicIssuers(find, timeout=timedelta(seconds=0.05))
    app = guarded(Recorder(), issuers=tenants)
    answer = await get(app, token=sign(claims(iss="https://a.example/")))
    assert (answer.status, answer.challenge) == (503, None)
    assert any(record.levelno == logging.ERROR for record in caplog.records)
    assert known(app) == ()


async def test_lookups_at_once_are_bounded() -> None:
    directory = Directory("https://a.example/")
    app = guarded(Recorder(), issuers=directory.tenants(max_lookups=2))
    statuses = []

    async def ask(number: int) -> None:
        statuses.append(await status(app, f"https://{number}.example/"))

    async with anyio.create_task_group() as tasks:
        for number in range(10):
            tasks.start_soon(ask, number)
    assert sorted(statuses) == [401] * 2 + [503] * 8
    assert await status(app, "https://a.example/") == 200


def test_an_eager_task_does_not_look_up_within_our_lock() -> None:
    async def find(name: str) -> Issuer | None:
        return issuer(name=name)

    async def ask() -> str:
        factory = getattr(asyncio, "eager_task_factory", None)  # Python 3.12
        asyncio.get_running_loop().set_task_factory(factory)
        return (await IssuerLookup(DynamicIssuers(find)).find("https://a.example/")).name

    assert asyncio.run(ask()) == "https://a.example/"


def test_a_lookup_that_is_lost_with_its_event_loop_is_made_again() -> None:
    asked = 0

    async def find(name: str) -> Issuer | None:
        nonlocal asked
        asked += 1
        if asked == 1:
            await anyio.sleep_forever()
        return issuer(name=name)

    tenants = IssuerLookup(DynamicIssuers(find, max_lookups=1))

    async def leave() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(tenants.find, "https://a.example/")
            while not asked:
                await anyio.lowlevel.checkpoint()
            tasks.cancel_scope.cancel()

    anyio.run(leave)
    anyio.run(tenants.find, "https://a.example/")
    assert asked == 2


async def test_a_lookup_that_was_given_up_changes_nothing() -> None:
    now, asked, released = 0.0, anyio.Event(), anyio.Event()

    async def find(name: str) -> Issuer | None:
        if not asked.is_set():
            asked.set()
            await released.wait()
            return None
        return issuer(name=name)

    tenants = IssuerLookup(DynamicIssuers(find, clock=lambda: now))
    async with anyio.create_task_group() as tasks:

        async def ask() -> None:
            with pytest.raises(UnknownIssuer):
                await tenants.find("https://a.example/")

        tasks.start_soon(ask)
        await asked.wait()
        now = 7.0
        found = await tenants.find("https://a.example/")
        released.set()
    assert tenants.known() == (found,)


async def test_a_lookup_that_never_departs_is_given_up() -> None:
    directory = Directory("https://a.example/")
    tenants = IssuerLookup(directory.tenants(max_lookups=1))
    with pytest.raises(UnknownIssuer):
        await tenants.find("https://x.example/")

    class Lost:
        lost_at = 5.0

    tenants._lookups["https://x.example/"] = Lost()  # type: ignore[assignment]
    directory.now = 6.0
    assert (await tenants.find("https://a.example/")).name == "https://a.example/"
    assert tenants._lookups == {}


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"resolve": lambda name: None}, "resolve must be an async function"),
        ({"resolve": None}, "resolve must be an async function"),
        ({"max_issuers": 0}, "max_issuers must be an int over 0"),
        ({"max_lookups": True}, "max_lookups must be an int over 0"),
        ({"lifetime": 5}, "lifetime must be a timedelta over 0"),
        ({"timeout": timedelta(0)}, "timeout must be a timedelta over 0"),
    ],
)
def test_a_fault_is_said(settings: dict[str, Any], fault: str) -> None:
    with pytest.raises(ConfigurationError, match=fault):
        guarded(Recorder(), issuers=DynamicIssuers(**{"resolve": _raise, **settings}))


def test_there_is_one_directory_of_tenants() -> None:
    with pytest.raises(ConfigurationError, match="several DynamicIssuers"):
        guarded(Recorder(), issuers=[DynamicIssuers(_raise), DynamicIssuers(_raise)])
