"""The benchmark of held websockets runs, with few of them."""

import json
import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).parents[2]


def test_all_are_closed_soon_after_a_mass_revocation(tmp_path: Path) -> None:
    output = tmp_path / "figures.json"
    command = [sys.executable, "-m", "benchmarks.connections", "--smoke", "--output", str(output)]
    run = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stderr
    assert "bytes each" in run.stdout
    figures = json.loads(output.read_text("utf-8"))
    assert figures["connections"] == 50
    assert figures["with"]["closed"] < 10
