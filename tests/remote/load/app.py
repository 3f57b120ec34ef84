"""What uvicorn serves: an app whose issuer and times are in the environment, and the counters of its keys."""

import os
from dataclasses import asdict
from datetime import timedelta

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from asgi_bearer import BearerAuth, BearerMiddleware, FetchSettings, Issuer, RemoteKeys, public

ISSUER, AUDIENCE, TIMES = "LOAD_ISSUER", "LOAD_AUDIENCE", "LOAD_TIMES"
"""TIMES: `name=seconds`, by commas; the rest as it usually is."""


def app() -> BearerMiddleware:
    times = dict(one.split("=") for one in os.environ[TIMES].split(","))
    rules = FetchSettings(**{name: timedelta(seconds=float(seconds)) for name, seconds in times.items()})  # type: ignore[arg-type]
    issuer = Issuer(os.environ[ISSUER], os.environ[AUDIENCE], keys=RemoteKeys(rules=rules), allow_loopback_http=True)

    async def home(request: Request) -> JSONResponse:
        return JSONResponse({"subject": request.state.user.subject})

    async def ready(_request: Request) -> JSONResponse:
        (status,) = auth.key_status()
        return JSONResponse(asdict(status), 200 if status.ready else 503)

    inner = Starlette(routes=[Route("/", home), Route("/ready", ready)])
    auth = BearerAuth(issuer, allow=[public("/ready")])
    return auth(inner)
