"""Headless Chromium over WebDriver, with as much of it as the tests need."""

import base64
import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parents[2]
MISSING = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-component-update",
    "--disable-background-networking", "--disable-sync", "--disable-dev-shm-usage", "--window-size=1100,1300",
)  # fmt: skip
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
"""Names an element in WebDriver's JSON (section 12.2 of the W3C's recommendation)."""
_PATIENCE = 20.0
"""Seconds until something on the page must have come."""

TAB, SHIFT, ENTER, SPACE = "\ue004", "\ue008", "\ue007", " "
"""Keys (section 17.4.2)."""


class Browser:
    def __init__(self, session: httpx.Client) -> None:
        self._session = session

    def open(self, url: str) -> None:
        self._post("url", {"url": url})

    def click(self, selector: str) -> None:
        self._post(f"element/{self._find(selector)}/click", {})

    def type(self, selector: str, text: str) -> None:
        self._post(f"element/{self._find(selector)}/value", {"text": text})

    def press(self, *keys: str) -> None:
        """Each pressed and let go, one after the other, wherever the focus is; SHIFT holds for the next one."""
        actions: list[dict[str, str]] = []
        for place, key in enumerate(keys):
            actions.append({"type": "keyDown", "value": key})
            if key != SHIFT:
                actions.append({"type": "keyUp", "value": key})
                if place and keys[place - 1] == SHIFT:
                    actions.append({"type": "keyUp", "value": SHIFT})
        self._post("actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def text(self, selector: str) -> str:
        text: str = self._session.get(f"element/{self._find(selector)}/text").json()["value"]
        return text

    def label(self, selector: str) -> str:
        """What a screen reader calls it (section 12.4.10)."""
        label: str = self._session.get(f"element/{self._find(selector)}/computedlabel").json()["value"]
        return label

    def focused(self) -> str:
        """The id of the element that has the focus."""
        name: str = self.run("return document.activeElement.id")
        return name

    def run(self, script: str, *arguments: Any) -> Any:
        return self._post("execute/sync", {"script": script, "args": list(arguments)})

    def wait(self, what: str, shown: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _PATIENCE
        while not shown():
            assert time.monotonic() < deadline, what
            time.sleep(0.05)

    def wait_for_text(self, selector: str, text: str) -> None:
        self.wait(f"no {text!r} in {selector}", lambda: text in self.text(selector))

    def show(self, *, width: int, height: int = 1000, dark: bool = False) -> None:
        """As a screen of this size in CSS pixels, in the light or the dark scheme."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self._tell_devtools("Emulation.setDeviceMetricsOverride", size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._tell_devtools("Emulation.setEmulatedMedia", {"features": [scheme]})

    def complaints(self) -> list[dict[str, Any]]:
        """What the console was told since it was last asked: errors of scripts, violations of the policy, refusals."""
        entries: list[dict[str, Any]] = self._post("se/log", {"type": "browser"})
        return entries

    def screenshot(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self._session.get("screenshot").json()["value"]))

    def _tell_devtools(self, command: str, parameters: dict[str, Any]) -> None:
        self._post("goog/cdp/execute", {"cmd": command, "params": parameters})

    def _find(self, selector: str) -> str:
        deadline = time.monotonic() + _PATIENCE
        while True:
            answer = self._session.post("element", json={"using": "css selector", "value": selector})
            if answer.is_success or time.monotonic() > deadline:
                assert answer.is_success, f"no {selector}"
                element: str = answer.json()["value"][_ELEMENT]
                return element
            time.sleep(0.1)

    def _post(self, command: str, parameters: dict[str, Any]) -> Any:
        deadline = time.monotonic() + _PATIENCE
        while not (answer := self._session.post(command, json=parameters)).is_success:  # it may still be moving
            assert time.monotonic() < deadline, answer.text
            time.sleep(0.1)
        return answer.json()["value"]


@contextlib.contextmanager
def chromium(profile: Path) -> Iterator[Browser]:
    url = f"http://127.0.0.1:{free_port()}"
    wanted = {
        "goog:chromeOptions": {
            "args": [*_FLAGS, f"--user-data-dir={profile}"],
            "binary": shutil.which("chromium"),
        },
        "goog:loggingPrefs": {"browser": "ALL"},
    }
    with started(["chromedriver", f"--port={url.rpartition(':')[2]}"], f"{url}/status"):
        answer = httpx.post(f"{url}/session", json={"capabilities": {"alwaysMatch": wanted}}, timeout=60)
        answer.raise_for_status()
        session = f"{url}/session/{answer.json()['value']['sessionId']}/"
        with httpx.Client(base_url=session, timeout=60) as client:
            yield Browser(client)
            client.delete(session.rstrip("/")).raise_for_status()  # ends the browser too


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
