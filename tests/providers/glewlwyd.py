"""Debian's glewlwyd: an OpenID provider in C, whose issuer has a path and whose audience is the list of scopes."""

import gzip
import json
import socket
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any, Self

import httpx
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec_key
from joserfc.jwk import ECKey

from tests.keys import private_pem
from tests.providers import CLIENT_SECRET, Started, access_token, command, needed, wait_until

_DOCUMENTS = Path("/usr/share/doc/glewlwyd")
_SCHEMA = Path("/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3")


class Glewlwyd(Started):
    algorithms = ("ES256",)
    audience = "orders:read"

    def __init__(self, process: "subprocess.Popen[str]", base: str) -> None:
        super().__init__(process)
        self._admin = httpx.Client(base_url=base, timeout=30)
        self.issuer = f"{base}/api/oidc"

    @classmethod
    def start(cls, folder: Path) -> Self:
        program = command("glewlwyd", "run: apt-get install glewlwyd")
        needed(not _SCHEMA.exists(), "glewlwyd's database schema is not here")
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        base = f"http://127.0.0.1:{port}"
        process = subprocess.Popen(
            [program, f"--config-file={_configuration(folder, port, base)}"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        provider = cls(process, base)
        try:
            wait_until(lambda: provider._admin.get("/config").is_success)
            provider._configure()
        except BaseException:
            provider.stop()
            raise
        return provider

    def stop(self) -> None:
        self._admin.close()
        super().stop()

    def token(self, algorithm: str = "ES256") -> str:
        return access_token(f"{self.issuer}/token", scope="orders:read")

    def rotate(self) -> None:
        self._ask("PUT", "/api/mod/plugin/oidc", _plugin(self.issuer))
        self._ask("PUT", "/api/mod/plugin/oidc/reset")

    def _configure(self) -> None:
        self._ask("POST", "/api/auth", {"username": "admin", "password": "password"})
        self._ask("POST", "/api/scope", {"name": "orders:read", "password_required": False})
        client = {
            "client_id": "tests",
            "enabled": True,
            "confidential": True,
            "password": CLIENT_SECRET,
            "authorization_type": ["client_credentials"],
            "token_endpoint_auth_method": ["client_secret_basic"],
            "scope": ["orders:read"],
        }
        self._ask("POST", "/api/client", client)
        self._ask("POST", "/api/mod/plugin", _plugin(self.issuer))

    def _ask(self, method: str, path: str, body: Any = None) -> None:
        answer = self._admin.request(method, path, json=body)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"


def _plugin(issuer: str) -> dict[str, Any]:
    key = ECKey.import_key(private_pem(generate_ec_key(SECP256R1())))
    jwk = {**key.as_dict(private=True), "kid": key.thumbprint(), "alg": "ES256", "use": "sig"}
    return {
        "module": "oidc",
        "name": "oidc",
        "display_name": "OpenID Connect",
        "parameters": {
            "iss": issuer,
            "jwks-private": json.dumps({"keys": [jwk]}),
            "jwks-show": True,
            "access-token-duration": 300,
            "refresh-token-duration": 600,
            "code-duration": 60,
            "allow-non-oidc": True,
            "auth-type-client-enabled": True,
            "subject-type": "public",
        },
    }


def _configuration(folder: Path, port: int, base: str) -> Path:
    """The sample that the package brings, with a database and an address of its own."""
    database = folder / "glewlwyd.db"
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript(_SCHEMA.read_text())
    sample = gzip.decompress((_DOCUMENTS / "glewlwyd.conf.sample.gz").read_bytes()).decode()
    changes = {
        "port=4593": f"port={port}",
        'external_url="http://localhost:4593"': f'external_url="{base}"',
        'cookie_domain="localhost"': 'cookie_domain="127.0.0.1"',
        "cookie_secure=1": "cookie_secure=0",
        "/var/cache/glewlwyd/glewlwyd.db": str(database),
    }
    for old, new in changes.items():
        assert old in sample, old
        sample = sample.replace(old, new)
    path = folder / "glewlwyd.conf"
    path.write_text(sample)
    return path
