"""Real providers: their tokens, their metadata, and their keys as these are rotated."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from asgi_bearer import BearerMiddleware, Issuer, RemoteKeys, protected
from tests.asgi import Recorder, get
from tests.providers import Provider
from tests.providers.glewlwyd import Glewlwyd
from tests.providers.oidc_provider import OidcProvider
from tests.remote import Clock, rules

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module", params=["oidc-provider", "glewlwyd"])
def provider(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    folder: Path = tmp_path_factory.mktemp("provider")
    started = OidcProvider.start() if request.param == "oidc-provider" else Glewlwyd.start(folder)
    yield started
    started.stop()


def site(provider: Provider, clock: Clock, **settings: Any) -> BearerMiddleware:
    keys = RemoteKeys(rules=rules(timeout=10), clock=clock)
    issuer = Issuer(provider.issuer, provider.audience, keys=keys, allow_loopback_http=True, **settings)
    return BearerMiddleware(Recorder(), issuers=issuer, allow=[protected("/orders", scopes=["orders:read"])])


async def test_tokens_of_a_real_provider_verify(provider: Provider) -> None:
    app = site(provider, Clock(), token_type="at+jwt")
    for algorithm in provider.algorithms:
        assert (await get(app, "/orders", provider.token(algorithm))).status == 200


async def test_for_another_audience_they_do_not(provider: Provider) -> None:
    issuer = Issuer(provider.issuer, "another-api", allow_loopback_http=True)
    answer = await get(BearerMiddleware(Recorder(), issuers=issuer), "/", provider.token(provider.algorithms[0]))
    assert (answer.status, "another audience" in (answer.challenge or "")) == (401, True)


async def test_rotated_keys_are_found_and_withdrawn_ones_forgotten(provider: Provider) -> None:
    clock = Clock()
    app = site(provider, clock)
    for algorithm in provider.algorithms:
        old = provider.token(algorithm)
        assert (await get(app, "/orders", old)).status == 200
        provider.rotate()
        assert (await get(app, "/orders", old)).status == 200
        clock.skip(10)
        assert (await get(app, "/orders", provider.token(algorithm))).status == 200
        clock.skip(10)
        assert (await get(app, "/orders", old)).status == 401
        clock.skip(10)
