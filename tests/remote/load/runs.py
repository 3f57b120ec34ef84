"""The three runs: rotation, flood, outage. Each gives its figures, and judges nothing."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.providers.oidc_provider import OidcProvider
from tests.remote.load.clients import Answers, Client, Server, served
from tests.remote.server import JwksServer
from tests.tokens import ABSENT, claims, sign


@dataclass
class Rotation:
    rotations: int
    answers: Answers
    refused: int
    """Answers other than 200 to a token that was valid before and after."""
    fetches: int


@dataclass
class Flood:
    fetches: int
    allowed: int
    undisturbed: Answers
    beside: Answers
    junk: Answers
    picked_up_after: float
    """Seconds from the rotation in the middle of the flood to the first 200 for the new key."""


@dataclass
class Outage:
    window: float
    in_window: Answers
    after: Answers
    back_after: float
    """Seconds from the provider's return to the first 200."""


async def rotation(provider: OidcProvider, *, clients: int, rotations: int, cooldown: float) -> Rotation:
    """All clients ask all the time, with the newest token of one of three algorithms."""
    run = Rotation(rotations, Answers(), 0, 0)
    with served(provider.issuer, provider.audience, cooldown=cooldown) as server:
        tokens = await _tokens(provider)
        before = provider.counts()["keys"]
        going = True

        async def ask(number: int) -> None:
            client, algorithm = Client(server.port), provider.algorithms[number % 3]
            while going:
                token = tokens[algorithm]
                status, seconds = await client.get(token)
                run.answers.add(status, seconds)
                run.refused += status != 200 and token == tokens[algorithm]
            await client.close()

        async with asyncio.TaskGroup() as tasks:
            for number in range(clients):
                tasks.create_task(ask(number))
            for _ in range(rotations):
                await asyncio.sleep(cooldown + 1)
                await asyncio.to_thread(provider.rotate)
                tokens.update(await _tokens(provider))
            await asyncio.sleep(cooldown + 1)
            going = False
        run.fetches = provider.counts()["keys"] - before
    return run


async def _tokens(provider: OidcProvider) -> dict[str, str]:
    return {algorithm: await asyncio.to_thread(provider.token, algorithm) for algorithm in provider.algorithms}


async def flood(provider: JwksServer, new_key: object, *, junk: int, seconds: float, cooldown: float) -> Flood:
    """Good requests beside so many tokens with random `kid`s, and a rotation in the middle."""
    good, new = _token(provider, "one"), _token(provider, "two")
    with served(provider.issuer, "orders-api", cooldown=cooldown) as server:
        await _until_200(server, good)
        undisturbed = await _steadily(server, lambda: good, seconds)
        before, start = provider.fetches, time.monotonic()
        texts = [_token(provider, f"junk {number}") for number in range(junk)]
        junk_answers = Answers()

        async def rotate() -> float:
            await asyncio.sleep(seconds / 2)
            provider.keys.append(new_key)
            return await _until_200(server, new)

        async with asyncio.TaskGroup() as tasks:
            picked_up = tasks.create_task(rotate())
            tasks.create_task(_spread(server, texts, seconds, junk_answers))
            beside = tasks.create_task(_steadily(server, lambda: good, seconds))
        allowed = math.ceil((time.monotonic() - start) / cooldown) + 1
        return Flood(provider.fetches - before, allowed, undisturbed, beside.result(), junk_answers, picked_up.result())


async def outage(provider: JwksServer, *, lifetime: float, stale: float, max_backoff: float) -> Outage:
    good = _token(provider, "one")
    times = {"lifetime": lifetime, "min_lifetime": lifetime, "stale_if_error": stale, "max_backoff": max_backoff}
    with served(provider.issuer, "orders-api", min_backoff=max_backoff / 4, cooldown=1, timeout=1, **times) as server:
        await _until_200(server, good)
        status = await asyncio.to_thread(server.status)
        provider.die()
        in_window = await _steadily(server, lambda: good, status["usable_for"] - 0.5)
        await asyncio.sleep(1)
        after = await _steadily(server, lambda: good, 2 * max_backoff)
        provider.come_back()
        return Outage(lifetime + stale, in_window, after, await _until_200(server, good))


async def _steadily(server: Server, token: Callable[[], str], seconds: float, per_second: float = 100) -> Answers:
    """One client, at this pace."""
    answers, client = Answers(), Client(server.port)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answers.add(*await client.get(token()))
        await asyncio.sleep(1 / per_second)
    await client.close()
    return answers


async def _spread(server: Server, tokens: list[str], seconds: float, answers: Answers) -> None:
    """All tokens, evenly over the time, on as many connections as that takes."""
    idle: list[Client] = []

    async def one(token: str) -> None:
        client = idle.pop() if idle else Client(server.port)
        answers.add(*await client.get(token))
        idle.append(client)

    start = time.monotonic()
    async with asyncio.TaskGroup() as tasks:
        for number, token in enumerate(tokens):
            tasks.create_task(one(token))
            await _pause(start + seconds * number / len(tokens))
    for client in idle:
        await client.close()


def _pause(until: float) -> Awaitable[None]:
    return asyncio.sleep(max(0.0, until - time.monotonic()))


async def _until_200(server: Server, token: str) -> float:
    start, client = time.monotonic(), Client(server.port)
    while (await client.get(token))[0] != 200:  # noqa: ASYNC110 - somebody else's server tells no event
        await asyncio.sleep(0.02)
    await client.close()
    return time.monotonic() - start


def _token(provider: JwksServer, key_id: str) -> str:
    now = int(time.time())
    return sign(claims(iss=provider.issuer, iat=now, nbf=ABSENT, exp=now + 3600), algorithm="ES256", kid=key_id)
