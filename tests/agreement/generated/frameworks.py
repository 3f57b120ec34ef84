"""A generated site in each of the six frameworks, written as its documentation shows."""

import inspect
import re
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from starlette.types import ASGIApp

from tests.agreement.django_settings import django_with
from tests.agreement.generated.sites import HOST, PARAMETER, REST, UNENCODED, Endpoint, Group, Site
from tests.agreement.generated.visits import MountedApp, Visits, content_of

PYTHON_TYPES: Mapping[str, type] = {"int": int, "float": float, "uuid": uuid.UUID}


def write_files(site: Site, folder: Path) -> None:
    """Every folder that the site serves, below `folder` by its path."""
    for group in _groups(site.root):
        for endpoint in group.endpoints() if group.kind == "files" else ():
            file = folder / endpoint.route[1:]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content_of(endpoint))


def _groups(group: Group) -> list[Group]:
    inner = [part for part in group.parts if isinstance(part, Group)]
    return [*inner, *(one for part in inner for one in _groups(part))]


def _below(prefix: str, route: str) -> str:
    return route.removeprefix(prefix) or "/" * (prefix != "/")


def _is_whole_app(group: Group) -> bool:
    first = group.parts[0] if group.parts else None
    return isinstance(first, Endpoint) and first.kind == "mounted app"


def _whole_app(group: Group, visits: Visits) -> MountedApp:
    (endpoint,) = group.endpoints()
    return MountedApp(endpoint, visits)


# Starlette


def starlette_site(site: Site, folder: Path, visits: Visits) -> ASGIApp:
    from starlette.applications import Starlette

    return Starlette(routes=_starlette_routes(site.root, "", folder, visits))


def _starlette_routes(group: Group, prefix: str, folder: Path, visits: Visits) -> list[Any]:
    from starlette.routing import Host, Mount, Route, Router, WebSocketRoute
    from starlette.staticfiles import StaticFiles

    routes: list[Any] = []
    for part in group.parts:
        if isinstance(part, Group):
            below = _below(prefix, part.path)
            if part.kind == "files":
                routes.append(Mount(below, StaticFiles(directory=folder / part.path[1:])))
            elif part.kind == "host":
                routes.append(Host(HOST, Router(_starlette_routes(part, prefix, folder, visits))))
            elif _is_whole_app(part):
                routes.append(Mount(below, _whole_app(part, visits)))
            else:
                routes.append(Mount(below, routes=_starlette_routes(part, part.path, folder, visits)))
        elif part.kind == "socket":
            routes.append(WebSocketRoute(_below(prefix, part.route), _starlette_socket(part, visits)))
        else:
            path = _caseless_starlette(part, prefix) if part.caseless else _below(prefix, part.route)
            routes.append(Route(path, _starlette_http(part, visits), methods=list(part.methods)))
    return routes


def _caseless_starlette(endpoint: Endpoint, prefix: str) -> str:
    """A convertor of the app's own, with a regular expression that ignores case."""
    from starlette.convertors import CONVERTOR_TYPES, StringConvertor, register_url_convertor

    text = _below(prefix, endpoint.route)[1:]
    name = "caseless" + "".join(f"_{ord(character)}" for character in text)
    if name not in CONVERTOR_TYPES:
        register_url_convertor(name, type(name, (StringConvertor,), {"regex": f"(?i:{re.escape(text)})"})())
    return f"/{{text:{name}}}"


def _starlette_http(endpoint: Endpoint, visits: Visits) -> Any:
    from starlette.requests import Request
    from starlette.responses import PlainTextResponse

    async def answer(request: Request) -> PlainTextResponse:
        return PlainTextResponse(visits.note(endpoint, request.path_params))

    return answer


def _starlette_socket(endpoint: Endpoint, visits: Visits) -> Any:
    from starlette.websockets import WebSocket

    async def greet(websocket: WebSocket) -> None:
        visits.note(endpoint, websocket.path_params)
        await websocket.accept()
        await websocket.close()

    return greet


# FastAPI


def fastapi_site(site: Site, folder: Path, visits: Visits) -> ASGIApp:
    app: ASGIApp = _fastapi_app(site.root, "", folder, visits)
    return app


