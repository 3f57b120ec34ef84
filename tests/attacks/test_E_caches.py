"""Attacks on the cache of verified tokens: rows E1 to E8."""

import asyncio
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from asgi_bearer import StaticKeys, public
from tests.asgi import Recorder, bearer, call, get, guarded, http_scope
from tests.keys import SECRET
from tests.tokens import NOW, base64url, claims, encode, issuer, sign

pytestmark = pytest.mark.anyio


async def test_E1_tokens_that_start_alike_are_different_people() -> None:
    app = Recorder()
    middleware = guarded(app)
    for name in ("suman", "sumaN", "suman2"):
        await get(middleware, token=sign(claims(sub=name)))
    assert [str(scope["user"]) for scope in app.scopes] == ["suman", "sumaN", "suman2"]


async def test_E2_one_text_under_two_configurations_is_decided_twice() -> None:
    token = sign()
    assert (await get(guarded(Recorder()), token=token)).status == 200
    assert (await get(guarded(Recorder(), issuers=issuer(audience="other")), token=token)).status == 401
    assert (
        await get(guarded(Recorder(), issuers=issuer(keys=StaticKeys.from_secret(SECRET[:32]))), token=token)
    ).status == 401


async def test_E3_two_headers_never_count_as_one() -> None:
    app = Recorder()
    middleware = guarded(app)
    good = bearer(sign())
    assert (await get(middleware, headers=[good])).status == 200
    for headers in ([good, bearer(sign(claims(sub="root")))], [bearer("x"), good], [good, good]):
        assert (await get(middleware, headers=headers)).status == 400
    assert (await get(middleware)).status == 401
    assert len(app.scopes) == 1


@pytest.mark.parametrize("part", [0, 1, 2])
async def test_E4_a_seen_token_with_another_part_is_a_new_one(part: int) -> None:
    middleware = guarded(Recorder())
    token = sign()
    assert (await get(middleware, token=token)).status == 200
    parts = token.split(".")
    parts[part] = [
        base64url(encode({"alg": "HS256", "typ": "JWT"})).decode(),
        base64url(encode(claims(sub="root"))).decode(),
        "A" * len(parts[2]),
    ][part]
    assert (await get(middleware, token=".".join(parts))).status == 401
    assert (await get(middleware, token=token)).status == 200


def test_E5_I9_a_thousand_at_once_are_never_mixed_up() -> None:
    """Each app run sleeps between reading its user and answering with it."""

    async def echo(scope: Scope, receive: Receive, send: Send) -> None:
        before = str(scope["state"]["user"])
        await asyncio.sleep(0.001 * (hash(before) % 7))
        await send({"type": "http.response.start", "status": 200, "headers": [(b"x-before", before.encode())]})
        await send({"type": "http.response.body", "body": str(scope["state"]["user"]).encode()})

    shared: dict[str, Any] = {"state": {}}
    middleware = guarded(echo)

    async def one(name: str | None) -> None:
        headers = [] if name is None else [bearer(sign(claims(sub=name)))]
        answer = await call(middleware, {**http_scope(headers=headers), **shared})
        if name is None:
            assert answer.status == 401
        else:
            assert (answer.header("x-before"), answer.body.decode()) == (name, name)

    async def all_of_them() -> None:
        await asyncio.gather(*(one(None if number % 10 == 0 else f"user{number}") for number in range(1000)))

    asyncio.run(all_of_them())
    assert shared == {"state": {}}


async def test_E7_a_refused_token_is_looked_at_anew() -> None:
    now = [NOW - 1]
    middleware = guarded(Recorder(), clock=lambda: now[0])
    token = sign()
    assert (await get(middleware, token=token)).status == 401
    now[0] = NOW
    assert (await get(middleware, token=token)).status == 200
    now[0] = NOW + 300
    assert (await get(middleware, token=token)).status == 401


async def test_E8_another_key_is_obeyed_at_once() -> None:
    """Keys at hand are rotated by a new configuration: tokens of the old key are refused from then on."""
    token = sign(algorithm="RS256")
    assert (await get(guarded(Recorder(), issuers=issuer("RS256")), token=token)).status == 200
    assert (await get(guarded(Recorder(), issuers=issuer("ES256")), token=token)).status == 401


async def test_sends_are_the_servers_own_on_public_routes() -> None:
    """No wrapper stands between the app and the server where no token can end."""
    seen: list[Send] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(send)

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        raise AssertionError

    await guarded(app, [public("/")])(http_scope(headers=[bearer(sign())]), receive, send)
    assert seen == [send]
