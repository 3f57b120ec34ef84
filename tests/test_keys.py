"""Keys at hand: what is accepted, and each thing that people hand in instead, with what they are told."""

import json
import logging
import secrets
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from joserfc.jwk import ECKey

from asgi_bearer import ConfigurationError, StaticKeys, TokenIssuer
from tests.keys import ASYMMETRIC, PRIVATE_KEYS, SECRET, SYMMETRIC, private_pem, public_jwk, public_pem
from tests.published_secrets import LIST, SOURCES, forms, lines, published
from tests.tokens import base64url

RSA = PRIVATE_KEYS["RS256"]
SIZES = {"HS256": 32, "HS384": 48, "HS512": 64}


def certificate(key: Any, days: int = 1) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "example")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=days))
    return builder.sign(key, None if isinstance(key, Ed25519PrivateKey) else hashes.SHA256())


def one_fault(keys: StaticKeys) -> str:
    assert not keys.keys
    (fault,) = keys.errors
    return fault


# Secrets.


@pytest.mark.parametrize("algorithm", SYMMETRIC)
def test_R33_a_secret_has_the_size_of_its_hash(algorithm: str) -> None:
    size = SIZES[algorithm]
    assert StaticKeys.from_secret(secrets.token_bytes(size), algorithm=algorithm).keys
    fault = one_fault(StaticKeys.from_secret(secrets.token_bytes(size - 1), algorithm=algorithm))
    assert fault.startswith(f"the secret has {size - 1} bytes, {algorithm} needs {size}")
    assert f"secrets.token_urlsafe({size})" in fault


def test_a_text_counts_as_UTF_8() -> None:
    assert StaticKeys.from_secret("çğışöü" + secrets.token_hex(10)).keys
    assert "surrogate" not in one_fault(StaticKeys.from_secret("\ud800"))


@pytest.mark.parametrize("secret", [None, 7, ["x" * 40], bytearray(40)])
def test_a_secret_is_text_or_bytes(secret: Any) -> None:
    assert one_fault(StaticKeys.from_secret(secret)) == "the secret must be str or bytes"


@pytest.mark.parametrize("algorithm", ["none", "RS256", "HS1", ""])
def test_a_secret_signs_with_HMAC_only(algorithm: str) -> None:
    assert 'write algorithm="HS256"' in one_fault(StaticKeys.from_secret(SECRET, algorithm=algorithm))


PUBLISHED = published()


def test_A16_R60_every_published_secret_is_refused() -> None:
    assert len(PUBLISHED) > 1886
    accepted = [secret for secret in PUBLISHED if StaticKeys.from_secret(secret).keys]
    accepted += [secret for secret in PUBLISHED if StaticKeys.from_secret(f" {secret}\n").keys]
    assert accepted == []


def test_the_list_of_published_secrets_is_up_to_date() -> None:
    assert LIST.read_text("ascii").splitlines() == list(lines()), "run: python -m tests.published_secrets"


@pytest.mark.parametrize("source", SOURCES)
def test_a_published_secret_is_rejected_in_every_form(source: str) -> None:
    """As text, as the bytes behind it, as the `k` of a JWK, and to sign with."""
    for secret in SOURCES[source]:
        for form in forms(secret):
            assert "published or easily guessed" in one_fault(StaticKeys.from_secret(form))
            jwk = {"kty": "oct", "k": base64url(form).decode(), "alg": "HS256"}
            assert "published or easily guessed" in one_fault(StaticKeys.from_jwks({"keys": [jwk]}))
            with pytest.raises(ConfigurationError, match="published or easily guessed"):
                TokenIssuer("https://login.example.com/", "orders-api", form)


@pytest.mark.parametrize("secret", ["a" * 64, "ab" * 32, "secret12" * 8, "01" * 40, "\x00" * 64, "aabbccd" + "a" * 40])
def test_A16_a_repetition_is_refused(secret: str) -> None:
    assert "published or easily guessed" in one_fault(StaticKeys.from_secret(secret))


