"""Attacks on signature, algorithm and key type: rows A1 to A18 of the known errors of this kind of software."""

import inspect
import json
from base64 import urlsafe_b64decode
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.jwk import OctKey
from joserfc.jws import JWSRegistry

from asgi_bearer import BearerMiddleware, ConfigurationError, Issuer, StaticKeys
from asgi_bearer.keys import verification_key
from tests.asgi import Answer, Recorder, get, guarded
from tests.keys import ASYMMETRIC, PRIVATE_KEYS, SECRET, SYMMETRIC, public_jwk, public_pem
from tests.test_keys import certificate, mistaken_for_secrets
from tests.tokens import AUDIENCE, ISSUER, base64url, claims, encode, issuer, sign

pytestmark = pytest.mark.anyio


async def refused(token: str, *issuers: Issuer) -> str:
    """The refusal's description: 401 invalid_token, and the app never ran."""
    app = Recorder()
    answer: Answer = await get(guarded(app, issuers=issuers or issuer()), token=token)
    assert answer.status == 401
    assert not app.reached
    assert answer.challenge is not None
    assert 'error="invalid_token"' in answer.challenge
    return answer.challenge.partition("error_description=")[2].strip('"')


def unsigned(header: Any, signature: bytes = b"") -> str:
    text = b".".join((base64url(encode(header)), base64url(encode(claims())), signature))
    return text.decode()


@pytest.mark.parametrize("name", ["none", "None", "nOnE", "NONE"])
@pytest.mark.parametrize("signature", [b"", b"AAAA", base64url(b"\x00" * 32)])
@pytest.mark.parametrize("algorithm", ["HS256", "RS256", "ES256", "Ed25519"])
async def test_A1_alg_none_is_refused(name: str, signature: bytes, algorithm: str) -> None:
    assert await refused(unsigned({"alg": name}, signature), issuer(algorithm))


def test_A1_none_cannot_be_configured() -> None:
    for algorithms in (["none"], ["none", "HS256"], "none"):
        with pytest.raises(ConfigurationError, match="algorithm 'none' is not accepted here"):
            guarded(Recorder(), issuers=issuer(algorithms=algorithms))


def public_forms(key: Any) -> list[bytes]:
    """Every text of a public key that an attacker can find and use as an HMAC secret."""
    public = key.public_key()
    pem = public_pem(key)
    forms = [pem, pem.strip(), pem + b"\n", public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)]
    if hasattr(public, "public_numbers"):
        forms += [certificate(key).public_bytes(Encoding.PEM), certificate(key).public_bytes(Encoding.DER)]
    if hasattr(public, "encrypt"):
        forms += [public.public_bytes(Encoding.PEM, PublicFormat.PKCS1)]
    if not hasattr(public, "curve") or public.curve.name != "secp224r1":
        forms += [public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)]
    return forms


def raw_secret(octets: bytes) -> OctKey:
    """An HMAC key of any bytes: attackers do not ask a library whether they may."""
    return OctKey(octets, octets)


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "ES512", "Ed25519"])
@pytest.mark.parametrize("hmac", SYMMETRIC)
async def test_A2_A3_a_public_key_is_never_an_HMAC_secret(algorithm: str, hmac: str) -> None:
    jwk = public_jwk(algorithm)
    texts = [json.dumps(jwk).encode(), json.dumps({"keys": [jwk]}).encode()]
    for octets in [*public_forms(PRIVATE_KEYS[algorithm]), *texts]:
        forged = sign(algorithm=hmac, key=raw_secret(octets))
        assert await refused(forged, issuer(algorithm)) == ("The access token is not signed by a trusted issuer")


@pytest.mark.parametrize("secret", mistaken_for_secrets())
def test_A4_A5_the_middleware_is_not_made_with_key_material_for_a_secret(secret: Any) -> None:
    with pytest.raises(ConfigurationError, match="for a public key"):
        guarded(Recorder(), issuers=issuer(keys=StaticKeys.from_secret(secret)))


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "Ed25519"])
async def test_A6_a_JWK_without_alg_verifies_no_algorithm_but_its_own(algorithm: str) -> None:
    trusted = issuer(keys=StaticKeys.from_jwks({"keys": [public_jwk(algorithm)]}))
    for other in [*ASYMMETRIC, *SYMMETRIC]:
        if other != algorithm:
            assert await refused(sign(algorithm=other), trusted)


async def test_A7_a_key_in_the_header_is_never_used() -> None:
    attacker = OctKey.generate_key(256)
    token = sign(key=attacker, jwk=attacker.as_dict(), jku="https://evil.example/", x5u="https://evil.example/")
    assert await refused(token) == "The access token is not signed by a trusted issuer"
    with pytest.raises(ConfigurationError, match="keys must be StaticKeys"):
        guarded(Recorder(), issuers=issuer(keys=()))


async def test_A8_no_key_is_no_verification() -> None:
    trusted = issuer(keys=StaticKeys.from_jwks({"keys": [public_jwk("ES256", kid="one")]}))
    for kid in ("two", "", "None", "null", "one "):
        assert await refused(sign(algorithm="ES256", kid=kid), trusted)


