"""What is made of figures: tables, targets of a part that was measured again, bytes of an entry, shares."""

import asyncio

import pytest

from benchmarks.__main__ import merged_targets
from benchmarks.load.asking import Load
from benchmarks.load.runs import Series
from benchmarks.memory.runs import Growth
from benchmarks.profile import profile
from benchmarks.table import Table

TABLE = Table("Apples", ("kind", "count"), [("red", "1"), ("yellow", "10")])


def test_a_table_in_the_terminal() -> None:
    assert TABLE.as_text() == "\nApples\n\n  kind    count\n  red         1\n  yellow     10"


def test_a_table_on_a_page() -> None:
    assert TABLE.as_markdown() == "| kind | count |\n| --- | ---: |\n| red | 1 |\n| yellow | 10 |"


def test_targets_of_points_that_were_measured_again_are_replaced() -> None:
    before = [{"point": 1, "met": False}, {"point": 4, "met": False}]
    measured = [{"point": 4, "met": True}, {"point": 2, "met": True}]
    assert merged_targets(before, measured) == [
        {"point": 1, "met": False},
        {"point": 2, "met": True},
        {"point": 4, "met": True},
    ]


def test_an_entry_is_what_the_second_half_of_the_store_takes() -> None:
    growth = Growth(40, 2, 20, 0, [(5, 100), (10, 1_000), (15, 1_500), (20, 2_000), (40, 2_100)])
    assert growth.entry_bytes == 100
    assert growth.most == 2_100


def _load(requests: int, server_seconds: float) -> Load:
    return Load(requests, 2, server_seconds, 0, {}, 0)


def test_shares_are_of_the_bare_app_in_the_same_round() -> None:
    loads = {"bare": [_load(100, 1), _load(10, 0.1), _load(50, 1)], "with": [_load(80, 1), _load(9, 0.1), _load(30, 1)]}
    series = Series(loads, {"with": "bare", "bare": "bare"})
    assert series.share("with") == pytest.approx(80)
    assert series.processor_share("with") == pytest.approx(80)
    assert series.share("bare") == 100
    assert series.requests_per_second("with") == 15


def test_a_profile_adds_up() -> None:
    async def work() -> None:
        await asyncio.sleep(0)
        sum(range(1000))

    table = profile("work", work, 0.3)
    (whole, total), *parts = table.rows
    assert whole == "one request"
    assert sum(float(figure) for _, figure in parts) == pytest.approx(float(total), abs=0.3)
