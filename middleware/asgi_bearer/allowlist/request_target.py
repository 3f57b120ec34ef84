"""What a request asks for, as routers read it: path, method and host. What they could read differently is rejected.

A decision uses Starlette's route path. Other routers read the same request in other ways, and each difference is a
way around a rule. Therefore:

- A path that two supported routers could read differently is ambiguous, and so is such a root path. A root path that
  the server left out of the path is put back.
- `raw` is the path before percent-decoding, which some routers match. A public rule matches only if both readings do.
- `fold_path` maps all spellings of a path that some router takes for the same to one text, and `fold_values` maps all
  spellings of a number, a UUID or a date. A protected rule covers every spelling of its path.
- Some routers change the case of a method or use methods as internal keys. A method that is not written as standard
  methods are becomes `UNUSUAL_METHOD`, which every protected rule covers and no public rule does.
"""

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from urllib.parse import quote, unquote
from uuid import UUID

from starlette.types import Scope

from ..errors import AmbiguousHost, AmbiguousPath

AMBIGUOUS = re.compile(
    r"\A(?!/)"  # no leading slash: absolute form, authority form, `*`, empty
    r"|//"  # empty segments, which some routers fold
    r"|/\.{1,2}(?:/|\Z)"  # dot segments, which some apps and proxies resolve
    r"|%[0-9a-fA-F]{2}"  # encoded twice: some routers decode a second time
    r"|[\\;\x00-\x1f\x7f-\x9f\u2028\u2029\ufffd\ud800-\udfff]"  # separators for some, line ends, decoding failures
)
_AMBIGUOUS_RAW = re.compile(
    rb"\A[^/]"  # absolute form, of which the server passed on the path alone
    rb"|%2[fF]"  # an encoded slash
    rb"|[?#]"  # the end of a path for a router that parses a URL (RFC 9112 section 3.2: a target has no fragment)
    rb"|[\x80-\xff]"  # octets that no target has (RFC 9112 section 3.2), in an encoding that is anyone's guess
)
ROOT_PATH = re.compile(r"(?:/[A-Za-z0-9._~!$&'()*+,=:@-]+)*")
"""What is the same in `path` and in `raw_path`, without a slash at its end."""

_HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^\x00-\x20\x7f-\uffff:/?#@\\,\[\]]*)(?::[0-9]*)?")

_LONGEST_HOST = 255
"""Octets of a name in DNS (RFC 1035 section 2.3.4)."""

METHOD = re.compile(r"[A-Z]+(?:-[A-Z]+)*")
"""How every method in IANA's registry is written (RFC 9110 section 16.1)."""

WEBSOCKET = "WEBSOCKET"
"""The method of a websocket handshake in rules and targets."""

UNUSUAL_METHOD = "an unusual method"
"""Stands for every HTTP method that `METHOD` does not match, and for an HTTP method that is called WEBSOCKET."""

_DIGIT = re.compile(r"\d")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_MOST_DIGITS = 400
"""Of a number that is compared by its value: more than a float has."""

_ANY_ASCII = "".join(map(chr, range(0x80)))

UNRESERVED_IN_PATH = "/!$&'()*+,;=:@"
"""What a path holds without percent-encoding, beside letters, digits and `-._~` (RFC 3986 section 3.3)."""


@dataclass(slots=True)
class RequestTarget:
    """What a policy decides on.

    path: as Starlette's router matches it. raw: the same before percent-decoding; the same object as `path` if equal.
    method: as sent, but HEAD as GET, WEBSOCKET for a websocket, and UNUSUAL_METHOD.
    host: as sent, without port; "" without one.
    """

    path: str
    raw: str
    method: str
    host: str = ""

    @classmethod
    def of_path(cls, path: str, method: str, host: str = "") -> "RequestTarget":
        """The target of a client that encodes the path as usual. path: decoded. method: as in a rule."""
        raw = quote(path, safe=UNRESERVED_IN_PATH)
        return cls(path, path if raw == path else raw, _rule_method(method), host)


