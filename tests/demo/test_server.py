"""The demo from outside: `python -m demo` on a real socket, HTTP and websocket clients, curl, signals."""

import json
import os
import pty
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.sync.client import connect

from tests.demo.server import ROOT, Server, authorization, login, register, run_demo, serving

BAD_TOKEN = 'Bearer realm="demo", error="invalid_token", error_description="The access token is malformed"'
MISSING_ROLE = 'Bearer realm="demo"'


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("demo") / "demo.sqlite3") as running:
        yield running


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    with server.client() as one:
        yield one


def test_register_login_profile(client: httpx.Client) -> None:
    registered = register(client, "suman")
    assert (registered.status_code, registered.json()) == (201, {"username": "suman"})
    assert register(client, "suman").status_code == 409

    answer = login(client, "suman")
    tokens = answer.json()
    token, refresh_token = tokens["access_token"], tokens["refresh_token"]
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert tokens == {
        "access_token": token,
        "token_type": "bearer",
        "expires_in": 300,
        "refresh_token": refresh_token,
    }

    profile = client.get("/profile", headers={"Authorization": f"Bearer {token}"})
    assert (profile.status_code, profile.json()) == (200, {"message": "Welcome suman"})


def test_no_token_and_a_bad_token(client: httpx.Client) -> None:
    nobody = client.get("/profile")
    assert (nobody.status_code, nobody.json()) == (401, {"detail": "Not authenticated"})
    assert nobody.headers["www-authenticate"] == 'Bearer realm="demo"'
    bad = client.get("/profile", headers={"Authorization": "Bearer x"})
    assert (bad.status_code, bad.json()) == (401, {"detail": "Could not validate credentials"})
    assert bad.headers["www-authenticate"] == BAD_TOKEN


def test_the_catalogue_greets_everybody(client: httpx.Client) -> None:
    register(client, "carla")
    assert client.get("/catalogue").json()["message"] == "Welcome visitor"
    assert client.get("/catalogue", headers=authorization(client, "carla")).json()["message"] == "Welcome carla"
    assert client.get("/catalogue", headers={"Authorization": "Bearer x"}).status_code == 401


def test_the_websocket_greets_its_user(server: Server, client: httpx.Client) -> None:
    register(client, "wilma")
    url = server.url.replace("http:", "ws:") + "/ws/echo"
    with connect(url, additional_headers=authorization(client, "wilma"), proxy=None) as socket_:
        assert socket_.recv() == "Welcome wilma"
        socket_.send("hello")
        assert socket_.recv() == "hello"
        socket_.send(b"hello")
        with pytest.raises(ConnectionClosedError, match="1003"):
            socket_.recv()
    for headers in ({}, {"Authorization": "Bearer x"}):
        with pytest.raises(InvalidStatus) as refusal:
            connect(url, additional_headers=headers, proxy=None)
        response = refusal.value.response
        assert response.status_code == 401
        assert response.headers["www-authenticate"] == (BAD_TOKEN if headers else 'Bearer realm="demo"')
        assert b"detail" in (response.body or b"")


def test_the_three_curl_lines_work_when_pasted(tmp_path: Path) -> None:
    if shutil.which("curl") is None or shutil.which("bash") is None:
        pytest.skip("needs curl and bash: apt-get install curl bash")
    with serving(tmp_path / "demo.sqlite3") as fresh:
        assert len(fresh.curl_lines) == 3
        done = subprocess.run(
            ["bash", "-c", "\n".join(fresh.curl_lines)], capture_output=True, text=True, check=True, timeout=60
        )
    assert done.stdout == '{"username":"suman"}{"message":"Welcome suman"}'


def test_an_admin_is_made_on_the_command_line(tmp_path: Path) -> None:
    database = str(tmp_path / "demo.sqlite3")
    made = run_demo("--database", database, "create-admin", "root", "--password-stdin", entered="correct horse\n")
    assert made == (0, "root is an admin now.\n", "")
    again = run_demo("create-admin", "ROOT", "--password-stdin", "--database", database, entered="correct horse\n")
    assert again == (1, "", "This username is taken\n")
    empty = run_demo("create-admin", "x", "--password-stdin", "--database", database, entered="\n")
    assert empty == (1, "", "name and password must not be empty\n")

    with serving(Path(database)) as running, running.client() as client:
        register(client, "suman")
        assert client.get("/admin/users", headers=authorization(client, "root")).json() == {"users": ["root", "suman"]}
        other = client.get("/admin/users", headers=authorization(client, "suman"))
        assert (other.status_code, other.json()) == (403, {"detail": "Not enough permissions"})
        assert other.headers["www-authenticate"] == MISSING_ROLE
        assert client.get("/admin/users").status_code == 401


