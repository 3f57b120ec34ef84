"""Rules of the standards that no other test is named after, each as a whole request."""

import logging
import socket
from datetime import timedelta
from typing import Any

import pytest
from joserfc.jwk import OctKey

from asgi_bearer import ConfigurationError, Issuer, StaticKeys, protected
from tests.asgi import Recorder, call, challenge_of, get, guarded, http_scope
from tests.attacks.test_A_signatures import refused
from tests.keys import public_jwk
from tests.tokens import ABSENT, AUDIENCE, ISSUER, NOW, claims, issuer, sign

pytestmark = pytest.mark.anyio

UNKNOWN_KEY = "The access token is not signed by a trusted issuer"


async def status(token: str, *issuers: Issuer) -> int:
    return (await get(guarded(Recorder(), issuers=issuers or issuer()), token=token)).status


async def test_R8_without_credentials_there_is_no_error_attribute() -> None:
    for headers in ([], [(b"authorization", b"Basic eDp5")], [(b"cookie", b"token=x")]):
        assert (await get(guarded(Recorder()), headers=headers)).challenge == 'Bearer realm="api"'


async def test_R10_missing_scopes_are_named_sorted_and_from_the_configuration() -> None:
    middleware = guarded(Recorder(), [protected("/x", scopes=["b", "a", "c:d/e"])])
    answer = await get(middleware, "/x", token=sign(claims(scope="a other")))
    wanted = challenge_of("insufficient_scope", "The access token lacks a required scope", "a b c:d/e")
    assert (answer.status, answer.challenge) == (403, wanted)


async def test_R13_no_token_is_in_a_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        await get(guarded(Recorder()), token=sign(claims(exp=NOW)))
    assert sign(claims(exp=NOW)) not in caplog.text
    assert "eyJ" not in caplog.text


@pytest.mark.parametrize("parts", [0, 1, 2, 4, 5, 6])
async def test_R21_R51_a_token_has_exactly_three_parts(parts: int) -> None:
    header, payload, signature = sign().split(".")
    text = ".".join([header, payload, signature, payload, signature, header][:parts]) or "x"
    assert await refused(text) == "The access token is malformed"


@pytest.mark.parametrize(
    ("typ", "good"),
    [
        ("at+jwt", True),
        ("AT+JWT", True),
        ("application/at+jwt", True),
        ("Application/AT+jwt", True),
        ("text/at+jwt", False),
    ],
)
async def test_R29_R70_typ_is_compared_as_a_media_type(typ: str, good: bool) -> None:
    trusted = issuer(token_type="at+jwt")
    token = sign(claims(client_id="app"), typ=typ)
    assert await status(token, trusted) == (200 if good else 401)


async def test_R31_R58_any_failing_step_refuses_the_whole() -> None:
    """Each step fails alone while all the others would pass."""
    good = sign()
    assert await status(good) == 200
    failing = [
        good + "A",
        good[:-1],
        sign(crit=["x"]),
        sign(kid="a\n"),
        sign(claims(exp=NOW)),
        sign(claims(aud="x")),
        sign(claims(iss="x")),
        sign(claims(sub="")),
        sign(typ="x"),
        sign(algorithm="HS512"),
    ]
    for token in failing:
        assert await status(token) == 401


@pytest.mark.parametrize("algorithms", [["none"], ["HS256", "none"], ["None"], [""], [None]])
def test_R36_R57_none_is_never_accepted_not_even_on_request(algorithms: Any) -> None:
    with pytest.raises(ConfigurationError, match="is not accepted here"):
        guarded(Recorder(), issuers=issuer(algorithms=algorithms))


async def test_R46_leeway_is_small_bounded_and_symmetric() -> None:
    trusted = issuer(leeway=timedelta(seconds=30))
    for changes, good in (
        ({"exp": NOW - 29}, True),
        ({"exp": NOW - 30}, False),
        ({"nbf": NOW + 30}, True),
        ({"nbf": NOW + 31}, False),
        ({"iat": NOW + 30}, True),
        ({"iat": NOW + 31}, False),
    ):
        assert await status(sign(claims(**changes)), trusted) == (200 if good else 401)
    with pytest.raises(ConfigurationError, match="leeway must be"):
        guarded(Recorder(), issuers=issuer(leeway=timedelta(minutes=6)))


