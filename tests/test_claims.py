"""Check: a table for each claim, with a triple of seconds around each limit (RFC 7519 section 4.1)."""

from datetime import timedelta
from typing import Any

import pytest

from asgi_bearer import AuthError, Claims
from asgi_bearer.errors import (
    InvalidClaims,
    OtherKindOfToken,
    TokenExpired,
    TokenNotYetValid,
    UnsupportedToken,
    WrongAudience,
)
from asgi_bearer.tokens.claims import check_claims, check_time
from asgi_bearer.tokens.kinds import check_kind
from tests.tokens import ABSENT, AUDIENCE, ISSUER, NOW, claims, issuer


def check(
    now: float = NOW, token_type: Any = "at+jwt", settings: dict[str, Any] | None = None, **changes: Any
) -> Claims:
    return check_claims(claims(**changes), token_type, issuer(**(settings or {})).claims_policy(), now)


def refuses(error: type[AuthError], **arguments: Any) -> None:
    with pytest.raises(error) as refusal:
        check(**arguments)
    assert type(refusal.value) is error


NOT_A_STRING = [None, True, False, 0, 1, 1.5, [], ["x"], {}, {"x": "y"}]
NOT_A_TIME: list[Any] = [None, True, False, "1800000300", "", [], [NOW], {}, -1, -0.1, 253_402_300_800, 10**400, 1e308]


def test_good_claims_are_given_on() -> None:
    checked = check()
    assert checked == Claims(
        issuer=ISSUER,
        subject="suman",
        audience=(AUDIENCE,),
        scopes=frozenset({"orders:read", "profile"}),
        roles=frozenset({"staff"}),
        expires_at=NOW + 300,
        issued_at=NOW,
        valid_from=NOW,
        valid_until=NOW + 300,
        claims_set=checked.claims_set,
    )
    assert checked.members == claims()


@pytest.mark.parametrize(
    ("settings", "changes", "valid"),
    [
        ({}, {"nbf": NOW - 20, "iat": NOW - 30}, (NOW - 20, NOW + 300)),
        ({}, {"nbf": ABSENT, "iat": ABSENT}, (0, NOW + 300)),
        ({"leeway": timedelta(seconds=5)}, {}, (NOW - 5, NOW + 305)),
        ({"max_age": timedelta(seconds=60)}, {}, (NOW, NOW + 60)),
        ({"max_age": timedelta(seconds=600)}, {}, (NOW, NOW + 300)),
        ({"max_age": timedelta(seconds=60), "leeway": timedelta(seconds=5)}, {}, (NOW - 5, NOW + 65)),
    ],
    ids=str,
)
def test_when_they_hold_is_known(settings: Any, changes: Any, valid: tuple[float, float]) -> None:
    checked = check(settings=settings, **changes)
    assert (checked.valid_from, checked.valid_until) == valid
    check_time(checked, valid[0])
    check_time(checked, valid[1] - 1)
    with pytest.raises(TokenNotYetValid):
        check_time(checked, valid[0] - 1)
    for second in (0, 1):
        with pytest.raises(TokenExpired):
            check_time(checked, valid[1] + second)


def test_the_claims_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        check().members["sub"] = "root"  # type: ignore[index]


@pytest.mark.parametrize("name", ["", ISSUER[:-1], ISSUER + "/", ISSUER.upper(), *NOT_A_STRING])
def test_R48_iss_is_compared_exactly(name: Any) -> None:
    refuses(InvalidClaims, iss=name)


@pytest.mark.parametrize("audience", [AUDIENCE, [AUDIENCE], ["other", AUDIENCE], [AUDIENCE, AUDIENCE]])
def test_R47_aud_has_us_as_a_member(audience: Any) -> None:
    assert AUDIENCE in check(aud=audience).audience


@pytest.mark.parametrize("audience", ["", "orders", AUDIENCE + "x", AUDIENCE.upper(), f"{AUDIENCE} x", [], ["other"]])
def test_R47_aud_without_us_is_refused(audience: Any) -> None:
    refuses(WrongAudience, aud=audience)


