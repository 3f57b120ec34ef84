"""The wheel is what users get: it has the library with its data, and nothing else."""

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (built,) = target.glob("*.whl")
    return built


def test_the_wheel_has_the_library_and_nothing_else(wheel: Path) -> None:
    names = {name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name}
    source = ROOT / "middleware"
    expected = {
        path.relative_to(source).as_posix()
        for path in (source / "asgi_bearer").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert names == expected
    assert {"asgi_bearer/py.typed", "asgi_bearer/keys/published_secrets.txt"} <= names


def test_the_wheel_works(wheel: Path) -> None:
    program = (
        f"import sys; sys.path.insert(0, {str(wheel)!r});"
        "import asgi_bearer; print(asgi_bearer.__file__);"
        "print(asgi_bearer.StaticKeys.from_secret('a' * 40).errors)"
    )
    done = subprocess.run([sys.executable, "-I", "-c", program], check=True, capture_output=True, text=True)
    assert str(wheel) in done.stdout
    assert "published or easily guessed" in done.stdout
