"""Mutation testing of the core modules: `make mutants`. docs/mutants.md has the last figures and the survivors.

`python -m tests.mutants MODULE…` takes some of them. mutmut wants a source root called `src`, so it gets a copy of the
project that has one.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent
RULES = tuple(
    f"allowlist/{name}"
    for name in ("request_target", "path_pattern", "matching", "index", "requirement", "policy", "validation")
)
TOKENS = tuple(f"tokens/{name}" for name in ("credentials", "compact", "claims", "strict_json", "frozen_json", "cache"))
CORE = ("gate", *RULES, *TOKENS, "keys/refresh_schedule")
TESTS = (
    *(f"test_{name}" for name in ("policy", "rule_errors", "middleware", "seams", "auth", "issuers")),
    *(f"test_{name}" for name in ("credentials", "compact", "claims", "strict_json", "frozen_json", "token_cache")),
    "remote/test_refresh_schedule",
    "revocation/test_revocation",
)


def settings(modules: Sequence[str]) -> str:
    mutated = ", ".join(f'"src/asgi_bearer/{name}.py"' for name in modules)
    tests = ", ".join(f'"tests/{name}.py"' for name in TESTS)
    return (
        f'\n[tool.mutmut]\nsource_paths = ["src"]\nonly_mutate = [{mutated}]\n'
        'also_copy = ["tests", "docs", "README.md"]\n'
        f"pytest_add_cli_args_test_selection = [{tests}]\n"
    )


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        shutil.copytree(ROOT / "middleware", copy / "src")
        for name in ("tests", "docs"):
            shutil.copytree(ROOT / name, copy / name)
        shutil.copy(ROOT / "README.md", copy)
        project = (ROOT / "pyproject.toml").read_text("utf-8").replace("middleware/asgi_bearer", "src/asgi_bearer")
        project = re.sub(r"(\[tool\.pytest\.ini_options\]\n)", r'\1pythonpath = ["src", "."]\n', project)
        (copy / "pyproject.toml").write_text(project + settings(sys.argv[1:] or CORE), "utf-8")
        mutmut = Path(sys.executable).with_name("mutmut")
        done = subprocess.run([mutmut, "run"], cwd=copy, check=False)
        survivors = subprocess.run([mutmut, "results"], cwd=copy, check=False, capture_output=True, text=True)
        for line in filter(str.strip, survivors.stdout.splitlines()):
            subprocess.run([mutmut, "show", line.split(":")[0].strip()], cwd=copy, check=False)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
