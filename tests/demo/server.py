"""A demo server in a process of its own, on a real socket and a real database file."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

ROOT = Path(__file__).parent.parent.parent


@dataclass
class Server:
    process: subprocess.Popen[str]
    url: str
    curl_lines: list[str]

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=60, trust_env=False)

    def stop(self, how: signal.Signals = signal.SIGINT) -> tuple[int, str]:
        """The exit code, and what it wrote to standard error."""
        self.process.send_signal(how)
        _, errors = self.process.communicate(timeout=20)
        return self.process.returncode, errors


def demo(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "demo", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run_demo(*arguments: str, entered: str = "", **environment: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a run that ends by itself."""
    process = demo(*arguments, **environment)
    output, errors = process.communicate(entered, timeout=60)
    return process.returncode, output, errors


@contextmanager
def serving(database: Path, *arguments: str, **environment: str) -> Iterator[Server]:
    process = demo("--port", "0", "--database", str(database), *arguments, **environment)
    try:
        assert process.stdout is not None
        first = process.stdout.readline()
        listening = re.search(r"http://\S+", first)
        assert listening, f"{first}{process.communicate(timeout=20)}"
        lines = [process.stdout.readline() for _ in range(5)]
        yield Server(process, listening[0], [line.strip() for line in lines if line.strip()])
    finally:
        process.kill()
        process.communicate()


def register(client: httpx.Client, name: str, password: str = "correct horse") -> httpx.Response:
    return client.post("/register", json={"username": name, "password": password})


def login(client: httpx.Client, name: str, password: str = "correct horse") -> httpx.Response:
    return client.post("/login", data={"username": name, "password": password})


def authorization(client: httpx.Client, name: str, password: str = "correct horse") -> dict[str, str]:
    return {"Authorization": f"Bearer {login(client, name, password).json()['access_token']}"}