@pytest.mark.parametrize("audience", [ABSENT, None, 1, True, {}, {AUDIENCE: 1}, [AUDIENCE, 1], [[AUDIENCE]], [None]])
def test_R47_aud_of_another_type_is_refused(audience: Any) -> None:
    refuses(InvalidClaims, aud=audience)


def test_any_of_several_audiences_will_do() -> None:
    assert check(settings={"audience": ["one", "two"]}, aud=["zero", "two"])


@pytest.mark.parametrize("leeway", [0, 1, 300])
def test_R44_exp_is_over_at_its_second(leeway: int) -> None:
    settings = {"leeway": timedelta(seconds=leeway)}
    assert check(now=NOW + 300 + leeway - 1, settings=settings)
    refuses(TokenExpired, now=NOW + 300 + leeway, settings=settings)
    refuses(TokenExpired, now=NOW + 300 + leeway + 1, settings=settings)


@pytest.mark.parametrize("name", ["nbf", "iat"])
@pytest.mark.parametrize("leeway", [0, 1, 300])
def test_R45_R52_nbf_and_iat_hold_from_their_second(name: str, leeway: int) -> None:
    settings = {"leeway": timedelta(seconds=leeway)}
    refuses(TokenNotYetValid, settings=settings, **{name: NOW + leeway + 1})
    assert check(settings=settings, **{name: NOW + leeway})
    assert check(settings=settings, **{name: NOW + leeway - 1})


@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
@pytest.mark.parametrize("value", NOT_A_TIME, ids=repr)
def test_R43_a_time_is_a_number_in_range(name: str, value: Any) -> None:
    refuses(InvalidClaims, **{name: value})


def test_R43_a_time_may_have_a_fraction() -> None:
    assert check(now=NOW + 0.4, exp=NOW + 0.5).expires_at == NOW + 0.5
    refuses(TokenExpired, now=NOW + 0.5, exp=NOW + 0.5)


def test_the_first_second_is_a_time_too() -> None:
    assert check(now=0, exp=1, nbf=0, iat=0)
    assert check(now=0.5, exp=0.75, nbf=0.25, iat=0.5).expires_at == 0.75
    refuses(TokenExpired, now=0, exp=0, nbf=0, iat=0)


def test_exp_is_required_and_nbf_and_iat_are_not() -> None:
    refuses(InvalidClaims, exp=ABSENT)
    assert check(nbf=ABSENT, iat=ABSENT)


def test_the_last_second_that_has_a_date_is_accepted() -> None:
    assert check(exp=253_402_300_799).expires_at == 253_402_300_799


def test_a_maximum_age_counts_from_iat() -> None:
    settings = {"max_age": timedelta(seconds=60), "leeway": timedelta(seconds=5)}
    assert check(now=NOW + 64, settings=settings)
    refuses(TokenExpired, now=NOW + 65, settings=settings)
    refuses(TokenExpired, now=NOW + 66, settings=settings)
    refuses(InvalidClaims, settings=settings, iat=ABSENT)


@pytest.mark.parametrize("subject", [ABSENT, "", *NOT_A_STRING], ids=repr)
def test_R49_sub_is_a_string(subject: Any) -> None:
    refuses(InvalidClaims, sub=subject)


@pytest.mark.parametrize("identifier", NOT_A_STRING, ids=repr)
def test_R49_jti_is_a_string(identifier: Any) -> None:
    refuses(InvalidClaims, jti=identifier)


@pytest.mark.parametrize("client", NOT_A_STRING, ids=repr)
def test_client_id_is_a_string(client: Any) -> None:
    refuses(InvalidClaims, client_id=client)


def test_jti_is_not_required() -> None:
    assert check(jti=ABSENT)


@pytest.mark.parametrize("token_type", [None, "jwt", "at+jwt"])
def test_R65_an_access_token_needs_no_typ_by_default(token_type: str | None) -> None:
    assert check(token_type=token_type)


@pytest.mark.parametrize(
    "token_type", ["secevent+jwt", "logout+jwt", "dpop+jwt", "id_token+jwt", "jose", "", "at+jwt "]
)
def test_R65_another_typ_is_refused(token_type: str) -> None:
    refuses(OtherKindOfToken, token_type=token_type)


