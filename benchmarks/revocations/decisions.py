"""What one decision costs, among few and many entries."""

import time
import timeit
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from asgi_bearer import Claims, Revocation, SqliteRevocations
from asgi_bearer.tokens.frozen_json import LazyFrozenObject
from asgi_bearer.tokens.identifiers import identifiers_of

ISSUER = "https://login.example.com/"
SAMPLES = 15


def revocations(count: int) -> list[Revocation]:
    """As many tokens of one issuer, with a random `jti` each, that end within an hour."""
    now = time.time()
    return [Revocation("token", ISSUER, str(uuid4()), now + 300 + number % 3600) for number in range(count)]


def measure_decisions(sizes: tuple[int, ...]) -> dict[str, float]:
    """µs: of `is_revoked` for a token with all four identifiers, by live entries, and of what comes around it."""
    members = {"jti": str(uuid4()), "sid": str(uuid4()), "iat": 1_800_000_000}
    ends = 1_800_000_900.0
    nothing: frozenset[str] = frozenset()
    claims = Claims(ISSUER, "suman", (), nothing, nothing, ends, 1_800_000_000, 0.0, ends, LazyFrozenObject(members))
    identifiers = identifiers_of(claims, "key-1")
    figures = {"identifiers_of": _microseconds(lambda: identifiers_of(claims, "key-1"))}
    with TemporaryDirectory() as folder:
        for size in sizes:
            copy = SqliteRevocations(Path(folder) / "file")
            copy._contact.make(time.monotonic() + 3600)  # noqa: SLF001 - fresh all the time, and no thread beside it
            for one in revocations(size):
                copy._copy.add(one, time.time())  # noqa: SLF001 - as its feed does
            figures[f"is_revoked, {size:,} entries"] = _microseconds(lambda copy=copy: copy.is_revoked(identifiers))  # type: ignore[misc]
            local = copy._copy  # noqa: SLF001 - without the thread that `watch` would begin
            figures[f"watch and cancel, {size:,} entries"] = _microseconds(
                lambda local=local: local.subscribe(identifiers, _nothing).cancel()  # type: ignore[misc]
            )
    return figures


def _nothing() -> None:
    """What is called where nothing is to be told."""


def _microseconds(call: Callable[[], object]) -> float:
    calls = 20_000
    samples = timeit.repeat(call, number=calls, repeat=SAMPLES)
    empty = timeit.repeat(_nothing, number=calls, repeat=SAMPLES)
    return (min(samples) - min(empty)) / calls * 1e6  # what other processes take only adds to it
