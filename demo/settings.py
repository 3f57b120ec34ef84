"""What the environment says: files, times and stores."""

import os
from datetime import timedelta
from pathlib import Path

from asgi_bearer import ConfigurationError, RedisRevocations, Revocations, SqliteRevocations

_TOKEN_SECONDS = 300


def usual_database() -> Path:
    """`DEMO_DATABASE`, or a file beside this one."""
    return Path(os.environ.get("DEMO_DATABASE") or Path(__file__).with_name("demo.sqlite3"))


def token_lifetime() -> timedelta:
    """`DEMO_TOKEN_SECONDS`, or five minutes: a refresh token makes the next one. Raises ConfigurationError."""
    text = os.environ.get("DEMO_TOKEN_SECONDS") or str(_TOKEN_SECONDS)
    seconds = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= seconds <= 86_400:
        raise ConfigurationError([f"DEMO_TOKEN_SECONDS must be a number from 1 to 86400, not {text!r}"])
    return timedelta(seconds=seconds)


def shared_revocations(database: Path) -> Revocations:
    """In Redis or Valkey at `DEMO_REDIS`, such as `redis://127.0.0.1:6379/0`, or in the database file.

    Raises ConfigurationError.
    """
    if url := os.environ.get("DEMO_REDIS"):
        return RedisRevocations(url)
    return SqliteRevocations(database)
