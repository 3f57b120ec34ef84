"""What a request asks for, as routers read it: route path, method and host. Refused where two would read differently.

A decision uses Starlette's route path. Other routers read the same request in other ways, and each difference is a
way around a rule, so:

- A path that Starlette, Django, Quart, Litestar and BlackSheep do not all read alike is refused, and so is such a root
  path. A root path that the server left away from the path is put back.
- `raw` is the path before percent-decoding, which some routers match: a rule opens a route only in both readings.
- `fold_path` gives what routers have in common that ignore case and a trailing slash: a guard holds for all its
  spellings.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote

from starlette._utils import get_route_path
from starlette.types import Scope

from .errors import AmbiguousHost, AmbiguousPath

AMBIGUOUS = re.compile(
    r"\A(?!/)"  # no leading slash: absolute form, authority form, `*`, empty
    r"|//"  # empty segments, which some routers fold
    r"|/\.{1,2}(?:/|\Z)"  # dot segments, which some apps and proxies resolve
    r"|[\\;\x00-\x1f\x7f-\x9f\u2028\u2029\ufffd\ud800-\udfff]"  # separators to somebody, line ends, decoding failures
)
_AMBIGUOUS_RAW = re.compile(
    rb"\A[^/]"  # absolute form, of which the server passed on the path alone
    rb"|%2[fF]"  # an encoded slash
    rb"|[?#]"  # the end of a path for a router that parses a URL (RFC 9112 section 3.2: a target has no fragment)
)
_ROOT_PATH = re.compile(r"[A-Za-z0-9/._~!$&'()*+,=:@-]*")
"""What is the same in `path` and in `raw_path`."""

_HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^\x00-\x20\x7f-\uffff:/?#@\\,\[\]]*)(?::[0-9]*)?")

_LONGEST_HOST = 255
"""Octets of a name in DNS (RFC 1035 section 2.3.4)."""

WEBSOCKET = "WEBSOCKET"
"""Stands where HTTP has its method."""


@dataclass(slots=True)
class Target:
    """path: as Starlette's router matches it. raw: the same before percent-decoding, `path` itself where it is equal.

    method: as sent, HEAD as GET; WEBSOCKET for a websocket. host: as sent, without port; "" without one.
    """

    path: str
    raw: str
    method: str
    host: str = ""


def with_root_path_settled(scope: Scope) -> Scope:
    """The scope with a root path that all routers take off alike: the leading segments of path and raw path.

    Some servers leave it away from the path, one lets the client choose it, and routers differ in what they make of
    that. ASGI's `path` contains it, as `SCRIPT_NAME` and `PATH_INFO` together do in WSGI. Raises AmbiguousPath.
    """
    given: str = scope.get("root_path") or ""
    if not given:
        return scope
    root_path = given.rstrip("/")
    of_server: str = scope.get("app_root_path", given)  # what Starlette's mounts have added is no client's choice
    path: str = scope["path"]
    if not _ROOT_PATH.fullmatch(of_server) or path == root_path:
        raise AmbiguousPath
    if AMBIGUOUS.search(root_path + "/") or AMBIGUOUS.search(path):
        raise AmbiguousPath
    settled = {**scope, "root_path": root_path}
    if not path.startswith(root_path + "/"):
        settled["path"] = root_path + path
        if raw := scope.get("raw_path"):
            settled["raw_path"] = root_path.encode() + raw
    return settled


def read_target(scope: Scope) -> Target:
    """Of a scope whose root path is settled. Raises AmbiguousPath."""
    path: str = scope["path"]
    if AMBIGUOUS.search(path):
        raise AmbiguousPath
    raw: bytes | None = scope.get("raw_path")
    if not raw or (raw == path.encode() and path.isascii()):
        path = get_route_path(scope)
        return Target(path, path, _method(scope))
    if _AMBIGUOUS_RAW.search(raw):
        raise AmbiguousPath
    raw = _below_root_path(raw, scope.get("root_path") or "")
    return Target(get_route_path(scope), raw.decode("latin-1"), _method(scope))


def _below_root_path(raw: bytes, root_path: str) -> bytes:
    """Without as many segments, however they are encoded; a raw path from which they were left away stays as it is."""
    if not unquote(raw.decode("latin-1")).startswith(root_path + "/"):
        return raw
    return b"/" + raw.split(b"/", root_path.count("/") + 1)[-1]


def _method(scope: Scope) -> str:
    if scope["type"] == "websocket":
        return WEBSOCKET
    method: str = scope["method"]
    if method == "HEAD":
        return "GET"
    return method if method != WEBSOCKET else "an HTTP method of that name"


def read_host(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """As sent, without its port; "" without one. Raises AmbiguousHost for several or a broken one (RFC 9112 3.2)."""
    values = [value for name, value in headers if name == b"host"]
    if not values:
        return ""
    host = _HOST.fullmatch(values[0].decode("latin-1"))
    if len(values) > 1 or host is None or len(host[1]) > _LONGEST_HOST:
        raise AmbiguousHost
    return host[1]


def fold_path(path: str) -> str:
    """One text for all spellings of a path that some router takes for the same; "" for the root."""
    return path.lower().rstrip("/")


def other_slash(path: str) -> str:
    """The same path with, or without, a slash at its end."""
    return path[:-1] if path.endswith("/") else path + "/"


def fold_host(host: str) -> str:
    return host.lower().rstrip(".")
