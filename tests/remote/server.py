"""A provider on a real socket that does what a script says: metadata, a JWK Set, and every fault of both."""

import json
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from threading import Event, Thread
from typing import Any, Self

Behaviour = Callable[[socket.socket], None]
"""What is done on a connection, once a request was read from it."""


class JwksServer:
    """keys: what the JWK Set lists. Replace `at_keys` or `at_metadata` for another behaviour.

    requests: the paths that were asked for, in their order.
    """

    def __init__(self, keys: Sequence[Any] = (), *, path: str = "") -> None:
        self.keys = list(keys)
        self.requests: list[str] = []
        self.headers: list[str] = []
        self.max_age: int | None = None
        self.at_keys: Behaviour = self.answer_keys
        self.at_metadata: Behaviour = self.answer_metadata
        self.metadata_paths = [f"{path}/.well-known/openid-configuration"]
        self._path = path
        self.closing = Event()
        self._listener = self._listen(0)
        self.port = self._listener.getsockname()[1]

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def issuer(self) -> str:
        return self.base + self._path

    def key_set(self) -> dict[str, Any]:
        return {"keys": self.keys}

    def metadata(self, **changes: Any) -> dict[str, Any]:
        return {"issuer": self.issuer, "jwks_uri": f"{self.base}/jwks", **changes}

    def answer_keys(self, connection: socket.socket) -> None:
        answer(self.key_set(), headers=self._caching())(connection)

    def answer_metadata(self, connection: socket.socket) -> None:
        answer(self.metadata())(connection)

    @property
    def fetches(self) -> int:
        """How often the JWK Set was asked for."""
        return self.requests.count("/jwks")

    def die(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join()

    def come_back(self) -> None:
        self._listener = self._listen(self.port)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        with suppress(OSError):
            self.die()

    def _listen(self, port: int) -> socket.socket:
        listener = socket.create_server(("127.0.0.1", port), backlog=512)
        self._accepting = Thread(target=self._accept, args=(listener,), daemon=True)
        self._accepting.start()
        return listener

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            request = b""
            while b"\r\n\r\n" not in request:
                more = connection.recv(65_536)
                if not more or more.startswith(b"\x16"):  # TLS, which is not spoken here
                    return
                request += more
            path = request.split(b" ")[1].decode()
            self.requests.append(path)
            self.headers.append(request.decode())
            if path == "/jwks":
                self.at_keys(connection)
            elif path in self.metadata_paths:
                self.at_metadata(connection)
            else:
                answer({}, status=404)(connection)

    def _caching(self) -> Mapping[str, str]:
        return {} if self.max_age is None else {"cache-control": f"public, max-age={self.max_age}"}


def answer(body: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Behaviour:
    octets = body if isinstance(body, bytes) else json.dumps(body).encode()
    fields = {"content-type": "application/json", "content-length": str(len(octets)), **(headers or {})}
    head = f"HTTP/1.1 {status} Said\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items()) + "\r\n"
    return lambda connection: connection.sendall(head.encode() + octets)


def hang(server: JwksServer) -> Behaviour:
    return lambda _connection: (server.closing.wait(20), None)[1]


def drip(connection: socket.socket) -> None:
    """A byte now and then: each of them in time, the whole never."""
    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n")
    for _ in range(400):
        connection.sendall(b" ")
        time.sleep(0.05)


def endless(connection: socket.socket) -> None:
    """20 MB in chunks, without a length."""
    connection.sendall(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
    for _ in range(320):
        connection.sendall(b"10000\r\n" + b" " * 65_536 + b"\r\n")
    connection.sendall(b"0\r\n\r\n")


def slam(_connection: socket.socket) -> None:
    """Nothing at all."""
