"""The guarded sites of all frameworks behind one real server each time, asked over raw sockets.

`python -m tests.agreement.servers` starts every server, with and without a root path, and prints what got through.
The framework is chosen by a header, so that one server process serves all six.
"""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from starlette.types import ASGIApp, Receive, Scope, Send

from tests.agreement.site import ADMIN_HOST, PLAIN_TOKEN, trespass

ROOT_PATH = "/api"
_ROOT = Path(__file__).parents[2]

_UVICORN = ("uvicorn", "--log-level", "critical", "--lifespan", "off", "--port", "{port}")
SERVERS: Mapping[str, Sequence[str]] = {
    "uvicorn, h11": (*_UVICORN, "--http", "h11"),
    "uvicorn, httptools": (*_UVICORN, "--http", "httptools"),
    "hypercorn": ("hypercorn", "--log-level", "CRITICAL", "--bind", "127.0.0.1:{port}"),
    "granian": ("granian", "--interface", "asginl", "--no-log", "--port", "{port}"),
    "daphne": ("daphne", "-v", "0", "-b", "127.0.0.1", "-p", "{port}"),
}
_ROOT_PATH_OPTION = {"granian": "--url-path-prefix"}
_APP = "tests.agreement.servers:app"


class Sites:
    """All six, each made when it is first asked for."""

    def __init__(self) -> None:
        self._sites: dict[str, ASGIApp] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            raise NotImplementedError  # so that servers go on without one (ASGI, "Lifespan Protocol")
        name = next((value.decode() for name, value in scope["headers"] if name == b"x-site"), "starlette")
        await self._site(name)(scope, receive, send)

    def _site(self, name: str) -> ASGIApp:
        from tests.agreement.apps import MAKERS, guard

        if name not in self._sites:
            self._sites[name] = guard(MAKERS[name](), os.environ.get("SITES_ROOT_PATH"))
        return self._sites[name]


app = Sites()

TARGETS: Sequence[bytes] = tuple(
    b"""
    / /health /admin /admin/users /orders/7 /orders/help /profile /any /mnt/health /mnt/admin /health/admin /docs
    /a/../admin /static/../admin /static/%2e%2e/admin /static%2f..%2fadmin /%2e%2e/admin //admin ///admin
    /%2fadmin /admin/ /admin// /admin%2f /%61dmin /%2561dmin /%68ealth /he%61lth /a%2fb /orders/7%2flines
    /admin;x=1 /admin%3b /static;/../admin /admin%00 /health%00 /admin%0a /health%0a /orders/7%0a /admin%0d%0a
    /admin%20 /orders/7%20 /orders/+7 /admin?x /admin? /admin#frag /health#/admin /admin#/health /ADMIN /HEALTH
    /adm%C3%28 /%FF /%C0%AF /admC3A9 http://h/admin http://h/health http://h admin health h:80 * /mnt /mnt/
    /mnt//admin /adminDEL /health/. /health/.. /static/ /static/x /static /static\\..\\admin /static/x\\..\\y
    /static/..;/admin /tags/%2e%2e /tags/c%2b%2b /caf%C3%A9 /cafC3A9 /api/admin /api/health /api/api/admin
    /api//admin /apiadmin /api /api/ /api/../admin /health?/admin /health/ /docs/ /login /feed /ws /admin/ws
    """.replace(b"C3A9", b"\xc3\xa9")
    .replace(b"DEL", b"\x7f")
    .split()
)
"""Those that servers and routers are known to read differently."""

_METHODS = ("GET", "POST", "HEAD", "OPTIONS", "get", "GeT", "options", "CONNECT", "PUT", "DELETE", "TRACE")
_HEADERS: Sequence[bytes] = (
    b"Daphne-Root-Path: /health", b"Daphne-Root-Path: /static", b"Daphne-Root-Path: /mnt", b"Daphne-Root-Path: health",
    b"Daphne-Root-Path: /caf%C3%A9", b"Daphne-Root-Path: //", b"Daphne-Root-Path: /admin",
    b"X-Forwarded-Prefix: /health", b"X-Script-Name: /health", b"SCRIPT_NAME: /health", b"X-Original-URL: /health",
    b"X-HTTP-Method-Override: GET",
    b"Host: " + ADMIN_HOST.encode(), b"Connection: authorization", b"Upgrade: websocket", b"Transfer-Encoding: chunked",
)  # fmt: skip


@dataclass
class Tally:
    requests: int = 0
    answered: int = 0
    reached: int = 0
    server_errors: list[str] = field(default_factory=list)
    trespasses: list[str] = field(default_factory=list)


RawRequest = tuple[bytes, bytes, Sequence[bytes]]
"""Method, target and further header lines."""


