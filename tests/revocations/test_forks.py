"""Real forks of a process that follows a file: parent and child go on, and are told everything."""

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from asgi_bearer import SqliteRevocations
from asgi_bearer.revocations.sqlite_file import SqliteStore
from tests.revocations.servers import eventually
from tests.revocations.tokens import clock, marks, token_revocation

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork; use Linux")

_BEGINNING = """
import os, sys, threading, time
import anyio
from asgi_bearer import AuthenticationUnavailable, SqliteRevocations
from asgi_bearer.revocations.sqlite_file import SqliteStore
from tests.revocations.tokens import *

def await_token(copy, token_id):
    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            if copy.is_revoked(marks(jti=token_id)):
                return
        except AuthenticationUnavailable:
            pass
        time.sleep(0.005)
    sys.exit(f"{token_id} not seen: {copy.readiness()}")

def exit_code(child):
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

path = sys.argv[1]
copy = SqliteRevocations(path, clock=clock)
"""

_LOCKS = """
anyio.run(copy.revoke, token_revocation("other"))
with copy._lock, copy._copy._lock:  # as another thread may hold them
    child = os.fork()
if not child:
    await_token(copy, "a1")
    os._exit(0)
anyio.run(copy.revoke, token_revocation("a1"))
print(exit_code(child))
"""

_INSIDE = """
def look():
    while True:
        reader = store.reader()
        reader.read(0)
        reader.close()

store = SqliteStore(path, clock)
store.add([token_revocation("a1")])
for _ in range(2):
    threading.Thread(target=look, daemon=True).start()
await_token(copy, "a1")
for _ in range(20):
    child = os.fork()
    if not child:
        await_token(copy, "a1")
        os._exit(0)
    print(exit_code(child), flush=True)
os._exit(0)
"""

_LOG = """
anyio.run(copy.revoke, token_revocation("a1"))
await_token(copy, "a1")
look, told = os.pipe(), os.pipe()
child = os.fork()
if not child:
    await_token(copy, "a1")
    os.write(told[1], b"x")
    os.read(look[0], 1)
    await_token(copy, "a2")
    os._exit(0)
os.read(told[0], 1)
feed = copy._feed
copy.close()
feed.thread.join()
if not os.fork():  # the last one that has the file open takes the log away
    SqliteStore(path, clock).add([token_revocation("a2")])
    os._exit(0)
os.write(look[1], b"x")
print(exit_code(child))
"""


@pytest.mark.parametrize(
    ("rest", "codes"),
    [(_LOCKS, ["0"]), (_INSIDE, ["0"] * 20), (_LOG, ["0"])],
    ids=["while locks are held", "while others look", "the log is taken away later"],
)
def test_a_child_follows_by_itself(tmp_path: Path, rest: str, codes: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", _BEGINNING + rest, str(tmp_path / "file")],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=Path(__file__).parents[2],
    )
    assert (done.stdout.split(), done.stderr) == (codes, "")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_parent_goes_on(tmp_path: Path) -> None:
    copy = SqliteRevocations(tmp_path / "file", clock=clock)
    copy.start()
    try:
        for token_id in ("a1", "a2", "a3"):
            eventually(lambda: copy.readiness().ready)
            child = os.fork()
            if not child:
                os._exit(0)
            assert os.waitpid(child, 0)[1] == 0
            SqliteStore(tmp_path / "file", clock).add([token_revocation(token_id)])
            eventually(partial(copy.is_revoked, marks(jti=token_id)))
    finally:
        copy.close()
