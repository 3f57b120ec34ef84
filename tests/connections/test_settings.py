"""The settings: what is wrong with them is said at construction."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from asgi_bearer import ConfigurationError, ConnectionSettings, CookieToken
from tests.asgi import Recorder, guarded

ORIGINS = ["https://app.example.com", "http://localhost:3000", "http://127.0.0.1", "http://[::1]:8000"]


@pytest.mark.parametrize(
    "rules",
    [
        ConnectionSettings(),
        ConnectionSettings(max_age=timedelta(seconds=1), grace=timedelta(minutes=1), last_event=True, renewal=True),
        ConnectionSettings(subprotocol=True, cookie=CookieToken("__Host-session", origins=iter(ORIGINS))),
    ],
)
def test_good_rules(rules: ConnectionSettings) -> None:
    assert list(rules.errors()) == []


@pytest.mark.parametrize(
    ("rules", "fault"),
    [
        pytest.param(None, "connections must be ConnectionSettings", id="none"),
        pytest.param(
            {"ending_responses": "every"}, "ending_responses must be one of 'event_streams', ", id="other responses"
        ),
        pytest.param(
            {"revoked_responses": None}, "revoked_responses must be one of 'abort', 'deliver'", id="no response"
        ),
        pytest.param({"max_age": timedelta(0)}, "max_age must be a timedelta over 0", id="no age"),
        pytest.param({"max_age": 60}, "max_age must be a timedelta over 0", id="seconds"),
        pytest.param({"grace": timedelta(0)}, "grace must be a timedelta over 0", id="no grace"),
        pytest.param({"grace": timedelta(minutes=1, seconds=1)}, "of a minute at most", id="a long grace"),
        pytest.param({"grace": None}, "grace must be", id="grace for ever"),
        pytest.param({"last_event": "yes"}, "last_event must be True or False", id="last_event"),
        pytest.param({"renewal": 1}, "renewal must be True or False", id="renewal"),
        pytest.param({"subprotocol": "bearer"}, "subprotocol must be True or False", id="subprotocol"),
        pytest.param({"cookie": "session"}, "cookie must be CookieToken", id="cookie"),
        pytest.param({"cookie": CookieToken("a b", ORIGINS)}, "no name of a cookie", id="a cookie's name"),
        pytest.param({"cookie": CookieToken("a", [])}, "origins of a CookieToken must be a list", id="no origins"),
        pytest.param({"cookie": CookieToken("a", ORIGINS[0])}, "origins of a CookieToken must be a list", id="a text"),
        *(
            pytest.param({"cookie": CookieToken("a", [origin])}, "is no origin", id=f"{origin!r}")
            for origin in ("*", "null", "https://app.example.com/", "app.example.com", "https://App.example.com", "")
        ),
    ],
)
def test_faults(rules: Any, fault: str) -> None:
    connections = rules if rules is None else ConnectionSettings(**rules)
    with pytest.raises(ConfigurationError) as caught:
        guarded(Recorder(), connections=connections)
    (sentence,) = caught.value.errors
    assert fault in sentence


def test_the_example_of_the_docs() -> None:
    text = (Path(__file__).parents[2] / "docs" / "connections.md").read_text("utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(code, "connections.md", "exec"), names)
    assert list(names["connections"].errors()) == []
