"""The command line: `python -m demo` serves, `python -m demo create-admin NAME` makes a first admin."""

import argparse
import getpass
import os
import socket
import sqlite3
import sys
import unicodedata
from pathlib import Path

import uvicorn
from starlette.exceptions import HTTPException

from asgi_bearer import ConfigurationError

from .accounts import Account, Accounts, NameTaken
from .app import make_app
from .database import Database
from .events import EventStreams
from .passwords import Passwords
from .request_bodies import NameAndPassword, check_new
from .settings import shared_revocations, token_lifetime, usual_database
from .signing_secret import UnsafeSecretFile, signing_secret

_PATIENCE = 3
"""Seconds for requests to finish when the server stops: a client may never send the rest of its body."""


def main() -> int:
    """The exit code: 0, or 1 with a sentence on standard error."""
    arguments = _parser().parse_args()
    try:
        if arguments.command == "create-admin":
            _create_admin(arguments.name, arguments.database, password_stdin=arguments.password_stdin)
        else:
            _serve(arguments.host, arguments.port, arguments.database)
    except KeyboardInterrupt:
        print()
    except sqlite3.Error as error:
        return _fail(f"The database {arguments.database} cannot be used: {error}")
    except HTTPException as error:
        return _fail(error.detail)
    except (ConfigurationError, UnsafeSecretFile, OSError) as error:
        return _fail(str(error))
    except NameTaken:
        return _fail("This username is taken")
    except EOFError:
        return _fail("No password was entered; --password-stdin reads one from standard input")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m demo", description="A server that asgi-bearer protects.")
    environment = os.environ
    parser.add_argument("--host", default=environment.get("DEMO_HOST", "127.0.0.1"), help="DEMO_HOST; %(default)s")
    parser.add_argument(
        "--port", type=_port, default=environment.get("DEMO_PORT", "8000"), help="DEMO_PORT; %(default)s; 0 for any"
    )
    parser.add_argument("--database", type=Path, default=usual_database(), help="DEMO_DATABASE; a file; %(default)s")
    commands = parser.add_subparsers(dest="command")
    create_admin = commands.add_parser("create-admin", help="make an account with the role admin")
    create_admin.add_argument("name")
    create_admin.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    create_admin.add_argument("--database", type=Path, default=argparse.SUPPRESS)
    return parser


def _port(text: str) -> int:
    port = int(text) if text.isascii() and text.isdigit() else -1
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port from 0 to 65535")
    return port


def _fail(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 1


def _create_admin(name: str, database: Path, *, password_stdin: bool) -> None:
    if password_stdin:
        password = sys.stdin.readline().rstrip("\n")
    else:
        password = getpass.getpass("Password: ")
        if getpass.getpass("The same again: ") != password:
            raise HTTPException(422, "The passwords differ")
    entered = NameAndPassword(unicodedata.normalize("NFC", name), unicodedata.normalize("NFC", password))
    if not entered.name or not entered.password:
        raise HTTPException(422, "name and password must not be empty")
    check_new(entered)
    account = Account(entered.name, Passwords().hash_now(entered.password), ("admin",))
    Accounts(Database(database)).add_now(account)
    print(f"{entered.name} is an admin now.")


def _serve(host: str, port: int, database: Path) -> None:
    streams = EventStreams()
    app = make_app(
        database,
        signing_secret(database),
        revocations=shared_revocations(database),
        lifetime=token_lifetime(),
        streams=streams,
    )
    listening = _listen(host, port)
    with listening:
        _greet(listening)
        # An address is the connection's own: with proxy_headers any local client could name itself another one in
        # X-Forwarded-For for each guess, and the limits of login_limits.py would not hold.
        config = uvicorn.Config(
            app,
            log_level="warning",
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=_PATIENCE,
        )
        _Server(config, streams).run(sockets=[listening])


class _Server(uvicorn.Server):
    """Ends event streams when it stops; it would wait for them."""

    def __init__(self, config: uvicorn.Config, streams: EventStreams) -> None:
        super().__init__(config)
        self._streams = streams

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._streams.end()
        await super().shutdown(sockets)


def _listen(host: str, port: int) -> socket.socket:
    """Bound before the server starts, so that a taken port is a sentence. Raises OSError."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server(address[:2], family=family)
    except OSError as error:
        raise OSError(
            f"Cannot listen on {host} port {port}: {_reason(error)}. Another DEMO_PORT or --port may be free."
        ) from error


def _reason(error: OSError) -> str:
    """In a few words, without what Python adds."""
    return os.strerror(error.errno) if error.errno and error.errno > 0 else str(error.strerror)


def _greet(listening: socket.socket) -> None:
    host, port = listening.getsockname()[:2]
    url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    print(f"Listening on {url} (Ctrl-C ends it). Open it in a browser, or paste into another terminal:\n")
    print(
        f"curl {url}/register -H 'Content-Type: application/json' "
        """-d '{"username": "suman", "password": "correct horse"}'"""
    )
    print(
        f"TOKEN=$(curl -s {url}/login -d 'username=suman&password=correct+horse' "
        """| sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')"""
    )
    print(f'curl {url}/profile -H "Authorization: Bearer $TOKEN"\n', flush=True)


if __name__ == "__main__":
    sys.exit(main())
