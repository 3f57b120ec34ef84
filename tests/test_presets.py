"""Presets: a token in the shape that each provider documents, signed with keys of our own."""

from typing import Any

import pytest

from asgi_bearer import ConfigurationError, Issuer, StaticKeys
from asgi_bearer.issuers import presets
from asgi_bearer.issuers.presets import IssuerSettings
from asgi_bearer.tokens.kinds import _MARKING_CLAIMS, _MARKING_VALUES
from tests.asgi import Recorder, get, guarded
from tests.keys import public_jwk
from tests.tokens import NOW, sign

pytestmark = pytest.mark.anyio

TIMES = {"iat": NOW - 10, "exp": NOW + 3590}

SHAPES: dict[str, tuple[IssuerSettings, str, dict[str, Any], dict[str, Any], set[str], set[str]]] = {
    "auth0": (
        presets.auth0("example.eu.auth0.com"),
        "https://api.example.com",
        {"alg": "RS256", "typ": "JWT", "kid": "k"},
        {
            "iss": "https://example.eu.auth0.com/",
            "sub": "auth0|5f7c8ec7c33c6c004bbafe82",
            "aud": ["https://api.example.com", "https://example.eu.auth0.com/userinfo"],
            "azp": "my_client_id",
            "scope": "openid profile read:orders",
            "permissions": ["read:orders"],
            **TIMES,
        },
        {"openid", "profile", "read:orders"},
        {"read:orders"},
    ),
    "auth0, namespaced roles": (
        presets.auth0("example.eu.auth0.com", roles_claim="https://example.com/roles"),
        "https://api.example.com",
        {"alg": "RS256", "typ": "at+jwt", "kid": "k"},
        {
            "iss": "https://example.eu.auth0.com/",
            "sub": "client@clients",
            "aud": "https://api.example.com",
            "client_id": "client",
            "jti": "x",
            "https://example.com/roles": ["admin"],
            **TIMES,
        },
        set(),
        {"admin"},
    ),
    "keycloak": (
        presets.keycloak("https://sso.example.com", realm="shop"),
        "orders-api",
        {"alg": "RS256", "typ": "JWT", "kid": "k"},
        {
            "exp": NOW + 290,
            "iat": NOW - 10,
            "auth_time": NOW - 10,
            "jti": "onrtac:4a1f",
            "iss": "https://sso.example.com/realms/shop",
            "aud": ["orders-api", "account"],
            "sub": "2a1a8a44",
            "typ": "Bearer",
            "azp": "web",
            "nonce": "abc",
            "sid": "s",
            "acr": "1",
            "allowed-origins": ["https://shop.example.com"],
            "realm_access": {"roles": ["offline_access", "staff"]},
            "resource_access": {"orders-api": {"roles": ["clerk"]}},
            "scope": "openid email",
            "email_verified": False,
        },
        {"openid", "email"},
        {"offline_access", "staff"},
    ),
    "keycloak, a client's roles": (
        presets.keycloak("https://sso.example.com", realm="shop", client="orders-api"),
        "orders-api",
        {"alg": "RS256", "typ": "JWT", "kid": "k"},
        {
            "iss": "https://sso.example.com/realms/shop",
            "aud": "orders-api",
            "sub": "2a1a8a44",
            "typ": "Bearer",
            "realm_access": {"roles": ["staff"]},
            "resource_access": {"orders-api": {"roles": ["clerk"]}},
            **TIMES,
        },
        set(),
        {"clerk"},
    ),
    "entra": (
        presets.entra("aaaabbbb-0000-cccc-1111-dddd2222eeee"),
        "00001111-aaaa-2222-bbbb-3333cccc4444",
        {"typ": "JWT", "alg": "RS256", "kid": "k", "nonce": "as Graph has it"},
        {
            "aud": "00001111-aaaa-2222-bbbb-3333cccc4444",
            "iss": "https://login.microsoftonline.com/aaaabbbb-0000-cccc-1111-dddd2222eeee/v2.0",
            "nbf": NOW - 10,
            "aio": "AXQAi",
            "azp": "app",
            "azpacr": "0",
            "oid": "o",
            "rh": "r",
            "roles": ["Orders.Read.All"],
            "scp": "access_as_user",
            "sub": "HKZpfaHyWadeOouYlitjrI",
            "tid": "aaaabbbb-0000-cccc-1111-dddd2222eeee",
            "uti": "u",
            "ver": "2.0",
            **TIMES,
        },
        {"access_as_user"},
        {"Orders.Read.All"},
    ),
    "okta": (
        presets.okta("example.okta.com"),
        "api://default",
        {"alg": "RS256", "kid": "k"},
        {
            "ver": 1,
            "jti": "AT.0mP4JKAZX1iACIT4",
            "iss": "https://example.okta.com/oauth2/default",
            "aud": "api://default",
            "cid": "nmdP1fcyvdVO11AL7ECm",
            "uid": "00ujmkLgagxeRrAg20g3",
            "scp": ["openid", "orders.read"],
            "auth_time": NOW - 10,
            "sub": "suman@example.com",
            "groups": ["Everyone"],
            **TIMES,
        },
        {"openid", "orders.read"},
        {"Everyone"},
    ),
    "cognito": (
        presets.cognito("eu-central-1", user_pool="eu-central-1_abc"),
        "57cbishk4j24pabc1234567890",
        {"kid": "k", "alg": "RS256"},
        {
            "sub": "aaaaaaaa-bbbb",
            "cognito:groups": ["staff"],
            "iss": "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_abc",
            "version": 2,
            "client_id": "57cbishk4j24pabc1234567890",
            "origin_jti": "o",
            "token_use": "access",
            "scope": "openid orders/read",
            "auth_time": NOW - 10,
            "jti": "j",
            "username": "suman",
            **TIMES,
        },
        {"openid", "orders/read"},
        {"staff"},
    ),
    "google": (
        presets.google(accounts=["robot@example.iam.gserviceaccount.com"]),
        "https://orders.example.com",
        {"alg": "RS256", "kid": "k", "typ": "JWT"},
        {
            "aud": "https://orders.example.com",
            "azp": "1234",
            "email": "robot@example.iam.gserviceaccount.com",
            "email_verified": True,
            "iss": "https://accounts.google.com",
            "sub": "1234",
            **TIMES,
        },
        set(),
        set(),
    ),
    "zitadel": (
        presets.zitadel("example.zitadel.cloud"),
        "231391870273978369",
        {"alg": "RS256", "kid": "k", "typ": "JWT"},
        {
            "iss": "https://example.zitadel.cloud",
            "sub": "234567",
            "aud": ["231391870273978370@orders", "231391870273978369"],
            "jti": "j",
            "client_id": "c",
            "nbf": NOW - 10,
            "urn:zitadel:iam:org:project:roles": {"staff": {"2345": "example.zitadel.cloud"}},
            "roles": ["staff"],
            **TIMES,
        },
        set(),
        {"staff"},
    ),
    "authentik": (
        presets.authentik("auth.example.com", application="orders"),
        "client-id",
        {"alg": "RS256", "kid": "k", "typ": "JWT"},
        {
            "iss": "https://auth.example.com/application/o/orders/",
            "sub": "hashed",
            "aud": "client-id",
            "auth_time": NOW - 10,
            "acr": "goauthentik.io/providers/oauth2/default",
            "azp": "client-id",
            "uid": "u",
            "scope": "openid email",
            "groups": ["authentik Admins"],
            **TIMES,
        },
        {"openid", "email"},
        {"authentik Admins"},
    ),
}
EVERY_SHAPE = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)


