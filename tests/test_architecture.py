"""The shape of the source: what is pure, how deep it is, what it exports, and where each step's value is made."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import asgi_bearer

SOURCE = Path(asgi_bearer.__file__).parent

MADE_BY = {
    "BearerToken": {"tokens/credentials.py"},
    "Header": {"tokens/compact.py"},
    "UnverifiedToken": {"tokens/compact.py"},
    "Claims": {"tokens/claims.py"},
    "VerifiedToken": {"issuers/jwt_verifier.py"},
    "VerificationKey": {"keys/verification_key.py"},
    "Rule": {"allowlist/rules.py"},
}


@pytest.mark.parametrize(("value", "files"), MADE_BY.items())
def test_a_steps_value_is_made_in_one_place(value: str, files: set[str]) -> None:
    makers = {
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*.py")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == value
    }
    assert makers == files


PURE = [
    *("tokens/credentials.py", "tokens/compact.py", "tokens/claims.py", "tokens/kinds.py", "tokens/strict_json.py"),
    *("allowlist/policy.py", "allowlist/rules.py", "allowlist/matching.py", "allowlist/path_pattern.py"),
    *("allowlist/requirement.py", "allowlist/index.py", "allowlist/request_target.py", "allowlist/validation.py"),
]
DEPTH, DEPTH_OF_COMMAND = 13, 18
IMPURE = {"time", "datetime", "asyncio", "anyio", "socket", "httpx", "os", "logging", "pathlib", "threading"}


@pytest.mark.parametrize("file", PURE)
def test_the_pure_steps_read_no_clock_and_do_no_input_or_output_however_far_one_follows(file: str) -> None:
    for path in {SOURCE / file, *reached_from(SOURCE / file)}:
        assert imported_packages(path).isdisjoint(IMPURE), path
        assert not any(isinstance(node, ast.AsyncFunctionDef | ast.Await) for node in ast.walk(tree(path))), path


def test_no_chain_of_imports_grows_longer() -> None:
    assert depth(SOURCE / "__init__.py") <= DEPTH
    assert depth(SOURCE / "__main__.py") <= DEPTH_OF_COMMAND


def test_no_module_is_reached_from_itself() -> None:
    for path in SOURCE.rglob("*.py"):
        assert path not in reached_from(path), path


def test_there_are_under_forty_exports() -> None:
    assert len(asgi_bearer.__all__) < 40


def test_fastapi_is_not_imported() -> None:
    for path in SOURCE.rglob("*.py"):
        assert "fastapi" not in imported_packages(path), path


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def statements(path: Path) -> Iterator[ast.stmt]:
    """What is run when the module is imported: not what stands in functions or is for type checkers only."""
    left: list[ast.AST] = [tree(path)]
    while left:
        node = left.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            left += node.orelse
            continue
        if isinstance(node, ast.stmt):
            yield node
        left += ast.iter_child_nodes(node)


def imported_packages(path: Path) -> set[str]:
    packages: set[str] = set()
    for node in statements(path):
        if isinstance(node, ast.Import):
            packages |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            packages.add(node.module.partition(".")[0])
    return packages


@cache
def imports(path: Path) -> frozenset[Path]:
    """The library's own modules that this one imports by name. A package's `__init__` counts if names come from it."""
    found: set[Path] = set()
    for node in statements(path):
        if not isinstance(node, ast.ImportFrom) or not node.level:
            continue
        base = path.parents[node.level - 1]
        base = base.joinpath(*node.module.split(".")) if node.module else base
        for alias in node.names:
            names = (base / f"{alias.name}.py", base.with_suffix(".py"), base / "__init__.py")
            found.add(next(one for one in names if one.exists()))
    return frozenset(found)


@cache
def reached_from(path: Path) -> frozenset[Path]:
    reached: set[Path] = set()
    left = list(imports(path))
    while left:
        one = left.pop()
        if one not in reached:
            reached.add(one)
            left += imports(one)
    return frozenset(reached)


@cache
def depth(path: Path) -> int:
    """The longest chain of modules that are imported to import this one, itself included."""
    return 1 + max((depth(one) for one in imports(path)), default=0)
