"""One file for the processes of a machine: real ones, and what may happen to a file."""

import random
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from asgi_bearer import AuthenticationUnavailable, SqliteRevocations
from asgi_bearer.errors import RevocationsUnavailable
from asgi_bearer.revocation import follower as feed
from asgi_bearer.revocation import sqlite as sqlite_file
from asgi_bearer.revocation.sqlite import SqliteReader, SqliteStore
from tests.revocation.servers import eventually
from tests.revocation.tokens import clock, identifiers, revoke, token_revocation
from tests.tokens import NOW

ROOT = Path(__file__).parents[2]


@contextmanager
def following(path: Path, count: int = 1, **settings: Any) -> Iterator[list[SqliteRevocations]]:
    copies = [SqliteRevocations(path, **{"clock": clock, **settings}) for _ in range(count)]
    for copy in copies:
        assert list(copy.errors()) == []
        copy.start()
    feeds = [copy._feed for copy in copies]
    try:
        yield copies
    finally:
        for copy in copies:
            copy.close()
        for feed in feeds:
            assert feed is not None
            feed.thread.join(10)


def has(copy: SqliteRevocations, token_id: str = "a1") -> bool:
    try:
        return copy.is_revoked(identifiers(jti=token_id))
    except AuthenticationUnavailable:
        return False


_PROCESS = """
import sys, time
import anyio
from asgi_bearer import AuthenticationUnavailable
from asgi_bearer import SqliteRevocations
from tests.revocation.tokens import *

copy = SqliteRevocations(sys.argv[1], clock=clock)
copy.start()
while not copy.status().ready:
    time.sleep(0.01)
print("ready", flush=True)
for line in sys.stdin:
    verb, token_id = line.split()
    if verb == "revoke":
        anyio.run(copy.revoke, token_revocation(token_id))
        print("done", flush=True)
    else:
        until = time.monotonic() + 10
        while not copy.is_revoked(identifiers(jti=token_id)) and time.monotonic() < until:
            time.sleep(0.005)
        print(time.monotonic(), flush=True)
"""


