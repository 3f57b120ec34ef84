"""The benchmarks run and measure what they say; how fast anything is belongs to them and not to tests."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.contenders import BARE, GUARDS
from benchmarks.requests import REFUSALS
from benchmarks.rules import DECISIONS, SIZES, decision_name
from benchmarks.tokens import ALGORITHMS
from benchmarks.verbs import LAYERS, VERBS

ROOT = Path(__file__).parent.parent


def test_a_smoke_run_measures_every_contender(tmp_path: Path) -> None:
    output = tmp_path / "figures.json"
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--smoke", "--output", str(output)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    for heading in (
        "Each verb alone",
        "Each algorithm",
        "One request: overhead",
        "as a multiple",
        "Refused by",
        "One decision among",
    ):
        assert heading in done.stdout

    figures = json.loads(output.read_text())
    measured = {(one["name"], one["algorithm"]) for one in figures["times"]}
    expected = {(name, "") for name, _ in VERBS} | {(name, "") for name in BARE}
    expected |= {(name, algorithm) for name, _ in LAYERS for algorithm in ALGORITHMS}
    expected |= {(guard.name, algorithm) for guard in GUARDS for algorithm in ALGORITHMS}
    expected |= {(f"refused: {name}", "") for name, _ in REFUSALS}
    expected |= {(decision_name(decision, size), "") for decision in DECISIONS for size in SIZES}
    assert measured == expected
    assert all(0 < one["p10"] <= one["median"] <= one["p90"] for one in figures["times"])
    assert {(one["name"], one["algorithm"]) for one in figures["overheads"]} == {
        (guard.name, algorithm) for guard in GUARDS for algorithm in ALGORITHMS
    }
    assert {"date", "machine", "python", "packages", "rounds"} <= figures.keys()


@pytest.mark.parametrize("rounds", ["1", "0", "x"])
def test_too_few_rounds_are_a_sentence(rounds: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--rounds", rounds], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "--rounds" in done.stderr
    assert "Traceback" not in done.stderr


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