def mistaken_for_secrets() -> list[Any]:
    public, pem = RSA.public_key(), public_pem(RSA)
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    jwk = json.dumps(public_jwk("RS256"))
    chain = certificate(RSA)
    return [
        pytest.param(pem, id="A2 a PEM"),
        pytest.param(pem.decode(), id="A2 a PEM as text"),
        pytest.param(pem.strip(), id="A2 a PEM without its last newline"),
        pytest.param(b" \n" + pem, id="A5 a PEM behind white space"),
        pytest.param(b"\xef\xbb\xbf" + pem, id="A4 a PEM behind a byte order mark"),
        pytest.param(pem.replace(b"\n", b"\\n"), id="a PEM with escaped newlines"),
        pytest.param(pem[:200], id="a PEM cut short"),
        pytest.param(public.public_bytes(Encoding.PEM, PublicFormat.PKCS1), id="A3 PKCS #1"),
        pytest.param(public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH), id="A3 SSH, RSA"),
        pytest.param(
            PRIVATE_KEYS["ES256"].public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH), id="A3 SSH, ECDSA"
        ),
        pytest.param(chain.public_bytes(Encoding.PEM), id="A3 a certificate"),
        pytest.param(chain.public_bytes(Encoding.DER), id="A4 a certificate in DER"),
        pytest.param(der, id="A4 DER"),
        pytest.param(b64encode(der), id="A4 DER in base64, a PEM without its armour"),
        pytest.param(base64url(der), id="A4 DER in base64url"),
        pytest.param(b64encode(pem), id="A4 a PEM in base64"),
        pytest.param(private_pem(RSA), id="a private PEM"),
        pytest.param(RSA.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()), id="a private key in DER"),
        pytest.param(jwk, id="A4 a JWK"),
        pytest.param("\ufeff" + jwk, id="A4 a JWK behind a byte order mark"),
        pytest.param(f'{{"keys": [{jwk}]}}', id="A4 a JWK Set"),
        pytest.param(f"[{jwk}]", id="A4 an array of JWKs"),
        pytest.param(b64encode(jwk.encode()), id="A4 a JWK in base64"),
        pytest.param("https://login.example.com/.well-known/jwks.json", id="a URL"),
        pytest.param("/etc/orders-api/keys/login.example.com.pem", id="a file's name"),
    ]


@pytest.mark.parametrize("secret", mistaken_for_secrets())
@pytest.mark.parametrize("algorithm", SYMMETRIC)
def test_A2_A3_A4_A5_key_material_is_no_secret(secret: str | bytes, algorithm: str) -> None:
    errors = StaticKeys.from_secret(secret, algorithm=algorithm).errors
    assert any("write StaticKeys.from_pem or .from_jwks for a public key" in fault for fault in errors)


def test_a_certificate_is_no_secret_whatever_its_last_byte() -> None:
    """DER is binary: an end that looks like white space belongs to it."""
    ends: set[int] = set()
    key = PRIVATE_KEYS["Ed25519"]
    for days in range(1, 2000):
        octets = certificate(key, days).public_bytes(Encoding.DER)
        if octets[-1:].isspace():
            ends.add(octets[-1])
            for form in (octets, b64encode(octets), base64url(octets)):
                assert "the secret is a key or certificate" in one_fault(StaticKeys.from_secret(form))
    assert ends


def test_a_random_secret_is_never_mistaken() -> None:
    refused = [
        errors
        for length in (32, 43, 64)
        for make in (secrets.token_bytes, secrets.token_urlsafe, secrets.token_hex)
        for _ in range(300)
        if (errors := StaticKeys.from_secret(make(length)).errors)
    ]
    assert refused == []