class Worker:
    """A process of its own."""

    def __init__(self, path: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PROCESS, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )

    def write(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def read(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def end(self) -> None:
        self._process.communicate(timeout=20)


def test_two_processes_follow_each_other_within_a_second(tmp_path: Path) -> None:
    """They begin at once, with no file there. Two seconds, since machines are busy."""
    one, other = (Worker(tmp_path / "file") for _ in range(2))
    assert (one.read(), other.read()) == ("ready", "ready")
    for number, (says, hears) in enumerate(((one, other), (other, one), (one, other))):
        hears.write(f"await t{number}")
        says.write(f"revoke t{number}")
        assert says.read() == "done"
        stored_at = time.monotonic()
        assert float(hears.read()) - stored_at < 2
    one.end()
    other.end()


def test_a_process_that_starts_has_all_in_any_number_of_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_file, "_BATCH", 7)
    path = tmp_path / "file"
    SqliteStore(path, clock).add([token_revocation(f"t{number}") for number in range(21)])
    with following(path) as [copy]:
        eventually(lambda: copy.status().ready)
        assert all(has(copy, f"t{number}") for number in range(21))


def test_many_threads_write_at_once_and_nothing_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with following(path, 2) as copies:
        names = [f"t{number}" for number in range(40)]

        with ThreadPoolExecutor(8) as threads:
            for number, name in enumerate(names):
                threads.submit(revoke, copies[number % 2], token_revocation(name))
        for copy in copies:
            eventually(partial(_has_each, copy, names))


def _has_each(copy: SqliteRevocations, names: list[str]) -> bool:
    return all(has(copy, name) for name in names)


def test_another_file_in_the_same_place_is_not_taken_for_the_old_one(tmp_path: Path) -> None:
    """Alone, so that nobody else has the old one open: the new one may get its inode."""
    path = tmp_path / "file"
    with following(path) as [copy]:
        revoke(copy, *(token_revocation(f"t{number}") for number in range(5)))
        eventually(lambda: not copy._unconfirmed)
        for file in tmp_path.iterdir():
            file.unlink()
        eventually(lambda: path.exists() and _rows(path) == 5)
        SqliteStore(path, clock).add([token_revocation("a1")])
        eventually(partial(has, copy))


def test_another_file_is_not_taken_for_one_that_was_closed_for_a_fork(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "file", clock)
    store.add([token_revocation("a1"), token_revocation("a2")])
    with closing(store.reader()) as reader:
        assert len(reader.read(0).texts) == 2
        sqlite_file._close_files()
        assert not reader.read(0).texts
        sqlite_file._close_files()
        for file in tmp_path.iterdir():
            file.unlink()
        store.add([token_revocation("a3")])
        again = reader.read(0)
        assert (len(again.texts), again.begins_anew) == (1, True)


def test_a_file_that_is_deleted_is_made_again_with_all_that_is_known(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with following(path, 2) as [one, other]:
        revoke(one, token_revocation("a1"))
        eventually(lambda: has(other))
        for file in tmp_path.iterdir():
            file.unlink()
        eventually(lambda: path.exists() and _rows(path))
        revoke(other, token_revocation("a2"))
        eventually(lambda: has(one, "a2"))
    with following(path) as [late]:
        eventually(lambda: has(late) and has(late, "a2"))


def test_a_file_that_goes_while_it_is_opened_is_looked_for_again(tmp_path: Path) -> None:
    reader = SqliteStore(tmp_path / "file", clock).reader()
    assert reader.read(0).begins_anew
    assert sqlite_file._place(tmp_path / "none") is None
    reader.close()
    assert not reader.read(0).begins_anew  # the same file as before
    reader.close()


def test_that_a_file_is_another_one_is_not_forgotten_where_it_cannot_be_read_at_first(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE revocations (number INTEGER PRIMARY KEY, nonce INTEGER, until REAL)")
        reader = SqliteStore(path, clock).reader()
        with pytest.raises(sqlite3.OperationalError):
            reader.read(0)
        database.execute("ALTER TABLE revocations ADD COLUMN text TEXT")
        database.commit()
        assert reader.read(0).begins_anew
        assert not reader.read(0).begins_anew
        reader.close()


def test_dead_rows_go_when_others_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_file, "_KEPT", 1)
    now = [float(NOW)]
    store = SqliteStore(tmp_path / "file", lambda: now[0])
    store.add([token_revocation(f"t{number}", NOW + 10) for number in range(5)])
    store.add([token_revocation("a2", NOW + 11)])
    now[0] += 10
    store.add([token_revocation("a3", NOW + 100)])
    assert _rows(tmp_path / "file") == 2


@pytest.mark.parametrize("kept", [0, 1])
def test_a_dead_row_that_went_costs_at_most_a_second_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: int
) -> None:
    """The last row that was read tells that the log is the same. Without it everything is read again."""
    monkeypatch.setattr(sqlite_file, "_KEPT", kept)
    now = [float(NOW)]
    store = SqliteStore(tmp_path / "file", lambda: now[0])
    store.add([token_revocation("a1", NOW + 900), token_revocation("a2", NOW + 10)])
    with closing(store.reader()) as reader:
        assert len(reader.read(0).texts) == 2
        now[0] += 10
        store.add([token_revocation("a3", NOW + 900)])
        found = reader.read(0)
        if not kept:
            assert found == ((), False, False)
            found = reader.read(0)
        assert (len(found.texts), found.begins_anew) == ((1, False) if kept else (2, True))


def test_a_number_is_never_used_again(tmp_path: Path) -> None:
    now = [float(NOW)]
    path = tmp_path / "file"
    with following(path, clock=lambda: now[0]) as [copy]:
        revoke(copy, token_revocation("a1", NOW + 10))
        eventually(lambda: not copy._unconfirmed)
        now[0] += 20
        SqliteStore(path, lambda: now[0]).add([token_revocation("a2", NOW + 100)])  # its row alone is left
        eventually(lambda: has(copy, "a2"))


def _rows(path: Path) -> int:
    with closing(sqlite3.connect(path)) as database, suppress(sqlite3.OperationalError):  # no table yet
        (count,) = database.execute("SELECT count(*) FROM revocations").fetchone()
        return int(count)
    return 0


def test_what_is_no_database_is_a_store_that_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("no database at all, but a text of some length " * 100)
    with following(path) as [copy]:
        with pytest.raises(RevocationsUnavailable):
            revoke(copy, token_revocation("a1"))
        eventually(lambda: "DatabaseError" in (copy.status().last_error or ""))
        assert not copy.status().ready
        path.unlink()
        eventually(lambda: has(copy))


def test_one_who_holds_the_file_for_too_long_makes_it_unavailable_for_writers_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_file, "_BUSY", 0.1)
    path = tmp_path / "file"
    with following(path) as [copy]:
        eventually(lambda: copy.status().ready)
        with closing(sqlite3.connect(path, isolation_level=None)) as holder:
            holder.execute("BEGIN IMMEDIATE")
            with pytest.raises(RevocationsUnavailable):
                revoke(copy, token_revocation("a1"))
            assert has(copy)
            assert copy.status().ready
            holder.execute("ROLLBACK")
        eventually(lambda: not copy._unconfirmed)
        assert _rows(path) == 1


