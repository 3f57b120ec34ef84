"""Apps to audit."""

from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.responses import PlainTextResponse
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Host, Mount, Route, Router, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from asgi_bearer import BearerMiddleware, optional, protected, public
from tests.agreement.apps import litestar_app
from tests.tokens import issuer


def answer(_request: Request) -> Response:
    return Response("answer")


async def socket(_websocket: Any) -> None: ...


class Thing(HTTPEndpoint):
    async def get(self, request: Request) -> Response:
        return answer(request)

    async def delete(self, request: Request) -> Response:
        return answer(request)


class Whatever:
    """An endpoint that is an app, and answers any method."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None: ...


class Unknown(BaseRoute):
    """A kind of route that nobody has heard of."""


inner = BearerMiddleware(
    Starlette(routes=[Route("/health", answer), Route("/secret", answer)]),
    issuers=issuer(),
    allow=[public("/health"), protected("/secret", scopes=["inner"])],
)

site = Starlette(
    routes=[
        Host("admin.example.com", Router([Route("/health", answer)])),
        Host("{tenant}.example.org", Router([Route("/home", answer)])),
        Route("/health", answer),
        Route("/login", answer, methods=["POST"]),
        Route("/catalogue", answer),
        Route("/orders/{name}", answer, methods=["GET", "DELETE"]),
        Route("/thing", Thing),
        Route("/whatever", Whatever()),
        Route("/parts/{part:uuid}/{weight:float}", answer),
        WebSocketRoute("/feed", socket),
        Mount("/inner/{tenant}", app=inner),
        Mount("/static", StaticFiles(directory=".")),
        Mount("/litestar", app=litestar_app()),
        Unknown(),
    ],
    middleware=[
        Middleware(CORSMiddleware),
        Middleware(
            BearerMiddleware,
            issuers=issuer(),
            realm="site",
            allow=[
                public("/health"),
                public("/login", methods=["POST"]),
                optional("/catalogue"),
                public("/orders/help"),
                protected("/orders/{id:int}", scopes=["orders:read"]),
                protected("/{rest:path}", host="admin.example.com", roles=["admin", "owner"]),
                public("/home", host="{tenant}.example.org"),
                public("/catalogue", host="shop.example.net"),
                protected("/parts/{p}/{w:int}", scopes=["parts"]),
                protected("/thing", methods=["DELETE"], roles=["admin"]),
                public("/whatever", methods=["PUT"]),
                public("/nowhere"),
                public("/login/{rest:path}", methods=["GET"]),
            ],
        ),
    ],
)


def closed() -> BearerMiddleware:
    """Nothing that is not listed is reached at all."""
    app = Starlette(routes=[Route("/health", answer), Route("/other", answer)])
    return BearerMiddleware(GZipMiddleware(app), issuers=issuer(), allow=[public("/health")], unlisted="denied")


def several() -> BearerMiddleware:
    """Two rules decide together."""
    allow = [protected("/a/{x}", scopes=["s"]), protected("/{x}/b", roles=["r"])]
    return BearerMiddleware(Starlette(routes=[Route("/a/b", answer)]), issuers=issuer(), allow=allow)


def beside() -> Starlette:
    """The middleware stands in front of one part only."""
    guarded = BearerMiddleware(Starlette(routes=[Route("/a", answer)]), issuers=issuer())
    return Starlette(routes=[Mount("/guarded", app=guarded), Route("/open", answer)])


def included() -> FastAPI:
    """Routers in routers, and a mounted app."""
    app = FastAPI(openapi_url=None)
    outer, lines = APIRouter(prefix="/orders"), APIRouter(prefix="/lines")
    outer.add_api_route("/{order}", lambda order: order, methods=["GET"], response_class=PlainTextResponse)
    lines.add_api_route("/{line}", lambda line: line, methods=["PUT"], response_class=PlainTextResponse)
    lines.add_api_websocket_route("/feed", socket)
    outer.include_router(lines, prefix="/{order}")
    app.include_router(outer, prefix="/v1")
    mounted = FastAPI(openapi_url=None)
    mounted.add_api_route("/x", answer)
    app.mount("/mounted", mounted)
    app.add_middleware(BearerMiddleware, issuers=issuer(), allow=[protected("/v1/{rest:path}", scopes=["v1"])])
    return app


faulty = Starlette(middleware=[Middleware(BearerMiddleware, issuers=issuer(), allow=[public("no slash")])])
number = 7
stale = BearerMiddleware(
    Starlette(routes=[Route("/health", answer)]), issuers=issuer(), allow=[public("/health"), public("/gone")]
)
bare = Starlette(routes=[Route("/health", answer)])
