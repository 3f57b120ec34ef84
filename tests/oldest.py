"""The oldest versions that pyproject.toml allows, and what the tests need beside them, as requirements for pip.

`make oldest` installs them into an environment of their own and runs the tests that ask most of them.
"""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
BESIDE = ("h2", "httpx2", "hypothesis", "pytest", "pytest-cov", "trio")
"""Of the tests; in the versions of the lock, without what they need themselves."""


def oldest() -> dict[str, str]:
    """Each run-time dependency, those of the extras too, in the lowest version that is allowed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)]
    return dict(requirement.split(">=") for requirement in wanted)


def locked() -> dict[str, str]:
    """Each package of the lock in its version."""
    return dict(re.findall(r"^([a-z0-9-]+)==([^ ;]+)", (ROOT / "requirements.lock").read_text("ascii"), re.MULTILINE))


def requirements() -> Iterator[str]:
    versions = locked()
    beside = {name: versions[name] for name in BESIDE}
    yield from (f"{name}=={version}" for name, version in (beside | oldest()).items())


if __name__ == "__main__":
    print(*requirements(), sep="\n")
