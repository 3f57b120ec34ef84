"""In-process requests: a scope into an app, no HTTP client and no network. First checked, then timed."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence

from starlette.types import ASGIApp, Message, Scope

from benchmarks.contenders import BARE, GUARDS, PATH, our_starlette
from benchmarks.timing import Contender
from benchmarks.tokens import ALGORITHMS, refused_tokens, sign, without_scope

Headers = Sequence[tuple[bytes, bytes]]

_HEADERS: Headers = (
    (b"host", b"api.example.com"),
    (b"user-agent", b"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
    (b"accept", b"application/json"),
    (b"accept-encoding", b"gzip, deflate, br"),
)


def bearer(token: str) -> tuple[bytes, bytes]:
    return (b"authorization", b"Bearer " + token.encode("ascii"))


def http_scope(*headers: tuple[bytes, bytes], path: str = PATH) -> Scope:
    """A scope as uvicorn makes it."""
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.1", 50000),
        "scheme": "http",
        "method": "GET",
        "root_path": "",
        "path": path,
        "raw_path": path.encode("ascii"),
        "query_string": b"",
        "headers": [*_HEADERS, *headers],
    }


async def receive() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


async def send(_message: Message) -> None:
    pass


def request(app: ASGIApp, scope: Scope) -> Callable[[], Awaitable[None]]:
    """One request a call. Each has a scope and a state of its own, since apps write into them."""
    return lambda: app({**scope, "state": {}}, receive, send)


def status(app: ASGIApp, scope: Scope) -> int:
    """What the app answers."""
    messages: list[Message] = []

    async def record(message: Message) -> None:
        messages.append(message)

    asyncio.run(app({**scope, "state": {}}, receive, record))  # type: ignore[arg-type]  # every app's is a coroutine
    answered: int = messages[0]["status"]
    return answered


def requests() -> Iterator[Contender]:
    """The bare apps and every guard with every algorithm. Raises AssertionError where one answers wrongly."""
    for name, build_bare in BARE.items():
        app, scope = build_bare(), http_scope(bearer(sign("HS256")))
        assert status(app, scope) == 200, name
        yield Contender(name, request(app, scope), kind="coroutine")
    for algorithm in ALGORITHMS:
        for guard in GUARDS:
            app, scope = guard.build(algorithm), http_scope(bearer(sign(algorithm)))
            _check(app, f"{guard.name}, {algorithm}", algorithm)
            yield Contender(guard.name, request(app, scope), algorithm, "coroutine")


def _check(app: ASGIApp, name: str, algorithm: str) -> None:
    """A benchmark of a broken app is worth nothing."""
    good = http_scope(bearer(sign(algorithm)))
    assert status(app, good) == 200, name
    for fault, token in refused_tokens(algorithm).items():
        answered = status(app, http_scope(bearer(token)))
        assert answered == 401, f"{name}: {fault} is answered with {answered}"
    assert status(app, http_scope(bearer(without_scope(algorithm)))) == 403, f"{name}: missing scope"
    assert status(app, http_scope()) in (401, 403), f"{name}: no token"  # Starlette's @requires answers 403


REFUSALS: Sequence[tuple[str, int]] = (
    ("no token", 401),
    ("malformed header", 400),
    ("broken signature", 401),
    ("expired", 401),
    ("missing scope", 403),
)


def refusals() -> Iterator[Contender]:
    """Refused requests through ours, with HS256. Raises AssertionError where one is answered wrongly."""
    app, tokens = our_starlette("HS256"), refused_tokens("HS256")
    scopes = {
        "no token": http_scope(),
        "malformed header": http_scope((b"authorization", b"Bearer two words")),
        "broken signature": http_scope(bearer(tokens["broken signature"])),
        "expired": http_scope(bearer(tokens["expired"])),
        "missing scope": http_scope(bearer(without_scope("HS256"))),
    }
    for name, expected in REFUSALS:
        assert status(app, scopes[name]) == expected, name
        yield Contender(f"refused: {name}", request(app, scopes[name]), kind="coroutine")
