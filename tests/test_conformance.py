"""The page of conformance is up to date, complete, and names tests that exist."""

from tests.conformance import PAGE, names, page, rows_shown
from tests.conformance_rows import NOT_APPLICABLE, READING, ROWS


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text("utf-8") == page(), "run: python -m tests.conformance"


def test_each_row_is_there_and_has_a_test_or_a_reason() -> None:
    counts = {"A": 18, "B": 13, "C": 10, "D": 11, "E": 8, "F": 25, "G": 14, "I": 9, "R": 75}
    expected = {f"{letter}{number}" for letter, count in counts.items() for number in range(1, count + 1)}
    expected |= {"R86", "R87", "R88", "R89"}  # fetching; the rows between them are about protected resource metadata
    assert ROWS.keys() | NOT_APPLICABLE.keys() == expected
    assert ROWS.keys().isdisjoint(NOT_APPLICABLE)
    assert ROWS.keys() - rows_shown().keys() == set()


def test_each_named_test_exists() -> None:
    existing = {name for name, _ in names()}
    assert {test for _, test in READING.values()} - existing == set()