def test_A9_an_empty_secret_is_refused() -> None:
    for keys in (
        StaticKeys.from_secret(""),
        StaticKeys.from_secret(b""),
        StaticKeys.from_jwks({"keys": [{"kty": "oct", "k": ""}]}),
    ):
        with pytest.raises(ConfigurationError):
            guarded(Recorder(), issuers=issuer(keys=keys))


async def test_A10_a_missing_signature_is_refused() -> None:
    text = sign().rpartition(".")[0]
    for token in (text, f"{text}.", f"{text}.="):
        app = Recorder()
        assert (await get(guarded(app), token=token)).status in (400, 401)
        assert not app.reached


@pytest.mark.parametrize(("algorithm", "size"), [("ES256", 64), ("ES384", 96), ("ES512", 132)])
async def test_A11_A12_R35_a_signature_of_zeros_DER_or_another_length_is_refused(algorithm: str, size: int) -> None:
    text, _, signature = sign(algorithm=algorithm).rpartition(".")
    order_and_zero = b"\xff" * (size // 2) + b"\x00" * (size // 2)
    der = PRIVATE_KEYS[algorithm].sign(text.encode(), ecdsa(algorithm))
    for octets in (b"\x00" * size, order_and_zero, der, b"\x00", b"\x00" * (size - 1), b"\x00" * (size + 1)):
        assert await refused(f"{text}.{base64url(octets).decode()}", issuer(algorithm))
    assert len(signature) == len(base64url(b"\x00" * size))


def ecdsa(algorithm: str) -> Any:
    return ECDSA({"ES256": hashes.SHA256(), "ES384": hashes.SHA384(), "ES512": hashes.SHA512()}[algorithm])


async def test_A12_a_malleable_signature_is_another_text_for_the_same_claims() -> None:
    """(r, n-s) verifies too, so nothing may ever be keyed on the text of a token alone to revoke it (law 6)."""
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    token = sign(algorithm="ES256")
    text, _, encoded = token.rpartition(".")
    signature = urlsafe_b64decode(encoded + "==")
    twin = signature[:32] + (order - int.from_bytes(signature[32:])).to_bytes(32)
    app = Recorder()
    middleware = guarded(app, issuers=issuer("ES256"))
    for one in (token, f"{text}.{base64url(twin).decode()}"):
        assert (await get(middleware, token=one)).status == 200
    assert app.scopes[0]["user"] == app.scopes[1]["user"]


def test_A13_signatures_are_compared_in_constant_time() -> None:
    """We compare none ourselves; joserfc's HMAC uses `hmac.compare_digest`."""
    assert "hmac.compare_digest(sig, v_sig)" in inspect.getsource(type(JWSRegistry.algorithms["HS256"]).verify)
    assert "==" not in inspect.getsource(verification_key.VerificationKey.verify)


@pytest.mark.parametrize("algorithm", ["HS256", "RS256", "ES256", "Ed25519"])
@pytest.mark.parametrize("size", [1_400, 22_000, 200_000])
async def test_A14_an_oversized_signature_is_refused(algorithm: str, size: int) -> None:
    text = sign(algorithm=algorithm).rpartition(".")[0]
    assert await refused(f"{text}.{'A' * size}", issuer(algorithm))


@pytest.mark.parametrize(("algorithm", "size"), [("HS256", 32), ("HS384", 48), ("HS512", 64)])
def test_A15_a_weak_HMAC_key_is_refused(algorithm: str, size: int) -> None:
    for length in (1, size // 2, size - 1):
        with pytest.raises(ConfigurationError, match=f"{algorithm} needs {size}"):
            guarded(Recorder(), issuers=issuer(keys=StaticKeys.from_secret(SECRET[:length], algorithm=algorithm)))


def test_A16_a_published_secret_is_refused_by_the_middleware() -> None:
    for secret in ("<random_string_at_least_32_characters_long>", "x" * 40):
        with pytest.raises(ConfigurationError, match="published or easily guessed"):
            guarded(Recorder(), issuers=issuer(keys=StaticKeys.from_secret(secret)))


async def test_A17_A18_algorithms_are_always_restricted() -> None:
    with pytest.raises(ConfigurationError, match="algorithms must not be empty"):
        BearerMiddleware(
            Recorder(), issuers=Issuer(ISSUER, AUDIENCE, keys=StaticKeys.from_secret(SECRET), algorithms=[])
        )
    left_out = Issuer(ISSUER, AUDIENCE, keys=StaticKeys.from_secret(SECRET))
    for algorithm in ("HS384", "HS512"):
        assert await refused(sign(algorithm=algorithm), left_out)


async def test_joserfc_key_objects_of_other_algorithms_do_not_cross() -> None:
    """The differential core of A2: each algorithm's token against each algorithm's issuer."""
    for signing in [*ASYMMETRIC, *SYMMETRIC]:
        for verifying in [*ASYMMETRIC, *SYMMETRIC]:
            app = Recorder()
            answer = await get(guarded(app, issuers=issuer(verifying)), token=sign(algorithm=signing))
            assert (answer.status == 200) is (signing == verifying)