def trusted(settings: IssuerSettings, audience: str) -> Issuer:
    return Issuer(**settings, audience=audience, keys=StaticKeys.from_jwks({"keys": [public_jwk("RS256", kid="k")]}))


@EVERY_SHAPE
async def test_a_token_of_the_provider_is_accepted(shape: Any) -> None:
    settings, audience, header, payload, scopes, roles = shape
    app = Recorder()
    token = sign(payload, algorithm="RS256", header=header)
    answer = await get(guarded(app, issuers=trusted(settings, audience)), token=token)
    assert answer.status == 200, answer.messages
    user = app.scopes[0]["user"]
    assert (user.subject, user.scopes, user.roles) == (payload["sub"], scopes, roles)


@EVERY_SHAPE
@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"iss": "https://evil.example/"}, id="another issuer"),
        pytest.param({"aud": "other", "client_id": "other"}, id="another audience"),
        pytest.param({"at_hash": "x"}, id="an ID token"),
        pytest.param({"exp": NOW}, id="expired"),
    ],
)
async def test_a_token_that_is_not_for_us_is_refused(shape: Any, change: dict[str, Any]) -> None:
    settings, audience, header, payload, _, _ = shape
    app = Recorder()
    token = sign({**payload, **change}, algorithm="RS256", header=header)
    assert (await get(guarded(app, issuers=trusted(settings, audience)), token=token)).status == 401
    assert not app.reached


