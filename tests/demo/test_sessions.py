"""Staying logged in and logging out, in process: what each answer is, and what holds when a store is down."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from asgi_bearer import Claims, Revocation, Revocations, TokenIssuer, User
from asgi_bearer.errors import RevocationsUnavailable
from asgi_bearer.tokens.frozen_json import LazyFrozenObject
from demo.accounts import Account, Accounts
from demo.app import AUDIENCE, ISSUER, make_app
from demo.database import Database
from demo.refresh_tokens import RefreshTokens
from demo.sessions import Sessions

pytestmark = pytest.mark.anyio

SECRET = "Jq3vW8xT1nLs6YhBz0KcRp5UmDf9EgAa2oXi4Vt7Mwk"
INVALID_GRANT = {
    "error": "invalid_grant",
    "error_description": "The refresh token is unknown, expired, used or revoked",
    "detail": "The refresh token is unknown, expired, used or revoked",
}
REVOKED = 'Bearer realm="demo", error="invalid_token", error_description="The access token was revoked"'


class DownRevocations(Revocations):
    """As with a store that cannot be reached: in force here only."""

    async def revoke(self, *revocations: Revocation) -> None:
        await super().revoke(*revocations)
        raise RevocationsUnavailable


def client_of(database: Path, revocations: Revocations | None = None) -> httpx.AsyncClient:
    app = make_app(database, SECRET, revocations=revocations, bcrypt_cost=4)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://demo")


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "demo.sqlite3"


@pytest.fixture
async def client(database: Path, anyio_backend: str) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(database) as one:
        yield one


async def log_in(client: httpx.AsyncClient, name: str = "suman") -> dict[str, Any]:
    await client.post("/register", json={"username": name, "password": "correct horse"})
    answer = await client.post("/login", data={"username": name, "password": "correct horse"})
    tokens: dict[str, Any] = answer.json()
    return tokens


async def refresh(client: httpx.AsyncClient, refresh_token: str) -> httpx.Response:
    return await client.post("/token/refresh", data={"grant_type": "refresh_token", "refresh_token": refresh_token})


def bearing(tokens: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens['access_token']}"}


async def profile(client: httpx.AsyncClient, tokens: dict[str, Any]) -> int:
    return (await client.get("/profile", headers=bearing(tokens))).status_code


async def test_a_refresh_answers_as_a_login_does(client: httpx.AsyncClient) -> None:
    first = await log_in(client)
    answer = await refresh(client, first["refresh_token"])
    second = answer.json()
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert second.keys() == first.keys() == {"access_token", "token_type", "expires_in", "refresh_token"}
    assert (second["token_type"], second["expires_in"]) == ("bearer", 300)
    assert not set(first.values()).intersection((second["access_token"], second["refresh_token"]))
    assert await profile(client, second) == 200
    assert await profile(client, first) == 200  # until it expires: only its refresh token is used up


async def test_it_is_taken_as_JSON_too(client: httpx.AsyncClient) -> None:
    tokens = await log_in(client)
    for extra in ({}, {"grant_type": "refresh_token"}):
        answer = await client.post("/token/refresh", json={"refresh_token": tokens["refresh_token"], **extra})
        assert answer.status_code == 200
        tokens = answer.json()


async def test_an_old_refresh_token_ends_the_whole_session(client: httpx.AsyncClient) -> None:
    """RFC 9700 section 4.14.2, and its access tokens with it; another session of the account goes on."""
    first, other = await log_in(client), await log_in(client)
    second = (await refresh(client, first["refresh_token"])).json()
    for token in (first["refresh_token"], second["refresh_token"]):
        answer = await refresh(client, token)
        assert (answer.status_code, answer.json()) == (400, INVALID_GRANT)
        assert answer.headers["cache-control"] == "no-store"
    for tokens in (first, second):
        answer = await client.get("/profile", headers=bearing(tokens))
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, REVOKED)
    assert await profile(client, other) == 200
    assert (await refresh(client, other["refresh_token"])).status_code == 200


async def test_roles_are_those_that_the_account_has_now(client: httpx.AsyncClient, database: Path) -> None:
    tokens = await log_in(client)
    assert (await client.get("/admin/users", headers=bearing(tokens))).status_code == 403
    await Database(database).run(lambda connection: connection.execute("UPDATE accounts SET roles = 'admin'"))
    tokens = (await refresh(client, tokens["refresh_token"])).json()
    assert (await client.get("/admin/users", headers=bearing(tokens))).status_code == 200


async def test_without_its_account_a_refresh_token_is_worth_nothing(client: httpx.AsyncClient, database: Path) -> None:
    tokens = await log_in(client)
    await Database(database).run(lambda connection: connection.execute("DELETE FROM accounts"))
    assert await Accounts(Database(database)).find("suman") is None
    assert (await refresh(client, tokens["refresh_token"])).json() == INVALID_GRANT


async def test_a_token_of_the_other_kind_is_none(client: httpx.AsyncClient) -> None:
    tokens = await log_in(client)
    assert (await refresh(client, tokens["access_token"])).json() == INVALID_GRANT
    assert await profile(client, {"access_token": tokens["refresh_token"]}) == 401


async def test_guesses_are_limited_and_a_good_token_never_is(client: httpx.AsyncClient) -> None:
    tokens = await log_in(client)
    answers = [await refresh(client, "x" * 86) for _ in range(6)]
    assert [one.status_code for one in answers] == [400] * 5 + [429]
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 300
    assert (await refresh(client, tokens["refresh_token"])).status_code == 200


async def test_guesses_of_one_address_are_not_anothers(database: Path) -> None:
    app = make_app(database, SECRET, bcrypt_cost=4)
    statuses = set()
    for number in range(60):
        transport = httpx.ASGITransport(app, client=(f"10.0.0.{number}", 50000))
        async with httpx.AsyncClient(transport=transport, base_url="http://demo") as other:
            statuses.add((await refresh(other, "x" * 86)).status_code)
    assert statuses == {400}


NEEDED = "grant_type and refresh_token are needed"
NO_FORM = "The body must be a form with grant_type and refresh_token"


@pytest.mark.parametrize(
    ("body", "error", "detail"),
    [
        (b"", "invalid_request", NEEDED),
        (b"refresh_token=x", "invalid_request", NEEDED),
        (b"grant_type=refresh_token", "invalid_request", NEEDED),
        (b"grant_type=refresh_token&refresh_token=", "invalid_request", NEEDED),
        (
            b"grant_type=refresh_token&refresh_token=x&refresh_token=x",
            "invalid_request",
            "A field of the form occurs twice",
        ),
        (b"grant_type", "invalid_request", NO_FORM),
        (b"\xff", "invalid_request", NO_FORM),
        (b"grant_type=password&refresh_token=x", "unsupported_grant_type", 'grant_type must be "refresh_token"'),
    ],
)
async def test_a_form_that_asks_for_nothing(client: httpx.AsyncClient, body: bytes, error: str, detail: str) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await client.post("/token/refresh", content=body, headers=headers)
    assert (answer.status_code, answer.headers["cache-control"]) == (400, "no-store")
    assert answer.json() == {"error": error, "error_description": detail, "detail": detail}


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"refresh_token": 7}', b'{"refresh_token": "\\ud800"}', b'{"refresh_token": null}']
)
async def test_JSON_that_asks_for_nothing(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post("/token/refresh", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("content_type", ["text/plain", "multipart/form-data; boundary=x", "text/json", ""])
async def test_other_content_types_are_refused(client: httpx.AsyncClient, content_type: str) -> None:
    body = b"grant_type=refresh_token&refresh_token=x"
    answer = await client.post("/token/refresh", content=body, headers={"Content-Type": content_type})
    assert (answer.status_code, answer.headers["cache-control"]) == (415, "no-store")


async def test_a_logout_ends_this_session_and_no_other(client: httpx.AsyncClient) -> None:
    first, other = await log_in(client), await log_in(client)
    second = (await refresh(client, first["refresh_token"])).json()
    answer = await client.post("/logout", headers=bearing(second))
    assert (answer.status_code, answer.content) == (204, b"")
    assert [await profile(client, tokens) for tokens in (first, second, other)] == [401, 401, 200]
    assert (await refresh(client, second["refresh_token"])).json() == INVALID_GRANT
    assert (await refresh(client, other["refresh_token"])).status_code == 200
    assert (await client.post("/logout", headers=bearing(second))).status_code == 401


async def test_a_token_of_no_session_can_be_logged_out_too(client: httpx.AsyncClient) -> None:
    await log_in(client)
    signed = {"access_token": TokenIssuer(ISSUER, AUDIENCE, SECRET).issue("suman")}
    assert (await client.post("/logout", headers=bearing(signed))).status_code == 204
    assert await profile(client, signed) == 401


async def test_a_logout_everywhere_ends_them_all_and_the_next_login_is_good(client: httpx.AsyncClient) -> None:
    first, second, stranger = await log_in(client), await log_in(client), await log_in(client, "carla")
    assert (await client.post("/logout/everywhere", headers=bearing(first))).status_code == 204
    assert [await profile(client, tokens) for tokens in (first, second, stranger)] == [401, 401, 200]
    for tokens in (first, second):
        assert (await refresh(client, tokens["refresh_token"])).json() == INVALID_GRANT
    assert await profile(client, await log_in(client)) == 200


async def test_a_refresh_that_is_under_way_does_not_outlive_a_logout_everywhere(database: Path) -> None:
    """Its token is issued in a later second than the one up to which the subject is revoked."""
    revocations, shared = Revocations(), Database(database)
    tokens = TokenIssuer(ISSUER, AUDIENCE, SECRET, lifetime=timedelta(minutes=5))
    account = Account("suman", b"", ())
    await Accounts(shared).add(account)

    class BusyAccounts(Accounts):
        async def find(self, name: str) -> Account | None:
            await sessions.end_all(verified)
            return await super().find(name)

    sessions = Sessions(BusyAccounts(shared), RefreshTokens(shared), tokens, revocations)
    first = await sessions.begin(account)
    verified = User(Claims(ISSUER, "suman", (), frozenset(), frozenset(), 0, 0, 0, 0, LazyFrozenObject({})))
    late = await sessions.renew(first["refresh_token"])
    async with client_of(database, revocations) as client:
        assert [await profile(client, one) for one in (first, late)] == [401, 401]
        assert (await refresh(client, late["refresh_token"])).json() == INVALID_GRANT


@pytest.mark.parametrize("path", ["/logout", "/logout/everywhere"])
async def test_a_logout_is_a_POST_with_a_token(client: httpx.AsyncClient, path: str) -> None:
    tokens = await log_in(client)
    assert (await client.post(path)).status_code == 401
    assert (await client.get(path, headers=bearing(tokens))).status_code == 405
    assert await profile(client, tokens) == 200


@pytest.mark.parametrize("path", ["/logout", "/logout/everywhere"])
async def test_with_the_store_down_a_logout_says_what_holds(database: Path, path: str) -> None:
    async with client_of(database, DownRevocations()) as client:
        tokens = await log_in(client)
        answer = await client.post(path, headers=bearing(tokens))
        assert (answer.status_code, answer.headers["cache-control"]) == (503, "no-store")
        assert answer.json() == {
            "detail": "Logged out here, and no refresh works; other servers follow when their store is back"
        }
        assert await profile(client, tokens) == 401
        assert (await refresh(client, tokens["refresh_token"])).json() == INVALID_GRANT


async def test_with_the_store_down_a_stolen_token_is_refused_all_the_same(database: Path) -> None:
    async with client_of(database, DownRevocations()) as client:
        first = await log_in(client)
        second = (await refresh(client, first["refresh_token"])).json()
        assert (await refresh(client, first["refresh_token"])).json() == INVALID_GRANT
        assert await profile(client, second) == 401
        assert (await refresh(client, second["refresh_token"])).json() == INVALID_GRANT