@pytest.mark.parametrize(
    ("typed", "code", "said"),
    [
        (("correct horse", "correct horse"), 0, "root is an admin now."),
        (("correct horse", "another"), 1, "The passwords differ"),
    ],
)
def test_the_password_is_asked_for_on_a_terminal(tmp_path: Path, typed: tuple[str, str], code: int, said: str) -> None:
    """On a pseudo-terminal, as a person sits at it; what he types is not shown."""
    database = str(tmp_path / "demo.sqlite3")
    terminal, theirs = pty.openpty()
    command = [sys.executable, "-m", "demo", "--database", database, "create-admin", "root"]
    process = subprocess.Popen(command, cwd=ROOT, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
    os.close(theirs)
    shown = ""
    for prompt, password in zip(("Password: ", "The same again: "), typed, strict=True):
        while prompt not in shown:
            shown += os.read(terminal, 1024).decode()
        os.write(terminal, f"{password}\n".encode())
    with suppress(OSError):  # the terminal's end, on Linux
        while more := os.read(terminal, 1024):
            shown += more.decode()
    os.close(terminal)
    assert process.wait(timeout=20) == code
    assert said in shown
    assert "correct horse" not in shown


def test_two_processes_on_one_database_are_one_service(tmp_path: Path) -> None:
    database = tmp_path / "demo.sqlite3"
    with serving(database) as one, serving(database) as two, one.client() as first, two.client() as second:
        assert register(first, "suman").status_code == 201
        assert register(second, "Suman").status_code == 409
        token = authorization(first, "suman")
        assert second.get("/profile", headers=token).json() == {"message": "Welcome suman"}
        assert first.get("/profile", headers=authorization(second, "suman")).status_code == 200
        for _ in range(3):
            assert login(first, "suman", "wrong").status_code == 401
        statuses = [login(second, "suman", "wrong").status_code for _ in range(3)]
        assert statuses == [401, 401, 429]  # failures are counted together
    secret = database.with_name("demo.sqlite3.secret")
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert stat.S_IMODE(database.stat().st_mode) == 0o600


def test_an_address_is_the_connections_own(tmp_path: Path) -> None:
    """A guesser who claims another address with each guess is one guesser."""
    with serving(tmp_path / "demo.sqlite3") as running, running.client() as client:
        form = {"username": "suman", "password": "wrong"}
        claims = [{name: f"10.0.0.{number}"} for number in range(3) for name in ("X-Forwarded-For", "Forwarded")]
        statuses = [client.post("/login", data=form, headers=claim).status_code for claim in claims]
    assert statuses == [401] * 5 + [429]


def test_H7_others_are_served_while_a_storm_of_logins_waits(client: httpx.Client) -> None:
    """Twelve logins at bcrypt's full cost are under way; the profile is answered before the last of them is done."""
    register(client, "storm")
    token = authorization(client, "storm")
    with ThreadPoolExecutor(20) as pool:
        logins = [pool.submit(login, client, f"storm{number}") for number in range(12)]
        profiles = [client.get("/profile", headers=token).status_code for _ in range(20)]
        waiting = [one for one in logins if not one.done()]
    assert profiles == [200] * 20
    assert waiting
    assert {one.result().status_code for one in logins} == {401}


@pytest.mark.parametrize(("how", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, -signal.SIGTERM)])
def test_a_signal_ends_it_without_a_word(tmp_path: Path, how: signal.Signals, code: int) -> None:
    with serving(tmp_path / "demo.sqlite3") as running:
        with running.client() as client:
            assert client.get("/catalogue").status_code == 200
        assert running.stop(how) == (code, "")


def test_a_taken_port_is_a_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, output, errors = run_demo("--port", str(port), "--database", str(tmp_path / "d"))
    assert (code, output) == (1, "")
    assert (
        errors
        == f"Cannot listen on 127.0.0.1 port {port}: Address already in use. Another DEMO_PORT or --port may be free.\n"
    )


def test_other_mistakes_are_sentences(tmp_path: Path) -> None:
    database = str(tmp_path / "demo.sqlite3")
    code, _, errors = run_demo("--database", str(tmp_path / "none" / "demo.sqlite3"))
    assert code == 1
    assert "Traceback" not in errors
    code, _, errors = run_demo("--database", str(tmp_path), "create-admin", "x", "--password-stdin", entered="y\n")
    assert (code, errors) == (1, f"The database {tmp_path} cannot be used: unable to open database file\n")
    code, _, errors = run_demo("--port", "70000", "--database", database)
    assert (code, "'70000' is not a port from 0 to 65535" in errors) == (2, True)
    code, _, errors = run_demo("--host", "999.1.1.1", "--port", "0", "--database", database)
    assert (code, errors.startswith("Cannot listen on 999.1.1.1 port 0: ")) == (1, True)
    code, _, errors = run_demo("--database", database, DEMO_SECRET="short")
    assert (code, "the secret has 5 bytes, HS256 needs 32" in errors, "Traceback" in errors) == (1, True, False)
    code, _, errors = run_demo("--port", "0", "--database", database, DEMO_REDIS="nonsense")
    assert (code, "RedisRevocations: url must be such as" in errors, "Traceback" in errors) == (1, True, False)