@pytest.mark.parametrize("surplus", ["{}\n", "{}\r\n", " {}", "{}\t", "\ufeff{}", "\n{}\n"])
@pytest.mark.parametrize(
    "text", [f"k7Jq2mVx9Lw4Rz8Tn3Yb6Pc1Ds5{end}" for end in ("Fg0Ha", "çğı")], ids=["ASCII", "UTF-8"]
)
def test_a_secret_with_white_space_at_its_ends_is_a_fault(surplus: str, text: str) -> None:
    """What a file or an editor added would be signed with; the other side does not have it."""
    for secret in (surplus.format(text), surplus.format(text).encode()):
        assert "strip it: secret.strip()" in one_fault(StaticKeys.from_secret(secret))
        k = base64url(surplus.format(text).encode()).decode()
        assert "strip it: secret.strip()" in one_fault(StaticKeys.from_jwks({"keys": [{"kty": "oct", "k": k}]}))
        with pytest.raises(ConfigurationError, match="strip it"):
            TokenIssuer("https://login.example.com/", "orders-api", secret)


def test_random_octets_may_end_in_what_looks_like_white_space() -> None:
    for octet in b" \t\r\n":
        assert StaticKeys.from_secret(bytes(range(200, 240)) + bytes([octet])).keys


# PEM.


@pytest.mark.parametrize("algorithm", ASYMMETRIC)
def test_a_public_PEM_is_read(algorithm: str) -> None:
    pem = public_pem(PRIVATE_KEYS[algorithm])
    for form in (pem, pem.decode(), b"\n" + pem + b"\n", pem.replace(b"\n", b"\r\n")):
        (key,) = StaticKeys.from_pem(form, algorithm=algorithm, key_id="one").keys
        assert (key.algorithm, key.key_id) == (algorithm, "one")


def test_PKCS1_and_certificates_are_read() -> None:
    pkcs1 = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.PKCS1)
    assert StaticKeys.from_pem(pkcs1).keys
    assert StaticKeys.from_pem(certificate(RSA).public_bytes(Encoding.PEM)).keys


def small_rsa(bits: int) -> bytes:
    return public_pem(rsa.generate_private_key(65537, bits))


@pytest.mark.parametrize(
    ("pem", "fault"),
    [
        pytest.param(7, "must be str or bytes", id="a number"),
        pytest.param(b"", "not a PEM", id="empty"),
        pytest.param(SECRET, "not a PEM", id="a secret"),
        pytest.param(json.dumps(public_jwk("RS256")), "not a PEM", id="a JWK"),
        pytest.param(private_pem(RSA), "a private key where a public one is meant", id="private"),
        pytest.param(
            RSA.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()),
            "a private key where a public one is meant",
            id="private, PKCS #1",
        ),
        pytest.param(public_pem(RSA).replace(b"\n", b"\\n"), "lost its newlines", id="escaped newlines"),
        pytest.param(public_pem(RSA).replace(b"\n", b""), "lost its newlines", id="no newlines"),
        pytest.param(public_pem(RSA).replace(b"\n", b" "), "lost its newlines", id="spaces for newlines"),
        pytest.param(public_pem(RSA)[:200], "cannot be read", id="cut short"),
        pytest.param(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "cannot be read", id="broken"),
        pytest.param(public_pem(RSA) + public_pem(RSA), "the PEM has 2 blocks", id="two keys"),
        pytest.param(
            certificate(RSA).public_bytes(Encoding.PEM) * 3,
            "the PEM has 3 blocks, and one is read; of a chain of certificates write the first one alone",
            id="a chain of certificates",
        ),
        pytest.param(
            certificate(RSA).public_bytes(Encoding.PEM) + public_pem(RSA), "2 blocks", id="a certificate and a key"
        ),
        pytest.param(small_rsa(1024), "the RSA key has 1024 bits", id="R34 RSA with 1024 bits"),
        pytest.param(public_pem(ec.generate_private_key(ec.SECP256K1())), "this kind of key", id="secp256k1"),
        pytest.param(public_pem(ed448.Ed448PrivateKey.generate()), "this kind of key", id="Ed448"),
        pytest.param(public_pem(dsa.generate_private_key(1024)), "this kind of key", id="DSA"),
    ],
)
def test_a_PEM_that_is_refused(pem: Any, fault: str) -> None:
    assert fault in one_fault(StaticKeys.from_pem(pem))


