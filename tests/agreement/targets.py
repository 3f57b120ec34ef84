"""Thousands of requests that mean something else to one router than to another, from a seed: always the same ones."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from starlette.types import Scope

from tests.agreement.site import ADMIN_HOST, ENDPOINTS, SOCKETS


@dataclass(frozen=True, slots=True)
class Request:
    """target: as in the request line. prefixed: whether the server puts the root path before it, as uvicorn does."""

    target: bytes
    method: str = "GET"
    root_path: str = ""
    prefixed: bool = False
    host: bytes = b"www.example.com"

    def scope(self, token: str | None) -> Scope:
        """As servers make it: the path decoded once, with replacements; the query cut off."""
        raw, _, query = self.target.partition(b"?")
        raw = self.root_path.encode() + raw if self.prefixed else raw
        headers = [(b"host", self.host)]
        if token is not None:
            headers.append((b"authorization", b"Bearer " + token.encode()))
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": self.method,
            "scheme": "http",
            "path": unquote(raw.decode("latin-1"), "utf-8"),
            "raw_path": raw,
            "query_string": query,
            "root_path": self.root_path,
            "headers": headers,
            "client": ("127.0.0.1", 50000),
            "server": ("127.0.0.1", 80),
            "state": {},
            "extensions": {"websocket.http.response": {}},
        }
        if self.method == "WEBSOCKET":
            del scope["method"]
            scope |= {"type": "websocket", "scheme": "ws", "subprotocols": []}
        return scope


METHODS = ("GET", "POST", "HEAD", "OPTIONS", "get", "Post", "PUT", "DELETE", "PATCH", "WEBSOCKET", "", "PROPFIND")
ROOT_PATHS = (
    "/api", "/api/", "/", "/health", "/static", "/static/x", "/mnt", "/admin", "/caf\u00e9", "/pub", "health", "h",
    "/orders", "/tags/x", "/static/admin", "/feed", "//", "/login",
)  # fmt: skip
HOSTS = (
    b"www.example.com", ADMIN_HOST.encode(), ADMIN_HOST.upper().encode(), ADMIN_HOST.encode() + b":8000",
    ADMIN_HOST.encode() + b".", b"Admin.example.com", b"", b"[::1]", b"x@" + ADMIN_HOST.encode(), b"h/health?x=", b"h#",
    ADMIN_HOST.encode() + b"/", b" " + ADMIN_HOST.encode(), b"admin_example_com", b"h:80:80",
)  # fmt: skip

_INSERTS = (
    b"/", b"//", b"/.", b"/..", b"/./", b"/../", b".", b"..", b";", b";x=1", b";/..", b"\\", b"/..\\", b"%2f", b"%2F",
    b"%252f", b"%5c", b"%2e", b"%2e%2e", b"%2e%2e/", b"%00", b"%0a", b"%0d", b"%0d%0a", b"%20", b"%09", b"%0b", b"%85",
    b"%c2%85", b"%e2%80%a8", b"%ff", b"%c0%af", b"%ef%bc%8f", b"%7f", b"#", b"#/health", b"%23", b"?", b"?/health",
    b"%3f", b"%3b", b"%25", b"%2525", b"*", b"%2a", b"+", b"%2b", b"~", b"%7e", b":", b"@", b"%40", b"&", b"=", b"%",
    b"%zz", b"%u002f", b"/static/", b"/health", b"/admin", b"/static/..", b"/orders/help/..", b"admin", b"health",
    b"http://h", b"//h/", b"x", b"7", b"/7", b"/orders/7", b"\xc3\xa9", b"%c3%a9", b"%C5%BF", b"%e2%84%aa", b"\xff",
)  # fmt: skip
_STARTS = (
    b"http://h",
    b"https://h:80",
    b"h",
    b"/",
    b".",
    b"/.",
    b"/..",
    b"/static/..",
    b"/%2e",
    b"*",
    b"\\",
    b"%2f",
    b"",
)


def requests(number: int, seed: int = 0) -> Iterator[Request]:
    """Every canonical request under every method, root path and host first; then that many random ones in all."""
    made: set[Request] = set()
    chance = random.Random(seed)
    canonical = sorted({endpoint.canonical.encode() for endpoint in (*ENDPOINTS, *SOCKETS)})
    for request in _plain(canonical):
        made.add(request)
        yield request
    while len(made) < number:
        request = _odd(chance, canonical)
        if request not in made:
            made.add(request)
            yield request


def _plain(canonical: Sequence[bytes]) -> Iterator[Request]:
    for target in canonical:
        for method in METHODS:
            yield Request(target, method)
        for start in _STARTS:
            yield Request(start + target)
        for root_path in ROOT_PATHS:
            yield Request(target, root_path=root_path)
            yield Request(target, root_path=root_path, prefixed=True)
        for host in HOSTS[1:]:
            yield Request(target, host=host)
            yield Request(target, "WEBSOCKET", host=host)


def _odd(chance: random.Random, canonical: Sequence[bytes]) -> Request:
    target = chance.choice(canonical)
    for _ in range(chance.choice((1, 1, 1, 2, 2, 3))):
        target = chance.choice((_insert, _insert, _encode, _change_case, _join, _cut))(chance, target, canonical)
    method = chance.choice(METHODS) if chance.random() < 0.3 else "GET"
    root_path = chance.choice(ROOT_PATHS) if chance.random() < 0.25 else ""
    host = chance.choice(HOSTS) if chance.random() < 0.15 else HOSTS[0]
    return Request(target, method, root_path, chance.random() < 0.5 and bool(root_path), host)


def _insert(chance: random.Random, target: bytes, _canonical: Sequence[bytes]) -> bytes:
    place = chance.choice((len(target), chance.randint(0, len(target)), target.rfind(b"/"), 1))
    return target[:place] + chance.choice(_INSERTS) + target[place:]


def _encode(chance: random.Random, target: bytes, _canonical: Sequence[bytes]) -> bytes:
    """Some octets percent-encoded that need not be, once or twice."""
    percent = chance.choice((b"%", b"%", b"%25"))
    share = chance.choice((0.1, 0.5, 1))
    return b"".join(
        percent + b"%02X" % octet if chance.random() < share and octet not in b"/%" else bytes([octet])
        for octet in target
    )


def _change_case(chance: random.Random, target: bytes, _canonical: Sequence[bytes]) -> bytes:
    return chance.choice((target.upper(), target.title(), target.swapcase()))


def _join(chance: random.Random, target: bytes, canonical: Sequence[bytes]) -> bytes:
    return target + chance.choice((b"", b"/..", b"/", b"?", b"#", b";")) + chance.choice(canonical)


def _cut(chance: random.Random, target: bytes, _canonical: Sequence[bytes]) -> bytes:
    return target[: chance.randint(0, len(target))] + chance.choice((b"", b"/", b"//"))
