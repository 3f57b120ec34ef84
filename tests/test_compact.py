"""Verify: every algorithm, the strict compact form, which key is asked, and vectors from elsewhere."""

import json
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import OctKey

from asgi_bearer import AuthError, Issuer, StaticKeys
from asgi_bearer.errors import BadSignature, InvalidClaims, MalformedToken, UnknownIssuer, UnknownKey, UnsupportedToken
from asgi_bearer.issuers.issuer import ASYMMETRIC_ALGORITHMS
from asgi_bearer.keys.verification_key import HMAC_ALGORITHMS, DeclaredKey, KeyRing
from asgi_bearer.tokens.compact import read_compact
from asgi_bearer.tokens.credentials import BearerToken
from tests.keys import ASYMMETRIC, PRIVATE_KEYS, SYMMETRIC, another_jwk, public_jwk, public_pem
from tests.tokens import ABSENT, ISSUER, base64url, claims, issuer, only_key, sign, verify_token


def verify(token: str | bytes, *issuers: Issuer) -> dict[str, Any]:
    text = token.encode() if isinstance(token, str) else token
    trusted = {one.name: one for one in issuers or (issuer(),)}
    return verify_token(BearerToken(text), trusted)[0].members


def with_signature(token: str, change: int = 1) -> str:
    """The token with another first byte in its signature."""
    text, _, signature = token.rpartition(".")
    replacement = "A" if signature[0] != "A" else "B"
    return f"{text}.{replacement}{signature[change:]}"


@pytest.mark.parametrize("algorithm", [*SYMMETRIC, *ASYMMETRIC])
def test_a_good_signature_gives_the_claims(algorithm: str) -> None:
    assert verify(sign(algorithm=algorithm), issuer(algorithm)) == claims()


@pytest.mark.parametrize("algorithm", [*SYMMETRIC, *ASYMMETRIC])
def test_another_signature_is_refused(algorithm: str) -> None:
    with pytest.raises(BadSignature):
        verify(with_signature(sign(algorithm=algorithm)), issuer(algorithm))


def test_the_step_gives_on_what_the_next_one_needs() -> None:
    trusted = issuer("ES256")
    token = BearerToken(sign(algorithm="ES256", typ="application/AT+jwt").encode())
    unverified, key = verify_token(token, {trusted.name: trusted})
    assert (unverified.issuer, unverified.header.token_type) == (trusted.name, "at+jwt")
    assert unverified.members == claims()
    assert key.identity == only_key(trusted, "ES256").identity


def test_EdDSA_and_Ed25519_name_the_same_thing() -> None:
    token = sign(algorithm="Ed25519", header={"alg": "EdDSA"})
    assert verify(token, issuer("Ed25519")) == claims()
    both_ways = Issuer(ISSUER, "a", keys=StaticKeys.from_pem(public_pem(PRIVATE_KEYS["Ed25519"]), algorithm="EdDSA"))
    assert verify(sign(algorithm="Ed25519"), both_ways) == claims()


@pytest.mark.parametrize(
    ("change", "error"),
    [
        pytest.param(lambda h, p, s: f"{h}.{p}", MalformedToken, id="two parts"),
        pytest.param(lambda h, p, s: f"{h}.{p}.", MalformedToken, id="an empty signature"),
        pytest.param(lambda h, p, s: f"{h}..{s}", MalformedToken, id="an empty payload"),
        pytest.param(lambda h, p, s: f".{p}.{s}", MalformedToken, id="an empty header"),
        pytest.param(lambda h, p, s: f"{h}.{p}.{s}.", MalformedToken, id="a fourth dot"),
        pytest.param(lambda h, p, s: f"{h}.{p}.{s}.{p}.{s}", MalformedToken, id="five parts"),
        pytest.param(lambda h, p, s: f"{h}.{p}.{s}=", MalformedToken, id="padding"),
        pytest.param(lambda h, p, s: f"{h}.{p}.{s[:-1]}+", MalformedToken, id="the other alphabet"),
        pytest.param(lambda h, p, s: f"{h}.{p}.{s}AA", MalformedToken, id="a length that no base64 has"),
        pytest.param(lambda h, p, s: f"{h}.{p}.{s}A", BadSignature, id="a byte more"),
        pytest.param(lambda h, p, s: f"{h}.{p}.AAAA", BadSignature, id="a short signature"),
        pytest.param(lambda h, p, s: f"{h}.{p}.{s}".lower(), MalformedToken, id="lower case"),
    ],
)
def test_the_compact_form_is_strict(change: Any, error: type[AuthError]) -> None:
    with pytest.raises(error):
        verify(change(*sign().split(".")))