@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "none", "HS256", "Ed25519", "XX"])
def test_R54_an_algorithm_must_fit_its_key(algorithm: str) -> None:
    assert "does not fit" in one_fault(StaticKeys.from_pem(public_pem(RSA), algorithm=algorithm))


# JWK Sets.


@pytest.mark.parametrize("algorithm", ASYMMETRIC)
def test_a_JWK_Set_is_read(algorithm: str) -> None:
    jwks = {"keys": [public_jwk(algorithm, kid="one", use="sig", key_ops=["verify"], alg=algorithm)]}
    for form in (jwks, json.dumps(jwks), json.dumps(jwks).encode()):
        keys = StaticKeys.from_jwks(form)
        assert keys.errors == ()
        assert [(key.key_id, key.algorithm) for key in keys.keys] == [("one", algorithm)]


def test_a_secret_as_a_JWK_is_read() -> None:
    jwk = {"kty": "oct", "k": base64url(SECRET).decode()}
    assert [key.algorithm for key in StaticKeys.from_jwks({"keys": [jwk, {**jwk, "alg": "HS512"}]}).keys] == [
        "HS256",
        "HS512",
    ]


GOOD = public_jwk("ES256", kid="good")
BAD_KEYS = [
    pytest.param(None, "must be a JSON object", id="null"),
    pytest.param("x", "must be a JSON object", id="a string"),
    pytest.param({}, "kty must be", id="empty"),
    pytest.param({"kty": []}, "kty must be", id="kty a list"),
    pytest.param({"kty": "AKP", "alg": "ML-DSA-44"}, "kty must be", id="a kind to come"),
    pytest.param({**GOOD, "use": "enc"}, "use is not", id="R37 for encryption"),
    pytest.param({**GOOD, "use": "tls"}, "use is not", id="R37 another use"),
    pytest.param({**GOOD, "use": 1}, "use is not", id="R37 use a number"),
    pytest.param({**GOOD, "key_ops": ["sign"]}, "key_ops", id="R37 another operation"),
    pytest.param({**GOOD, "key_ops": "verify"}, "key_ops", id="R37 operations as a string"),
    pytest.param({**GOOD, "alg": 1}, "alg and kid must be strings", id="alg a number"),
    pytest.param({**GOOD, "kid": ["x"]}, "alg and kid must be strings", id="kid a list"),
    pytest.param({**GOOD, "alg": "RS256"}, "does not fit", id="R54 alg of another kind"),
    pytest.param({**GOOD, "alg": "ES384"}, "does not fit", id="R35 alg of another curve"),
    pytest.param({**GOOD, "crv": "P-999"}, "cannot be read", id="an unknown curve"),
    pytest.param(
        ECKey.generate_key("secp256k1").as_dict(private=False), "not accepted", id="a curve that is not accepted"
    ),
    pytest.param({**GOOD, "x": base64url(b"\x01" * 32).decode()}, "cannot be read", id="R59 a point off the curve"),
    pytest.param({**GOOD, "x": "!!!!"}, "base64url", id="bad base64url"),
    pytest.param({**GOOD, "x": "AA=="}, "cannot be read", id="a padded number off the curve"),
    pytest.param({**GOOD, "x": "ä"}, "base64url", id="not ASCII"),
    pytest.param({**GOOD, "x": 7}, "base64url", id="a number for a string"),
    pytest.param({"kty": "EC", "crv": "P-256"}, "cannot be read", id="no point"),
    pytest.param({"kty": "RSA", "n": "", "e": "AQAB"}, "cannot be read", id="an empty modulus"),
    pytest.param(public_jwk("RS256", e="AQ"), "cannot be read", id="exponent 1"),
    pytest.param(
        public_jwk("RS256", e=base64url(b"\x01" + b"\x00" * 8 + b"\x01").decode()), "exponent", id="a long exponent"
    ),
    pytest.param(
        {"kty": "OKP", "crv": "X25519", "x": base64url(b"\x09" * 32).decode()}, "cannot sign", id="R41 X25519"
    ),
    pytest.param({"kty": "OKP", "crv": "Ed25519", "x": "AA"}, "cannot be read", id="a short point"),
    pytest.param(
        {"kty": "OKP", "crv": "Ed25519", "x": base64url(b"\x01" + b"\x00" * 31).decode()}, "small order", id="identity"
    ),
    pytest.param({"kty": "oct", "k": ""}, "cannot be read", id="A9 an empty secret"),
    pytest.param({"kty": "oct", "k": "AAAA"}, "has 3 bytes", id="A15 a short secret"),
    pytest.param({"kty": "oct"}, "cannot be read", id="no secret"),
]


