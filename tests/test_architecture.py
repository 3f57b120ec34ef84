"""The shape of the source: each step's value is made by that step only, and the files are where the design says."""

import ast
from pathlib import Path

import pytest

import asgi_bearer

SOURCE = Path(asgi_bearer.__file__).parent

MADE_BY = {
    "BearerToken": "credentials.py",
    "Header": "verification.py",
    "UnverifiedToken": "verification.py",
    "SignedClaims": "verification.py",
    "Claims": "claims.py",
    "VerifiedToken": "middleware.py",
    "VerificationKey": "keys/verification_key.py",
    "Rule": "allowlist/rules.py",
}


@pytest.mark.parametrize(("value", "file"), MADE_BY.items())
def test_a_steps_value_is_made_in_one_place(value: str, file: str) -> None:
    makers = {
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == value
    }
    assert makers == {file}


@pytest.mark.parametrize(
    "file",
    [
        "credentials.py",
        "verification.py",
        "claims.py",
        "allowlist/policy.py",
        "allowlist/rules.py",
        "allowlist/matching.py",
        "allowlist/path_pattern.py",
        "allowlist/requirement.py",
        "allowlist/index.py",
        "allowlist/request_target.py",
        "strict_json.py",
    ],
)
def test_the_pure_steps_read_no_clock_and_do_no_input_or_output(file: str) -> None:
    tree = ast.parse((SOURCE / file).read_text("utf-8"))
    imported = {
        alias.name.partition(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
    }
    imported |= {
        node.module.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module and not node.level
    }
    assert imported.isdisjoint({"time", "datetime", "asyncio", "anyio", "socket", "httpx", "os", "logging", "pathlib"})
    assert not any(isinstance(node, ast.AsyncFunctionDef | ast.Await) for node in ast.walk(tree))


def test_fastapi_is_not_imported() -> None:
    for path in SOURCE.rglob("*.py"):
        assert "fastapi" not in path.read_text("utf-8")