def _fastapi_app(group: Group, prefix: str, folder: Path, visits: Visits) -> Any:
    from fastapi import FastAPI

    app = FastAPI(openapi_url=None)
    for part in group.parts:
        if isinstance(part, Endpoint):
            _add_to_fastapi(app, part, _below(prefix, part.route), visits)
        else:
            _add_group_to_fastapi(app, part, _below(prefix, part.path), folder, visits)
    return app


def _add_group_to_fastapi(app: Any, part: Group, path: str, folder: Path, visits: Visits) -> None:
    from fastapi import APIRouter
    from fastapi.staticfiles import StaticFiles

    if part.kind == "files":
        app.mount(path, StaticFiles(directory=folder / part.path[1:]))
    elif part.kind == "host":
        app.host(HOST, _fastapi_app(part, "", folder, visits))
    elif part.kind == "include":
        router = APIRouter(prefix=path)
        for endpoint in part.endpoints():
            _add_to_fastapi(router, endpoint, _below(part.path, endpoint.route), visits)
        app.include_router(router)
    else:
        app.mount(
            path, _whole_app(part, visits) if _is_whole_app(part) else _fastapi_app(part, part.path, folder, visits)
        )


def _add_to_fastapi(to: Any, endpoint: Endpoint, path: str, visits: Visits) -> None:
    from fastapi.responses import PlainTextResponse

    if endpoint.kind == "socket":
        to.add_api_websocket_route(path, _starlette_socket(endpoint, visits))
        return
    path = re.sub(r":(int|float|uuid)}", "}", path) if endpoint.converted else path
    to.add_api_route(
        path, _with_parameters(endpoint, visits), methods=list(endpoint.methods), response_class=PlainTextResponse
    )


def _with_parameters(endpoint: Endpoint, visits: Visits, *, answered: Callable[[str], Any] = str) -> Any:
    """A handler whose signature names the route's parameters and their types."""
    types = {name: PYTHON_TYPES.get(kind, str) for name, kind in endpoint.parameters}

    async def answer(*given: Any, **named: Any) -> Any:
        return answered(visits.note(endpoint, {**dict(zip(types, given, strict=False)), **named}))

    answer.__annotations__ = {**types, "return": type(answered(""))}
    answer.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=kind)
            for name, kind in types.items()
        ]
    )
    return answer


# Litestar


def litestar_site(site: Site, folder: Path, visits: Visits) -> ASGIApp:
    app: ASGIApp = _litestar_app(site.root, "", folder, visits)
    return app


def _litestar_app(group: Group, prefix: str, folder: Path, visits: Visits) -> Any:
    from litestar import Litestar

    return Litestar(_litestar_handlers(group, prefix, folder, visits), openapi_config=None)


def _litestar_handlers(group: Group, prefix: str, folder: Path, visits: Visits) -> list[Any]:
    from litestar import Router, asgi
    from litestar.static_files import create_static_files_router

    handlers: list[Any] = []
    for part in group.parts:
        if isinstance(part, Endpoint):
            handlers.append(_litestar_handler(part, _below(prefix, part.route), visits))
            continue
        below = _below(prefix, part.path)
        if part.kind == "files" and len(part.parts) % 2:
            handlers.append(create_static_files_router(below, [folder / part.path[1:]], name=part.path))
        elif part.kind == "files":
            handlers.append(_litestar_files(below, folder / part.path[1:]))
        elif part.kind == "include":
            handlers.append(Router(below, route_handlers=_litestar_handlers(part, part.path, folder, visits)))
        else:
            app = _whole_app(part, visits) if _is_whole_app(part) else _litestar_app(part, part.path, folder, visits)
            handlers.append(asgi(below, is_mount=True, copy_scope=True)(_as_function(app)))
    return handlers


def _litestar_files(path: str, folder: Path) -> Any:
    """As a mount, which is how its older configuration of static files serves them."""
    from litestar.static_files import StaticFilesConfig

    return StaticFilesConfig(directories=[folder], path=path).to_static_files_app()


def _as_function(app: ASGIApp) -> Any:
    async def mounted(scope: Any, receive: Any, send: Any) -> None:
        await app(scope, receive, send)

    return mounted


