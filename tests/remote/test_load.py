"""The runs of `tests.remote.load` at a small size: what must hold whatever the machine; figures are in docs/keys.md."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.keys import public_jwk
from tests.providers.oidc_provider import OidcProvider
from tests.remote.load.runs import flood, outage, rotation
from tests.remote.server import JwksServer


@pytest.fixture
def provider() -> Iterator[OidcProvider]:
    started = OidcProvider.start()
    yield started
    started.stop()


def test_rotations_under_load_refuse_no_valid_token(provider: OidcProvider) -> None:
    run = asyncio.run(rotation(provider, clients=200, rotations=3, cooldown=1))
    assert run.refused == 0
    assert run.answers.statuses[200] > 1000
    assert run.fetches <= 4


def test_D1_a_flood_of_random_kids_is_one_fetch_a_cooldown() -> None:
    with JwksServer([public_jwk("ES256", kid="one")]) as server:
        run = asyncio.run(flood(server, public_jwk("ES256", kid="two"), junk=2_000, seconds=3, cooldown=1))
    assert set(run.undisturbed.statuses) == set(run.beside.statuses) == {200}
    assert run.junk.statuses == {401: 2_000}
    assert 1 <= run.fetches <= run.allowed
    assert run.picked_up_after < 30  # it is; how soon is a figure, not a test


def test_an_outage_refuses_nobody_within_its_window() -> None:
    with JwksServer([public_jwk("ES256", kid="one")]) as server:
        run = asyncio.run(outage(server, lifetime=3, stale=3, max_backoff=1))
    assert set(run.in_window.statuses) == {200}
    assert set(run.after.statuses) == {503}
