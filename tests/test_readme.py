"""The README is true: its code runs, its commands exist, and it is short."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from asgi_bearer import BearerMiddleware, TokenIssuer
from tests.keys import PRIVATE_KEYS, private_pem, public_jwk

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
USE, ISSUE = re.findall(r"```python\n(.*?)```", README, re.DOTALL)

SECRET = "uKmb8oW2hVZr1tJx6YcQ0nS4pLd9fGaE3vTiRw7XsBk"


def run(code: str, names: dict[str, Any]) -> BearerMiddleware:
    exec(compile(code, "README.md", "exec"), names)
    app: BearerMiddleware = names["app"]
    return app


def test_the_first_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "jwks.json").write_text(json.dumps({"keys": [public_jwk("ES256", kid="one")]}))
    monkeypatch.chdir(tmp_path)
    key = private_pem(PRIVATE_KEYS["ES256"])
    token = TokenIssuer("https://login.example.com/", "orders-api", key, algorithm="ES256", key_id="one").issue("suman")
    with TestClient(run(USE, {})) as client:
        assert client.get("/profile").json() == {"detail": "Not authenticated"}
        answer = client.get("/profile", headers={"Authorization": f"Bearer {token}"})
        assert answer.json() == {"message": "Welcome suman"}
        assert client.get("/admin/x", headers={"Authorization": f"Bearer {token}"}).status_code == 403
        assert client.get("/health").status_code == 404  # open, and not there


def test_the_second_example_runs_after_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "jwks.json").write_text(json.dumps({"keys": [public_jwk("ES256")]}))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("JWT_SECRET", SECRET)
    names: dict[str, Any] = {}
    run(USE, names)
    with TestClient(run(ISSUE, names)) as client:
        answer = client.get("/profile", headers={"Authorization": f"Bearer {names['token']}"})
    assert answer.json() == {"message": "Welcome suman"}


def test_its_commands_exist() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for text in (README, (ROOT / "CONTRIBUTING.md").read_text("utf-8")):
        for target in re.findall(r"make (\w+)  ", text):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_its_links_lead_somewhere() -> None:
    for page in [ROOT / "README.md", *ROOT.glob("docs/**/*.md"), ROOT / "SECURITY.md"]:
        for link in re.findall(r"\]\((?!http)([^)#]+)", page.read_text("utf-8")):
            assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_it_is_short() -> None:
    assert len(README.splitlines()) <= 150