def test_unused_bits_must_be_zero() -> None:
    """One signature has one text: its last character carries bits that are not in the bytes."""
    text, _, signature = sign().rpartition(".")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    twin = alphabet[alphabet.index(signature[-1]) + 1]
    with pytest.raises(MalformedToken):
        verify(f"{text}.{signature[:-1]}{twin}")


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        pytest.param({"alg": ABSENT}, MalformedToken, id="R26 no alg"),
        pytest.param({"alg": 1}, MalformedToken, id="R26 alg a number"),
        pytest.param({"alg": ["HS256"]}, MalformedToken, id="R26 alg a list"),
        pytest.param({"alg": "hs256"}, UnknownKey, id="R26 alg in lower case"),
        pytest.param({"alg": "HS256 "}, UnknownKey, id="R26 alg with a space"),
        pytest.param({"kid": 1}, MalformedToken, id="R28 kid a number"),
        pytest.param({"kid": None}, MalformedToken, id="R28 kid null"),
        pytest.param({"kid": ""}, MalformedToken, id="kid empty"),
        pytest.param({"kid": "a\nb"}, MalformedToken, id="D7 kid with a control character"),
        pytest.param({"kid": "k" * 1025}, MalformedToken, id="D7 kid too long"),
        pytest.param({"typ": 1}, MalformedToken, id="typ a number"),
        pytest.param({"typ": None}, MalformedToken, id="typ null"),
        pytest.param({"crit": ["exp"]}, UnsupportedToken, id="R30 crit"),
        pytest.param({"b64": False}, UnsupportedToken, id="R40 b64"),
        pytest.param({"enc": "A128GCM"}, UnsupportedToken, id="enc"),
        pytest.param({"cty": "JWT"}, UnsupportedToken, id="R50 a nested token"),
    ],
)
def test_a_header_that_is_refused(parameters: dict[str, Any], error: type[AuthError]) -> None:
    with pytest.raises(error):
        verify(sign(**parameters))


@pytest.mark.parametrize(
    "parameters",
    [
        pytest.param({"nonce": "x"}, id="R24 nonce, as Entra sends"),
        pytest.param({"jku": "https://evil.example/"}, id="R27 jku"),
        pytest.param({"x5c": ["AAAA"], "x5t": "AAAA"}, id="R27 x5c"),
        pytest.param({"jwk": {"kty": "oct", "k": "AAAA"}}, id="R27 jwk"),
        pytest.param({"kid": "../../../dev/null"}, id="R28 a kid is only compared"),
        pytest.param({"typ": ABSENT}, id="no typ"),
    ],
)
def test_a_header_that_is_accepted(parameters: dict[str, Any]) -> None:
    assert verify(sign(**parameters)) == claims()


