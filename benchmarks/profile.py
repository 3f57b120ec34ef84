"""Where the time of a request goes: `python -m benchmarks.profile` prints µs by function.

The interpreter is asked 1,000 times a second which function it is in; nothing is wrapped, so nothing gets slower. It
answers between two steps only: what a function written in C takes is its caller's here, and the end of a function may
count for the next. The collector's time is counted exactly, and what others take of the processor not at all. So this
says where to look, and the other tables how much.
"""

import argparse
import asyncio
import gc
import signal
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

import asgi_bearer
from benchmarks.contenders import starlette
from benchmarks.requests import Request, request
from benchmarks.table import Table
from benchmarks.tokens import NEW_TOKENS, SEEN_TOKENS, new_tokens, seen_tokens

SECONDS = 10.0

_INTERVAL = 0.001
_ROWS = 30
_COLLECTOR = "(garbage collector)"


def main() -> None:
    parser = argparse.ArgumentParser("python -m benchmarks.profile", description="Where the time of a request goes.")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="for each kind of request; %(default)s")
    parser.add_argument("--algorithm", choices=NEW_TOKENS, default="HS256")
    arguments = parser.parse_args()
    for table in profiles(arguments.algorithm, arguments.seconds):
        print(table.as_text())


def profiles(algorithm: str, seconds: float) -> Iterator[Table]:
    for kind, tokens in {"first sight": new_tokens(algorithm), "token seen": seen_tokens(algorithm)}.items():
        call = request(starlette.with_asgi_bearer(algorithm), tokens)
        asyncio.run(_repeat(call, 2 * SEEN_TOKENS))  # a token is kept when it comes again
        yield profile(f"{kind}, {algorithm}", call, seconds)


def profile(title: str, call: Request, seconds: float) -> Table:
    """A request and where it is longest."""
    found: Counter[str] = Counter()
    with _samples_in(found), _collections_in(found):
        requests, elapsed = asyncio.run(_repeat_for(call, seconds))
    return Table(f"Where the time goes: {title}", ("function", "µs"), list(_rows(found, 1e6 * elapsed / requests)))


def _rows(found: Counter[str], microseconds: float) -> Iterator[Sequence[str]]:
    each = microseconds / found.total()
    yield "one request", f"{microseconds:.1f}"
    for function, count in found.most_common(_ROWS):
        yield function, f"{count * each:.2f}"
    rest = found.total() - sum(count for _, count in found.most_common(_ROWS))
    yield "(all others)", f"{rest * each:.2f}"


@contextmanager
def _samples_in(found: Counter[str]) -> Iterator[None]:
    def look(_signal: int, frame: FrameType | None) -> None:
        if frame is not None:
            found[_name(frame)] += 1

    before = signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, _INTERVAL, _INTERVAL)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def _collections_in(found: Counter[str]) -> Iterator[None]:
    """Its time as so many looks. What is looked for meanwhile is seen after it, and counts for somebody once."""
    nanoseconds = 0

    def watch(phase: str, _found: dict[str, int]) -> None:
        nonlocal nanoseconds
        nanoseconds += time.process_time_ns() * (1 if phase == "stop" else -1)

    gc.callbacks.append(watch)
    try:
        yield
    finally:
        gc.callbacks.remove(watch)
        found[_COLLECTOR] += round(nanoseconds / 1e9 / _INTERVAL)


def _name(frame: FrameType) -> str:
    """Ours by function, everything else by package."""
    code, module = frame.f_code, frame.f_globals.get("__name__", "")
    package, _, inner = module.partition(".")
    return f"{inner}: {code.co_qualname}" if package == asgi_bearer.__name__ else f"({package or code.co_filename})"


async def _repeat(call: Request, times: int) -> None:
    for _ in range(times):
        await call()


async def _repeat_for(call: Request, seconds: float) -> tuple[int, float]:
    """How many, and how much of the processor it took."""
    requests, started = 0, time.process_time()
    while (elapsed := time.process_time() - started) < seconds:
        await _repeat(call, 100)
        requests += 100
    return requests, elapsed


if __name__ == "__main__":
    main()
