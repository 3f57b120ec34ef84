"""Keys and tokens, made anew in every run. PyJWT signs them, so that no contender reads its own handwriting."""

import secrets
import time
from collections.abc import Mapping
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ALGORITHMS = ("HS256", "RS256", "ES256", "Ed25519")

HEADER_NAMES = {"Ed25519": "EdDSA"}
"""The older name (RFC 8037): PyJWT 2.15 knows no other, and we take both for the same."""

ISSUER = "https://login.example.com/"
AUDIENCE = "orders-api"
SCOPE = "orders:read"
SUBJECT = "suman"
SECRET = secrets.token_bytes(64)

_ABSENT = object()

_PRIVATE_KEYS: Mapping[str, Any] = {
    "HS256": SECRET,
    "RS256": generate_rsa_key(65537, 2048),
    "ES256": generate_ec_key(SECP256R1()),
    "Ed25519": Ed25519PrivateKey.generate(),
}


def public_key(algorithm: str) -> Any:
    """What verifies: the secret itself for HS256, else cryptography's public key."""
    key = _PRIVATE_KEYS[algorithm]
    return key if algorithm == "HS256" else key.public_key()


def public_pem(algorithm: str) -> bytes:
    pem: bytes = public_key(algorithm).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return pem


def header_name(algorithm: str) -> str:
    return HEADER_NAMES.get(algorithm, algorithm)


@cache
def _now() -> int:
    return int(time.time())


def sign(algorithm: str, key: Any = None, **changes: Any) -> str:
    """A token with nine good claims, with changes."""
    now = _now()
    members = {
        "iss": ISSUER,
        "sub": SUBJECT,
        "aud": AUDIENCE,
        "exp": now + 86_400,  # outlives the longest run
        "iat": now,
        "nbf": now,
        "jti": "5f0c1f8e-6f0a-4d54-9d0e-4d0c9a1f7b11",
        "scope": f"{SCOPE} profile",
        "roles": ["staff"],
    }
    members = {name: value for name, value in (members | changes).items() if value is not _ABSENT}
    return jwt.encode(
        members, key or _PRIVATE_KEYS[algorithm], algorithm=header_name(algorithm), headers={"typ": "at+jwt"}
    )


def broken(token: str) -> str:
    """The same token with another character in the middle of its signature."""
    signed, _, signature = token.rpartition(".")
    middle = len(signature) // 2
    other = "A" if signature[middle] != "A" else "B"
    return f"{signed}.{signature[:middle]}{other}{signature[middle + 1 :]}"


def refused_tokens(algorithm: str) -> Mapping[str, str]:
    """Tokens that a contender must answer with 401, if it makes the checks that we time it for."""
    now = _now()
    other = "RS256" if algorithm == "HS256" else "HS256"
    return {
        "broken signature": broken(sign(algorithm)),
        "expired": sign(algorithm, exp=now - 60, iat=now - 120, nbf=now - 120),
        "no exp": sign(algorithm, exp=_ABSENT),
        "no sub": sign(algorithm, sub=_ABSENT),
        "issued in the future": sign(algorithm, iat=now + 600),
        "not yet valid": sign(algorithm, nbf=now + 600),
        "another audience": sign(algorithm, aud="billing-api"),
        "another issuer": sign(algorithm, iss="https://evil.example.com/"),
        "another algorithm": sign(other),
    }


def without_scope(algorithm: str) -> str:
    """A good token that may not do what the route needs: 403."""
    return sign(algorithm, scope="profile")