def padded(part: str, size: int) -> str:
    """A token of which one part has this encoded size, or the next one that base64 has."""
    for padding in range(size):
        filler = "x" * (size * 3 // 4 - 300 + padding)
        token = sign(claims(pad=filler)) if part == "payload" else sign(pad=filler)
        if len(token.split(".")[part == "payload"]) >= size:
            return token
    raise AssertionError


@pytest.mark.parametrize(("part", "limit"), [("header", 4_096), ("payload", 16_384)])
def test_a_part_over_its_limit_is_rejected(part: str, limit: int) -> None:
    if part == "header":
        assert verify(padded(part, limit - 4))["sub"] == "suman"
    with pytest.raises(MalformedToken):
        verify(padded(part, limit + 1))


@pytest.mark.parametrize(("size", "error"), [(1_400, BadSignature), (1_402, MalformedToken)])
def test_a_signature_over_its_limit_is_rejected_unseen(size: int, error: type[AuthError]) -> None:
    with pytest.raises(error):
        verify(sign().rpartition(".")[0] + "." + "A" * size)


@pytest.mark.parametrize("name", [ABSENT, None, 1, ["https://login.example.com/"], {}])
def test_an_issuer_must_be_named(name: Any) -> None:
    with pytest.raises(InvalidClaims):
        verify(sign(claims(iss=name)))


@pytest.mark.parametrize("name", ["", ISSUER[:-1], ISSUER + "x", ISSUER.upper(), "https://"])
def test_an_unknown_issuer_costs_no_signature(name: str) -> None:
    with pytest.raises(UnknownIssuer):
        verify(sign(claims(iss=name)))


def test_the_signature_is_told_before_anything_in_the_claims() -> None:
    with pytest.raises(BadSignature):
        verify(with_signature(sign(claims(exp=1, aud="somebody else"))))


# Which key is asked.


def issuer_with(*keys: dict[str, Any], **settings: Any) -> Issuer:
    return issuer(keys=StaticKeys.from_jwks({"keys": list(keys)}), **settings)


def test_a_key_is_found_by_its_name() -> None:
    trusted = issuer_with(public_jwk("RS256", kid="rsa"), public_jwk("ES256", kid="ec"))
    assert verify(sign(algorithm="RS256", kid="rsa"), trusted)
    assert verify(sign(algorithm="ES256", kid="ec"), trusted)
    with pytest.raises(UnknownKey):
        verify(sign(algorithm="RS256", kid="ec"), trusted)
    with pytest.raises(UnknownKey):
        verify(sign(algorithm="RS256", kid="other"), trusted)


def test_R39_two_keys_of_one_name_are_told_apart_by_type() -> None:
    trusted = issuer_with(public_jwk("ES256", kid="same"), public_jwk("RS256", kid="same"))
    assert verify(sign(algorithm="RS256", kid="same"), trusted)
    assert verify(sign(algorithm="ES256", kid="same"), trusted)


def test_a_token_without_kid_is_tried_against_the_keys_that_fit() -> None:
    trusted = issuer_with(public_jwk("ES256", kid="ec"), public_jwk("RS256", kid="rsa"))
    assert verify(sign(algorithm="RS256"), trusted)


def test_a_key_without_kid_serves_a_token_with_one() -> None:
    assert verify(sign(algorithm="RS256", kid="any"), issuer_with(public_jwk("RS256")))


@pytest.mark.parametrize("algorithm", ASYMMETRIC)
def test_every_key_that_fits_is_tried_for_a_token_without_kid(algorithm: str) -> None:
    others = [another_jwk(algorithm) for _ in range(5)]
    trusted = issuer_with(*others, public_jwk(algorithm), algorithms=[algorithm])
    assert verify(sign(algorithm=algorithm), trusted)
    assert verify(sign(algorithm=algorithm, kid="not in the set"), trusted)
    with pytest.raises(BadSignature):
        verify(sign(algorithm=algorithm), issuer_with(*others, algorithms=[algorithm]))


@pytest.mark.parametrize(("algorithm", "most"), [("ES512", 6), ("ES384", 7), ("Ed25519", 25), ("ES256", 33)])
def test_keys_that_cost_too_much_to_try_them_all_are_unknown_and_a_warning_says_so(
    algorithm: str, most: int, caplog: pytest.LogCaptureFixture
) -> None:
    others = [another_jwk(algorithm) for _ in range(most)]
    assert verify(sign(algorithm=algorithm), issuer_with(*others[1:], public_jwk(algorithm)))
    assert caplog.records == []
    trusted = issuer_with(*others, public_jwk(algorithm))
    for unnamed in (sign(algorithm=algorithm), sign(algorithm=algorithm, kid="not in the set")):
        with pytest.raises(UnknownKey):
            verify(unnamed, trusted)
    (warning,) = caplog.messages
    assert warning.startswith(f"keys of issuer {ISSUER!r}: {most + 1} keys for {algorithm} are too many to try them")
    named = issuer_with(*others, public_jwk(algorithm, kid="one"))
    assert verify(sign(algorithm=algorithm, kid="one"), named)


def test_the_cost_of_an_RSA_key_grows_with_its_length() -> None:
    modulus = (1 << 8191) + 1
    jwk = {"kty": "RSA", "n": base64url(modulus.to_bytes(1024)).decode(), "e": "AQAB"}
    (long, short) = StaticKeys.from_jwks({"keys": [jwk, public_jwk("RS256")]}).keys
    assert (long.cost, short.cost) == (16, 1)


def test_R55_a_key_is_used_with_one_algorithm() -> None:
    trusted = issuer_with(public_jwk("RS256"))
    with pytest.raises(UnknownKey):
        verify(sign(algorithm="PS256"), trusted)
    with pytest.raises(UnknownKey):
        verify(sign(algorithm="RS512"), trusted)
    assert verify(sign(algorithm="PS256"), issuer_with(public_jwk("RS256"), algorithms=["PS256", "RS256"]))


@pytest.mark.parametrize("algorithm", ["none", "None", "nOnE", "NONE", "ES256K", "Ed448", "RSA-OAEP", "HS256"])
def test_an_algorithm_that_is_not_configured_finds_no_key(algorithm: str) -> None:
    with pytest.raises(UnknownKey):
        verify(sign(algorithm="RS256", header={"alg": algorithm}), issuer("RS256"))


def test_a_key_that_raises_verifies_nothing() -> None:
    """ECDSA's verification takes no garbage, RSA's raises on some; neither gets out."""
    for algorithm in ASYMMETRIC:
        text = sign(algorithm=algorithm).rpartition(".")[0]
        for signature in (b"", b"\x00", b"\xff" * 1000):
            assert not only_key(issuer(algorithm), algorithm).verify(text.encode(), signature)
    assert not only_key(issuer(), "HS256").verify(b"", None)  # type: ignore[arg-type]  # a TypeError within


# Vectors from elsewhere: tests/vectors/README.md says from where.

_FILES = Path(__file__).parent / "vectors"
_DEFECTS = {
    one["tcId"]: one["correct"] for one in json.loads((_FILES / "known_defects.json").read_text())["corrections"]
}
_GROUPS = json.loads((_FILES / "json_web_signature_test.json").read_text())["testGroups"]
_CASES = [(group.get("public", group["private"]), case) for group in _GROUPS for case in group["tests"]]


def jws_verifies(jwk: dict[str, Any], jws: str) -> bool:
    """The signature step alone: these payloads are no claims, and some of these secrets we refuse at construction."""
    if jwk["kty"] == "oct":
        declared: Any = [DeclaredKey(OctKey.import_key(jwk), jwk["kid"], jwk.get("alg"))]
    else:
        declared = StaticKeys.from_jwks({"keys": [jwk]}).keys
    algorithms = [jwk["alg"]] if "alg" in jwk else [*ASYMMETRIC_ALGORITHMS, *HMAC_ALGORITHMS]
    try:
        header, _, signed, signature = read_compact(BearerToken(jws.encode()))
    except AuthError:
        return False
    keys = KeyRing.of(declared, algorithms).find(header.key_id, header.algorithm)
    return any(key.verify(signed, signature) for key in keys)


@pytest.mark.parametrize(("jwk", "case"), _CASES, ids=[f"{case['tcId']} {case['comment']}" for _, case in _CASES])
def test_wycheproof_agrees(jwk: dict[str, Any], case: dict[str, Any]) -> None:
    expected = _DEFECTS.get(case["tcId"], case["result"])
    assert jws_verifies(jwk, case["jws"]) is (expected == "valid")


def test_all_of_wycheproof_is_there() -> None:
    assert len(_CASES) == 401
