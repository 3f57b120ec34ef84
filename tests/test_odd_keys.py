"""JWKs as providers really publish them: what is harmless is read, what is harmful is not, for each kind of key."""

import json
import logging
from base64 import b64encode, encodebytes, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from joserfc.jwk import ECKey

from asgi_bearer import StaticKeys
from asgi_bearer.issuers.trusted import TrustedIssuer
from asgi_bearer.keys.jwk_set import read_published_keys
from asgi_bearer.tokens.credentials import BearerToken
from tests.keys import ASYMMETRIC, SECRET, joserfc_key, public_jwk
from tests.tokens import base64url, claims, issuer, sign, verify_token

Jwk = dict[str, Any]

GOOD: Mapping[str, Jwk] = {
    **{algorithm: public_jwk(algorithm, kid="one", alg=algorithm, use="sig") for algorithm in ASYMMETRIC},
    "HS256": {"kty": "oct", "k": base64url(SECRET).decode(), "kid": "one", "alg": "HS256", "use": "sig"},
}
NUMBERS = ("n", "e", "x", "y", "k")


def with_numbers(rewrite: Callable[[bytes], str]) -> Callable[[Jwk], Jwk]:
    """Each number of the key in another text."""

    def change(jwk: Jwk) -> Jwk:
        return {
            name: rewrite(urlsafe_b64decode(value + "==")) if name in NUMBERS else value for name, value in jwk.items()
        }

    return change


def with_members(**members: Any) -> Callable[[Jwk], Jwk]:
    return lambda jwk: {**jwk, **members}


def loose_bits(octets: bytes) -> str:
    """Base64url whose unused bits are not zero, if there are any."""
    text = base64url(octets).decode()
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return text if len(text) % 4 == 0 else text[:-1] + alphabet[alphabet.index(text[-1]) + 1]


HARMLESS: Mapping[str, Callable[[Jwk], Jwk]] = {
    "as it should be": with_members(),
    "padded": with_numbers(lambda octets: urlsafe_b64encode(octets).decode()),
    "the standard alphabet": with_numbers(lambda octets: b64encode(octets).decode().rstrip("=")),
    "the standard alphabet, padded": with_numbers(lambda octets: b64encode(octets).decode()),
    "in lines": with_numbers(lambda octets: encodebytes(octets).decode()),
    "unused bits": with_numbers(loose_bits),
    "use null": with_members(use=None),
    "use empty": with_members(use=""),
    "use jwt-svid": with_members(use="jwt-svid"),
    "key_ops null": with_members(key_ops=None),
    "key_ops empty": with_members(key_ops=[]),
    "key_ops with more": with_members(key_ops=["sign", "verify"]),
    "alg null": with_members(alg=None),
    "alg empty": with_members(alg=""),
    "kid null": with_members(kid=None),
    "kid empty": with_members(kid=""),
    "certificates null": with_members(x5c=None, x5t=None, x5u=None, **{"x5t#S256": None}),
    "certificates empty": with_members(x5c=[], x5t="", x5u=""),
    "certificates that are none": with_members(x5c="MIIC", x5t=7, x5u={}, **{"x5t#S256": []}),
    "private members null": with_members(d=None, p=None, q=None, dp=None, dq=None, qi=None, oth=None),
    "unknown members": with_members(value="-----BEGIN PUBLIC KEY-----", issuer=None, ext=True, revoked=[]),
    "everything null": with_members(use=None, key_ops=None, alg=None, kid=None, x5c=None, d=None),
}
UNREMARKABLE = {
    *("as it should be", "use jwt-svid", "key_ops with more", "unknown members"),
    *(name for name in HARMLESS if name.startswith("certificates")),
}

