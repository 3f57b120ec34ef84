"""Attacks on login and passwords: rows H1 to H11, in process with a cheap bcrypt cost and a clock of the test's."""

import sqlite3
import unicodedata
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import anyio
import bcrypt
import httpx
import pytest

from demo.accounts import Account, Accounts
from demo.addresses import network_of
from demo.app import make_app
from demo.database import Database
from demo.login_limits import WINDOW, LoginLimits, TooManyFailures
from demo.passwords import Passwords, TooBusy
from demo.request_bodies import _IGNORABLE
from tests.asgi import Answer, http_scope

pytestmark = pytest.mark.anyio

SECRET = "Jq3vW8xT1nLs6YhBz0KcRp5UmDf9EgAa2oXi4Vt7Mwk"
WRONG = {"detail": "Incorrect username or password"}


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "demo.sqlite3"


@pytest.fixture
async def client(database: Path, anyio_backend: str) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(make_app(database, SECRET, bcrypt_cost=4))
    async with httpx.AsyncClient(transport=transport, base_url="http://demo") as one:
        yield one


async def register(client: httpx.AsyncClient, name: Any, password: Any) -> httpx.Response:
    return await client.post("/register", json={"username": name, "password": password})


async def login(client: httpx.AsyncClient, name: str, password: str) -> httpx.Response:
    return await client.post("/login", data={"username": name, "password": password})


def refused_alike(*answers: httpx.Response) -> bool:
    wanted = {"www-authenticate": 'Bearer realm="demo"', "cache-control": "no-store"}
    return all(
        answer.status_code == 401
        and answer.json() == WRONG
        and wanted.items() <= answer.headers.items()
        and answer.headers.items() == answers[0].headers.items()
        for answer in answers
    )


