"""What the documentation shows of audits is what they print."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def printed(*arguments: str, **environment: str) -> str:
    command = [sys.executable, "-W", "ignore", "-m", "asgi_bearer", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=True)
    return done.stdout


def test_the_demos_audit_and_explanation_are_shown(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "allowlist.md").read_text("utf-8")
    for arguments in (("audit", "demo.app:app"), ("explain", "demo.app:app", "GET", "/admin/users")):
        told = printed(*arguments, DEMO_DATABASE=str(tmp_path / "demo.sqlite3"))
        assert f"$ asgi-bearer {' '.join(arguments)}\n{told}```" in page


def test_a_real_applications_audit_is_shown() -> None:
    example = ROOT / "docs" / "examples" / "marimo-access.txt"
    assert printed("audit", "tests.audit.marimo_site:app") == example.read_text("utf-8")
