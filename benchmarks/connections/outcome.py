"""What the held websockets say, as a table."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.table import Table


def connection_table(held: Sequence[Mapping[str, Any]]) -> Table:
    return Table(
        "Idle websockets on uvicorn",
        ("held", "bytes each, bare", "behind the middleware", "more", "all closed after a mass revocation"),
        [_row(one["connections"], one["bytes_bare"], one["bytes_guarded"], one["closed"]) for one in held],
    )


def _row(count: int, bare: float, guarded: float, closed: float) -> tuple[str, ...]:
    return f"{count:,}", *(f"{size:,.0f}" for size in (bare, guarded, guarded - bare)), f"{closed:.2f} s"