def test_garbage_in_the_file_is_skipped(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "file"
    store = SqliteStore(path, clock)
    store.add([token_revocation("a1")])
    later = NOW + 100
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("INSERT INTO revocations (until, text) VALUES (?, CAST(x'ff' AS TEXT))", [later])
        database.executemany(
            "INSERT INTO revocations (until, text) VALUES (?, ?)",
            [(later, "x"), (later, b"\xff"), (later, 7), (later, 7.5)],
        )
    store.add([token_revocation("a2")])
    with following(path) as [copy]:
        eventually(lambda: has(copy) and has(copy, "a2"))
    assert "skipped 5 entries" in caplog.text


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        ("", "path must be"),
        (":memory:", "path must be"),
        (7, "path must be"),
        ("/nowhere/at/all/file", "the folder of '/nowhere/at/all/file' is not there"),
    ],
)
def test_faults_are_said(path: Any, fault: str) -> None:
    (found,) = SqliteRevocations(path).errors()
    assert fault in found


@pytest.mark.parametrize(("patience", "held"), [(2.0, 0.3), (0.05, 2.0)])
def test_another_one_who_makes_the_file_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, patience: float, held: float
) -> None:
    """SQLite itself refuses at once."""
    monkeypatch.setattr(sqlite_file, "_BUSY", patience)
    path = tmp_path / "file"
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as maker:
        maker.execute("CREATE TABLE made (it)")
        maker.execute("BEGIN IMMEDIATE")
        timer = threading.Timer(held, maker.execute, ("COMMIT",))
        timer.start()
        with pytest.raises(sqlite3.OperationalError, match="locked") if patience < held else nullcontext():
            SqliteStore(path, clock).add([token_revocation("a1")])
        timer.join()


def test_threads_that_make_the_file_at_once_all_succeed(tmp_path: Path) -> None:
    store, failed = SqliteStore(tmp_path / "file", clock), list[Exception]()

    def add(name: str) -> None:
        try:
            store.add([token_revocation(name)])
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=add, args=(str(number),)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert failed == []
    assert _rows(tmp_path / "file") == 12


def _back_up(path: Path, backup: Path) -> None:
    with closing(sqlite3.connect(path)) as database, closing(sqlite3.connect(backup)) as copy:
        database.backup(copy)


def _restore_with_the_backup_api(path: Path, backup: Path) -> None:
    with closing(sqlite3.connect(backup)) as copy, closing(sqlite3.connect(path)) as database:
        copy.backup(database)


def _rename_over(path: Path, backup: Path) -> None:
    other = path.with_name("renamed")
    shutil.copyfile(backup, other)
    other.replace(path)


def _copy_over(path: Path, backup: Path) -> None:
    """Into the same inode. The log beside it stays."""
    shutil.copyfile(backup, path)


def _remove_log_and_rename_over(path: Path, backup: Path) -> None:
    """A copy into the same inode without its log can end a process by SIGBUS, within SQLite's shared memory."""
    for ending in ("-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)
    _rename_over(path, backup)


def _execute(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None, timeout=10)) as database:
        for statement in statements:
            with suppress(sqlite3.OperationalError):  # no such table, as another change dropped it
                database.execute(statement)


def _drop_table(path: Path, _backup: Path) -> None:
    _execute(path, "DROP TABLE revocations")


def _delete_rows(path: Path, _backup: Path) -> None:
    _execute(path, "DELETE FROM revocations")


def _delete_rows_and_numbers(path: Path, _backup: Path) -> None:
    _execute(path, "BEGIN", "DELETE FROM revocations", "DELETE FROM sqlite_sequence", "COMMIT")