def test_the_environment_is_as_good_as_options(tmp_path: Path) -> None:
    database, secret = tmp_path / "other.sqlite3", "Jq3vW8xT1nLs6YhBz0KcRp5UmDf9EgAa2oXi4Vt7Mwk"
    settings = {"DEMO_DATABASE": str(database), "DEMO_SECRET": secret, "DEMO_PORT": "0", "DEMO_HOST": "127.0.0.1"}
    with serving(tmp_path / "unused.sqlite3", "--database", str(database), **settings) as running:
        with running.client() as client:
            register(client, "suman")
            token = authorization(client, "suman")
        assert list(tmp_path.glob("*.secret")) == []
    with serving(database, DEMO_SECRET=secret) as again, again.client() as client:
        assert client.get("/profile", headers=token).status_code == 200
    with serving(database) as other, other.client() as client:
        assert client.get("/profile", headers=token).status_code == 401
    code, output, _ = run_demo("create-admin", "root", "--password-stdin", entered="x\n", DEMO_DATABASE=str(database))
    assert (code, output) == (0, "root is an admin now.\n")


def test_a_body_is_never_read_further_than_its_limit(client: httpx.Client) -> None:
    for path in ("/login", "/token/refresh"):
        too_large = client.post(path, data={"refresh_token": "x" * 20_000})
        assert (too_large.status_code, too_large.json()) == (413, {"detail": "The body must have at most 16384 bytes"})


def test_a_secret_that_others_can_read_is_refused(tmp_path: Path) -> None:
    secret = tmp_path / "demo.sqlite3.secret"
    secret.write_text("Jq3vW8xT1nLs6YhBz0KcRp5UmDf9EgAa2oXi4Vt7Mwk")
    secret.chmod(0o644)
    code, _, errors = run_demo("--port", "0", "--database", str(tmp_path / "demo.sqlite3"))
    assert (code, errors) == (1, f"others can read {secret}: remove it, or run: chmod 600 {secret}\n")


def test_a_secret_that_is_no_text_is_refused(tmp_path: Path) -> None:
    secret = tmp_path / "demo.sqlite3.secret"
    secret.write_bytes(b"\xff" * 48)
    secret.chmod(0o600)
    code, _, errors = run_demo("--port", "0", "--database", str(tmp_path / "demo.sqlite3"))
    assert (code, errors) == (1, f"{secret} is not text: remove it, and a new one is made at the next start\n")


@pytest.mark.parametrize(
    ("options", "entered", "said"),
    [
        (["--password-stdin"], b"\xff\n", b"password must not contain control characters\n"),
        ([], b"", b"No password was entered; --password-stdin reads one from standard input\n"),
    ],
    ids=["no UTF-8", "no terminal and nothing to read"],
)
def test_an_odd_password_on_the_command_line_is_a_sentence(
    tmp_path: Path, options: list[str], entered: bytes, said: bytes
) -> None:
    command = [sys.executable, "-m", "demo", "--database", str(tmp_path / "demo.sqlite3"), "create-admin", "x"]
    lenient = {**os.environ, "PYTHONIOENCODING": "utf-8:surrogateescape"}
    done = subprocess.run(
        [*command, *options],
        check=False,
        input=entered,
        capture_output=True,
        cwd=ROOT,
        env=lenient,
        start_new_session=True,
    )
    assert (done.returncode, done.stderr.endswith(said), b"Traceback" in done.stderr) == (1, True, False)


def test_a_raw_client_cannot_put_anything_past_it(server: Server) -> None:
    """Targets and headers that no decent client sends, on the socket; each is refused, and none is a 500."""
    host, port = server.url.removeprefix("http://").split(":")
    targets = [
        b"/profile%0a",
        b"//profile",
        b"/login/../profile",
        b"/catalogue/..%2fprofile",
        b"http://h/profile",
        b"*",
    ]
    requests = [b"GET " + target + b" HTTP/1.1\r\nHost: h\r\n\r\n" for target in targets]
    heads = [b"Authorization: Bearer\xa0x", b"Authorization: Bearer x\r\nAuthorization: Bearer y", b"Authorization:"]
    requests += [b"GET /profile HTTP/1.1\r\nHost: h/catalogue?\r\n" + head + b"\r\n\r\n" for head in heads]
    for request in requests:
        with socket.create_connection((host, int(port)), timeout=10) as raw:
            raw.sendall(request)
            answer = raw.recv(65536)
        assert answer.split()[1] in (b"400", b"401"), request


def test_unknown_routes_are_JSON_too(client: httpx.Client) -> None:
    register(client, "nora")
    token = authorization(client, "nora")
    assert json.loads(client.get("/nowhere", headers=token).text) == {"detail": "Not Found"}
    assert client.post("/profile", headers=token).json() == {"detail": "Method Not Allowed"}
    assert client.get("/nowhere").json() == {"detail": "Not authenticated"}


def test_a_half_sent_body_does_not_hold_up_the_end(tmp_path: Path) -> None:
    with serving(tmp_path / "demo.sqlite3") as server:
        host, port = server.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=20) as connection:
            head = (
                b"POST /register HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n"
            )
            connection.sendall(head + b'{"username": ')
            with server.client() as client:
                assert client.get("/profile").status_code == 401
            begun = time.monotonic()
            code, _ = server.stop(signal.SIGTERM)
            assert time.monotonic() - begun < 9  # it waits three seconds for what is under way
        assert code in (0, -signal.SIGTERM)
