"""A few hundred cases with a fixed seed; the long run is `python -m tests.fuzz`."""

from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.cases import FAULTS, run


@settings(max_examples=150, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(random=st.randoms(use_true_random=False))
def test_a_few_cases_hold(random: Random) -> None:
    assert run(random)


def test_a_few_hundred_fast_cases_hold() -> None:
    for seed in range(300):
        assert run(Random(seed))


def test_there_is_something_to_find() -> None:
    assert len(FAULTS) > 20
