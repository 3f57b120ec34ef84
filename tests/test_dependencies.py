"""What is installed: the lowest versions that are allowed, and locks that name no place and pin every byte."""

import json
import re
from importlib.metadata import requires, version

import pytest

from tests.oldest import BESIDE, ROOT, locked, oldest, requirements


def numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", text))


def test_every_lower_bound_is_a_whole_version_that_is_installed_as_it_is() -> None:
    for name, lowest in oldest().items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", lowest), name
        assert numbers(lowest) <= numbers(locked()[name]), name
    assert len(list(requirements())) == len(BESIDE) + len(oldest())


def test_cryptography_is_not_allowed_in_a_version_that_joserfc_cannot_use() -> None:
    """`make oldest` shows it for joserfc at its own lower bound; this is said early for a newer one."""
    (needed,) = [one for one in requires("joserfc") or () if one.startswith("cryptography")]
    assert version("joserfc") != oldest()["joserfc"] or needed == f"cryptography>={oldest()['cryptography']}"


def test_starlette_is_not_allowed_in_a_version_with_a_published_vulnerability() -> None:
    assert numbers(oldest()["starlette"]) >= (1, 3, 1)


def test_the_npm_packages_are_pinned_with_their_hashes_and_without_a_registry() -> None:
    wanted = json.loads((ROOT / "tests" / "package.json").read_text("utf-8"))["dependencies"]
    packages = json.loads((ROOT / "tests" / "package-lock.json").read_text("utf-8"))["packages"]
    assert packages.pop("")["dependencies"] == wanted
    assert {name: packages[f"node_modules/{name}"]["version"] for name in wanted} == wanted
    for name, package in packages.items():
        assert package["integrity"].startswith("sha512-"), name
        assert "resolved" not in package, name


@pytest.mark.parametrize("place", ["://", "--index-url", "--find-links", "file:"])
def test_the_lock_names_no_place(place: str) -> None:
    assert place not in (ROOT / "requirements.lock").read_text("ascii")
