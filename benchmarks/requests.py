"""In-process requests: a scope into an app, no HTTP client and no network. First checked, then timed.

As a server hands them over: the path, the names and the authorization are objects of their own in every request, whose
hashes nobody has computed yet. Making them is in every figure, the bare apps' too.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from itertools import cycle

from starlette.types import ASGIApp, Message, Scope

from benchmarks.contenders import BARE, GUARDS, starlette
from benchmarks.contenders.guard import Guard
from benchmarks.contenders.orders import PATH
from benchmarks.timing import Contender
from benchmarks.tokens import ALGORITHMS, new_tokens, refused_tokens, seen_tokens

Request = Callable[[], Awaitable[None]]

_HEADERS: Sequence[tuple[bytes, bytes]] = (
    (b"Host", b"api.example.com"),
    (b"User-Agent", b"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
    (b"Accept", b"application/json"),
    (b"Accept-Encoding", b"gzip, deflate, br"),
)


def bearer(token: bytes) -> tuple[bytes, bytes]:
    return (b"Authorization", b"Bearer " + token)


def http_scope(*headers: tuple[bytes, bytes], path: str = PATH) -> Scope:
    """A scope as uvicorn makes it, all of it new."""
    raw_path = path.encode("ascii")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.1", 50000),
        "scheme": "http",
        "method": "GET",
        "root_path": "",
        "path": raw_path.decode("ascii"),
        "raw_path": raw_path,
        "query_string": b"",
        "headers": [(name.lower(), value) for name, value in (*_HEADERS, *headers)],
        "state": {},
    }


async def receive() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


async def send(_message: Message) -> None:
    pass


def request(app: ASGIApp, tokens: Sequence[bytes] = (), path: str = PATH) -> Request:
    """One request a call, with the next of the tokens, or without any."""
    if not tokens:
        return lambda: app(http_scope(path=path), receive, send)
    turn = cycle(tokens)
    return lambda: app(http_scope(bearer(next(turn)), path=path), receive, send)


async def answer(app: ASGIApp, scope: Scope) -> Sequence[Message]:
    """What the app sends."""
    messages: list[Message] = []

    async def record(message: Message) -> None:
        messages.append(message)

    await app(scope, receive, record)
    return messages


async def status(app: ASGIApp, token: bytes | None, path: str = PATH) -> int:
    headers = [] if token is None else [bearer(token)]
    answered: int = (await answer(app, http_scope(*headers, path=path)))[0]["status"]
    return answered


def requests(*, full_caches: bool) -> Iterator[Contender]:
    """The bare apps, the primitive amid requests, and every guard. Raises AssertionError where one answers wrongly."""
    for name, build_bare in BARE.items():
        app = build_bare()
        assert asyncio.run(status(app, new_tokens("HS256")[0])) == 200, name
        yield Contender(name, request(app, new_tokens("HS256")), kind="coroutine")
    for algorithm in ALGORITHMS:
        call = request(starlette.with_primitive(algorithm), new_tokens(algorithm))
        yield Contender(starlette.PRIMITIVE, call, algorithm, "coroutine")
    for guard in GUARDS:
        for algorithm in guard.algorithms:
            call = guarded_request(guard, algorithm, full_cache=full_caches)
            yield Contender(guard.name, call, algorithm, "coroutine")


def guarded_request(guard: Guard, algorithm: str, *, full_cache: bool) -> Request:
    """A request through the guard. Its cache is as full as it gets, of other tokens or of just those in turn, or empty.

    Filling takes seconds, and only figures need it.
    """
    app = guard.build(algorithm)
    asyncio.run(_check(app, guard, algorithm))
    tokens = seen_tokens(algorithm) if guard.cache == "hit" else new_tokens(algorithm)
    call = request(app, tokens)
    if full_cache and guard.cache != "none":
        times = 2 * len(tokens) if guard.cache == "hit" else len(tokens) // 2  # ours keeps one that comes again
        asyncio.run(_repeat(call, times))
    return call


async def _repeat(call: Request, times: int) -> None:
    for _ in range(times):
        await call()


async def _check(app: ASGIApp, guard: Guard, algorithm: str) -> None:
    """A benchmark of a broken app is worth nothing. What a guard leaves out it is seen to leave out."""
    name = f"{guard.name}, {algorithm}"
    assert await status(app, new_tokens(algorithm)[0]) == 200, name
    for fault, token in refused_tokens(algorithm).items():
        answered = await status(app, token.encode())
        expected = answered == 200 if fault in guard.left_out else 400 <= answered < 500
        assert expected, f"{name}: {fault} is answered with {answered}"
    assert 400 <= await status(app, None) < 500, f"{name}: no token"