def raw_requests(server: str) -> Iterator[RawRequest]:
    for target in TARGETS:
        yield b"GET", target, ()
        for header in _HEADERS[:7] if server == "daphne" else ():
            yield b"GET", target, (header,)
    for target in (b"/admin", b"/health", b"/health/admin", b"/mnt/health", b"/docs", b"/orders/7"):
        for method in _METHODS:
            yield method.encode(), target, ()
        for header in _HEADERS:
            yield b"GET", target, (header,)
        yield b"POST", target, (b"Upgrade: websocket", b"Connection: Upgrade")
        yield b"GET", target, _SOCKET


_SOCKET = (
    b"Upgrade: websocket",
    b"Connection: Upgrade",
    b"Sec-WebSocket-Version: 13",
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)


def ask_all(server: str, frameworks: Sequence[str], *, root_path: bool) -> Tally:
    """Every raw request, for every framework, without a token and with one that lacks all permissions."""
    tally = Tally()
    with running(server, root_path=root_path) as port:
        for framework in frameworks:
            for request in raw_requests(server):
                for token in (None, PLAIN_TOKEN):
                    answer = ask(port, framework, request, token)
                    _count(tally, answer, f"{server}, {framework}: {request}", with_token=token is not None)
    return tally


def _count(tally: Tally, answer: str, request: str, *, with_token: bool) -> None:
    tally.requests += 1
    tally.answered += answer.startswith("HTTP/1.1 ")
    tally.reached += "<anybody>" in answer or "<token>" in answer or "<role>" in answer
    if answer.startswith("HTTP/1.1 5"):
        tally.server_errors.append(f"{request}: {answer[:200]!r}")
    if trespass(answer, with_token=with_token):
        tally.trespasses.append(f"{request}: {answer[-200:]!r}")


def ask(port: int, framework: str, request: RawRequest, token: str | None = None) -> str:
    """Whatever comes back within a moment."""
    method, target, headers = request
    lines = [method + b" " + target + b" HTTP/1.1", b"X-Site: " + framework.encode()]
    if not any(header.startswith(b"Host:") for header in headers):
        lines.append(b"Host: www.example.com")
    if not any(header.startswith(b"Connection:") for header in headers):
        lines.append(b"Connection: close")
    if token is not None:
        lines.append(b"Authorization: Bearer " + token.encode())
    body = b"0\r\n\r\n" if b"Transfer-Encoding: chunked" in headers else b""
    answer = b""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(b"\r\n".join([*lines, *headers]) + b"\r\n\r\n" + body)
        connection.settimeout(0.3 if b"Upgrade: websocket" in headers else 5)
        while not _is_whole(answer) and (some := connection.recv(65536)):
            answer += some
    return answer.decode("latin-1")


def _is_whole(answer: bytes) -> bool:
    """Whether an answer with a length is all there, so that nobody waits for the connection's end."""
    head, end, body = answer.partition(b"\r\n\r\n")
    length = next((line[15:] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), b"")
    return bool(end) and length.strip().isdigit() and len(body) >= int(length)


@contextlib.contextmanager
def running(server: str, *, root_path: bool) -> Iterator[int]:
    """The port of a server that answers."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    words = [word.format(port=port) for word in SERVERS[server]]
    environment = {**os.environ, "PYTHONPATH": str(_ROOT), "PYTHONWARNINGS": "ignore"}
    if root_path:
        environment["SITES_ROOT_PATH"] = ROOT_PATH
        words += [_ROOT_PATH_OPTION.get(server, "--root-path"), ROOT_PATH]
    command = [str(Path(sys.executable).with_name(words[0])), *words[1:], _APP]
    with subprocess.Popen(
        command, cwd=_ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            _wait_for(port, process)
            yield port
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while "<anybody>" not in ask(port, "starlette", (b"GET", b"/health", ())):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{process.args!r} did not start")
        time.sleep(0.1)


def main() -> int:
    from tests.agreement import http2
    from tests.agreement.apps import MAKERS

    failed = False
    for server in SERVERS:
        for root_path in (False, True):
            tally = ask_all(server, list(MAKERS), root_path=root_path)
            name = f"{server} --root-path {ROOT_PATH}" if root_path else server
            print(f"{name:36}{tally.requests:6} requests {tally.reached:6} reached an endpoint", end="")
            print(
                f"{len(tally.trespasses):4} without the right to {len(tally.server_errors):4} server errors", flush=True
            )
            for line in [*tally.trespasses[:8], *tally.server_errors[:8]]:
                print("   ", line)
            failed = failed or bool(tally.trespasses)
    for server in http2.SERVERS:
        with running(server, root_path=False) as port:
            tally = http2.ask_all(port, list(MAKERS))
        name = f"{server}, HTTP/2"
        print(f"{name:36}{tally.requests:6} requests {tally.reached:6} reached an endpoint", end="")
        print(f"{len(tally.trespasses):4} without the right to", *tally.trespasses[:8], sep="\n    ", flush=True)
        failed = failed or bool(tally.trespasses)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
