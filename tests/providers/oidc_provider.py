"""npm's oidc-provider: RS256, ES256 and Ed25519 access tokens of the profile of RFC 9068 (`at+jwt`)."""

import json
import os
import subprocess
from pathlib import Path
from typing import Self

import httpx

from tests.providers import CLIENT_SECRET, ROOT, Started, access_token, command, needed


class OidcProvider(Started):
    algorithms = ("RS256", "ES256", "Ed25519")
    audience = "orders-api"

    def __init__(self, process: "subprocess.Popen[str]", issuer: str) -> None:
        super().__init__(process)
        self.issuer = issuer

    @classmethod
    def start(cls, port: int = 0) -> Self:
        node = command("node", "install Node.js 20 or newer")
        needed(not (ROOT / "tests/node_modules/oidc-provider").exists(), "run: npm ci --prefix tests")
        process = subprocess.Popen(
            [node, Path(__file__).with_name("oidc_provider.mjs"), str(port)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "CLIENT_SECRET": CLIENT_SECRET},
            text=True,
        )
        assert process.stdout is not None
        return cls(process, json.loads(process.stdout.readline())["issuer"])

    def token(self, algorithm: str = "ES256") -> str:
        return access_token(f"{self.issuer}/token", resource=f"urn:{algorithm.lower()}", scope="orders:read")

    def rotate(self) -> None:
        httpx.post(f"{self.issuer}/rotate", timeout=30).raise_for_status()

    def counts(self) -> dict[str, int]:
        """How often its `metadata` and its `keys` were asked for."""
        counted: dict[str, int] = httpx.get(f"{self.issuer}/counts").json()
        return counted
