"""The secret that the demo's tokens are signed with: made at the first start, never a default in the code."""

import os
import secrets
import stat
import tempfile
from pathlib import Path


class UnsafeSecretFile(Exception):
    """The file is not fit for a secret; the text says what to do."""


def signing_secret(database: Path) -> str:
    """`DEMO_SECRET`, or the text of the file beside the database, which is made with mode 0600 if there is none.

    Processes that start at once agree on one. Raises UnsafeSecretFile or OSError.
    """
    if given := os.environ.get("DEMO_SECRET"):
        return given
    path = database.with_name(database.name + ".secret")
    if not path.exists():
        _make(path)
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise UnsafeSecretFile(f"others can read {path}: remove it, or run: chmod 600 {path}")
    try:
        secret = path.read_text("ascii").strip()
    except UnicodeDecodeError as error:
        raise UnsafeSecretFile(f"{path} is not text: remove it, and a new one is made at the next start") from error
    if not secret:
        raise UnsafeSecretFile(f"{path} is empty: remove it, and a new one is made at the next start")
    return secret


def _make(path: Path) -> None:
    """Written whole before it has its name; a link fails where another process was first, and then its secret holds."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)  # mode 0600
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48) + "\n")
        os.link(temporary, path)
    except FileExistsError:
        pass
    finally:
        Path(temporary).unlink()
