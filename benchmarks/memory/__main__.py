"""What a million different tokens leave in the memory of a process, and whether requests leak.

It is measured in a process of its own, `python -m benchmarks.memory`, which prints its figures as JSON: what else a
process did would be in its memory. That is the resident set as Linux counts it, the allocator's reserve included.

- Tokens are signed on the way, with `hmac` alone, and forgotten. Each comes twice, so that it is kept whole and not its
  key alone; in one run it comes once.
- An entry's bytes: what the process grows by while the second half of the store fills, divided by its tokens. The first
  half may find room in memory that the imports left over.
- A leak: blocks of memory that Python holds more after the requests than before, once the app is warm.
"""

import argparse
import asyncio
import gc
import hmac
import json
import sys
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import asdict
from itertools import islice, repeat
from pathlib import Path
from resource import getpagesize

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from asgi_bearer import BearerMiddleware, CacheLimits
from benchmarks.contenders import starlette
from benchmarks.contenders.orders import ALLOW, issuer
from benchmarks.memory.runs import Growth, Leak, MemoryRuns
from benchmarks.requests import bearer, http_scope, receive, request, send
from benchmarks.tokens import AUDIENCE, ISSUER, SCOPE, SECRET, now, seen_tokens

TIGHT_LIMITS = CacheLimits(max_tokens=1_000_000, max_bytes=16 * 1024 * 1024)
"""Here the bytes end it and not the number of tokens."""

_STEPS = 50
"""How often the memory is looked at on the way."""

_OK: Message = {"type": "http.response.start", "status": 200, "headers": []}


def main() -> None:
    parser = argparse.ArgumentParser("python -m benchmarks.memory")
    for name in ("tokens", "once_tokens", "tight_tokens", "requests"):
        parser.add_argument(name, type=int)
    sizes = parser.parse_args()
    print(json.dumps(asdict(asyncio.run(_run_all(sizes)))))


async def _run_all(sizes: argparse.Namespace) -> MemoryRuns:
    """No app is thrown away before the last has run: it would leave room for the others to grow in, unseen."""
    warm, tight = starlette.with_asgi_bearer("HS256"), _with_store(TIGHT_LIMITS)
    default, once = _with_store(CacheLimits()), _with_store(CacheLimits())
    leak = await _repeat_requests(warm, sizes.requests)
    tight_growth = await _send_different_tokens(tight, sizes.tight_tokens, TIGHT_LIMITS)
    once_growth = await _send_different_tokens(once, sizes.once_tokens, CacheLimits(), times=1)
    million = await _send_different_tokens(default, sizes.tokens, CacheLimits())
    return MemoryRuns(million, once_growth, tight_growth, leak)


def _with_store(limits: CacheLimits) -> ASGIApp:
    return BearerMiddleware(_answer, issuers=issuer("HS256"), allow=ALLOW, cache=limits)


async def _send_different_tokens(app: ASGIApp, count: int, limits: CacheLimits, times: int = 2) -> Growth:
    tokens = _tokens()
    await _send_all(app, islice(tokens, 1), times)
    sent, before = 0, _resident_bytes()
    grown: list[tuple[int, int]] = []
    for step in _steps(count, limits.max_tokens):
        await _send_all(app, islice(tokens, step), times)
        sent += step
        grown.append((sent, _resident_bytes() - before))
    return Growth(count, times, limits.max_tokens, limits.max_bytes, grown)


def _steps(count: int, full: int) -> Iterator[int]:
    """How many tokens until the next look: closer together until the store is full."""
    filling = min(full, count)
    yield from repeat(filling // 10, 10)
    if count > filling:
        yield from repeat((count - filling) // _STEPS, _STEPS)


async def _send_all(app: ASGIApp, tokens: Iterator[bytes], times: int) -> None:
    for token in tokens:
        for _ in range(times):
            await app(http_scope(bearer(token)), receive, send)


async def _repeat_requests(app: ASGIApp, count: int) -> Leak:
    """Of tokens in turn that are kept."""
    call = request(app, seen_tokens("HS256"))
    for _ in range(2 * len(seen_tokens("HS256"))):
        await call()
    gc.collect()
    blocks, before = sys.getallocatedblocks(), _resident_bytes()
    for _ in range(count):
        await call()
    gc.collect()
    return Leak(count, sys.getallocatedblocks() - blocks, _resident_bytes() - before)


def _tokens() -> Iterator[bytes]:
    """Ever different ones, with nine claims."""
    head = urlsafe_b64encode(b'{"alg":"HS256","typ":"at+jwt"}').rstrip(b"=") + b"."
    common = f'"iss":"{ISSUER}","aud":"{AUDIENCE}","exp":{now() + 86_400},"iat":{now()},"nbf":{now()},'
    common += f'"scope":"{SCOPE} profile","roles":["staff"]'
    number = 0
    while True:
        number += 1
        payload = f'{{{common},"sub":"customer-{number}","jti":"{number:032x}"}}'
        signed = head + urlsafe_b64encode(payload.encode()).rstrip(b"=")
        yield signed + b"." + urlsafe_b64encode(hmac.digest(SECRET, signed, "sha256")).rstrip(b"=")


async def _answer(_scope: Scope, _receive: Receive, answer: Send) -> None:
    await answer(_OK)


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * getpagesize()


if __name__ == "__main__":
    main()
