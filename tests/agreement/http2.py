"""The same targets as HTTP/2 streams, where a path is a field of its own and need not look like one."""

import socket
from collections.abc import Iterator, Sequence

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import ConnectionTerminated, DataReceived, ResponseReceived, StreamEnded, StreamReset
from h2.exceptions import ProtocolError

from tests.agreement.servers import TARGETS, Tally
from tests.agreement.site import ADMIN_HOST, PLAIN_TOKEN, trespass

Fields = Sequence[tuple[bytes, bytes]]

SERVERS = ("hypercorn", "granian")
"""Those that speak HTTP/2 without TLS to a client that begins with it (RFC 9113 section 3.3)."""

_METHODS = (b"get", b"GeT", b"HEAD", b"OPTIONS", b"", b"WEBSOCKET")
_AUTHORITIES = (b"h/health?x=", b"h#", ADMIN_HOST.encode(), ADMIN_HOST.upper().encode(), b"")
_TARGETS = (*TARGETS, b"", b" /health", b"/health ", b"/admin /health", b"/health\tx", b"\x00/health")


def fields_of_requests(site: str) -> Iterator[Fields]:
    for target in _TARGETS:
        yield _fields(site, target)
    for target in (b"/admin", b"/health", b"/health/admin", b"/docs", b"/orders/7"):
        for method in _METHODS:
            yield _fields(site, target, method)
        for authority in _AUTHORITIES:
            yield _fields(site, target, authority=authority)
        yield [*_fields(site, target), (b"host", ADMIN_HOST.encode())]
        yield [*_fields(site, target), (b"authorization", b"Bearer x"), (b"authorization", b"Bearer y")]


def _fields(site: str, target: bytes, method: bytes = b"GET", authority: bytes = b"www.example.com") -> Fields:
    return [
        (b":method", method),
        (b":scheme", b"http"),
        (b":authority", authority),
        (b":path", target),
        (b"x-site", site.encode()),
    ]


def ask_all(port: int, sites: Sequence[str]) -> Tally:
    """Every request, for every framework, without a token and with one that lacks all permissions."""
    tally = Tally()
    for site in sites:
        for fields in fields_of_requests(site):
            for token in (None, PLAIN_TOKEN):
                own = [] if token is None else [(b"authorization", b"Bearer " + token.encode())]
                answer = _ask(port, [*fields, *own])
                tally.requests += 1
                tally.answered += bool(answer)
                tally.reached += "<" in answer
                if answer.startswith("5"):
                    tally.server_errors.append(f"{site}: {fields}: {answer!r}")
                if trespass(answer, with_token=token is not None):
                    tally.trespasses.append(f"{site}, {token and 'token'}: {fields}: {answer!r}")
    return tally


def _ask(port: int, fields: Fields) -> str:
    """Status and body; "" where the server resets the stream or hangs up."""
    free = H2Configuration(client_side=True, validate_outbound_headers=False, normalize_outbound_headers=False)
    connection = H2Connection(free)
    connection.initiate_connection()
    connection.send_headers(1, list(fields), end_stream=True)
    answer = b""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as stream:
        stream.sendall(connection.data_to_send())
        while some := stream.recv(65536):
            try:
                events = connection.receive_data(some)
            except ProtocolError:  # the server's, such as a body for HEAD
                return answer.decode("latin-1")
            for event in events:
                if isinstance(event, ResponseReceived):
                    answer += next(value for name, value in event.headers or () if name == b":status") + b" "
                elif isinstance(event, DataReceived):
                    answer += event.data or b""
                elif isinstance(event, StreamEnded | StreamReset | ConnectionTerminated):
                    return answer.decode("latin-1")
            stream.sendall(connection.data_to_send())
    return answer.decode("latin-1")
