"""The benchmark of revocations runs, and measures what it says."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def test_a_smoke_run_measures_what_revocations_cost(tmp_path: Path) -> None:
    output = tmp_path / "figures.json"
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.revocations", "--smoke", "--output", str(output)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    for heading in ("One decision", "One entry", "Each process", "The server"):
        assert heading in done.stdout
    figures = json.loads(output.read_text())
    assert all(figure > 0 for figure in figures["decisions_microseconds"].values())
    assert all(figure > 0 for name, figure in figures["costs"].items() if not name.startswith(("idle", "server_")))
    assert len(figures["loads"]) == 5 * 3 * 4
    assert {"date", "machine", "python", "packages"} <= figures.keys()
