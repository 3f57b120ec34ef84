"""Issuer: every fault of its settings, said with what to write instead."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from asgi_bearer import FetchSettings, Issuer, RemoteKeys, StaticKeys
from asgi_bearer.issuers.issuer import ASYMMETRIC_ALGORITHMS
from asgi_bearer.tokens.compact import canonical_type
from tests.keys import PRIVATE_KEYS, SECRET, public_jwk, public_pem
from tests.tokens import AUDIENCE, ISSUER, issuer

PUBLIC = StaticKeys.from_pem(public_pem(PRIVATE_KEYS["RS256"]))
SECRETS = StaticKeys.from_secret(SECRET)


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"name": ""}, "the issuer must be the exact text of `iss`"),
        ({"name": None}, "the issuer must be the exact text of `iss`"),
        ({"name": None, "keys": None}, "the issuer must be the exact text of `iss`"),
        ({"audience": ""}, "the audience must not be empty"),
        ({"audience": []}, "the audience must not be empty"),
        ({"audience": None}, "the audience must not be empty"),
        ({"audience": ["a", ""]}, "the audience must not be empty"),
        ({"audience": ["a", 7]}, "the audience must not be empty"),
        ({"keys": SECRET}, "keys must be StaticKeys.from_jwks"),
        ({"keys": None, "name": "login"}, "its metadata cannot be fetched: 'login' must have a host"),
        ({"keys": None, "name": "a b"}, "'a b' is no URL"),
        ({"keys": None, "name": "https://[::1"}, "is no URL"),
        ({"keys": None, "name": "https://login.example.com?tenant=1"}, "an issuer has no query"),
        ({"keys": None, "name": "https://me@login.example.com"}, "and no user, password or fragment"),
        ({"keys": None, "name": "http://login.example.com"}, "is not https"),
        ({"keys": None, "name": "http://login.example.com", "allow_loopback_http": True}, "is not https"),
        ({"keys": None, "name": "http://127.0.0.1"}, "is not https"),
        ({"keys": None, "allow_loopback_http": "yes"}, "allow_loopback_http must be True or False"),
        ({"keys": None, "algorithms": ["HS256"]}, "a secret cannot be fetched"),
        ({"keys": RemoteKeys("file:///etc/passwd")}, "jwks_uri: 'file:///etc/passwd' must have a host"),
        ({"keys": RemoteKeys("ftp://login.example.com/jwks")}, "jwks_uri: 'ftp://login.example.com/jwks' is not https"),
        ({"keys": RemoteKeys("data:application/json,{}")}, "jwks_uri: 'data:application/json,{}' must have a host"),
        ({"keys": RemoteKeys(7)}, "jwks_uri must be a URL"),  # type: ignore[arg-type]
        ({"keys": RemoteKeys(client=httpx.Client)}, "client must be an httpx.AsyncClient"),  # type: ignore[arg-type]
        ({"keys": RemoteKeys(rules=7)}, "rules must be FetchSettings"),  # type: ignore[arg-type]
        ({"keys": RemoteKeys(rules=FetchSettings(max_bytes=0))}, "max_bytes must be an int over 0"),
        ({"keys": RemoteKeys(rules=FetchSettings(timeout=timedelta(0)))}, "timeout must be a timedelta over 0"),
        (
            {"keys": RemoteKeys(rules=FetchSettings(lifetime=timedelta(hours=2)))},
            "lifetime must lie between min_lifetime and max_lifetime",
        ),
        (
            {"keys": RemoteKeys(rules=FetchSettings(min_backoff=timedelta(hours=2)))},
            "min_backoff must not be over max_backoff",
        ),
        (
            {"keys": RemoteKeys(rules=FetchSettings(cooldown=timedelta(seconds=31)))},
            "cooldown must not be over half of min_lifetime",
        ),
        ({"algorithms": []}, "algorithms must not be empty"),
        ({"algorithms": ["HS256", "none"]}, "algorithm 'none' is not accepted here; write one of RS256, "),
        ({"algorithms": "hs256"}, "algorithm 'hs256' is not accepted here"),
        ({"algorithms": ["HS256", "RS256"]}, "must not be mixed"),
        ({"algorithms": ["HS512"]}, "none of the keys (secret) fits the algorithms HS512"),
        ({"keys": PUBLIC, "algorithms": ["ES256"]}, "none of the keys (RSA) fits the algorithms ES256"),
        ({"leeway": timedelta(seconds=-1)}, "leeway must be a timedelta from 0 to 5 minutes"),
        ({"leeway": timedelta(seconds=301)}, "leeway must be a timedelta from 0 to 5 minutes"),
        ({"leeway": 30}, "leeway must be a timedelta from 0 to 5 minutes"),
        ({"max_age": timedelta(0)}, "max_age must be a timedelta over 0"),
        ({"max_age": 60}, "max_age must be a timedelta over 0"),
        ({"token_type": ""}, "token_type must be a media type"),
        ({"token_type": 7}, "token_type must be a media type"),
        ({"audience_claim": ""}, "audience_claim must be a claim's name"),
        ({"audience_claim": 7}, "audience_claim must be a claim's name"),
        ({"roles_claim": ""}, "roles_claim must be a claim's name"),
        ({"roles_claim": ()}, "roles_claim must be a claim's name"),
        ({"roles_claim": ("a", 7)}, "roles_claim must be a claim's name"),
        ({"keys": StaticKeys.from_secret("short")}, "the secret has 5 bytes"),
    ],
)
def test_a_fault_is_said(settings: dict[str, Any], fault: str) -> None:
    faulty = issuer(**settings)
    said = [one for one in faulty.errors() if fault in one]
    assert len(said) == 1
    assert said[0].startswith(f"Issuer({settings.get('name', ISSUER)!r}): ")


@pytest.mark.parametrize("settings", [{"leeway": timedelta(minutes=5)}, {"max_age": timedelta(seconds=1)}, {}], ids=str)
def test_sound_settings_have_no_fault(settings: dict[str, Any]) -> None:
    assert list(issuer(**settings).errors()) == []


def test_A17_without_algorithms_the_list_is_closed_all_the_same() -> None:
    assert Issuer(ISSUER, AUDIENCE, keys=PUBLIC).algorithms == ASYMMETRIC_ALGORITHMS
    assert "none" not in ASYMMETRIC_ALGORITHMS
    assert not any(name.startswith("HS") for name in ASYMMETRIC_ALGORITHMS)
    assert Issuer(ISSUER, AUDIENCE, keys=StaticKeys.from_secret(SECRET, algorithm="HS384")).algorithms == ("HS384",)


def test_B6_an_issuer_cannot_be_made_without_an_audience() -> None:
    with pytest.raises(TypeError):
        Issuer(ISSUER, keys=SECRETS)  # type: ignore[call-arg]


def test_one_text_is_one_algorithm() -> None:
    assert Issuer(ISSUER, AUDIENCE, keys=PUBLIC, algorithms="RS512").algorithms == ("RS512",)


def test_R41_EdDSA_is_listed_once() -> None:
    keys = StaticKeys.from_jwks({"keys": [public_jwk("Ed25519")]})
    assert Issuer(ISSUER, AUDIENCE, keys=keys, algorithms=["EdDSA", "Ed25519"]).algorithms == ("Ed25519",)


@pytest.mark.parametrize(
    ("written", "compared"),
    [
        ("at+jwt", "at+jwt"),
        ("AT+JWT", "at+jwt"),
        ("application/at+jwt", "at+jwt"),
        ("Application/JWT", "jwt"),
        ("text/plain", "text/plain"),
        ("application/text/plain", "application/text/plain"),
        ("application/", ""),
    ],
)
def test_a_type_is_compared_as_a_media_type(written: str, compared: str) -> None:
    """`application/` may be left out only if no other slash is there (RFC 7515 section 4.1.9)."""
    assert canonical_type(written) == compared


@pytest.mark.parametrize(
    ("required", "fault"),
    [
        ([""], "must be names of claims"),
        ({"a": []}, "required_claims of 'a' must be a string"),
        ({"a": {}}, "required_claims of 'a' must be a string"),
        ({"a": ["x", None]}, "required_claims of 'a' must be a string"),
        ({7: "x"}, "must be names of claims"),
    ],
    ids=str,
)
def test_a_required_claim_is_a_name_and_values(required: Any, fault: str) -> None:
    (said,) = Issuer("https://login.example.com/", "api", keys=PUBLIC, required_claims=required).errors()
    assert fault in said
