"""All requests through all frameworks, counted."""

import asyncio
import contextlib
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field

from starlette.types import ASGIApp

from tests.agreement.apps import MAKERS, WITHOUT_SOCKETS, guard
from tests.agreement.asking import ask
from tests.agreement.site import FULL_TOKEN, PLAIN_TOKEN, trespass
from tests.agreement.targets import Request

TOKENS = {"no token": None, "a token without roles": PLAIN_TOKEN}


@dataclass
class Count:
    """reached: those that some endpoint answered. broken: those for which we raised."""

    requests: int = 0
    reached: int = 0
    trespasses: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)


def run(requests: Iterable[Request], frameworks: Iterable[str] = tuple(MAKERS)) -> dict[str, Count]:
    logging.disable()  # frameworks tell of every path that is not found
    try:
        return asyncio.run(_run(list(requests), frameworks))
    finally:
        logging.disable(logging.NOTSET)


async def _run(requests: list[Request], frameworks: Iterable[str]) -> dict[str, Count]:
    counts = {}
    for framework in frameworks:
        app = MAKERS[framework]()
        guarded = guard(app)
        count = counts[framework] = Count()
        for request in requests:
            if request.method == "WEBSOCKET" and framework in WITHOUT_SOCKETS:
                continue
            await _ask_with_each_token(guarded, app, request, framework, count)
    return counts


async def _ask_with_each_token(guarded: ASGIApp, app: ASGIApp, request: Request, framework: str, count: Count) -> None:
    for name, token in TOKENS.items():
        count.requests += 1
        status, answer = 0, ""
        try:
            status, answer = await ask(guarded, request.scope(token))
        except Exception as error:  # the framework's own, or ours
            if not await _raises_itself(app, request, type(error)):
                count.broken.append(f"{framework}, {name}: {request}: {error!r}")
        count.reached += answer.startswith("<")
        if trespass(answer, with_token=token is not None):
            count.trespasses.append(f"{framework}, {name}: {request} reached {answer!r} ({status})")


async def _raises_itself(app: ASGIApp, request: Request, error: type[Exception]) -> bool:
    """Whether the framework raises the same without us."""
    with contextlib.suppress(error):
        await ask(app, request.scope(FULL_TOKEN))
        return False
    return True