@pytest.mark.parametrize("configured", ["at+jwt", "AT+JWT", "application/at+jwt"])
def test_R70_a_configured_typ_must_be_there(configured: str) -> None:
    settings = {"token_type": configured}
    assert check(settings=settings, client_id="app")
    for other in (None, "jwt"):
        refuses(OtherKindOfToken, settings=settings, token_type=other, client_id="app")


@pytest.mark.parametrize("name", ["client_id", "jti", "iat", "sub", "aud", "exp", "iss"])
def test_R75_the_profile_of_RFC_9068_asks_for_its_claims(name: str) -> None:
    settings = {"token_type": "at+jwt"}
    good: dict[str, Any] = {"client_id": "app"}
    assert check(settings=settings, **good)
    refuses(InvalidClaims, settings=settings, **{**good, name: ABSENT})
    error = WrongAudience if name == "aud" else InvalidClaims
    refuses(error, settings=settings, **{**good, name: ""})


def test_an_audience_may_be_elsewhere() -> None:
    settings = {"audience_claim": "client_id"}
    assert check(settings=settings, aud=ABSENT, client_id=AUDIENCE).audience == (AUDIENCE,)
    refuses(WrongAudience, settings=settings, client_id="other")
    refuses(InvalidClaims, settings=settings, client_id=ABSENT)


@pytest.mark.parametrize(
    "members",
    [
        pytest.param({"at_hash": "x"}, id="an ID token"),
        pytest.param({"c_hash": "x"}, id="an ID token of the hybrid flow"),
        pytest.param({"s_hash": "x"}, id="an ID token with a state hash"),
        pytest.param({"events": {}}, id="a logout or event token"),
        pytest.param({"typ": "ID"}, id="an ID token of Keycloak"),
        pytest.param({"typ": "Refresh"}, id="a refresh token of Keycloak"),
        pytest.param({"typ": "Offline"}, id="an offline token of Keycloak"),
        pytest.param({"typ": "Logout"}, id="a logout token of Keycloak"),
        pytest.param({"typ": "Serialized-ID"}, id="an ID token in a refresh token of Keycloak"),
        pytest.param({"type": "refresh"}, id="a refresh token of Flask-JWT-Extended and AuthX"),
        pytest.param({"token_use": "id"}, id="an ID token of Cognito"),
        pytest.param({"token_introspection": {"active": True}}, id="an answer about a token"),
        pytest.param({"htu": "https://api.example.com/", "htm": "GET"}, id="a DPoP proof"),
        pytest.param({"response_type": "code"}, id="an authorization request"),
        pytest.param({"nonce": "n", "scope": ABSENT}, id="an ID token of the code flow"),
    ],
)
def test_R67_another_kind_of_token_is_refused(members: dict[str, Any]) -> None:
    refuses(OtherKindOfToken, **members)


@pytest.mark.parametrize("kind", ["access", "sliding", "Bearer", ["refresh"], None])
def test_an_access_token_of_simple_jwt_is_accepted(kind: Any) -> None:
    check_kind({"token_type": kind})


@pytest.mark.parametrize("kind", ["refresh", "Refresh", "id"])
def test_a_refresh_token_of_simple_jwt_is_rejected(kind: str) -> None:
    with pytest.raises(OtherKindOfToken):
        check_kind({"token_type": kind})


def test_R106_a_sender_constrained_token_is_rejected() -> None:
    refuses(UnsupportedToken, cnf={"jkt": "x"})


@pytest.mark.parametrize(
    "members",
    [
        {"type": "access"},
        {"type": "Bearer"},
        {"type": ["refresh"]},
        {"token_use": "access"},
        {"nonce": "n", "scope": "openid"},
        {"nonce": "n", "scope": ABSENT, "typ": "Bearer"},
    ],
    ids=str,
)
def test_an_access_token_that_says_so_is_accepted(members: dict[str, Any]) -> None:
    assert check(**members)