def _delete_files(path: Path, _backup: Path) -> None:
    for file in path.parent.glob(path.name + "*"):
        file.unlink()


def _vacuum(path: Path, _backup: Path) -> None:
    _execute(path, "VACUUM")


def _copy_log_into_file(path: Path, _backup: Path) -> None:
    _execute(path, "PRAGMA wal_checkpoint(TRUNCATE)")


REPLACEMENTS: list[Callable[[Path, Path], None]] = [
    _restore_with_the_backup_api,
    _rename_over,
    _copy_over,
    _remove_log_and_rename_over,
    _drop_table,
    _delete_rows,
    _delete_rows_and_numbers,
    _delete_files,
]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_file, "_POLL", 0.02)
    monkeypatch.setattr(feed, "MAX_WAIT", 0.1)
    monkeypatch.setattr(feed, "READ_BACK", 0.3)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("replace", REPLACEMENTS)
def test_a_log_that_was_replaced_is_read_again_and_gets_what_it_lacks(
    tmp_path: Path, replace: Callable[[Path, Path], None]
) -> None:
    path, backup = tmp_path / "file", tmp_path / "backup"
    names = [f"t{number}" for number in range(6)]
    with following(path, 2) as copies:
        revoke(copies[0], *map(token_revocation, names[:2]))
        _back_up(path, backup)
        revoke(copies[0], *map(token_revocation, names[2:]))
        for copy in copies:
            eventually(partial(_has_each, copy, names))
        replace(path, backup)
        with suppress(RevocationsUnavailable):
            revoke(copies[1], token_revocation("a1"))  # its number is one that was read already
        for copy in copies:
            eventually(partial(_has_each, copy, [*names, "a1"]))
        with following(path) as [late]:
            eventually(partial(_has_each, late, [*names, "a1"]))
    with following(path) as [late]:
        eventually(partial(_has_each, late, [*names, "a1"]))


@pytest.mark.usefixtures("quick")
def test_a_restored_log_that_grew_past_the_row_that_was_read_is_not_taken_for_the_old_one(tmp_path: Path) -> None:
    path, backup = tmp_path / "file", tmp_path / "backup"
    store = SqliteStore(path, clock)
    store.add([token_revocation("t1")])
    _back_up(path, backup)
    store.add([token_revocation("t2")])
    with closing(store.reader()) as reader:
        assert len(reader.read(0).texts) == 2
        _restore_with_the_backup_api(path, backup)
        store.add([token_revocation("t3"), token_revocation("t4")])
        assert reader.read(0) == ((), False, False)
        again = reader.read(0)
        assert (len(again.texts), again.is_complete, again.begins_anew) == (3, True, True)


@pytest.mark.parametrize("change", [_vacuum, _copy_log_into_file])
def test_what_sqlite_does_by_itself_is_no_other_log(tmp_path: Path, change: Callable[[Path, Path], None]) -> None:
    path = tmp_path / "file"
    store = SqliteStore(path, clock)
    with closing(store.reader()) as reader:
        store.add([token_revocation("t1"), token_revocation("t2")])
        assert len(reader.read(0).texts) == 2
        change(path, path)
        store.add([token_revocation("t3")])
        found = reader.read(0)
        assert (len(found.texts), found.is_complete, found.begins_anew) == (1, True, False)


def test_a_file_that_is_overwritten_is_noticed_though_sqlite_says_nothing(tmp_path: Path) -> None:
    path, backup = tmp_path / "file", tmp_path / "backup"
    store = SqliteStore(path, clock)
    with closing(store.reader()) as reader:
        store.add([token_revocation("t1")])
        assert len(reader.read(0).texts) == 1
        _back_up(path, backup)
        store.add([token_revocation("t2")])
        assert len(reader.read(0).texts) == 1
        _copy_log_into_file(path, path)
        assert _looks(reader) == (0, False)  # it was SQLite
        _copy_over(path, backup)
        assert _looks(reader) == (1, True)


def _looks(reader: SqliteReader) -> tuple[int, bool]:
    """How many rows five looks bring, and whether one of them begins anew."""
    found = [reader.read(0) for _ in range(5)]
    assert found[-1].is_complete
    return sum(len(reading.texts) for reading in found), any(reading.begins_anew for reading in found)


