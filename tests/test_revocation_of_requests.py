"""The middleware asks what is taken back at every request, of tokens seen before as of new ones."""

from datetime import timedelta
from typing import Any

import pytest

from asgi_bearer import (
    AuthenticationUnavailable,
    BearerMiddleware,
    CacheLimits,
    ConfigurationError,
    Revocation,
    Revocations,
    SqliteRevocations,
    StaticKeys,
    TokenIssuer,
    optional,
    protected,
    public,
)
from asgi_bearer.tokens.identifiers import TokenIdentifiers
from tests.asgi import Recorder, bearer, call, challenge_of, get, guarded, websocket_scope
from tests.keys import SECRET
from tests.tokens import AUDIENCE, ISSUER, NOW, claims, issuer, sign

pytestmark = pytest.mark.anyio

REVOKED = challenge_of("invalid_token", "The access token was revoked")
HOUR = timedelta(hours=1)


def clock() -> float:
    return float(NOW)


async def answers(app: BearerMiddleware, token: str) -> int:
    """Asked twice, so that a token that is kept is asked about too."""
    one, two = await get(app, token=token), await get(app, token=token)
    assert one.status == two.status
    return one.status


@pytest.fixture(params=[None, CacheLimits()], ids=["no cache", "cache"])
def cache(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.mark.parametrize(
    ("revocation", "concerned", "others"),
    [
        pytest.param(Revocation("token", ISSUER, "a1", NOW + 600), {}, {"jti": "a2"}, id="a token"),
        pytest.param(
            Revocation.subject(ISSUER, "suman", lifetime=HOUR, clock=clock), {}, {"sub": "other"}, id="a subject"
        ),
        pytest.param(
            Revocation.subject(ISSUER, "suman", lifetime=HOUR, before=NOW - 1, clock=clock),
            {"iat": NOW - 1},
            {"iat": NOW},
            id="a subject, issued before",
        ),
        pytest.param(
            Revocation.session(ISSUER, "s1", lifetime=HOUR, clock=clock), {"sid": "s1"}, {"sid": "s2"}, id="a session"
        ),
    ],
)
async def test_what_is_taken_back_is_refused(revocation: Revocation, concerned: Any, others: Any, cache: Any) -> None:
    revocations = Revocations(clock=clock)
    app = guarded(Recorder(), revocations=revocations, cache=cache)
    taken_back, other = sign(claims(**concerned)), sign(claims(**others))
    assert (await answers(app, taken_back), await answers(app, other)) == (200, 200)
    await revocations.revoke(revocation)
    assert (await answers(app, taken_back), await answers(app, other)) == (401, 200)
    answer = await get(app, token=taken_back)
    assert (answer.detail, answer.challenge) == ("Could not validate credentials", REVOKED)


@pytest.mark.parametrize("named", [True, False], ids=["kid in the header", "no kid in the header"])
async def test_a_key_that_is_taken_back_signs_no_more(named: bool, cache: Any) -> None:
    revocations = Revocations(clock=clock)
    keys = StaticKeys.from_secret(SECRET, key_id="k1")
    app = guarded(Recorder(), revocations=revocations, cache=cache, issuers=issuer(keys=keys))
    token = sign(kid="k1") if named else sign()
    assert await answers(app, token) == 200
    await revocations.revoke(Revocation.key(ISSUER, "k1", lifetime=HOUR, clock=clock))
    assert await answers(app, token) == 401


async def test_another_issuers_names_are_others(cache: Any) -> None:
    revocations = Revocations(clock=clock)
    app = guarded(Recorder(), revocations=revocations, cache=cache)
    await revocations.revoke(Revocation("token", "https://other.example.com/", "a1", NOW + 600))
    assert await answers(app, sign()) == 200


async def test_401_comes_before_403_and_optional_routes_refuse_too() -> None:
    revocations = Revocations(clock=clock)
    rules = [public("/open"), optional("/maybe"), protected("/admin", roles=["admin"])]
    app = guarded(Recorder(), rules, revocations=revocations)
    await revocations.revoke(Revocation("token", ISSUER, "a1", NOW + 600))
    for path, status in (("/open", 200), ("/maybe", 401), ("/admin", 401), ("/", 401)):
        assert (await get(app, path, sign())).status == status


async def test_a_websocket_is_refused_before_it_is_accepted() -> None:
    revocations = Revocations(clock=clock)
    app = guarded(Recorder(), revocations=revocations)
    await revocations.revoke(Revocation("token", ISSUER, "a1", NOW + 600))
    scope = websocket_scope(headers=[bearer(sign())], extensions={"websocket.http.response": {}})
    answer = await call(app, scope)
    assert (answer.status, answer.challenge) == (401, REVOKED)


class Unknown(Revocations):
    """Whose store cannot be reached."""

    def is_revoked(self, marks: TokenIdentifiers) -> bool:
        raise AuthenticationUnavailable


async def test_what_is_not_known_is_our_fault() -> None:
    answer = await get(guarded(Recorder(), revocations=Unknown()), token=sign())
    assert (answer.status, answer.challenge, answer.header("retry-after")) == (503, None, "5")


async def test_it_follows_from_the_start_on(tmp_path: Any) -> None:
    revocations = SqliteRevocations(tmp_path / "revocations.sqlite3")
    app = guarded(Recorder(), revocations=revocations)
    await call(app, {"type": "lifespan"})
    try:
        assert revocations.status().ready
    finally:
        revocations.close()


async def test_a_store_that_is_down_does_not_keep_it_from_starting(tmp_path: Any) -> None:
    file = tmp_path / "revocations.sqlite3"
    file.mkdir()
    revocations = SqliteRevocations(file)
    try:
        await revocations.wait_until_ready(patience=0.05)
        assert not revocations.status().ready
    finally:
        revocations.close()


@pytest.mark.parametrize(
    ("revocations", "said"),
    [
        ("redis://localhost", "revocations must be Revocations"),
        (Revocations(clock=7), "clock must be a function"),  # type: ignore[arg-type]
    ],
)
def test_a_fault_is_said(revocations: Any, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        guarded(Recorder(), revocations=revocations)


async def test_a_user_hands_in_his_own_token() -> None:
    """As a logout does."""
    revocations, tokens = Revocations(), TokenIssuer(ISSUER, AUDIENCE, SECRET)

    async def logout(scope: Any, receive: Any, send: Any) -> None:
        await revocations.revoke(Revocation.token(scope["user"]))
        await Recorder()(scope, receive, send)

    app = BearerMiddleware(logout, issuers=issuer(), revocations=revocations)
    token = tokens.issue("suman")
    assert (await get(app, token=token)).status == 200
    assert (await get(app, token=token)).status == 401