HARMFUL: Mapping[str, tuple[Callable[[Jwk], Any], str]] = {
    "use enc": (with_members(use="enc"), 'use is not "sig"'),
    "use x509-svid": (with_members(use="x509-svid"), 'use is not "sig"'),
    "use of a wrong type": (with_members(use=["sig"]), 'use is not "sig"'),
    "use in capitals": (with_members(use="SIG"), 'use is not "sig"'),
    "key_ops without verify": (with_members(key_ops=["sign"]), "key_ops"),
    "key_ops for encryption": (with_members(key_ops=["wrapKey"]), "key_ops"),
    "key_ops as a string": (with_members(key_ops="verify"), "key_ops"),
    "key_ops of numbers": (with_members(key_ops=[1]), "key_ops"),
    "key_ops of lists": (with_members(key_ops=[["verify"]]), "key_ops"),
    "key_ops an object": (with_members(key_ops={"verify": True}), "key_ops"),
    "alg of a wrong type": (with_members(alg=256), "alg and kid must be strings"),
    "alg false": (with_members(alg=False), "alg and kid must be strings"),
    "alg none": (with_members(alg="none"), ""),
    "alg in small letters": (lambda jwk: {**jwk, "alg": jwk["alg"].lower()}, ""),
    "alg for encryption": (with_members(alg="RSA-OAEP-256"), "alg is for encryption"),
    "kid of a wrong type": (with_members(kid=1), "alg and kid must be strings"),
    "kid an empty object": (with_members(kid={}), "alg and kid must be strings"),
    "kty null": (with_members(kty=None), "kty must be"),
    "kty of a wrong type": (with_members(kty=["RSA"]), "kty must be"),
    "another kty": (lambda jwk: {**jwk, "kty": "EC" if jwk["kty"] != "EC" else "RSA"}, "cannot be read"),
    "numbers null": (lambda jwk: {name: None if name in NUMBERS else jwk[name] for name in jwk}, "missing"),
    "numbers empty": (with_numbers(lambda _: ""), "missing"),
    "numbers that are numbers": (lambda jwk: {name: 7 if name in NUMBERS else jwk[name] for name in jwk}, "base64url"),
    "numbers in lists": (lambda jwk: {name: ["A"] if name in NUMBERS else jwk[name] for name in jwk}, "base64url"),
    "other characters": (with_numbers(lambda octets: "!" + base64url(octets).decode()), "base64url"),
    "padding within": (with_numbers(lambda octets: "AA==" + base64url(octets).decode()), "base64url"),
    "not ASCII": (with_numbers(lambda octets: "ä" + base64url(octets).decode()), "base64url"),
    "a JWK in a list": (lambda jwk: [jwk], "must be a JSON object"),
    "a JWK as a string": (json.dumps, "must be a JSON object"),
}


