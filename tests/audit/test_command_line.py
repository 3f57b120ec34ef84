"""`asgi-bearer audit` and `asgi-bearer explain`: what they print and how they end."""

import json
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from asgi_bearer.audit.command_line import main
from asgi_bearer.audit.decisions import audit
from asgi_bearer.audit.report import as_text
from tests.audit import sites

CLOSED = "tests.audit.sites:closed"


def test_the_demo_is_audited_and_explained_by_the_command(tmp_path: Path) -> None:
    environment = {"DEMO_DATABASE": str(tmp_path / "demo.sqlite3")}
    command = [str(Path(sys.executable).with_name("asgi-bearer"))]
    module = [sys.executable, "-m", "asgi_bearer"]
    told = [
        subprocess.run([*start, "audit", "demo.app:app"], env=environment, capture_output=True, text=True, check=True)
        for start in (command, module)
    ]
    assert told[0].stdout == told[1].stdout
    assert "GET        /profile            authenticated  unlisted" in told[0].stdout
    assert told[0].stdout.endswith(
        "12 routes: 6 reached without a token, 0 not seen into, 0 touched by other rules too\n"
    )
    explain = [*command, "explain", "demo.app:app", "GET", "/admin/users"]
    explained = subprocess.run(explain, env=environment, capture_output=True, text=True, check=True)
    assert "role admin" in explained.stdout


def test_json_is_an_object_whose_routes_is_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "tests.audit.sites:site", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["routes"][0] == {
        "host": "admin.example.com",
        "path": "/health",
        "method": "GET",
        "opaque": "",
        "access": "protected",
        "scopes": [],
        "roles": [["admin", "owner"]],
        "rules": ["protected('/{rest:path}', host='admin.example.com')"],
        "exceptions": [],
    }
    assert document["unmatched_rules"] == []


def test_text_is_coloured_where_asked() -> None:
    plain, coloured = (as_text(audit(sites.closed()), coloured=coloured) for coloured in (False, True))
    assert plain.splitlines()[0] == "GET  /health  public  public('/health')"
    assert coloured.splitlines()[0] == "GET  /health  \x1b[33mpublic\x1b[0m  public('/health')"
    assert as_text(audit(sites.number), coloured=False).startswith("*  /{rest:path}  [int, not seen into]  unguarded")


def test_a_rule_that_fits_nothing_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "tests.audit.sites:stale", "--fail-on", "unmatched-rule"]) == 1
    told = capsys.readouterr()
    assert told.out.endswith("Rules that no route fits:\n  public('/gone')\n")
    assert told.err == "asgi-bearer: public('/gone') fits no route\n"


