"""TokenIssuer: what it signs is what Issuer verifies, and nothing else can be had from it."""

import re
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from asgi_bearer import ConfigurationError, TokenIssuer
from asgi_bearer.tokens.credentials import BearerToken
from tests.keys import ASYMMETRIC, PRIVATE_KEYS, SECRET, SYMMETRIC, private_pem, public_pem
from tests.tokens import AUDIENCE, ISSUER, NOW, issuer, verified_claims, verify_token


def token_issuer(algorithm: str = "HS256", **settings: Any) -> TokenIssuer:
    key = SECRET if algorithm in SYMMETRIC else private_pem(PRIVATE_KEYS[algorithm])
    arguments: dict[str, Any] = {"issuer": ISSUER, "audience": AUDIENCE, "key": key, "clock": lambda: NOW}
    return TokenIssuer(**{**arguments, "algorithm": algorithm, **settings})


@pytest.mark.parametrize("algorithm", [*SYMMETRIC, *ASYMMETRIC, "EdDSA"])
def test_what_is_issued_is_accepted(algorithm: str) -> None:
    name = "Ed25519" if algorithm == "EdDSA" else algorithm
    token = token_issuer(name).issue("suman", scopes=["a", "b"], roles=["staff"], email="s@example.com")
    claims = verified_claims(BearerToken(token.encode()), issuer(name, token_type="at+jwt"), NOW)
    assert (claims.subject, claims.scopes, claims.roles) == ("suman", frozenset({"a", "b"}), frozenset({"staff"}))
    assert claims.expires_at == NOW + 15 * 60
    assert (claims.members["client_id"], claims.members["email"]) == ("first-party", "s@example.com")
    assert claims.members["iat"] == NOW


def test_EdDSA_is_signed_as_Ed25519() -> None:
    token = TokenIssuer(ISSUER, AUDIENCE, private_pem(PRIVATE_KEYS["Ed25519"]), algorithm="EdDSA").issue("suman")
    assert verify_token(BearerToken(token.encode()), {ISSUER: issuer("Ed25519")})


def test_each_token_has_a_name_of_its_own() -> None:
    one = token_issuer()
    tokens = [one.issue("suman").encode() for _ in range(100)]
    names = {verify_token(BearerToken(token), {ISSUER: issuer()})[0].members["jti"] for token in tokens}
    assert len(names) == 100


def test_scopes_and_roles_are_left_out_where_there_are_none() -> None:
    members = verify_token(BearerToken(token_issuer().issue("x").encode()), {ISSUER: issuer()})[0].members
    assert sorted(members) == ["aud", "client_id", "exp", "iat", "iss", "jti", "sub"]


def test_a_name_alone_is_one_scope_or_role() -> None:
    token = token_issuer(key_id="k1").issue("x", scopes="read", roles="admin")
    members = verify_token(BearerToken(token.encode()), {ISSUER: issuer()})[0].members
    assert (members["scope"], members["roles"]) == ("read", ["admin"])


@pytest.mark.parametrize("subject", ["", None, 7])
def test_a_subject_is_needed(subject: Any) -> None:
    with pytest.raises(ValueError, match="the subject must be a non-empty string"):
        token_issuer().issue(subject)


@pytest.mark.parametrize("name", ["iss", "sub", "aud", "exp", "iat", "jti", "scope"])
def test_its_own_claims_cannot_be_overridden(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} cannot be overridden"):
        token_issuer().issue("suman", **{name: "x"})


@pytest.mark.parametrize("scope", ["", "a b", 'a"b', "a\\b", "é", "a\n"])
def test_a_scope_has_no_spaces(scope: str) -> None:
    with pytest.raises(ValueError, match="without spaces"):
        token_issuer().issue("suman", scopes=[scope])


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"issuer": ""}, "the issuer must be"),
        ({"audience": None}, "the audience must be"),
        ({"lifetime": timedelta(0)}, "the lifetime must be"),
        ({"lifetime": 900}, "the lifetime must be"),
        ({"key": 7}, "the key must be str or bytes"),
        ({"key": "short"}, "the secret has 5 bytes, HS256 needs 32"),
        ({"key": private_pem(PRIVATE_KEYS["RS256"])}, "the secret is a key or certificate in text form"),
        ({"algorithm": "none", "key": SECRET}, "algorithm 'none' is not accepted here"),
        ({"algorithm": "RS256", "key": SECRET}, "the key must be a private key in PEM, without a password, for RS256"),
        ({"algorithm": "RS256", "key": public_pem(PRIVATE_KEYS["RS256"])}, "the key must be a private key in PEM"),
        (
            {"algorithm": "ES256", "key": private_pem(PRIVATE_KEYS["ES384"])},
            "algorithm 'ES256' does not fit a key of kind EC P-384",
        ),
        (
            {"algorithm": "ES256", "key": private_pem(PRIVATE_KEYS["RS256"])},
            "algorithm 'ES256' does not fit a key of kind RSA",
        ),
        ({"algorithm": "RS256", "key": private_pem(generate_private_key(65537, 1024))}, "the RSA key has 1024 bits"),
        (
            {"algorithm": "ES256", "key": private_pem(PRIVATE_KEYS["ES256"]) + public_pem(PRIVATE_KEYS["ES256"])},
            "the PEM has 2 blocks, and one is read; write the private key alone",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_fault_is_said_at_construction(settings: dict[str, Any], fault: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(fault)) as refusal:
        TokenIssuer(**{"issuer": ISSUER, "audience": AUDIENCE, "key": SECRET, **settings})
    assert len(refusal.value.errors) == 1


def test_the_curve_that_openssl_writes_before_a_private_key_is_no_second_key() -> None:
    curve = b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
    key = PRIVATE_KEYS["ES256"].private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    assert token_issuer("ES256", key=curve + key).issue("suman")


def test_all_faults_are_said_at_once() -> None:
    with pytest.raises(ConfigurationError) as refusal:
        TokenIssuer("", "", "short", lifetime=timedelta(0))
    assert len(refusal.value.errors) == 4
