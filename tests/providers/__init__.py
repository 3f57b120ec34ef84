"""Real identity providers, started by the tests: npm's oidc-provider (JavaScript) and Debian's glewlwyd (C)."""

import secrets
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import httpx
import pytest

ROOT = Path(__file__).parents[2]
CLIENT_SECRET = secrets.token_urlsafe(32)


class Provider(Protocol):
    """issuer: its URL. audience: what its tokens are for. algorithms: those that a token can be asked for with."""

    @property
    def issuer(self) -> str: ...
    @property
    def audience(self) -> str: ...
    @property
    def algorithms(self) -> tuple[str, ...]: ...
    def token(self, algorithm: str) -> str:
        """A new access token, by client credentials."""
        ...

    def rotate(self) -> None:
        """All keys are replaced at once: what was signed before verifies no more."""
        ...


@dataclass
class Started:
    """A process of its own, until `stop`."""

    process: subprocess.Popen[str]

    def stop(self) -> None:
        self.process.kill()
        self.process.communicate()


def needed(missing: bool, what: str) -> None:
    if missing:
        pytest.skip(what)


def wait_until(ready: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if ready():
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.05)
    raise TimeoutError(f"not ready after {seconds} s")


def access_token(url: str, **form: str) -> str:
    answer = httpx.post(url, auth=("tests", CLIENT_SECRET), data={"grant_type": "client_credentials", **form})
    answer.raise_for_status()
    token: str = answer.json()["access_token"]
    return token


def command(name: str, how_to_get_it: str) -> str:
    found = shutil.which(name)
    needed(found is None, f"{name} is not here; {how_to_get_it}")
    return str(found)