@pytest.mark.parametrize(
    ("app", "gate", "sentence"),
    [
        ("site", "opaque", "* /static/{rest:path} cannot be seen into (static files)"),
        ("site", "mixed", "GET /orders/{name} is decided otherwise for /orders/help: public('/orders/help')"),
        ("beside", "unguarded", "GET /open has no BearerMiddleware in front of it"),
    ],
)
def test_a_gate_fails(app: str, gate: str, sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", f"tests.audit.sites:{app}", "--fail-on", gate]) == 1
    assert sentence in capsys.readouterr().err
    assert main(["audit", CLOSED, "--fail-on", gate]) == 0


def changed(snapshot: Path, change: Any) -> None:
    document = json.loads(snapshot.read_text("utf-8"))
    change(document["routes"])
    snapshot.write_text(json.dumps(document), "utf-8")


def test_a_route_that_becomes_public_fails_until_the_snapshot_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    snapshot = tmp_path / "access.json"
    with_snapshot = ["audit", CLOSED, "--snapshot", str(snapshot)]
    assert main([*with_snapshot, "--update"]) == 0
    assert main(with_snapshot) == 0
    changed(snapshot, lambda routes: routes[0].update(access="protected"))
    capsys.readouterr()
    assert main(with_snapshot) == 1
    told = capsys.readouterr().err
    assert told == "asgi-bearer: GET /health is reached without a token, which the snapshot does not say\n"
    changed(snapshot, lambda routes: routes[0].update(exceptions=[{"access": "optional"}]))
    assert main(with_snapshot) == 0


def test_any_change_fails_where_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    snapshot = tmp_path / "access.json"
    gate = ["audit", CLOSED, "--snapshot", str(snapshot), "--fail-on", "changed"]
    assert main([*gate, "--update"]) == 0
    assert main(gate) == 0
    changed(snapshot, lambda routes: routes[0].update(path="/old"))
    changed(snapshot, lambda routes: routes[1].update(access="public"))
    capsys.readouterr()
    assert main(gate) == 1
    assert capsys.readouterr().err.splitlines() == [
        "asgi-bearer: GET /health is new",
        "asgi-bearer: GET /old is gone",
        "asgi-bearer: GET /other is decided otherwise than the snapshot says",
    ]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nothing"], "'nothing' is no app; write module:attribute"),
        ([":app"], "is no app"),
        (["tests.nowhere:app"], "there is no module 'tests.nowhere' here"),
        (["tests.audit.sites:nobody"], "tests.audit.sites has no nobody"),
        (["tests.audit.sites:number"], "is a int, not an ASGI app"),
        (["starlette.applications:Starlette"], "is a type, not an ASGI app"),
        (["tests.audit.sites:faulty"], "the path must start with a slash"),
        ([CLOSED, "--fail-on", "changed"], "need --snapshot FILE"),
        ([CLOSED, "--snapshot", "nowhere.json"], "No such file"),
        ([CLOSED, "--snapshot", "README.md"], "Expecting value"),
        ([CLOSED, "--snapshot", "benchmarks/results/latest.json"], "not one that --update wrote"),
    ],
)
def test_nothing_to_look_at_is_a_sentence(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["audit", *arguments]) == 2
    told = capsys.readouterr().err
    assert told.startswith("asgi-bearer: ")
    assert sentence in told


def test_a_module_that_the_app_lacks_is_not_the_app_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "lacking.py").write_text("import nothing_of_this_name\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="nothing_of_this_name"):
        main(["audit", "lacking:app"])


def test_a_request_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "tests.audit.sites:site", "get", "/health", "--host", "admin.example.com"]) == 0
    assert "role admin or owner" in capsys.readouterr().out


def test_an_app_without_the_middleware_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "tests.audit.sites:bare"]) == 0
    told = capsys.readouterr()
    assert told.err == "asgi-bearer: there is no BearerMiddleware in tests.audit.sites:bare\n"
    assert told.out.startswith("GET  /health  unguarded  no middleware")


@pytest.mark.parametrize("arguments", [["audit", CLOSED], ["explain", CLOSED, "GET", "/x"]])
def test_who_stops_reading_is_shown_no_traceback(arguments: list[str]) -> None:
    command = [sys.executable, "-m", "asgi_bearer", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 2


def test_an_output_that_closes_ends_the_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with (tmp_path / "output").open("w") as output:
        monkeypatch.setattr(sys, "stdout", output)
        monkeypatch.setattr("asgi_bearer.audit.command_line.as_text", raises_broken_pipe)
        assert main(["audit", CLOSED]) == 2


def raises_broken_pipe(*_arguments: object, **_names: object) -> str:
    raise BrokenPipeError


def test_the_module_is_the_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["asgi-bearer", "audit", CLOSED])
    with pytest.raises(SystemExit, match="0"):
        runpy.run_module("asgi_bearer", run_name="__main__")
    assert capsys.readouterr().out.startswith("GET  /health")


def test_a_real_application_is_seen_into() -> None:
    """marimo: a Starlette app of over a hundred routes, with mounts, websockets and middleware in closures."""
    command = [sys.executable, "-W", "ignore", "-m", "asgi_bearer", "audit", "tests.audit.marimo_site:app", "--json"]
    document = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    routes = {(route["method"], route["path"]): route for route in document["routes"]}
    assert len(routes) > 90
    assert [route["path"] for route in document["routes"] if route["opaque"]] == ["/assets/{rest:path}"]
    assert routes["WEBSOCKET", "/ws"]["scopes"] == ["kernel:run"]
    assert routes["WEBSOCKET", "/terminal/ws"]["roles"] == [["owner"]]
    assert routes["GET", "/api/status"]["access"] == "protected"
    assert routes["GET", "/health"]["access"] == "public"
    assert document["unmatched_rules"] == ["public('/gone', methods=['PROPFIND'])"]
