"""How a request's cost grows: with its token's claims, with its token's length, and with the share of new tokens.

HS256, in process, over the bare Starlette app. Where tokens are to be new, the store holds fewer than come in turn; a
hit rate is that of a few tokens that are kept among others that come seldom. Rules are in `rules`, workers in `load`.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import cycle, islice
from random import Random
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route
from starlette.types import ASGIApp

from asgi_bearer import BearerMiddleware, CacheLimits
from benchmarks.contenders import starlette
from benchmarks.contenders.orders import ROUTE, ours
from benchmarks.requests import Request, request, status
from benchmarks.table import Table
from benchmarks.timing import Contender, Samples, Spread
from benchmarks.tokens import ABSENT, new_tokens, sign_many

FIRST_SIGHT, SEEN, PEER = "asgi-bearer, first sight", "asgi-bearer, token seen", "AuthenticationMiddleware + PyJWT"
MIXED = "asgi-bearer, tokens of both kinds"
LINES: Sequence[str] = (FIRST_SIGHT, SEEN, PEER)

CLAIMS, TOKEN_BYTES, HIT_RATES = "claims in the token", "bytes of the token", "requests with a token seen before, %"
CURVES: Mapping[str, Sequence[int]] = {
    CLAIMS: (5, 10, 20, 50, 100, 200),
    TOKEN_BYTES: (300, 1_000, 2_000, 4_000, 8_000),
    HIT_RATES: (0, 25, 50, 75, 90, 100),
}

_OTHERS_ABSENT = dict.fromkeys(("jti", "iat", "nbf", "roles"), ABSENT)
_FIVE = ("iss", "sub", "aud", "exp", "scope")

_BARE = "curves: Starlette, bare"
_TOKENS = 100

_MIX_SEEN, _MIX_NEW = 100, 2_000


@dataclass(frozen=True, slots=True)
class Point:
    """Of a curve: where it stands, and which line it is on."""

    curve: str
    size: int
    line: str

    @property
    def name(self) -> str:
        return f"{self.curve}: {self.size}, {self.line}"


def points() -> Iterator[Point]:
    """The peer keeps no tokens, so no hit rate changes what it takes."""
    for curve, sizes in CURVES.items():
        for size in sizes:
            yield from (Point(curve, size, line) for line in (LINES if curve != HIT_RATES else (MIXED,)))


def curve_contenders() -> Iterator[Contender]:
    """Raises AssertionError where an app answers wrongly."""
    yield Contender(_BARE, request(starlette.bare(), new_tokens("HS256")), kind="coroutine")
    for point in points():
        yield Contender(point.name, _request(point), kind="coroutine")


def overhead(samples: Samples, point: Point) -> Spread:
    """µs over the bare app."""
    return samples.overhead((point.name, ""), (_BARE, ""))


def _request(point: Point) -> Request:
    app, tokens = _APPS[point.line](), _TOKENS_OF[point.curve](point.size)
    assert asyncio.run(status(app, tokens[0])) == 200, point.name
    call = request(app, tokens)
    asyncio.run(_repeat(call, 2 * len(tokens)))  # a token is kept when it comes again
    return call


async def _repeat(call: Request, times: int) -> None:
    for _ in range(times):
        await call()


def _with_store(limits: CacheLimits) -> ASGIApp:
    wrapper = Middleware(BearerMiddleware, **{**ours("HS256"), "cache": limits})
    return Starlette(routes=[Route(ROUTE, starlette.user)], middleware=[wrapper])


_APPS: Mapping[str, Callable[[], ASGIApp]] = {
    FIRST_SIGHT: partial(_with_store, CacheLimits(max_tokens=_TOKENS // 2)),
    SEEN: partial(_with_store, CacheLimits()),
    PEER: partial(starlette.with_pyjwt, "HS256"),
    MIXED: partial(_with_store, CacheLimits(max_tokens=1_000)),
}


def _with_claims(count: int) -> Sequence[bytes]:
    """Five claims are those that every token has here."""
    more = {f"claim_{number}": f"value-{number}" for number in range(count - len(_FIVE))}
    return sign_many("HS256", _TOKENS, **_OTHERS_ABSENT, **more)


def _with_bytes(count: int) -> Sequence[bytes]:
    """Five claims and a long one."""
    without = len(sign_many("HS256", 1, **_OTHERS_ABSENT, text="")[0])
    return sign_many("HS256", _TOKENS, **_OTHERS_ABSENT, text="x" * ((count - without) * 3 // 4))


def _mixed(hit_rate: int) -> Sequence[bytes]:
    """Every new token comes once in a turn, so it is forgotten before it comes again."""
    tokens = new_tokens("HS256")
    seen, new = tokens[:_MIX_SEEN], tokens[_MIX_SEEN : _MIX_SEEN + _MIX_NEW]
    if hit_rate == 100:
        return seen
    mixed = [*new, *islice(cycle(seen), len(new) * hit_rate // (100 - hit_rate))]
    Random(hit_rate).shuffle(mixed)
    return mixed


_TOKENS_OF: Mapping[str, Callable[[int], Sequence[bytes]]] = {
    CLAIMS: _with_claims,
    TOKEN_BYTES: _with_bytes,
    HIT_RATES: _mixed,
}


def curve_figures(samples: Samples) -> list[dict[str, Any]]:
    """µs over the bare app."""
    return [{**asdict(point), **asdict(overhead(samples, point))} for point in points()]


def curve_tables(figures: Sequence[Mapping[str, Any]]) -> Iterator[Table]:
    for curve, sizes in CURVES.items():
        medians = {(one["line"], one["size"]): one["median"] for one in figures if one["curve"] == curve}
        lines = dict.fromkeys(line for line, _ in medians)
        rows = [(line, *(f"{medians[line, size]:.1f}" for size in sizes)) for line in lines]
        yield Table(f"Overhead by {curve} (µs)", (curve, *map(str, sizes)), rows)
