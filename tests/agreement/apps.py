"""The site in each framework, written as its own documentation shows."""

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from starlette.types import ASGIApp

from asgi_bearer import BearerMiddleware
from tests.agreement.site import ADMIN_HOST, ALLOW, ENDPOINTS, ON_ADMIN_HOST, SOCKETS, Endpoint
from tests.tokens import NOW, issuer


def starlette_app() -> ASGIApp:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import PlainTextResponse, Response
    from starlette.routing import BaseRoute, Host, Mount, Route, Router, WebSocketRoute

    def http(endpoint: Endpoint, path: str) -> Route:
        def answer(_request: Request) -> Response:
            return PlainTextResponse(endpoint.says)

        return Route(path, answer, methods=list(endpoint.methods))

    mounted = [endpoint for endpoint in ENDPOINTS if endpoint.path.startswith("/mnt/")]
    routes: list[BaseRoute] = [
        Host(ADMIN_HOST, Router([http(endpoint, endpoint.path) for endpoint in ON_ADMIN_HOST])),
        Mount("/mnt", routes=[http(endpoint, endpoint.path.removeprefix("/mnt")) for endpoint in mounted]),
        *(WebSocketRoute(endpoint.path, _socket(endpoint)) for endpoint in SOCKETS),
        *(http(endpoint, endpoint.path) for endpoint in ENDPOINTS if endpoint not in mounted),
    ]
    return Starlette(routes=routes)


def fastapi_app() -> ASGIApp:
    from fastapi import APIRouter, FastAPI
    from fastapi.responses import PlainTextResponse

    app = FastAPI(openapi_url=None)
    administration = FastAPI(openapi_url=None)
    router = APIRouter()

    def add(to: Any, endpoint: Endpoint) -> None:
        def answer() -> str:
            return endpoint.says

        to.add_api_route(endpoint.path, answer, methods=list(endpoint.methods), response_class=PlainTextResponse)

    for endpoint in ON_ADMIN_HOST:
        add(administration, endpoint)
    app.host(ADMIN_HOST, administration)
    for endpoint in SOCKETS:
        router.add_api_websocket_route(endpoint.path, _socket(endpoint))
    for endpoint in ENDPOINTS:
        add(router, endpoint)
    app.include_router(router)
    return app


def _socket(endpoint: Endpoint) -> Callable[[Any], Any]:
    from starlette.websockets import WebSocket

    async def greet(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text(endpoint.says)
        await websocket.close()

    return greet


def litestar_app() -> ASGIApp:
    from litestar import Litestar, WebSocket, route, websocket

    def http(endpoint: Endpoint) -> Any:
        async def answer() -> str:
            return endpoint.says

        methods: Any = list(endpoint.methods)
        return route(syntax(endpoint.path), http_method=methods, media_type="text/plain", status_code=200)(answer)

    def syntax(path: str) -> str:
        return re.sub(r"{(\w+)}", r"{\1:str}", path)

    def web_socket(endpoint: Endpoint) -> Any:
        async def greet(socket: WebSocket[Any, Any, Any]) -> None:
            await socket.accept()
            await socket.send_text(endpoint.says)
            await socket.close()

        return websocket(endpoint.path)(greet)

    handlers = [*(http(endpoint) for endpoint in ENDPOINTS), *(web_socket(endpoint) for endpoint in SOCKETS)]
    return Litestar(handlers, openapi_config=None)  # type: ignore[return-value]


def quart_app() -> ASGIApp:
    from quart import Quart
    from quart import websocket as current

    app = Quart(__name__, static_folder=None)

    def syntax(path: str) -> str:
        return (
            path.replace("{rest:path}", "<path:rest>")
            .replace("{id:int}", "<int:id>")
            .replace("{", "<")
            .replace("}", ">")
        )

    for endpoint in ENDPOINTS:

        async def answer(endpoint: Endpoint = endpoint, **_parameters: Any) -> str:
            return endpoint.says

        app.add_url_rule(syntax(endpoint.path), endpoint.says, answer, methods=list(endpoint.methods))
    for endpoint in SOCKETS:

        async def greet(endpoint: Endpoint = endpoint) -> None:
            await current.accept()
            await current.send(endpoint.says)

        app.add_websocket(syntax(endpoint.path), endpoint.says, greet)
    return app  # type: ignore[return-value]


def django_app() -> ASGIApp:
    from django.http import HttpRequest, HttpResponse
    from django.urls import path

    from tests.agreement.django_settings import django_with

    def view(endpoint: Endpoint) -> Any:
        others = [other for other in ENDPOINTS if other.path == endpoint.path]

        def answer(request: HttpRequest, **_parameters: Any) -> HttpResponse:
            said = [other.says for other in others if request.method in (*other.methods, "HEAD")]
            return HttpResponse(said[0] if said else "", status=200 if said else 405)

        return answer

    def syntax(route: str) -> str:
        return (
            route[1:]
            .replace("{rest:path}", "<path:rest>")
            .replace("{id:int}", "<int:id>")
            .replace("{", "<str:")
            .replace("}", ">")
        )

    return django_with([path(syntax(one.path), view(one)) for one in ENDPOINTS])


def blacksheep_app() -> ASGIApp:
    from blacksheep import Application, Request, Response, WebSocket
    from blacksheep.server.responses import text
    from blacksheep.server.routing import Router

    router = Router()
    app = Application(router=router, show_error_details=False)

    def http(endpoint: Endpoint) -> Any:
        async def answer(request: Request) -> Response:
            return text(endpoint.says)

        return answer

    def socket(endpoint: Endpoint) -> Any:
        async def greet(websocket: WebSocket) -> None:
            await websocket.accept()
            await websocket.send_text(endpoint.says)
            await websocket.close()

        return greet

    def syntax(path: str) -> str:
        """Its router matches the path as it stands in the request line, so that is how a route is written."""
        return quote(path, safe="/{}:").replace("{rest:path}", "*").replace("{id:int}", "{int:id}")

    for endpoint in ENDPOINTS:
        for method in endpoint.methods:
            router.add(method, syntax(endpoint.path), http(endpoint))
    for endpoint in SOCKETS:
        router.add_ws(syntax(endpoint.path), socket(endpoint))
    return app


MAKERS: Mapping[str, Callable[[], ASGIApp]] = {
    "starlette": starlette_app,
    "fastapi": fastapi_app,
    "litestar": litestar_app,
    "quart": quart_app,
    "django": django_app,
    "blacksheep": blacksheep_app,
}
WITHOUT_SOCKETS = ("django",)
WITH_HOSTS = ("starlette", "fastapi")


def guard(app: ASGIApp, root_path: str | None = None) -> BearerMiddleware:
    return BearerMiddleware(app, issuers=issuer(), allow=ALLOW, root_path=root_path, clock=lambda: NOW)
