"""The documentation page in a real browser: Authorize logs in, and the page's next request carries the token."""

import base64
import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).parents[2]
SWAGGER_UI = Path(os.environ.get("SWAGGER_UI") or ROOT / "node_modules" / "swagger-ui-dist")
MISSING = [
    *(name for name in ("chromium", "chromedriver") if shutil.which(name) is None),
    *(() if (SWAGGER_UI / "swagger-ui.css").exists() else ("swagger-ui-dist",)),
]
pytestmark = pytest.mark.skipif(
    bool(MISSING),
    reason=f"no {', '.join(MISSING)}: apt-get install chromium chromium-driver; npm install --no-save swagger-ui-dist",
)
_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-component-update",
    "--disable-background-networking", "--disable-sync", "--disable-dev-shm-usage", "--window-size=1100,1300",
)  # fmt: skip
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
"""Names an element in WebDriver's JSON (section 12.2 of the W3C's recommendation)."""


class Browser:
    """As much of WebDriver as is needed."""

    def __init__(self, session: httpx.Client) -> None:
        self._session = session

    def open(self, url: str) -> None:
        self._post("url", {"url": url})

    def click(self, selector: str) -> None:
        self._post(f"element/{self._find(selector)}/click", {})

    def type(self, selector: str, text: str) -> None:
        self._post(f"element/{self._find(selector)}/value", {"text": text})

    def text(self, selector: str) -> str:
        text: str = self._session.get(f"element/{self._find(selector)}/text").json()["value"]
        return text

    def screenshot(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self._session.get("screenshot").json()["value"]))

    def _find(self, selector: str) -> str:
        deadline = time.monotonic() + 20
        while True:
            answer = self._session.post("element", json={"using": "css selector", "value": selector})
            if answer.is_success or time.monotonic() > deadline:
                assert answer.is_success, f"no {selector}"
                element: str = answer.json()["value"][_ELEMENT]
                return element
            time.sleep(0.1)

    def _post(self, command: str, parameters: dict[str, Any]) -> Any:
        deadline = time.monotonic() + 20
        while not (answer := self._session.post(command, json=parameters)).is_success:  # it may still be moving
            assert time.monotonic() < deadline, answer.text
            time.sleep(0.1)
        return answer.json()["value"]


@contextlib.contextmanager
def started(command: list[str], ready: str, **environment: str) -> Iterator[None]:
    with subprocess.Popen(
        command, cwd=ROOT, env=os.environ | environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            deadline = time.monotonic() + 30
            while True:
                with contextlib.suppress(httpx.TransportError):
                    httpx.get(ready)
                    break
                assert process.poll() is None, command
                assert time.monotonic() < deadline, command
                time.sleep(0.1)
            yield
        finally:
            process.terminate()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    url = f"http://127.0.0.1:{free_port()}"
    flags = [*_FLAGS, f"--user-data-dir={tmp_path / 'profile'}"]
    wanted = {"alwaysMatch": {"goog:chromeOptions": {"args": flags, "binary": shutil.which("chromium")}}}
    with started(["chromedriver", f"--port={url.rpartition(':')[2]}"], f"{url}/status"):
        answer = httpx.post(f"{url}/session", json={"capabilities": wanted}, timeout=60)
        answer.raise_for_status()
        session = f"{url}/session/{answer.json()['value']['sessionId']}/"
        with httpx.Client(base_url=session, timeout=60) as client:
            yield Browser(client)
            client.delete(session.rstrip("/")).raise_for_status()  # ends the browser too


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