async def test_an_ID_token_of_Cognito_has_no_client_id() -> None:
    settings, audience, header, payload, _, _ = SHAPES["cognito"]
    id_token = {name: value for name, value in payload.items() if name != "client_id"}
    token = sign({**id_token, "aud": audience, "token_use": "id"}, algorithm="RS256", header=header)
    assert (await get(guarded(Recorder(), issuers=trusted(settings, audience)), token=token)).status == 401


def other_kinds() -> list[Any]:
    """Every mark of another kind of token, in a token of each provider."""
    marks = [{name: "x"} for name in _MARKING_CLAIMS]
    marks += [{name: kind} for name, kinds in _MARKING_VALUES.items() for kind in sorted(kinds)]
    marks += [{name: kind.title()} for name, kinds in _MARKING_VALUES.items() for kind in sorted(kinds)]
    return marks


@EVERY_SHAPE
async def test_every_other_kind_of_token_is_rejected(shape: Any) -> None:
    settings, audience, header, payload, _, _ = shape
    app = Recorder()
    for mark in other_kinds():
        token = sign({**payload, **mark}, algorithm="RS256", header=header)
        assert (await get(guarded(app, issuers=trusted(settings, audience)), token=token)).status == 401, mark
    for token_type in ("id_token+jwt", "logout+jwt", "secevent+jwt", "token-introspection+jwt", "dpop+jwt", "a/jwt"):
        token = sign(payload, algorithm="RS256", header={**header, "typ": token_type})
        assert (await get(guarded(app, issuers=trusted(settings, audience)), token=token)).status == 401, token_type
    assert not app.reached


ID_TOKENS: dict[str, tuple[str, dict[str, Any]]] = {
    "keycloak": ("typ", {"typ": "ID"}),
    "entra": ("azp", {"nonce": "n", "preferred_username": "suman@example.com", "roles": ["Orders.Read.All"]}),
    "okta": ("cid", {"nonce": "n", "amr": ["pwd"], "idp": "00o1", "name": "Suman"}),
    "cognito": ("token_use", {"token_use": "id", "cognito:username": "suman"}),
    "authentik": ("scope", {"nonce": "n", "amr": ["pwd"], "sid": "s"}),
}


@pytest.mark.parametrize("provider", ID_TOKENS)
async def test_an_id_token_of_the_provider_is_rejected(provider: str) -> None:
    """In its documented shape, for our audience: without what only its access tokens have."""
    settings, audience, header, payload, _, _ = SHAPES[provider]
    absent, members = ID_TOKENS[provider]
    kept = {name: value for name, value in payload.items() if name not in (absent, "scp", "azpacr", "scope")}
    token = sign({**kept, **members}, algorithm="RS256", header=header)
    app = Recorder()
    assert (await get(guarded(app, issuers=trusted(settings, audience)), token=token)).status == 401
    assert not app.reached


@pytest.mark.parametrize(
    ("accounts", "change", "status"),
    [
        (["robot@example.iam.gserviceaccount.com"], {}, 200),
        (["robot@example.iam.gserviceaccount.com"], {"email": "robot@other.iam.gserviceaccount.com"}, 401),
        (["robot@example.iam.gserviceaccount.com"], {"email_verified": False}, 401),
        (["robot@example.iam.gserviceaccount.com"], {"email_verified": "true"}, 401),
        ("1234", {}, 200),
        (["1235"], {}, 401),
        ("any", {"email": "robot@other.iam.gserviceaccount.com"}, 200),
    ],
)
async def test_google_admits_the_named_service_accounts_only(accounts: Any, change: Any, status: int) -> None:
    _, audience, header, payload, _, _ = SHAPES["google"]
    token = sign({**payload, **change}, algorithm="RS256", header=header)
    issuer = trusted(presets.google(accounts=accounts), audience)
    assert (await get(guarded(Recorder(), issuers=issuer), token=token)).status == status


@pytest.mark.parametrize("accounts", [[], ["robot"], ["1234", "robot@example.com"], [7], None, ""])
def test_google_without_accounts_is_a_configuration_error(accounts: Any) -> None:
    with pytest.raises(ConfigurationError, match="accounts must be the e-mail addresses or the numeric ids"):
        presets.google(accounts=accounts)
