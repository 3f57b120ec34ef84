"""Asking a server for a while from another process: wrk where it is installed, else our own generator."""

import json
import resource
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.load import generator
from benchmarks.load.server import Server

OURS = generator.__name__
GENERATOR = "wrk" if shutil.which("wrk") else OURS
_SCRIPT = Path(__file__).with_name("wrk.lua")


@dataclass(frozen=True, slots=True)
class Load:
    """What one load did to a server.

    server_seconds: of its processors, while it was asked; NaN where that cannot be told.
    failures: answers of 400 and more, and broken connections.
    waits: milliseconds by percentile: so many of a hundred requests took no longer.
    generator_share: of its core, in percent. Near 100 it is the generator that was measured.
    """

    requests: int
    seconds: float
    server_seconds: float
    failures: int
    waits: dict[str, float]
    generator_share: float

    @property
    def requests_per_second(self) -> float:
        return self.requests / self.seconds

    @property
    def requests_per_server_second(self) -> float:
        """What it would answer in a second if nothing else ran on its core."""
        return self.requests / self.server_seconds


@dataclass(frozen=True, slots=True)
class Demand:
    """What a server is asked: the path, with the tokens of a file in turn from `position` on, for so many seconds.

    wrk knows whole seconds only.
    """

    path: str
    tokens: Path
    position: int
    connections: int
    seconds: float
    generator: str = GENERATOR


def ask(server: Server, demand: Demand) -> Load:
    server_before, before = server.processor_seconds(), _processor_seconds()
    command, patience = _command(server.port, demand), demand.seconds + 60
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=patience)
    server_seconds, generator_seconds = server.processor_seconds() - server_before, _processor_seconds() - before
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    elapsed = figures["microseconds"] / 1e6
    waits = {name: microseconds / 1000 for name, microseconds in figures["waits"].items()}
    share = 100 * generator_seconds / elapsed
    return Load(figures["requests"], elapsed, server_seconds, figures["failures"], waits, share)


def _command(port: int, demand: Demand) -> Sequence[str | Path]:
    if demand.generator == "wrk":
        how = [
            "--threads=1",
            f"--connections={demand.connections}",
            f"--duration={demand.seconds:.0f}s",
            "--timeout=10s",
        ]
        url = f"http://127.0.0.1:{port}{demand.path}"
        return ["wrk", *how, "--script", _SCRIPT, url, "--", demand.tokens, str(demand.position)]
    return [
        *(sys.executable, "-m", OURS, "--port", str(port), "--path", demand.path),
        *("--tokens", demand.tokens, "--position", str(demand.position)),
        *("--connections", str(demand.connections), "--seconds", str(demand.seconds)),
    ]


def _processor_seconds() -> float:
    """Of all children that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
