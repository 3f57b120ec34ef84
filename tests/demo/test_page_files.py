"""The web page's files: what they are sent with, and that nothing else is."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from demo.app import make_app

pytestmark = pytest.mark.anyio

PAGE = Path(__file__).parents[2] / "demo" / "page"
FILES = sorted(path.name for path in PAGE.iterdir())
SECRET = "Jq3vW8xT1nLs6YhBz0KcRp5UmDf9EgAa2oXi4Vt7Mwk"


@pytest.fixture
async def client(tmp_path: Path, anyio_backend: str) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(make_app(tmp_path / "demo.sqlite3", SECRET, bcrypt_cost=4))
    async with httpx.AsyncClient(transport=transport, base_url="http://demo") as one:
        yield one


async def test_the_page_and_its_files_need_no_token_and_are_under_its_policy(client: httpx.AsyncClient) -> None:
    assert {"index.html", "style.css", "main.js", "session.js", "icon.svg"} <= set(FILES)
    for path in ("/", *(f"/static/{name}" for name in FILES)):
        answer = await client.get(path)
        assert answer.status_code == 200
        assert answer.content == (PAGE / (path.removeprefix("/static/").strip("/") or "index.html")).read_bytes()
        policy = answer.headers["content-security-policy"].split("; ")
        assert policy[:3] == ["default-src 'none'", "script-src 'self'", "style-src 'self'"]
        assert {"base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"} <= set(policy)
        assert not any("unsafe" in rule or ":" in rule or "*" in rule for rule in policy)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert (await client.head(path)).status_code == 200


async def test_a_type_for_each_file(client: httpx.AsyncClient) -> None:
    types = {path.suffix: (await client.get(f"/static/{path.name}")).headers["content-type"] for path in PAGE.iterdir()}
    assert types == {
        ".html": "text/html; charset=utf-8",
        ".css": "text/css; charset=utf-8",
        ".js": "text/javascript; charset=utf-8",
        ".svg": "image/svg+xml",
    }


@pytest.mark.parametrize("name", ["none.js", "app.py", "__init__.py", "demo.sqlite3", "INDEX.HTML", "index.html "])
async def test_other_names_are_nothing(client: httpx.AsyncClient, name: str) -> None:
    answer = await client.get(f"/static/{name}")
    assert (answer.status_code, answer.json()) == (404, {"detail": "Not Found"})


@pytest.mark.parametrize("path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static/a/b"])
async def test_other_paths_are_refused(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code in (400, 401)


@pytest.mark.parametrize("name", FILES)
async def test_nothing_is_inline_and_nothing_is_from_elsewhere(name: str) -> None:
    text = (PAGE / name).read_text("utf-8").replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert not re.search(r"https?:|//\w+\.|\bon\w+=|style=|<style|<script(?![^>]*src=)|innerHTML|eval\(", text)
    assert not re.search(r"localStorage\.|sessionStorage|document\.cookie", text)
