"""The documentation page in a real browser: Authorize logs in, and the page's next request carries the token."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.browser.chromium import MISSING, ROOT, Browser, chromium, free_port, started

SWAGGER_UI = Path(os.environ.get("SWAGGER_UI") or ROOT / "tests" / "node_modules" / "swagger-ui-dist")
WANTED = [*MISSING, *(() if (SWAGGER_UI / "swagger-ui.css").exists() else ("swagger-ui-dist",))]
pytestmark = pytest.mark.skipif(
    bool(WANTED),
    reason=f"no {', '.join(WANTED)}: apt-get install chromium chromium-driver; npm ci --prefix tests",
)


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    with chromium(tmp_path / "profile") as one:
        yield one


def test_the_authorize_button_logs_in(browser: Browser, tmp_path: Path) -> None:
    port = free_port()
    server = [sys.executable, "-m", "uvicorn", "tests.openapi_page:app", "--port", str(port), "--log-level", "critical"]
    page = f"http://127.0.0.1:{port}"
    database = str(tmp_path / "demo.sqlite3")
    with started(server, f"{page}/docs", SWAGGER_UI=str(SWAGGER_UI), DEMO_DATABASE=database, PYTHONWARNINGS="ignore"):
        account = {"username": "suman", "password": "correct horse"}
        assert httpx.post(f"{page}/demo/register", json=account).status_code == 201
        browser.open(f"{page}/docs")
        browser.click(".btn.authorize")
        browser.type("#oauth_username", "suman")
        browser.type("#oauth_password", "correct horse")
        browser.click(".modal-btn.auth.authorize")
        browser.click(".btn-done")
        browser.click("#operations-default-profile_profile_get .opblock-summary-control")
        browser.click("#operations-default-profile_profile_get .try-out__btn")
        browser.click("#operations-default-profile_profile_get .execute")
        answer = browser.text("#operations-default-profile_profile_get .live-responses-table tbody")
        browser.screenshot(Path(os.environ.get("SCREENSHOT") or tmp_path / "page.png"))
    assert answer.startswith("200")
    assert '"message": "Welcome suman"' in answer