def _litestar_handler(endpoint: Endpoint, path: str, visits: Visits) -> Any:
    from litestar import Request, WebSocket, route, websocket

    path = PARAMETER.sub(lambda one: f"{{{one[1]}:{one[2] or 'str'}}}", path)

    async def answer(request: Request[Any, Any, Any]) -> str:
        return visits.note(endpoint, request.path_params)

    async def greet(socket: WebSocket[Any, Any, Any]) -> None:
        visits.note(endpoint, socket.path_params)
        await socket.accept()
        await socket.close()

    if endpoint.kind == "socket":
        return websocket(path)(greet)
    methods: Any = list(endpoint.methods)
    return route(path, http_method=methods, media_type="text/plain", status_code=200)(answer)


# Quart


def quart_site(site: Site, folder: Path, visits: Visits) -> ASGIApp:
    from quart import Quart

    app = Quart(__name__, static_folder=None)
    app.url_map.converters["caseless"] = _caseless_converter()
    for part in site.root.parts:
        _add_to_quart(app, part, "", folder, visits)
    return app  # type: ignore[return-value]


def _caseless_converter() -> Any:
    from werkzeug.routing import BaseConverter

    class Caseless(BaseConverter):
        def __init__(self, map: Any, text: str) -> None:  # noqa: A002 - werkzeug's name
            super().__init__(map)
            self.regex = f"(?i:{re.escape(text)})"

    return Caseless


def _add_to_quart(to: Any, part: Endpoint | Group, prefix: str, folder: Path, visits: Visits) -> None:
    from quart import Blueprint

    if isinstance(part, Endpoint):
        _add_endpoint_to_quart(to, part, prefix, visits)
        return
    below = _below(prefix, part.path)
    if part.kind == "files":
        name = re.sub(r"\W", "_", part.path)
        to.register_blueprint(Blueprint(name, __name__, static_folder=folder / part.path[1:], static_url_path=below))
        return
    blueprint = Blueprint(part.path[1:], __name__, url_prefix=below)
    for inner in part.parts:
        _add_to_quart(blueprint, inner, part.path, folder, visits)
    to.register_blueprint(blueprint)


def _add_endpoint_to_quart(to: Any, endpoint: Endpoint, prefix: str, visits: Visits) -> None:
    from quart import websocket

    path = _below(prefix, endpoint.route)
    path = f'/<caseless("{path[1:]}"):text>' if endpoint.caseless else _in_angles(path, "string")

    async def answer(**values: Any) -> str:
        return visits.note(endpoint, values)

    async def greet(**values: Any) -> None:
        visits.note(endpoint, values)
        await websocket.accept()

    if endpoint.kind == "socket":
        to.add_websocket(path, endpoint.name, greet)
    else:
        to.add_url_rule(path, endpoint.name, answer, methods=list(endpoint.methods))


def _in_angles(path: str, text: str) -> str:
    return PARAMETER.sub(lambda one: f"<{one[2] or text}:{one[1]}>", path)


# Django


def django_site(site: Site, folder: Path, visits: Visits) -> ASGIApp:
    return django_with(_django_patterns(site.root, "/", folder, visits))


def _django_patterns(group: Group, prefix: str, folder: Path, visits: Visits) -> list[Any]:
    from django.urls import include, path, re_path
    from django.views.static import serve

    patterns: list[Any] = []
    for part in group.parts:
        if isinstance(part, Group):
            below = _below(prefix, part.path) + "/"
            if part.kind == "files":
                files = {"document_root": str(folder / part.path[1:])}
                patterns.append(re_path(f"^{re.escape(below)}(?P<path>.*)$", serve, files))
            else:
                patterns.append(path(below, include(_django_patterns(part, part.path + "/", folder, visits))))
            continue
        view = _django_view(
            [one for one in group.parts if isinstance(one, Endpoint) and one.route == part.route], visits
        )
        below = _below(prefix, part.route)
        if part.caseless:
            patterns.append(re_path(f"(?i)^{re.escape(below)}$", view))
        elif "digits" in below:
            patterns.append(re_path(f"^{_django_expression(below)}$", view))
        else:
            patterns.append(path(_in_angles(below, "str"), view))
    return patterns


_EXPRESSIONS = {"str": "[^/]+", "int": r"-?\d+", "uuid": "[0-9a-f-]+", "digits": r"\d{4}", "path": ".+"}


