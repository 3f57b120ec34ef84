"""The README is true: its code runs, its commands exist, and it is short."""

import re
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import anyio
import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from asgi_bearer import BearerAuth, BearerMiddleware, DynamicIssuers, Issuer, TokenIssuer
from asgi_bearer.issuers import presets
from tests.keys import PRIVATE_KEYS, private_pem, public_jwk
from tests.remote.server import JwksServer

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
USE, ISSUE, TAKE_BACK = re.findall(r"```python\n(.*?)```", README, re.DOTALL)

SECRET = "uKmb8oW2hVZr1tJx6YcQ0nS4pLd9fGaE3vTiRw7XsBk"


def run(code: str, names: dict[str, Any]) -> Any:
    """What the code calls `app`."""
    exec(compile(code, "README.md", "exec"), names)
    return names.get("app")


def app_of(names: dict[str, Any]) -> BearerMiddleware:
    """Behind the last `auth` of the examples."""
    app: BearerMiddleware = names["auth"](Starlette(routes=[Route("/profile", names["profile"])]))
    return app


ISSUER = '"https://login.example.com/", audience="orders-api"'


@pytest.fixture
def provider() -> Iterator[JwksServer]:
    """What stands in for the issuer of the example, on this machine."""
    with JwksServer([public_jwk("ES256", kid="one")]) as server:
        yield server


def first_example(provider: JwksServer, names: dict[str, Any]) -> Any:
    assert ISSUER in USE
    issuer = f'"{provider.issuer}", audience="orders-api", allow_loopback_http=True'
    return run(USE.replace(ISSUER, issuer), names)


def test_the_first_example_runs(provider: JwksServer) -> None:
    key = private_pem(PRIVATE_KEYS["ES256"])
    token = TokenIssuer(provider.issuer, "orders-api", key, algorithm="ES256", key_id="one").issue("suman")
    with TestClient(first_example(provider, {})) as client:
        assert client.get("/profile").json() == {"detail": "Not authenticated"}
        answer = client.get("/profile", headers={"Authorization": f"Bearer {token}"})
        assert answer.json() == {"message": "Welcome suman"}
        assert client.get("/admin/x", headers={"Authorization": f"Bearer {token}"}).status_code == 403
        assert client.get("/health").status_code == 404  # open, and not there


def test_the_second_example_runs_after_the_first(provider: JwksServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JWT_SECRET", SECRET)
    names: dict[str, Any] = {}
    first_example(provider, names)
    run(ISSUE, names)
    with TestClient(app_of(names)) as client:
        answer = client.get("/profile", headers={"Authorization": f"Bearer {names['token']}"})
    assert answer.json() == {"message": "Welcome suman"}


def test_the_third_example_runs_after_them(
    provider: JwksServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("JWT_SECRET", SECRET)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    first_example(provider, names)
    run(ISSUE, names)
    run(TAKE_BACK, names)
    app = app_of(names)
    route = Route("/logout", names["logout"], methods=["POST"])
    app.app.router.routes.append(route)  # type: ignore[attr-defined]
    headers = {"Authorization": f"Bearer {names['token']}"}
    with TestClient(app) as client:
        while client.get("/profile", headers=headers).status_code == 503:  # it is not read yet
            time.sleep(0.01)
        assert client.get("/profile", headers=headers).status_code == 200
        assert client.post("/logout", headers=headers).status_code == 204
        assert client.get("/profile", headers=headers).status_code == 401
    names["revocations"].close()


def test_the_examples_about_keys_run() -> None:
    settings, ready, tenants = re.findall(r"```python\n(.*?)```", (ROOT / "docs/keys.md").read_text("utf-8"), re.DOTALL)
    names: dict[str, Any] = {"JSONResponse": JSONResponse}
    exec(compile(settings, "keys.md", "exec"), names)
    assert list(names["issuer"].errors()) == []
    exec(compile(ready, "keys.md", "exec"), names)
    assert anyio.run(names["ready"], None).status_code == 503
    run(tenants, names)
    names["issuers_by_name"] = {"x": names["issuer"]}
    assert anyio.run(names["resolve"], "x") is names["issuer"]


def test_what_is_written_for_each_provider_is_an_issuer() -> None:
    page = (ROOT / "docs/providers.md").read_text("utf-8")
    written = re.findall(r"\| `(Issuer\(.*?\))` \|", page)
    assert len(written) == 8
    for code in (one.replace(" GUID>", ">").replace("<", "").replace(">", "") for one in written):
        assert list(eval(code, {"Issuer": Issuer, "presets": presets}).errors()) == [], code
    (tenants,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    run(
        tenants,
        {
            "cache": cache,
            "BearerAuth": BearerAuth,
            "Issuer": Issuer,
            "presets": presets,
            "DynamicIssuers": DynamicIssuers,
        },
    )


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
