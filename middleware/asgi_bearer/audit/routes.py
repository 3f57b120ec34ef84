"""Every route of an app, found by walking the trees that Starlette and frameworks on top of it build.

What cannot be seen into, such as a mounted app of another kind, is found too, as one opaque route for all below it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from starlette.applications import Starlette
from starlette.routing import Host, Mount, Route, Router, WebSocketRoute, compile_path
from starlette.staticfiles import StaticFiles

from ..allowlist.matching import host_pattern
from ..allowlist.request_target import WEBSOCKET
from ..auth import BearerAuth
from ..middleware import BearerMiddleware

ANY_METHOD = "*"
"""An endpoint that decides for itself which methods it answers."""

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


@dataclass(frozen=True, slots=True)
class Guard:
    """A declaration in front of a route, and the route's path as it sees that."""

    auth: BearerAuth
    path: str


@dataclass(frozen=True, slots=True)
class FoundRoute:
    """path: from the outermost app on, in Starlette's syntax. host: a `Host` route's pattern, "" for any other host."""

    host: str
    path: str
    method: str
    guards: tuple[Guard, ...]
    opaque: str = ""
    """What kind of thing could not be seen into; "" for a route."""

    def takes(self, method: str, path: str, host: str) -> bool:
        """Whether a request for this is the route's, if no earlier one takes it."""
        same_method = self.method in (ANY_METHOD, "GET" if method == "HEAD" else method)
        same_host = not self.host or host_pattern(self.host).fullmatch(host)
        return bool(same_method and same_host and compile_path(self.path)[0].fullmatch(path))


def find_routes(app: Any) -> list[FoundRoute]:
    return list(_walk(app, FoundRoute("", "", ANY_METHOD, ())))


def _walk(app: Any, here: FoundRoute) -> Iterator[FoundRoute]:
    """What is below `here`, whose path is the prefix so far."""
    while not isinstance(app, Router):
        if isinstance(app, Starlette):
            here = replace(here, guards=(*here.guards, *_listed_guards(app)))
            app = app.router
        elif isinstance(app, BearerMiddleware):
            here = replace(here, guards=(*here.guards, Guard(app.auth, "")))
            app = app.app
        elif isinstance(app, StaticFiles):
            yield _opaque(here, "static files")
            return
        elif callable(inner := getattr(app, "app", None)):
            app = inner
        else:
            yield _opaque(here, type(app).__name__)
            return
    for route in app.routes:
        yield from _walk_route(route, here)


def _walk_route(route: Any, here: FoundRoute) -> Iterator[FoundRoute]:
    if isinstance(route, Mount):
        yield from _walk(route.app, _below(here, route.path))
    elif isinstance(route, Host):
        yield from _walk(route.app, replace(here, host=route.host))
    elif isinstance(route, WebSocketRoute):
        yield replace(_below(here, route.path), method=WEBSOCKET)
    elif isinstance(route, Route) or (getattr(route, "methods", None) and getattr(route, "path", None)):
        for method in _methods(route):
            yield replace(_below(here, route.path), method=method)
    elif included := getattr(route, "effective_route_contexts", None):  # a router kept whole inside another one
        for context in included():
            yield from _walk_route(getattr(context, "starlette_route", None) or context, here)
    else:
        yield _opaque(here, type(route).__name__)


def _listed_guards(app: Starlette) -> Iterator[Guard]:
    """Read from the app's list of middleware, since what Starlette makes may be hidden in closures of others."""
    for entry in app.user_middleware:
        middleware: Any = entry.cls
        if isinstance(middleware, BearerAuth):
            yield Guard(middleware, "")
        elif isinstance(middleware, type) and issubclass(middleware, BearerMiddleware):
            settings: dict[str, Any] = dict(entry.kwargs)
            yield Guard(BearerAuth(**settings), "")


def _below(here: FoundRoute, path: str) -> FoundRoute:
    guards = tuple(replace(guard, path=guard.path + path) for guard in here.guards)
    return replace(here, path=here.path + path, guards=guards)


def _opaque(here: FoundRoute, kind: str) -> FoundRoute:
    return replace(_below(here, "/{rest:path}"), opaque=kind)


def _methods(route: Any) -> Iterable[str]:
    if route.methods:
        return sorted(route.methods - ({"HEAD"} if "GET" in route.methods else set()))
    own = [method for method in METHODS if hasattr(route.endpoint, method.lower())]  # a class with a method for each
    return own or [ANY_METHOD]
