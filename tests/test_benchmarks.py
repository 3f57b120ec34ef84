"""The benchmarks run and measure what they say; how fast anything is belongs to them and not to tests."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import main
from benchmarks.contenders import BARE, GUARDS, starlette
from benchmarks.curves import points
from benchmarks.latency import APPS
from benchmarks.load.runs import SMOKE
from benchmarks.plots import PLOTS
from benchmarks.refusals import KINDS, NOTHING, PLACES, contender_name
from benchmarks.rules import DECISIONS, SIZES, decision_name
from benchmarks.targets import TARGETS, Target, Verdict
from benchmarks.timing import Samples
from benchmarks.tokens import ALGORITHMS, NEW_TOKENS, SEEN_TOKENS, new_tokens
from benchmarks.verbs import LAYERS, VERBS
from benchmarks.verifiers import VERIFIERS

ROOT = Path(__file__).parent.parent

GUARDED = {(guard.name, algorithm) for guard in GUARDS for algorithm in guard.algorithms}


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
    assert done.stderr == ""
    for heading in (
        "Each verb alone",
        "Each algorithm",
        "The verifier alone",
        "One request: overhead",
        "as a multiple",
        "Refused or not",
        "One decision among",
        "Why checks are left out",
        "Single requests",
        "bcrypt",
        "Under uvicorn",
        "Memory",
        "Idle websockets",
        "Overhead by",
        "Where the time goes",
        "Targets",
    ):
        assert heading in done.stdout

    figures = json.loads(output.read_text())
    measured = {(one["name"], one["algorithm"]) for one in figures["times"]}
    expected = {(name, "") for name, _ in VERBS} | {(name, "") for name in BARE} | {(NOTHING, "")}
    expected |= {(name, algorithm) for name, _ in LAYERS for algorithm in ALGORITHMS}
    expected |= {(starlette.PRIMITIVE, algorithm) for algorithm in ALGORITHMS}
    expected |= {(verifier.name, algorithm) for verifier in VERIFIERS for algorithm in ALGORITHMS}
    expected |= {(contender_name(place, kind), "") for place in PLACES for kind in KINDS if kind.is_in(place)}
    expected |= {(decision_name(decision, size), "") for decision in DECISIONS for size in SIZES}
    assert measured == expected | GUARDED
    assert all(0 < one["least"] <= one["p10"] <= one["median"] <= one["p90"] <= one["most"] for one in figures["times"])
    assert {(one["name"], one["algorithm"]) for one in figures["overheads"]} == GUARDED
    assert [one["name"] for one in figures["latencies"]] == list(APPS)
    assert all(one["p50"] <= one["p99"] <= one["p999"] <= one["most"] for one in figures["latencies"])
    in_process = [one["name"] for one in figures["targets"] if one["point"] <= 3]
    assert in_process == [target.name for target, _ in TARGETS]
    assert {one["point"] for one in figures["targets"]} == {1, 2, 3, 4, 5}
    assert {"date", "machine", "python", "packages", "rounds", "passwords", "left_out"} <= figures.keys()

    assert sum(app["failures"] for app in figures["load"]["apps"]) == 0
    assert {app["name"] for app in figures["load"]["apps"]} == set(SMOKE.names or ())
    memory = figures["memory"]
    assert memory["million"]["entry_bytes"] > memory["once"]["entry_bytes"] > 0
    (held,) = figures["connections"]["held"]
    assert (held["connections"], held["closed"] < 10) == (50, True)
    assert len(figures["curves"]["points"]) == len(list(points()))
    assert [table["rows"][0][0] for table in figures["profile"]["tables"]] == ["one request", "one request"]
    assert {plot.stem for plot in tmp_path.glob("*.png")} == {name for name, _, _ in PLOTS}


@pytest.mark.parametrize("rounds", ["1", "0", "x"])
def test_too_few_rounds_are_a_sentence(
    rounds: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["benchmarks", "--rounds", rounds])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    assert "--rounds" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("sense", "measured", "met"),
    [
        ("at most", 2.9, True),
        ("at most", 3.0, True),
        ("at most", 3.1, False),
        ("at least", 2.9, False),
        ("at least", 3.0, True),
        ("at least", 3.1, True),
    ],
)
def test_a_target_is_met_up_to_its_bound(sense: str, measured: float, met: bool) -> None:
    assert Verdict(Target(1, "something", sense, 3, "µs"), measured).is_met is met  # type: ignore[arg-type]


def test_an_overhead_is_counted_round_by_round() -> None:
    samples = Samples({("with", ""): [5, 9, 8], ("without", ""): [1, 4, 2], ("part", ""): [1, 1, 1]}, {})
    assert samples.overhead(("with", ""), ("without", "")).median == 5
    assert samples.overhead(("with", ""), ("without", ""), ("part", "")).median == 4


def test_tokens_in_turn_are_all_different_and_more_than_are_kept() -> None:
    tokens = new_tokens("ES256")
    assert len(set(tokens)) == NEW_TOKENS["ES256"] > SEEN_TOKENS
