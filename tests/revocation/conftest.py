"""What only waits is shortened; processes of their own have the true times."""

import pytest

from asgi_bearer.revocation import follower as feed


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "PACE", 0.02)
    monkeypatch.setattr(feed, "MAX_WAIT", 0.3)
    monkeypatch.setattr(feed, "_HAND_IN_TURN", 0.1)