def _django_expression(route: str) -> str:
    end, expression = 0, ""
    for one in PARAMETER.finditer(route):
        expression += re.escape(route[end : one.start()]) + f"(?P<{one[1]}>{_EXPRESSIONS[one[2] or 'str']})"
        end = one.end()
    return expression + re.escape(route[end:])


def _django_view(endpoints: list[Endpoint], visits: Visits) -> Any:
    from django.http import HttpRequest, HttpResponse

    async def answer(request: HttpRequest, **values: Any) -> HttpResponse:
        for endpoint in endpoints:
            if request.method in endpoint.methods or (request.method == "HEAD" and "GET" in endpoint.methods):
                return HttpResponse(visits.note(endpoint, values))
        return HttpResponse(status=405)

    return answer


# BlackSheep


def blacksheep_site(site: Site, folder: Path, visits: Visits) -> ASGIApp:
    app: ASGIApp = _blacksheep_app(site.root, "", folder, visits)
    return app


def _blacksheep_app(group: Group, prefix: str, folder: Path, visits: Visits) -> Any:
    from blacksheep import Application
    from blacksheep.server.routing import Route, Router

    Route.value_patterns["digits"] = r"\d{4}"
    router = Router()
    app = Application(router=router, show_error_details=False, mount=_own_mounts())
    _fill_blacksheep(app, group, prefix, folder, visits)
    _forget_blacksheep(router)
    return app


def _own_mounts() -> Any:
    from blacksheep.server.routing import MountRegistry

    return MountRegistry()


def _forget_blacksheep(router: Any) -> None:
    """It keeps every application, by its router."""
    from blacksheep.server import routing

    routing._apps_by_router_id.pop(id(router), None)


def _fill_blacksheep(app: Any, group: Group, prefix: str, folder: Path, visits: Visits) -> None:
    for part in group.parts:
        if isinstance(part, Endpoint):
            _add_to_blacksheep(app.router, part, _below(prefix, part.route), visits)
        elif part.kind == "files":
            app.serve_files(folder / part.path[1:], root_path=_below(prefix, part.path), extensions={".txt"})
        elif part.kind == "include":
            _fill_blacksheep(app, part, prefix, folder, visits)
        else:
            inner = (
                _whole_app(part, visits) if _is_whole_app(part) else _blacksheep_app(part, part.path, folder, visits)
            )
            app.mount(_below(prefix, part.path), inner)


def _add_to_blacksheep(router: Any, endpoint: Endpoint, path: str, visits: Visits) -> None:
    from blacksheep import WebSocket

    if endpoint.kind == "socket":

        async def greet(websocket: WebSocket) -> None:
            visits.note(endpoint, _with_rest(websocket.route_values))
            await websocket.accept()
            await websocket.close()

        router.add_ws(_blacksheep_syntax(path, converted=False), greet)
        return
    for method in endpoint.methods:
        router.add(
            method,
            _blacksheep_syntax(quote(path, safe=UNENCODED + "{}"), converted=endpoint.converted),
            _blacksheep_handler(endpoint, visits),
        )


def _blacksheep_syntax(path: str, *, converted: bool) -> str:
    """Its router matches the path as it stands in the request line, so that is how a route is written."""
    path = path.replace(REST, "*")
    kept = re.sub(r":(int|float|uuid)}", "}", path) if converted else path
    return re.sub(r"{(\w+):(\w+)}", r"{\2:\1}", kept)


def _blacksheep_handler(endpoint: Endpoint, visits: Visits) -> Any:
    from blacksheep import Request, Response
    from blacksheep.server.responses import text

    if endpoint.route.endswith(REST):

        async def catch_all(request: Request) -> Response:
            return text(visits.note(endpoint, _with_rest(request.route_values)))

        return catch_all
    return _with_parameters(endpoint, visits, answered=text)


def _with_rest(values: Mapping[str, object] | None) -> dict[str, object]:
    values = values or {}
    return {**values, "rest": values.get("tail", "")}


MAKERS: Mapping[str, Callable[[Site, Path, Visits], ASGIApp]] = {
    "starlette": starlette_site,
    "fastapi": fastapi_site,
    "litestar": litestar_site,
    "quart": quart_site,
    "django": django_site,
    "blacksheep": blacksheep_site,
}
