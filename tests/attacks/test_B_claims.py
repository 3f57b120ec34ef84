"""Attacks on claims and token type: rows B1 to B13."""

from typing import Any

import pytest

from asgi_bearer import Claims, ConfigurationError, Issuer, StaticKeys, optional, protected
from tests.asgi import Recorder, get, guarded
from tests.attacks.test_A_signatures import refused
from tests.keys import SECRET, public_jwk
from tests.test_claims import NOT_A_STRING, NOT_A_TIME
from tests.tokens import ABSENT, AUDIENCE, ISSUER, NOW, claims, encode, issuer, sign

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
async def test_B1_a_time_of_another_type_is_never_an_absent_one(name: str) -> None:
    for value in NOT_A_TIME:
        assert await refused(sign(claims(**{name: value}))) == "The claims of the access token are invalid"


@pytest.mark.parametrize("name", ["iss", "sub", "jti"])
async def test_B1_a_name_of_another_type_is_never_an_absent_one(name: str) -> None:
    for value in NOT_A_STRING:
        assert await refused(sign(claims(**{name: value}))) == "The claims of the access token are invalid"


@pytest.mark.parametrize("name", ["https://login.example.com/.evil", "h", "", "https://login.example.com"])
async def test_B2_iss_is_no_substring(name: str) -> None:
    assert await refused(sign(claims(iss=name))) == "The access token is not signed by a trusted issuer"


async def test_B3_iss_is_no_array() -> None:
    for value in ([ISSUER], {ISSUER: 1}, [ISSUER, "x"]):
        assert await refused(sign(claims(iss=value)))


@pytest.mark.parametrize(
    "audience", [ABSENT, [], None, 7, True, [[AUDIENCE]], {AUDIENCE: AUDIENCE}, "orders", "orders-api-2", [AUDIENCE, 7]]
)
async def test_B4_aud_is_always_checked(audience: Any) -> None:
    assert await refused(sign(claims(aud=audience)))


@pytest.mark.parametrize("audience", [".*", "^orders-api$", "orders.api", "*", "orders-ap."])
async def test_B5_aud_is_never_a_pattern(audience: str) -> None:
    trusted = Issuer(ISSUER, audience, keys=StaticKeys.from_secret(SECRET))
    assert await refused(sign(), trusted) == "The access token is meant for another audience"


def test_B6_issuer_and_audience_cannot_be_left_out() -> None:
    with pytest.raises(ConfigurationError, match="the audience must not be empty"):
        guarded(Recorder(), issuers=Issuer(ISSUER, "", keys=StaticKeys.from_secret(SECRET)))
    with pytest.raises(ConfigurationError, match="the issuer must be"):
        guarded(Recorder(), issuers=Issuer("", AUDIENCE, keys=StaticKeys.from_secret(SECRET)))


async def test_B7_R62_a_key_of_one_issuer_never_verifies_for_another() -> None:
    """Both use the same kid; each token is signed with the key of the other issuer's kind."""
    one = issuer(keys=StaticKeys.from_jwks({"keys": [public_jwk("RS256", kid="same")]}))
    two = Issuer(
        "https://two.example/", AUDIENCE, keys=StaticKeys.from_jwks({"keys": [public_jwk("ES256", kid="same")]})
    )
    assert await refused(sign(claims(iss=two.name), algorithm="RS256", kid="same"), one, two)
    assert await refused(sign(algorithm="ES256", kid="same"), one, two)
    app = Recorder()
    good = sign(claims(iss=two.name), algorithm="ES256", kid="same")
    assert (await get(guarded(app, issuers=[one, two]), token=good)).status == 200


async def test_B8_the_signatures_failure_wins_over_expiry() -> None:
    expired = sign(claims(exp=NOW - 1))
    broken = expired[:-4] + "AAAA"
    assert await refused(expired) == "The access token expired"
    assert await refused(broken) == "The access token is not signed by a trusted issuer"


@pytest.mark.parametrize(
    "crit",
    [[], ["exp"], ["alg"], ["kid"], ["b64"], ["exp", "exp"], 5, None, True, 1.5, "exp", [[]], [{}], [1], {}],
    ids=repr,
)
async def test_B9_R30_crit_is_never_ignored(crit: Any) -> None:
    assert await refused(sign(crit=crit, exp=NOW + 60, b64=True))
    assert await refused(sign(crit=crit)) == "This kind of token is not accepted"


@pytest.mark.parametrize(
    "typ", ["secevent+jwt", "logout+jwt", "dpop+jwt", "application/logout+jwt", "SECEVENT+JWT", "rt+jwt", "x"]
)
async def test_B10_another_type_of_token_is_refused(typ: str) -> None:
    assert await refused(sign(typ=typ)) == "This kind of token is not accepted"


async def test_B10_R77_an_ID_token_is_no_access_token() -> None:
    id_token = claims(at_hash="x", nonce="y", auth_time=NOW)
    for token_type in (None, "at+jwt"):
        assert await refused(sign(id_token, typ="JWT"), issuer(token_type=token_type))
    assert await refused(sign(typ="JWT"), issuer(token_type="at+jwt"))


async def test_B11_a_user_who_was_dismissed_is_refused() -> None:
    async def load(found: Claims) -> str | None:
        return None if found.subject == "suman" else found.subject

    app = Recorder()
    answer = await get(guarded(app, user_loader=load), token=sign())
    assert (answer.status, app.reached) == (401, False)


async def test_B12_expiry_is_checked_for_every_kind_of_rule() -> None:
    rules = [optional("/o"), protected("/p"), protected("/s", scopes=["profile"])]
    for path in ("/o", "/p", "/s", "/unlisted"):
        for payload in (claims(exp=NOW), claims(exp=ABSENT)):
            app = Recorder()
            assert (await get(guarded(app, rules), path, token=sign(payload))).status == 401
            assert not app.reached


@pytest.mark.parametrize("payload", [b"[]", b'"x"', b"null", b"1", b"", b"{", encode({}), b"\xff"])
async def test_R42_a_payload_that_is_no_claims_set_is_refused(payload: bytes) -> None:
    assert await refused(sign(payload))
