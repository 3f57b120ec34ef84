"""Keys that are fetched: from a scripted server on a real socket, with a clock that can be put forward."""

import time
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import anyio

from asgi_bearer import BearerMiddleware, FetchSettings, Issuer, RemoteKeys
from asgi_bearer.keys import Counters, KeyStatus
from asgi_bearer.keys.remote import RemoteKeySource
from tests.asgi import Answer, Recorder, get, guarded
from tests.remote.server import JwksServer
from tests.tokens import claims, sign


class Clock:
    """The time of the machine, put forward."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead

    def skip(self, seconds: float) -> None:
        self.ahead += seconds


def rules(**seconds: float) -> FetchSettings:
    """As they usually are, but for what is given in seconds."""
    return FetchSettings(**{name: timedelta(seconds=value) for name, value in seconds.items()})  # type: ignore[arg-type]


class Site:
    """An app behind the middleware, whose issuer's keys are the server's."""

    def __init__(
        self,
        server: JwksServer,
        keys: RemoteKeys | None = None,
        algorithms: Iterable[str] | None = None,
        **seconds: float,
    ) -> None:
        self.server = server
        self.clock = Clock()
        keys = keys or RemoteKeys(rules=rules(**seconds), clock=self.clock)
        self.issuer = Issuer(server.issuer, "orders-api", keys=keys, algorithms=algorithms, allow_loopback_http=True)
        self.app: BearerMiddleware = guarded(Recorder(), issuers=self.issuer)

    @property
    def source(self) -> RemoteKeySource:
        """Where the app's keys come from."""
        (trusted,) = self.app.auth.trusted
        assert isinstance(trusted.keys, RemoteKeySource)
        return trusted.keys

    def status(self) -> KeyStatus:
        (status,) = self.app.auth.key_status()
        return status

    def token(self, **parameters: Any) -> str:
        return sign(claims(iss=self.server.issuer), **{"algorithm": "ES256", "kid": "one", **parameters})

    async def ask(self, **parameters: Any) -> Answer:
        return await get(self.app, token=self.token(**parameters))

    async def landed(self) -> None:
        """The fetch that is under way has ended."""
        assert self.source._flight is not None
        with anyio.fail_after(10):
            await self.source._flight.wait()

    async def counters(self) -> Counters:
        return self.status().counters