@pytest.mark.parametrize(("bad", "fault"), BAD_KEYS)
def test_R37_R38_R59_D9_a_bad_key_is_skipped_and_the_others_live(
    bad: Any, fault: str, caplog: pytest.LogCaptureFixture, request: pytest.FixtureRequest
) -> None:
    with caplog.at_level(logging.DEBUG, "asgi_bearer"):
        keys = StaticKeys.from_jwks({"keys": [bad, GOOD]})
    assert [key.key_id for key in keys.keys] == ["good"]
    assert keys.errors == ()
    (record,) = caplog.records
    assert record.getMessage().startswith(f"keys of the JWK Set: {named(bad)} is skipped: ")
    assert fault in record.getMessage()
    assert record.levelname == ("DEBUG" if "R37 for encryption" in request.node.name else "WARNING")


def named(jwk: Any) -> str:
    return "kid 'good'" if isinstance(jwk, dict) and jwk.get("kid") == "good" else "keys[0]"


@pytest.mark.parametrize(("bad", "fault"), BAD_KEYS)
def test_a_set_without_a_good_key_is_a_fault(bad: Any, fault: str) -> None:
    said = one_fault(StaticKeys.from_jwks({"keys": [bad]}))
    assert said.startswith(f"the JWK Set has no usable key; {named(bad)} is skipped: ")
    assert fault in said


def test_small_RSA_keys_are_skipped() -> None:
    numbers = rsa.generate_private_key(65537, 1024).public_key().public_numbers()
    jwk = {"kty": "RSA", "n": base64url(numbers.n.to_bytes(128)).decode(), "e": "AQAB"}
    assert "the RSA key has 1024 bits" in one_fault(StaticKeys.from_jwks({"keys": [jwk]}))


@pytest.mark.parametrize(
    ("jwks", "fault"),
    [
        pytest.param({"keys": []}, "the JWK Set is empty", id="empty"),
        pytest.param({}, "must be a JSON object", id="no keys"),
        pytest.param({"keys": None}, "must be a JSON object", id="keys null"),
        pytest.param("[]", "must be a JSON object", id="a list"),
        pytest.param("{", "must be a JSON object", id="broken JSON"),
        pytest.param(7, "must be a JSON object", id="a number"),
        pytest.param(GOOD, "must be a JSON object", id="a JWK alone"),
        pytest.param(
            {"keys": [GOOD, {**GOOD, "d": base64url(b"\x01" * 32).decode()}]}, "has a private key", id="a private key"
        ),
        pytest.param(
            {"keys": [GOOD, {"kty": "oct", "k": base64url(SECRET).decode()}]}, "mixes secrets and public", id="mixed"
        ),
    ],
)
def test_a_set_that_is_refused(jwks: Any, fault: str) -> None:
    assert fault in one_fault(StaticKeys.from_jwks(jwks))


def test_no_fault_and_no_log_shows_a_secret(caplog: pytest.LogCaptureFixture) -> None:
    """I4: what is wrong with a secret is said without its text."""
    secret = "correcthorsebattery"
    errors = StaticKeys.from_secret(secret).errors + StaticKeys.from_pem(secret).errors
    StaticKeys.from_jwks({"keys": [{"kty": "oct", "k": base64url(secret.encode()).decode()}, GOOD]})
    assert secret not in str(errors) + caplog.text
    assert secret not in repr(StaticKeys.from_secret(secret * 2).keys)
