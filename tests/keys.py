"""Keys for the tests: made anew in every run, one of each kind."""

import secrets
from collections.abc import Mapping
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, SECP384R1, SECP521R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

SECRET = secrets.token_bytes(64)
"""Long enough for HS512 too."""

_RSA: Any = generate_rsa_key(65537, 2048)
PRIVATE_KEYS: Mapping[str, Any] = {
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), _RSA),
    "ES256": generate_ec_key(SECP256R1()),
    "ES384": generate_ec_key(SECP384R1()),
    "ES512": generate_ec_key(SECP521R1()),
    "Ed25519": Ed25519PrivateKey.generate(),
}

ASYMMETRIC = tuple(PRIVATE_KEYS)
SYMMETRIC = ("HS256", "HS384", "HS512")


@cache
def joserfc_key(algorithm: str) -> Any:
    """The signing key as joserfc has it."""
    if algorithm in SYMMETRIC:
        return OctKey.import_key(SECRET)
    classes: dict[str, Any] = {"R": RSAKey, "P": RSAKey, "ES": ECKey, "Ed": OKPKey}
    kind = classes.get(algorithm[:1]) or classes[algorithm[:2]]
    return kind.import_key(private_pem(PRIVATE_KEYS[algorithm]))


def private_pem(key: Any) -> bytes:
    pem: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return pem


def public_pem(key: Any) -> bytes:
    """Of a private or a public key."""
    public = key.public_key() if hasattr(key, "public_key") else key
    pem: bytes = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return pem


def another_jwk(algorithm: str) -> dict[str, Any]:
    """Of a new key that fits the algorithm as well."""
    known = joserfc_key(algorithm)
    size = known.public_key.key_size if isinstance(known, RSAKey) else known.curve_name
    made: dict[str, Any] = type(known).generate_key(size).as_dict(private=False)
    return {name: value for name, value in made.items() if name != "kid"}


def public_jwk(algorithm: str, **members: Any) -> dict[str, Any]:
    return {**joserfc_key(algorithm).as_dict(private=False), **members}