@pytest.mark.parametrize(
    ("required", "members", "accepted"),
    [
        (["tenant"], {"tenant": "a"}, True),
        (["tenant"], {"tenant": 0}, True),
        (["tenant"], {"tenant": ""}, False),
        (["tenant"], {"tenant": None}, False),
        ("tenant", {}, False),
        ({"token_use": "access"}, {"token_use": "access"}, True),
        ({"token_use": "access"}, {"token_use": "Access"}, False),
        ({"token_use": "access"}, {}, False),
        ({"token_use": "access"}, {"token_use": ["access"]}, False),
        ({"tenant": ["a", "b"]}, {"tenant": "b"}, True),
        ({"tenant": ["a", "b"]}, {"tenant": "c"}, False),
        ({"verified": True}, {"verified": True}, True),
        ({"verified": True}, {"verified": 1}, False),
        ({"verified": True}, {"verified": "true"}, False),
        ({"level": {1, 2}}, {"level": 2}, True),
        ({"level": {1, 2}}, {"level": 2.0}, False),
        ({"level": None}, {"level": {}}, True),
    ],
    ids=str,
)
def test_required_claims_are_compared_with_their_type(required: Any, members: dict[str, Any], accepted: bool) -> None:
    settings = {"required_claims": required}
    if accepted:
        assert check(settings=settings, **members)
    else:
        refuses(InvalidClaims, settings=settings, **members)


@pytest.mark.parametrize("kind", ["Bearer", None, ["ID"], 1])
def test_a_claim_typ_that_says_nothing_else_is_accepted(kind: Any) -> None:
    assert check(typ=kind)


@pytest.mark.parametrize(
    ("members", "scopes"),
    [
        pytest.param({"scope": "a b"}, {"a", "b"}, id="a string"),
        pytest.param({"scope": "a  b "}, {"a", "b"}, id="more spaces"),
        pytest.param({"scope": ""}, set(), id="empty"),
        pytest.param({"scope": "read"}, {"read"}, id="one"),
        pytest.param({"scope": ["a", "b"]}, set(), id="scope is no list"),
        pytest.param({"scope": None}, set(), id="null"),
        pytest.param({"scope": 1}, set(), id="a number"),
        pytest.param({"scope": "a\tb c"}, {"c"}, id="characters that no scope has"),
        pytest.param({"scope": 'a"b \\'}, set(), id="quotes and backslashes"),
        pytest.param({"scope": ABSENT}, set(), id="absent"),
        pytest.param({"scope": ABSENT, "scp": "a b"}, {"a", "b"}, id="Entra's scp"),
        pytest.param({"scope": ABSENT, "scp": ["a", "b"]}, {"a", "b"}, id="Okta's scp"),
        pytest.param({"scope": ABSENT, "scp": ["a b"]}, set(), id="a list's member is one scope"),
        pytest.param({"scope": ABSENT, "scp": ["a", 1]}, set(), id="a list with a number"),
        pytest.param({"scope": "a", "scp": "b"}, {"a", "b"}, id="both"),
    ],
)
def test_scopes_are_granted_only_where_well_formed(members: dict[str, Any], scopes: set[str]) -> None:
    assert check(**members).scopes == scopes


@pytest.mark.parametrize(
    ("path", "members", "roles"),
    [
        pytest.param("roles", {"roles": ["a", "b"]}, {"a", "b"}, id="a list"),
        pytest.param("roles", {"roles": ABSENT}, set(), id="absent"),
        pytest.param("roles", {"roles": "admin"}, set(), id="a string is no list"),
        pytest.param("roles", {"roles": ["a", 1]}, set(), id="a list with a number"),
        pytest.param("roles", {"roles": [["a"]]}, set(), id="a list of lists"),
        pytest.param("roles", {"roles": {"admin": True}}, set(), id="an object"),
        pytest.param(("realm_access", "roles"), {"realm_access": {"roles": ["a"]}}, {"a"}, id="Keycloak's"),
        pytest.param(("realm_access", "roles"), {"realm_access": ["roles"]}, set(), id="a path through a list"),
        pytest.param(("realm_access", "roles"), {}, set(), id="a path into nothing"),
        pytest.param("cognito:groups", {"cognito:groups": ["a"]}, {"a"}, id="Cognito's"),
        pytest.param("https://example.com/roles", {"https://example.com/roles": ["a"]}, {"a"}, id="Auth0's"),
    ],
)
def test_roles_are_granted_only_where_well_formed(path: Any, members: dict[str, Any], roles: set[str]) -> None:
    assert check(settings={"roles_claim": path}, **members).roles == roles