class CountingBcrypt:
    """Stands where the demo's passwords look bcrypt up, counts its runs and their costs, and lets it work."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.costs: list[int] = []
        real = bcrypt.checkpw

        def checkpw(password: bytes, password_hash: bytes) -> bool:
            self.costs.append(int(password_hash[4:6]))
            return real(password, password_hash)

        monkeypatch.setattr("demo.passwords.bcrypt.checkpw", checkpw)


async def test_H1_a_longer_password_never_equals_its_beginning(client: httpx.AsyncClient) -> None:
    assert (await register(client, "suman", "a" * 72)).status_code == 201
    assert (await login(client, "suman", "a" * 72)).status_code == 200
    assert refused_alike(await login(client, "suman", "a" * 73))
    too_long = await register(client, "other", "a" * 73)
    assert (too_long.status_code, too_long.json()) == (422, {"detail": "password must have at most 72 bytes in UTF-8"})
    assert (await register(client, "other", "é" * 37)).status_code == 422


async def test_H2_H3_every_failure_is_the_same_answer_and_the_same_work(
    client: httpx.AsyncClient, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await register(client, "suman", "correct horse")
    accounts = Accounts(Database(database))
    for name, password_hash in (("no-hash", b""), ("broken", b"$2b$12$x"), ("text", b"plain"), ("md5", b"$1$x$y")):
        await accounts.add(Account(name, password_hash, ()))
    counted = CountingBcrypt(monkeypatch)
    attempts = [
        ("suman", "wrong"),
        ("unknown", "wrong"),
        ("suman", "a" * 73),
        ("unknown", "a" * 73),
        ("suman", "a\x00"),
    ]
    attempts += [(name, "wrong") for name in ("no-hash", "broken", "text", "md5")]
    answers = [await login(client, name, password) for name, password in attempts]
    assert refused_alike(*answers)
    assert counted.costs == [4] * len(attempts)


async def test_H4_a_NUL_ends_nothing(client: httpx.AsyncClient, database: Path) -> None:
    await register(client, "suman", "correct")
    assert refused_alike(await login(client, "suman", "correct\x00horse"))
    assert (await register(client, "other", "correct\x00horse")).status_code == 422


async def test_H5_a_hash_of_enormous_cost_is_not_run(
    client: httpx.AsyncClient, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts = Accounts(Database(database))
    counted = CountingBcrypt(monkeypatch)
    for cost in (16, 31, 99, 3):
        await accounts.add(Account(f"cost{cost}", b"$2b$%02d$" % cost + b"a" * 53, ()))
        assert refused_alike(await login(client, f"cost{cost}", "a"))
    assert counted.costs == [4] * 4


@pytest.mark.parametrize("password", ["\ud800", "\U0010ffff", "ü", "\x7f", " "])
async def test_H6_odd_passwords_and_hashes_are_no_errors(password: str) -> None:
    passwords = Passwords(4)
    for password_hash in (None, b"", b"\xff", b"$2b$04$", passwords.hash_now("x")):
        assert await passwords.check(password, password_hash) is False


_LETTERS = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


async def test_H6_no_letter_at_the_end_of_a_salt_is_an_error() -> None:
    passwords = Passwords(4)
    for prefix in ("2a", "2b", "2x", "2y"):
        for letter in _LETTERS:
            password_hash = f"${prefix}$04${'a' * 21}{letter}{'9' * 31}".encode()
            assert await passwords.check("x", password_hash) is False


async def test_H6_a_hash_written_as_text_is_read_all_the_same(client: httpx.AsyncClient, database: Path) -> None:
    await register(client, "suman", "correct horse")
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE accounts SET password_hash = CAST(password_hash AS TEXT)")
    assert (await login(client, "suman", "correct horse")).status_code == 200
    assert refused_alike(await login(client, "suman", "wrong"))


async def test_H7_more_than_a_few_waiting_logins_are_turned_away() -> None:
    passwords = Passwords(6)
    rejected_waiters = []

    async def one() -> None:
        try:
            await passwords.check("x", None)
        except TooBusy:
            rejected_waiters.append(1)

    async with anyio.create_task_group() as tasks:
        for _ in range(100):
            tasks.start_soon(one)
    assert len(rejected_waiters) == 100 - 64
    assert await passwords.check("x", passwords.hash_now("x"))


async def test_H7_turned_away_is_said_with_a_time(client: httpx.AsyncClient) -> None:
    answers: list[httpx.Response] = []

    async def one(number: int) -> None:
        answers.append(await register(client, f"user{number}", "correct horse"))

    async with anyio.create_task_group() as tasks:
        for number in range(100):
            tasks.start_soon(one, number)
    assert {answer.status_code for answer in answers} <= {201, 503}
    for answer in answers:
        if answer.status_code == 503:
            assert answer.headers["retry-after"] == "5"
            assert answer.json() == {"detail": "Too many logins at once; try again soon"}


def test_H8_bcrypt_is_a_key_to_nothing() -> None:
    """Only passwords are hashed with it: it is used in one file of the demo and in none of the library."""
    root = Path(__file__).parent.parent.parent
    users = [
        path.name
        for path in [*root.glob("demo/*.py"), *root.glob("middleware/**/*.py")]
        if "bcrypt." in path.read_text()
    ]
    assert users == ["passwords.py"]


async def test_H9_one_name_and_password_however_its_letters_are_composed(client: httpx.AsyncClient) -> None:
    name, password = "Zoë", "çörrect"
    decomposed = [unicodedata.normalize("NFD", text) for text in (name, password)]
    registered = await register(client, *decomposed)
    assert registered.json() == {"username": unicodedata.normalize("NFC", name)}
    assert (await login(client, name, password)).status_code == 200
    assert (await login(client, *decomposed)).status_code == 200
    for twin in (name, decomposed[0], "ZOË", "ｚｏë"):
        assert (await register(client, twin, password)).status_code == 409


async def test_H10_a_token_is_never_given_to_a_GET_or_stored(client: httpx.AsyncClient) -> None:
    await register(client, "suman", "correct horse")
    answer = await client.get("/login", params={"username": "suman", "password": "correct horse"})
    assert answer.status_code == 401
    good = await login(client, "suman", "correct horse")
    assert good.headers["cache-control"] == "no-store"
    assert "set-cookie" not in good.headers


@pytest.mark.parametrize("content_type", ["text/plain", "multipart/form-data; boundary=x", "application/json", "", "x"])
async def test_H11_only_the_form_logs_in(client: httpx.AsyncClient, content_type: str) -> None:
    headers = {"Content-Type": content_type}
    body = b"username=suman&password=correct+horse"
    assert (await client.post("/login", content=body, headers=headers)).status_code == 415


@pytest.mark.parametrize(
    ("site", "status"), [("cross-site", 403), ("same-site", 401), ("same-origin", 401), (None, 401)]
)
async def test_H11_another_sites_form_is_no_failure_of_its_visitor(
    client: httpx.AsyncClient, site: str | None, status: int
) -> None:
    headers = {} if site is None else {"Sec-Fetch-Site": site}
    for _ in range(5):
        answer = await client.post("/login", data={"username": "suman", "password": "wrong"}, headers=headers)
        assert answer.status_code == status
    assert (await login(client, "suman", "wrong")).status_code == (401 if status == 403 else 429)


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "text/json", ""])
async def test_H11_only_JSON_registers(client: httpx.AsyncClient, content_type: str) -> None:
    headers = {"Content-Type": content_type}
    body = b'{"username": "suman", "password": "correct horse"}'
    assert (await client.post("/register", content=body, headers=headers)).status_code == 415
    headers = {"Content-Type": "application/json; charset=utf-8"}
    assert (await client.post("/register", content=body, headers=headers)).status_code == 201


async def test_H7_who_is_turned_away_has_not_failed(client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    await register(client, "suman", "correct horse")
    for _ in range(4):
        assert refused_alike(await login(client, "suman", "wrong"))
    with monkeypatch.context() as full:
        full.setattr("demo.passwords._MAX_WAITING", 0)
        assert [(await login(client, "suman", "wrong")).status_code for _ in range(6)] == [503] * 6
    assert refused_alike(await login(client, "suman", "wrong"))
    assert (await login(client, "suman", "wrong")).status_code == 429  # and the five real failures still count


async def test_a_fault_of_our_own_is_JSON_too(database: Path) -> None:
    transport = httpx.ASGITransport(make_app(database, SECRET, bcrypt_cost=4), raise_app_exceptions=False)
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("DROP TABLE accounts")
    async with httpx.AsyncClient(transport=transport, base_url="http://demo") as client:
        answer = await register(client, "suman", "correct horse")
    assert (answer.status_code, answer.json()) == (500, {"detail": "Internal Server Error"})


# What registration and login accept.


@pytest.mark.parametrize(
    ("name", "password", "detail"),
    [
        ("", "x", "username must not be empty"),
        ("x", "", "password must not be empty"),
        (None, "x", "username is missing"),
        ("x", 7, "password must be a string"),
        (["x"], "x", "username must be a string"),
        ("x" * 65, "x", "username must have at most 64 characters"),
        ("x\n", "x", "username must not start or end with white space"),
        ("a\x00b", "x", "username must not contain control characters"),
        ("a\u202eb", "x", "username must not contain control characters"),
        ("x", "a\tb", "password must not contain control characters"),
    ],
)
async def test_bad_input_is_a_clear_422(client: httpx.AsyncClient, name: Any, password: Any, detail: str) -> None:
    answer = await register(client, name, password)
    assert (answer.status_code, answer.json()) == (422, {"detail": detail})


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b'{"username":"a","username":"b"}', b'{"username":"\\ud800"}', b"\xff"]
)
async def test_a_body_that_is_no_registration_is_a_422(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post("/register", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert answer.json() == {"detail": "The body must be a JSON object with username and password"}


@pytest.mark.parametrize(
    ("body", "status", "detail"),
    [
        (b"", 422, "username is missing"),
        (b"username", 422, "The body must be a form with username and password"),
        (b"username=%ff&password=x", 422, "The body must be a form with username and password"),
        (b"username=\xff&password=x", 422, "The body must be a form with username and password"),
        (b"&".join([b"a=b"] * 30), 422, "The body must be a form with username and password"),
        (b"username=a&username=b&password=x", 422, "A field of the form occurs twice"),
        (b"username=a", 422, "password is missing"),
        (b"username=&password=x", 422, "username must not be empty"),
        (b"username=a&password=x&grant_type=client_credentials", 422, 'grant_type must be "password"'),
    ],
)
async def test_a_form_that_is_no_login(client: httpx.AsyncClient, body: bytes, status: int, detail: str) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await client.post("/login", content=body, headers=headers)
    assert (answer.status_code, answer.json()) == (status, {"detail": detail})


async def test_the_form_of_OAuth2_clients_is_accepted(client: httpx.AsyncClient) -> None:
    await register(client, "suman", "correct horse")
    form = {"grant_type": "password", "username": "suman", "password": "correct horse", "scope": "", "client_id": ""}
    assert (await client.post("/login", data=form)).status_code == 200


async def test_of_many_registrations_of_one_name_one_succeeds(client: httpx.AsyncClient) -> None:
    answers: list[int] = []

    async def one() -> None:
        answers.append((await register(client, "suman", "correct horse")).status_code)

    async with anyio.create_task_group() as tasks:
        for _ in range(20):
            tasks.start_soon(one)
    assert sorted(answers) == [201] + [409] * 19


# How often a login may fail.


async def test_the_sixth_failure_is_a_429_for_known_and_unknown_names_alike(client: httpx.AsyncClient) -> None:
    await register(client, "suman", "correct horse")
    for name in ("suman", "unknown"):
        statuses = [(await login(client, name, "wrong")).status_code for _ in range(5)]
        assert statuses == [401] * 5
        answer = await login(client, name, "correct horse")
        assert (answer.status_code, answer.json()) == (429, {"detail": "Too many failed logins; try again later"})
        assert 1 <= int(answer.headers["retry-after"]) <= 300


async def test_a_hundred_guesses_at_once_are_no_more_than_five(client: httpx.AsyncClient) -> None:
    answers: list[int] = []

    async def one() -> None:
        answers.append((await login(client, "suman", "wrong")).status_code)

    async with anyio.create_task_group() as tasks:
        for _ in range(60):
            tasks.start_soon(one)
    assert sorted(answers) == [401] * 5 + [429] * 55


async def failures(limits: LoginLimits, count: int, name: str = "suman", address: str = "a") -> None:
    for _ in range(count):
        await limits.count_attempt(name, address)


async def refusal(limits: LoginLimits, name: str = "suman", address: str = "a") -> int:
    with pytest.raises(TooManyFailures) as refused:
        await limits.count_attempt(name, address)
    return refused.value.retry_after


async def test_limits_hold_for_the_pair_the_address_and_the_account(database: Path) -> None:
    now = [1000.0]
    limits = LoginLimits(Database(database), lambda: now[0])
    await failures(limits, 5)
    now[0] += 100.5
    assert await refusal(limits) == 200  # until the oldest of the five is out of the window
    assert await refusal(limits, name="SUMAN") == 200
    await failures(limits, 4, address="b")
    for number in range(4):
        await failures(limits, 4, name=f"other{number}", address="b")
    assert await refusal(limits, name="one more", address="b") == 300  # twenty of one address
    for number in range(41):
        await limits.count_attempt("suman", f"c{number}")
    assert await refusal(limits, address="d") == 200  # fifty of one account


async def test_a_success_starts_anew_and_the_window_moves_on(database: Path) -> None:
    now = [1000.0]
    limits = LoginLimits(Database(database), lambda: now[0])
    await failures(limits, 5)
    await limits.forget("suman", "a")
    await failures(limits, 5)
    now[0] += WINDOW - 1
    assert await refusal(limits) == 1
    now[0] += 1
    await failures(limits, 5)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("::FFFF:c000:207", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
def test_a_client_is_its_network(address: str, network: str) -> None:
    assert network_of(address) == network


@pytest.mark.parametrize("form", ["2001:db8:1:2::{}", "::ffff:192.0.2.7"], ids=["a /64", "IPv4 over IPv6"])
async def test_login_failures_are_counted_for_a_whole_network(database: Path, form: str) -> None:
    limits = LoginLimits(Database(database), clock=lambda: 1_800_000_000.0)
    for number in range(5):
        await limits.count_attempt("suman", form.format(number))
    with pytest.raises(TooManyFailures):
        await limits.count_attempt("suman", "192.0.2.7" if "ffff" in form else form.format("beef"))
    await limits.forget("suman", form.format("a"))
    await limits.count_attempt("suman", form.format("b"))


@pytest.mark.parametrize(
    "code",
    [*(first for first, _ in _IGNORABLE), *(last for _, last in _IGNORABLE)],
    ids=hex,
)
async def test_a_name_with_an_invisible_character_cannot_be_registered(client: httpx.AsyncClient, code: int) -> None:
    answer = await register(client, f"su{chr(code)}man", "correct horse")
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("username must not contain ")


def test_every_invisible_character_is_in_the_table() -> None:
    """Python's database has no such property, but these are all of its kind that it tells by their category."""
    invisible = {code for first, last in _IGNORABLE for code in range(first, last + 1)}
    shown_by_format = {0x600, 0x601, 0x602, 0x603, 0x604, 0x605, 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD}
    formats = {code for code in range(0x110000) if unicodedata.category(chr(code)) == "Cf"}
    rest = formats - invisible - shown_by_format
    assert rest <= {*range(0x13430, 0x13456), *range(0xFFF9, 0xFFFC)}


async def test_a_body_that_does_not_arrive_is_not_waited_for(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("demo.request_bodies._PATIENCE", 0.1)
    headers = [(b"content-type", b"application/json")]
    answer, parts = Answer(), [{"type": "http.request", "body": b'{"username": ', "more_body": True}]

    async def receive() -> Any:
        return parts.pop() if parts else await anyio.sleep_forever()

    async def send(message: Any) -> None:
        answer.messages.append(message)

    with anyio.fail_after(10):
        await make_app(database, SECRET, bcrypt_cost=4)(http_scope("/register", "POST", headers), receive, send)
    assert (answer.status, answer.detail) == (408, "The body must arrive within 0 seconds")