async def test_R53_only_listed_algorithms_verify() -> None:
    keys = StaticKeys.from_jwks({"keys": [public_jwk("RS256", kid="r"), public_jwk("ES256", kid="e")]})
    trusted = issuer(keys=keys, algorithms=["ES256"])
    assert await status(sign(algorithm="ES256", kid="e"), trusted) == 200
    assert await refused(sign(algorithm="RS256", kid="r"), trusted) == UNKNOWN_KEY


async def test_R56_each_issuer_has_algorithms_of_its_own() -> None:
    one = issuer(keys=StaticKeys.from_jwks({"keys": [public_jwk("RS256")]}), algorithms=["RS256"])
    two = Issuer(
        "https://two.example/",
        AUDIENCE,
        keys=StaticKeys.from_jwks({"keys": [public_jwk("RS256")]}),
        algorithms=["PS256"],
    )
    assert await status(sign(algorithm="RS256"), one, two) == 200
    assert await status(sign(claims(iss=two.name), algorithm="PS256"), one, two) == 200
    assert await refused(sign(algorithm="PS256"), one, two) == UNKNOWN_KEY
    assert await refused(sign(claims(iss=two.name), algorithm="RS256"), one, two) == UNKNOWN_KEY


async def test_R63_R72_the_audience_is_always_validated() -> None:
    assert await refused(sign(claims(aud="billing-api"))) == "The access token is meant for another audience"
    assert await refused(sign(claims(aud=ABSENT))) == "The claims of the access token are invalid"


@pytest.mark.parametrize("name", ["jku", "x5u"])
async def test_D4_R27_R64_no_URL_in_a_header_is_ever_fetched(name: str) -> None:
    """A canary listens on loopback; nobody calls."""
    with socket.create_server(("127.0.0.1", 0)) as canary:
        canary.settimeout(0.05)
        url = f"http://127.0.0.1:{canary.getsockname()[1]}/jwks.json"
        assert await status(sign(**{name: url})) == 200  # ignored, as RFC 7515 section 4 wants unknown ones
        assert await status(sign(key=OctKey.generate_key(512), **{name: url})) == 401
        with pytest.raises(TimeoutError):
            canary.accept()


@pytest.mark.parametrize("kid", ["' OR 1=1 --", "../../../dev/null", "/etc/passwd", "x" * 1024, "${jndi:ldap://x}"])
async def test_D7_R28_R64_a_kid_is_only_compared(kid: str) -> None:
    trusted = issuer(keys=StaticKeys.from_jwks({"keys": [public_jwk("ES256", kid="one")]}))
    assert await refused(sign(algorithm="ES256", kid=kid), trusted) == UNKNOWN_KEY


@pytest.mark.parametrize("kid", [1, None, True, ["one"], {"kid": "one"}, 1.5])
async def test_D8_a_kid_that_is_no_string_does_not_bypass_the_choice_of_keys(kid: Any) -> None:
    trusted = issuer(keys=StaticKeys.from_jwks({"keys": [public_jwk("ES256", kid="one")]}))
    assert await refused(sign(algorithm="ES256", kid=kid), trusted) == "The access token is malformed"


async def test_R66_typ_JWT_says_nothing_so_it_is_not_enough_where_a_type_is_asked_for() -> None:
    token = sign(claims(client_id="app"), typ="JWT")
    assert await status(token) == 200
    assert await refused(token, issuer(token_type="at+jwt")) == "This kind of token is not accepted"


async def test_R71_R73_R74_the_profile_of_RFC_9068_as_a_whole_request() -> None:
    trusted = issuer(token_type="at+jwt")
    good = claims(client_id="app")
    assert await status(sign(good), trusted) == 200
    assert (
        await refused(sign(good | {"iss": ISSUER + "x"}), trusted)
        == "The access token is not signed by a trusted issuer"
    )
    assert await refused(sign(good, header={"alg": "none", "typ": "at+jwt"}), trusted) == UNKNOWN_KEY
    assert await refused(sign(good | {"exp": NOW}), trusted) == "The access token expired"


async def test_R2_R3_a_header_that_is_nearly_right_is_never_a_server_error() -> None:
    for octet in range(256):
        for value in (b"Bearer" + bytes([octet]) + sign().encode(), b"Bearer a" + bytes([octet]) + b"b"):
            answer = await call(guarded(Recorder()), http_scope(headers=[(b"authorization", value)]))
            assert answer.status in (200, 400, 401)
            assert (answer.status == 200) is (value.startswith(b"Bearer ey"))
