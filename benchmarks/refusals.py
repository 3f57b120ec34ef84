"""What a refusal costs, beside the acceptance of its kind; HS256, ever new tokens.

"alone" is ours around an app that does nothing: an acceptance there is the least that it can be. The others are whole
apps, where an acceptance pays for its route and a refusal does not.
"""

import asyncio
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from asgi_bearer import BearerMiddleware
from benchmarks.contenders import starlette
from benchmarks.contenders.orders import ANONYMOUS_PATH, PATH, ours
from benchmarks.requests import request, status
from benchmarks.timing import Contender
from benchmarks.tokens import broken, new_tokens, now, sign_many

NOTHING = "app that does nothing"
"""What `alone` is counted from: making a request and awaiting an app."""

ALONE, OURS, PEER = "asgi-bearer alone", "Starlette + asgi-bearer", starlette.MAIN_PEER
PLACES: Sequence[str] = (ALONE, OURS, PEER)

_TOKENS = 200
_EMPTY_ANSWER: Sequence[Message] = (
    {"type": "http.response.start", "status": 200, "headers": []},
    {"type": "http.response.body"},
)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of request. status: ours. like: the acceptance that it may not cost more than. seen: with a cache."""

    name: str
    status: int
    tokens: Callable[[], Sequence[bytes]]
    like: str = ""
    path: str = PATH
    seen: bool = False

    def is_in(self, place: str) -> bool:
        """The peer keeps no tokens, and only ours knows a route where a token is optional."""
        return place == ALONE or ((place == OURS or not self.seen) and self.path == PATH)


def _signed(**changes: Any) -> Callable[[], Sequence[bytes]]:
    return partial(sign_many, "HS256", _TOKENS, **changes)


def _broken() -> Sequence[bytes]:
    return [broken(token.decode()).encode() for token in sign_many("HS256", _TOKENS)]


def _garbage() -> Sequence[bytes]:
    return [secrets.token_urlsafe(300).encode() for _ in range(_TOKENS)]


KINDS: Sequence[Kind] = (
    Kind("accepted: anonymous", 200, tuple, path=ANONYMOUS_PATH),
    Kind("no token", 401, tuple, like="accepted: anonymous"),
    Kind("malformed header", 400, lambda: [b"two words"]),
    Kind("accepted: first sight", 200, partial(new_tokens, "HS256")),
    Kind("garbage", 401, _garbage, like="accepted: first sight"),
    Kind("broken signature", 401, _broken, like="accepted: first sight"),
    Kind("expired", 401, _signed(exp=now() - 600, iat=now() - 900, nbf=now() - 900), like="accepted: first sight"),
    Kind("another audience", 401, _signed(aud="billing-api"), like="accepted: first sight"),
    Kind("missing scope", 403, _signed(scope="profile"), like="accepted: first sight"),
    Kind("accepted: token seen", 200, _signed(), seen=True),
    Kind("missing scope, token seen", 403, _signed(scope="profile"), like="accepted: token seen", seen=True),
)


def contender_name(place: str, kind: Kind) -> str:
    return f"{place}: {kind.name}"


def refusals() -> Iterator[Contender]:
    """Raises AssertionError where a request is answered wrongly."""
    yield Contender(NOTHING, request(_empty_app, new_tokens("HS256")), kind="coroutine")
    for place, (app, caching_app) in _apps().items():
        for kind in KINDS:
            if kind.is_in(place):
                yield _contender(place, kind, caching_app if kind.seen else app)


def _contender(place: str, kind: Kind, app: ASGIApp) -> Contender:
    tokens, name = kind.tokens(), contender_name(place, kind)
    for answered in asyncio.run(_statuses(app, tokens[:_TOKENS] or (None,), kind.path)):
        assert answered == kind.status or (place == PEER and 400 <= answered < 500), f"{name}: {answered}"
    return Contender(name, request(app, tokens, kind.path), kind="coroutine")


async def _statuses(app: ASGIApp, tokens: Sequence[bytes | None], path: str) -> Sequence[int]:
    """Asking for each fills the cache, too, where there is one."""
    return [await status(app, token, path) for token in tokens]


def _apps() -> Mapping[str, tuple[ASGIApp, ASGIApp]]:
    """By place: without a cache and with one, where the place knows such a thing."""
    settings = ours("HS256")
    peer = starlette.with_pyjwt("HS256")
    return {
        ALONE: (
            BearerMiddleware(_empty_app, **{**settings, "cache": None}),
            BearerMiddleware(_empty_app, **settings),
        ),
        OURS: (starlette.with_asgi_bearer_without_cache("HS256"), starlette.with_asgi_bearer("HS256")),
        PEER: (peer, peer),
    }


async def _empty_app(_scope: Scope, _receive: Receive, send: Send) -> None:
    """The least that an app can answer (ASGI, "Response Body")."""
    for message in _EMPTY_ANSWER:
        await send(message)