@pytest.mark.parametrize("with_news", [False, True])
def test_a_row_that_is_missing_in_the_middle_is_noticed(tmp_path: Path, with_news: bool) -> None:
    """At once, or, if others are stored at the same time, when the file is written to without one."""
    path = tmp_path / "file"
    store = SqliteStore(path, clock)
    with closing(store.reader()) as reader:
        store.add([token_revocation(f"t{number}") for number in range(3)])
        _execute(path, "INSERT INTO revocations (until, text) VALUES ('x', 'x'), (1e300, 'x'), (-1, 'x')")
        assert len(reader.read(0).texts) == 6
        _execute(path, "DELETE FROM revocations WHERE number = 2")
        if with_news:
            store.add([token_revocation("t3")])
            assert len(reader.read(0).texts) == 1
            _copy_log_into_file(path, path)
        assert _looks(reader) == (6 if with_news else 5, True)


def test_dead_rows_that_went_are_not_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_file, "_KEPT", 0)
    now, path = [float(NOW)], tmp_path / "file"
    store = SqliteStore(path, lambda: now[0])
    with closing(store.reader()) as reader:
        store.add([token_revocation(f"t{number}", NOW + number) for number in range(1, 60)])
        store.add([token_revocation("a1", NOW + 900)])
        assert len(reader.read(0).texts) == 60
        for _ in range(30):
            now[0] += 2.3
            store.add([])
            found = reader.read(0)
            assert (found.is_complete, found.begins_anew) == (True, False)
        assert _rows(path) == 1


@pytest.mark.usefixtures("quick")
def test_two_readers_of_a_process_do_not_keep_a_deleted_log_open(tmp_path: Path) -> None:
    """SQLite would go on with it as long as one has it open, and another process would not see what is added."""
    path = tmp_path / "file"
    with following(path, 2) as [one, other]:
        revoke(one, token_revocation("a1"))
        eventually(lambda: has(other))
        _remove_log_and_rename_over(path, shutil.copyfile(path, tmp_path / "copy"))
        process = Worker(path)
        assert process.read() == "ready"
        process.write("await a2")
        eventually(lambda: _revoked(other, "a2"))
        assert float(process.read()) < time.monotonic()
        process.write("revoke a3")
        assert process.read() == "done"
        eventually(lambda: has(one, "a3") and has(other, "a3"))
        process.end()


def _revoked(copy: SqliteRevocations, token_id: str) -> bool:
    try:
        revoke(copy, token_revocation(token_id))
    except RevocationsUnavailable:
        return False
    return True


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("seed", range(12))
def test_whatever_happens_to_the_file_what_a_process_knows_is_obeyed_by_all(tmp_path: Path, seed: int) -> None:
    """Generated: revocations between replacements, backups of any age and what SQLite does by itself."""
    chance = random.Random(seed)
    path, backups, known = tmp_path / "file", [tmp_path / "backup0"], list[str]()
    with following(path, 2) as copies:
        eventually(lambda: all(copy.status().ready for copy in copies))
        _back_up(path, backups[0])
        for step in range(12):
            change = chance.choice([*REPLACEMENTS, _vacuum, _copy_log_into_file, None, None, None])
            if change is None:
                backups.append(tmp_path / f"backup{step + 1}")
                with suppress(sqlite3.Error):
                    _back_up(path, backups[-1])
            else:
                with suppress(sqlite3.Error):
                    change(path, chance.choice(backups))
            known += [f"t{step}.{number}" for number in range(chance.choice([1, 3, 200]))]
            with suppress(RevocationsUnavailable):  # it is in force in its process, and handed in
                revoke(chance.choice(copies), *map(token_revocation, known[-200:]))
            time.sleep(chance.choice([0, 0, 0.05]))
        if _is_broken(path):  # a copy over a file that is in use can do that; the operator deletes it
            _delete_files(path, path)
        with following(path) as [late]:
            for copy in (*copies, late):
                eventually(partial(_has_each, copy, known))
    with following(path) as [late]:
        eventually(partial(_has_each, late, known))


def _is_broken(path: Path) -> bool:
    with closing(sqlite3.connect(path)) as database:
        try:
            return bool(database.execute("PRAGMA integrity_check").fetchall() != [("ok",)])
        except sqlite3.DatabaseError:
            return True