def normalize_root_path(scope: Scope, is_trusted: Callable[[str], bool]) -> Scope:
    """Return the scope with a root path that all routers take off alike: the leading segments of path and raw path.

    is_trusted: whether the server's root path is the operator's choice and not the client's.

    Some servers leave it out of the path, and routers differ in what they make of that. ASGI's `path` contains it, as
    `SCRIPT_NAME` and `PATH_INFO` together do in WSGI. Raises AmbiguousPath.
    """
    given: str = scope.get("root_path") or ""
    if not given:
        return scope
    root_path = given.rstrip("/")
    of_server = scope.get("app_root_path", given).rstrip("/")  # without what Starlette's mounts added
    path: str = scope["path"]
    if not ROOT_PATH.fullmatch(of_server) or path == root_path or not is_trusted(of_server):
        raise AmbiguousPath
    if AMBIGUOUS.search(root_path + "/") or AMBIGUOUS.search(path):
        raise AmbiguousPath
    settled = {**scope, "root_path": root_path}
    if not path.startswith(root_path + "/"):
        settled["path"] = root_path + path
        if raw := scope.get("raw_path"):
            settled["raw_path"] = root_path.encode() + raw
    return settled


def read_target(scope: Scope) -> RequestTarget:
    """Return the target of a scope whose root path is normalized, without its host. Raises AmbiguousPath."""
    path: str = scope["path"]
    if AMBIGUOUS.search(path):
        raise AmbiguousPath
    raw: bytes = scope.get("raw_path") or quote(path, safe=_ANY_ASCII).encode()
    if _AMBIGUOUS_RAW.search(raw):
        raise AmbiguousPath
    path, root_path = route_path(scope), scope.get("root_path") or ""
    if not scope.get("raw_path"):
        return RequestTarget(path, path, _method(scope))
    below = _below_root_path(raw, root_path).decode("latin-1")
    return RequestTarget(path, path if below == path and path.isascii() else below, _method(scope))


def route_path(scope: Scope) -> str:
    """Return the path below the root path, as Starlette's router matches it."""
    path: str = scope["path"]
    root_path: str = scope.get("root_path") or ""
    if root_path and path.startswith(root_path + "/"):
        return path[len(root_path) :]
    return "" if root_path and path == root_path else path


def _below_root_path(raw: bytes, root_path: str) -> bytes:
    """Without as many segments, however they are encoded; a raw path from which they were left out stays as it is."""
    if not root_path or not unquote(raw.decode("latin-1")).startswith(root_path + "/"):
        return raw
    return b"/" + raw.split(b"/", root_path.count("/") + 1)[-1]


def _method(scope: Scope) -> str:
    if scope["type"] == "websocket":
        return WEBSOCKET
    method: str = scope["method"]
    return UNUSUAL_METHOD if method == WEBSOCKET else _rule_method(method)


def _rule_method(method: str) -> str:
    if method == "HEAD":
        return "GET"
    return method if METHOD.fullmatch(method) else UNUSUAL_METHOD


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
    """Return one text for all spellings of a path that some router takes for the same; "" for the root."""
    return fold_case(path.rstrip("/"))


def fold_case(text: str) -> str:
    """Return one text for all that a case-insensitive comparison or pattern of any router takes for the same.

    Upper case first: it joins letters that lower case keeps apart, such as `ſ` and `s`. `İ` alone is two letters in
    lower case, and patterns take it for `i`.
    """
    return text.lower() if text.isascii() else text.upper().casefold().replace("i\u0307", "i")


def fold_values(path: str) -> str:
    """Return one text for all spellings of the values in a folded path: routers take `07` and `7.0` for 7."""
    return "/".join(map(fold_value, path.split("/"))) if _DIGIT.search(path) else path


def fold_value(segment: str) -> str:
    """Likewise for one segment, folded already: a number, a UUID or a date in all that Python's readers take for it."""
    if not _DIGIT.search(segment):
        return segment
    if _DATE.fullmatch(segment):
        return segment.replace("-", "")
    with suppress(ValueError):
        return str(UUID(segment))
    try:
        number = Decimal(segment)
    except InvalidOperation:
        return segment
    if not number.is_finite() or abs(number.adjusted()) > _MOST_DIGITS:
        return segment
    whole = int(number)
    if number == whole:
        return str(whole)
    approximate = float(number)
    return str(int(approximate)) if approximate.is_integer() else repr(approximate)


def fold_host(host: str) -> str:
    return host.lower().rstrip(".")
