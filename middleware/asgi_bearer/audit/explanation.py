"""Which rule decides one request, why, and what it would be answered."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, unquote

from ..allowlist.request_target import WEBSOCKET, RequestTarget, read_target
from ..challenge import challenge
from ..errors import AmbiguousPath, AuthError, InsufficientScope, MissingRole, NoCredentials, RouteDenied
from .decisions import Decision, decide
from .routes import FoundRoute, Guard, find_routes

_ASCII = bytes(range(0x21, 0x7F)).decode()


def explain(app: Any, method: str, path: str, host: str = "") -> str:
    """Some lines of text. method: as sent. path: as it stands in a URL; a query decides nothing."""
    routes = find_routes(app)
    heading = f"{method} {host}{path}"
    try:
        target = _target(method, path, host)
        found = next((route for route in routes if route.takes(method, target.path, host)), None)
        route = found or _nowhere(routes, method)
        decision = decide(route, target)
    except AmbiguousPath as error:
        return f"{heading}\n  two routers could read this path differently: {_answer(error)}"
    lines = [
        (
            "route",
            "none: the app answers whom it lets in, as not found" if found is None else _said(found),
        ),
        ("decided by", " and ".join(decision.rules) or _unlisted(decision)),
        ("because", _why(decision)),
        ("needs", decision.demands),
        *_answers(decision, route),
    ]
    width = max(len(name) for name, _ in lines)
    return "\n".join([heading, *(f"  {name.ljust(width)}  {text}" for name, text in lines)])


def _target(method: str, path: str, host: str) -> RequestTarget:
    """What a server makes of the request, read as the middleware reads it."""
    encoded = quote(path.partition("?")[0], safe=_ASCII)  # as clients do with other characters
    kind = "websocket" if method == WEBSOCKET else "http"
    target = read_target({"type": kind, "method": method, "path": unquote(encoded), "raw_path": encoded.encode()})
    target.host = host
    return target


def _nowhere(routes: list[FoundRoute], method: str) -> FoundRoute:
    """A route of no app's, behind the outermost middleware."""
    guards = next((route.guards[:1] for route in routes if route.guards), ())
    outermost = tuple(Guard(guard.auth, "/{rest:path}") for guard in guards)
    return FoundRoute("", "/{rest:path}", method, outermost)


def _said(route: FoundRoute) -> str:
    kind = f" ({route.opaque}, not seen into)" if route.opaque else ""
    return f"{route.host}{route.path}{kind}"


def _unlisted(decision: Decision) -> str:
    return "nothing: there is no middleware in front" if decision.access == "unguarded" else "no rule: it is unlisted"


def _why(decision: Decision) -> str:
    if not decision.rules:
        return "no rule of the allowlist covers this path, method and host"
    if len(decision.rules) > 1:
        return "several rules cover the path, so what all of them ask for is needed"
    if "{" in decision.rules[0]:
        return "this pattern covers the path, and no rule is written for exactly this path"
    return "a literal path goes before any pattern"


def _answers(decision: Decision, route: FoundRoute) -> Iterator[tuple[str, str]]:
    realm = route.guards[0].auth.realm if route.guards else ""
    if decision.is_open:
        yield "without a token", "passed on to the app, as nobody"
    else:
        yield "without a token", _answer(NoCredentials(), realm)
    if decision.access == "public":
        yield "with any token", "passed on, as nobody: no token is looked at"
        return
    if decision.access == "denied":
        yield "with any token", _answer(RouteDenied(), realm)
        return
    if decision.roles:
        yield "missing role", _answer(MissingRole(), realm)
    if decision.scopes:
        yield "missing scope", _answer(InsufficientScope(decision.scopes), realm)
    yield "with a good token", "passed on to the app, as its subject"


def _answer(error: AuthError, realm: str = "api") -> str:
    return f'{error.status} {{"detail": "{error.detail}"}}, WWW-Authenticate: {challenge(error, realm)}'
