"""Real forks of a process that follows a file: parent and child are told everything, or the child refuses."""

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from asgi_bearer import SqliteRevocations
from asgi_bearer.revocation.fork_guard import ForkGuard
from asgi_bearer.revocation.sqlite import SqliteStore
from tests.revocation.servers import eventually
from tests.revocation.tokens import clock, identifiers, token_revocation

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork; use Linux")

_BEGINNING = """
import functools, os, signal, sqlite3, sys, threading, time
import anyio
from asgi_bearer import AuthenticationUnavailable
from asgi_bearer import SqliteRevocations
from asgi_bearer.revocation import sqlite as sqlite_file
from asgi_bearer.revocation.sqlite import SqliteStore
from tests.revocation.tokens import *

def await_token(copy, token_id):
    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            if copy.is_revoked(identifiers(jti=token_id)):
                return
        except AuthenticationUnavailable:
            pass
        time.sleep(0.005)
    sys.exit(f"{token_id} not seen: {copy.status()}")

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

_SIGNAL = """
def fork_amid(handler):
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    writer = threading.Thread(target=SqliteStore(path, clock).add, args=[[token_revocation("a2")]])
    writer.start()
    time.sleep(0.3)

    def handle(*_):
        threading.Timer(0.3, holder.execute, ["ROLLBACK"]).start()
        handler()

    signal.signal(signal.SIGALRM, handle)
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    child = os.fork()
    if child:
        writer.join()
    return child

sqlite_file._BUSY = 20
sqlite3.connect = functools.partial(sqlite3.connect, check_same_thread=False)
sys.unraisablehook = lambda _: None
anyio.run(copy.revoke, token_revocation("a1"))
await_token(copy, "a1")
"""

_RAISES = """
def interrupt():
    raise KeyboardInterrupt

child = fork_amid(interrupt)
if not child:
    copy.start()
    while "forked amid SQLite" not in (copy.status().last_error or ""):
        time.sleep(0.01)
    if copy.status().ready:
        sys.exit("it must not follow")
    grandchild = os.fork()
    os._exit(exit_code(grandchild) if grandchild else 0)
await_token(copy, "a2")
print(exit_code(child))
"""

_FORKS = """
def fork():
    child = os.fork()
    if not child:
        os._exit(0)
    print(exit_code(child), flush=True)

child = fork_amid(fork)
await_token(copy, "a2")
if not child:
    os._exit(0)
print(exit_code(child))
"""


@pytest.mark.parametrize(
    ("rest", "codes"),
    [
        (_LOCKS, ["0"]),
        (_INSIDE, ["0"] * 20),
        (_LOG, ["0"]),
        (_SIGNAL + _RAISES, ["0"]),
        (_SIGNAL + _FORKS, ["0", "0"]),
    ],
    ids=[
        "while locks are held",
        "while others look",
        "the log is taken away later",
        "a signal's handler raises",
        "a signal's handler forks",
    ],
)
def test_a_child_follows_by_itself_or_not_at_all(tmp_path: Path, rest: str, codes: list[str]) -> None:
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
            eventually(lambda: copy.status().ready)
            child = os.fork()
            if not child:
                os._exit(0)
            assert os.waitpid(child, 0)[1] == 0
            SqliteStore(tmp_path / "file", clock).add([token_revocation(token_id)])
            eventually(partial(copy.is_revoked, identifiers(jti=token_id)))
    finally:
        copy.close()


def test_a_child_of_who_was_not_ready_never_gets_in() -> None:
    """As after an interrupted wait, or where C forks."""
    gate = ForkGuard(lambda: None)
    with gate:
        gate._open_in_child()
    for _ in range(2):
        with pytest.raises(OSError, match="forked amid SQLite"), gate:
            pass
        gate._shut()  # it must not wait for those who stayed with the parent
        gate._open_in_child()