def warnings_in(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.parametrize("oddity", HARMLESS)
@pytest.mark.parametrize("algorithm", GOOD)
def test_a_JWK_with_a_harmless_oddity_verifies_and_a_warning_names_it(
    algorithm: str, oddity: str, caplog: pytest.LogCaptureFixture
) -> None:
    jwk = HARMLESS[oddity](GOOD[algorithm])
    trusted = issuer(keys=StaticKeys.from_jwks({"keys": [jwk]}), algorithms=[algorithm])
    assert list(trusted.errors()) == []
    token = BearerToken(sign(algorithm=algorithm, kid="one").encode())
    assert verify_token(token, {trusted.name: trusted})[0].members == claims()
    odd = oddity not in UNREMARKABLE and jwk != GOOD[algorithm]
    assert bool(warnings_in(caplog)) == odd
    assert all("is used, but its JWK is odd" in warning for warning in warnings_in(caplog))


@pytest.mark.parametrize("oddity", HARMLESS)
@pytest.mark.parametrize("algorithm", ASYMMETRIC)
def test_a_published_JWK_with_a_harmless_oddity_is_the_same_key(algorithm: str, oddity: str) -> None:
    jwk = HARMLESS[oddity](GOOD[algorithm])
    (key,), notes = read_published_keys(json.dumps({"keys": [jwk]}).encode())
    assert key.key.as_dict(private=False, kid="") == joserfc_key(algorithm).as_dict(private=False, kid="")
    assert bool(notes) == (oddity not in UNREMARKABLE and jwk != GOOD[algorithm])


@pytest.mark.parametrize("oddity", HARMFUL)
@pytest.mark.parametrize("algorithm", GOOD)
def test_a_JWK_with_a_harmful_oddity_is_rejected_with_the_reason(algorithm: str, oddity: str) -> None:
    change, reason = HARMFUL[oddity]
    jwk = change(GOOD[algorithm])
    (fault,) = StaticKeys.from_jwks({"keys": [jwk]}).errors
    assert fault.startswith("the JWK Set has no usable key; ")
    assert reason in fault
    keys, (note,) = read_published_keys(json.dumps({"keys": [jwk]}).encode())
    assert keys == []
    assert reason in note.text or "a secret in a set that everybody can read" in note.text


@pytest.mark.parametrize("member", ["d", "p", "q", "dp", "dq", "qi", "oth", "priv"])
@pytest.mark.parametrize("algorithm", ASYMMETRIC)
def test_any_private_part_makes_a_key_unusable(algorithm: str, member: str) -> None:
    values: tuple[Any, ...] = ("AQAB", 7, [{}])
    for value in values:
        jwk = {**GOOD[algorithm], member: value}
        (fault,) = StaticKeys.from_jwks({"keys": [jwk]}).errors
        _, (note,) = read_published_keys(json.dumps({"keys": [jwk]}).encode())
        assert "has a private key" in fault
        assert "a private key where a public one is meant" in note.text


@pytest.mark.parametrize("rewrite", [oddity for oddity in HARMLESS if "null" in oddity or "padded" in oddity])
def test_a_weak_key_stays_weak_however_it_is_written(rewrite: str) -> None:
    numbers = generate_private_key(65537, 1024).public_key().public_numbers()
    small = {**GOOD["RS256"], "n": base64url(numbers.n.to_bytes(128)).decode()}
    off_curve = {**GOOD["ES256"], "x": base64url(b"\x01" * 32).decode()}
    other_curve = ECKey.generate_key("secp256k1").as_dict(private=False)
    small_order = {**GOOD["Ed25519"], "x": base64url(bytes(32)).decode()}
    short_secret = {**GOOD["HS256"], "k": base64url(b"short").decode()}
    for weak, reason in (
        (small, "the RSA key has 1024 bits"),
        (off_curve, "cannot be read"),
        (other_curve, "not accepted"),
        (small_order, "small order"),
        (short_secret, "has 5 bytes"),
    ):
        (fault,) = StaticKeys.from_jwks({"keys": [HARMLESS[rewrite](weak)]}).errors
        assert reason in fault


@pytest.mark.parametrize("algorithm", ASYMMETRIC)
def test_leading_zeros_and_a_byte_order_mark_do_not_matter(algorithm: str) -> None:
    padded = with_numbers(lambda octets: base64url(b"\0" + octets).decode())
    jwk = GOOD[algorithm] if algorithm == "Ed25519" else padded(GOOD[algorithm])
    octets = b"\xef\xbb\xbf" + json.dumps({"keys": [jwk]}).encode()
    assert StaticKeys.from_jwks(octets).errors == ()
    (key,), _ = read_published_keys(octets)
    assert key.key_id == "one"


def test_an_encryption_key_beside_a_signing_key_is_not_worth_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "asgi_bearer"):
        encryption = [
            {**GOOD["RS256"], "kid": "two", "use": "enc", "alg": "RSA-OAEP"},
            {**GOOD["RS256"], "kid": "three", "use": None, "alg": "RSA-OAEP-256"},
            {**GOOD["RS256"], "kid": "four", "use": None, "key_ops": ["encrypt", "wrapKey"], "alg": None},
        ]
        assert len(StaticKeys.from_jwks({"keys": [GOOD["RS256"], *encryption]}).keys) == 1
    assert [record.levelname for record in caplog.records] == ["DEBUG"] * 3


def test_the_log_says_which_keys_an_issuer_leaves_out_and_which_it_uses_for_one_algorithm(
    caplog: pytest.LogCaptureFixture,
) -> None:
    nameless = {"kty": "RSA", "n": GOOD["RS256"]["n"], "e": GOOD["RS256"]["e"]}
    keys = StaticKeys.from_jwks({"keys": [nameless, GOOD["ES256"], {**GOOD["ES384"], "kid": None}]})
    caplog.clear()
    with caplog.at_level(logging.DEBUG, "asgi_bearer"):
        TrustedIssuer(issuer(keys=keys, algorithms=["RS256", "PS256", "ES384"]))
    assert [message.partition("': ")[2] for message in caplog.messages] == [
        "the RSA key without kid names no alg: it is used with RS256, and tokens signed with PS256 are rejected",
        "kid 'one' is not used: it fits none of the algorithms RS256, PS256, ES384",
    ]


def test_a_kid_is_shown_escaped_and_shortened() -> None:
    for key_id, shown in {"a\nb\x1b[31m": r"kid 'a\nb\x1b[31m'", "é" * 500: "kid '" + r"\xe9" * 64 + "'…"}.items():
        (fault,) = StaticKeys.from_jwks({"keys": [{"kty": "RSA", "kid": key_id}]}).errors
        assert f"; {shown} is skipped: " in fault
