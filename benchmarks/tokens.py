"""Keys and tokens, made anew in every run. PyJWT signs them, so that no contender reads its own handwriting."""

import secrets
import time
from collections.abc import Mapping, Sequence
from functools import cache
from random import Random
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
SECRET = secrets.token_urlsafe(64).encode("ascii")
"""Text, since some peers take nothing else."""

NEW_TOKENS: Mapping[str, int] = {"HS256": 20_000, "RS256": 2_000, "ES256": 2_000, "Ed25519": 2_000}
"""How many different tokens are sent in turn, where each is to be new: twice as many as ours keeps."""

SEEN_TOKENS = 1_000
"""How many are sent in turn, where each was seen before."""

_OTHER_SCOPES = ("profile", "email", "orders:write", "customers:read", "invoices:read")

ABSENT = object()

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
def now() -> int:
    """Seconds since 1970, the same in a whole run."""
    return int(time.time())


def sign(algorithm: str, key: Any = None, **changes: Any) -> str:
    """A token with nine good claims, with changes."""
    issued_at = now()
    members = {
        "iss": ISSUER,
        "sub": SUBJECT,
        "aud": AUDIENCE,
        "exp": issued_at + 86_400,  # outlives the longest run
        "iat": issued_at,
        "nbf": issued_at,
        "jti": "5f0c1f8e-6f0a-4d54-9d0e-4d0c9a1f7b11",
        "scope": f"{SCOPE} profile",
        "roles": ["staff"],
    }
    members = {name: value for name, value in (members | changes).items() if value is not ABSENT}
    return jwt.encode(
        members, key or _PRIVATE_KEYS[algorithm], algorithm=header_name(algorithm), headers={"typ": "at+jwt"}
    )


def sign_many(algorithm: str, count: int, **changes: Any) -> Sequence[bytes]:
    """Tokens of different subjects, with a jti each and scopes in many combinations; all with the same changes."""
    chance = Random(count)
    return [sign(algorithm, **_claims_of(number, chance) | changes).encode("ascii") for number in range(count)]


@cache
def new_tokens(algorithm: str) -> Sequence[bytes]:
    return sign_many(algorithm, NEW_TOKENS[algorithm])


def seen_tokens(algorithm: str) -> Sequence[bytes]:
    return new_tokens(algorithm)[:SEEN_TOKENS]


def _claims_of(number: int, chance: Random) -> dict[str, Any]:
    scopes = [SCOPE, *chance.sample(_OTHER_SCOPES, chance.randrange(len(_OTHER_SCOPES)))]
    chance.shuffle(scopes)
    return {"sub": f"customer-{number}", "jti": f"{chance.getrandbits(128):032x}", "scope": " ".join(scopes)}


def broken(token: str) -> str:
    """The same token with another character in the middle of its signature."""
    signed, _, signature = token.rpartition(".")
    middle = len(signature) // 2
    other = "A" if signature[middle] != "A" else "B"
    return f"{signed}.{signature[:middle]}{other}{signature[middle + 1 :]}"


@cache
def refused_tokens(algorithm: str, audience: Any = AUDIENCE) -> Mapping[str, str]:
    """Tokens that a contender must refuse, if it makes the checks that we time it for; each with one fault."""
    past, future = now() - 600, now() + 600  # some grant a minute
    other = "RS256" if algorithm == "HS256" else "HS256"
    errors: Mapping[str, dict[str, Any]] = {
        "expired": {"exp": past, "iat": past - 300, "nbf": past - 300},
        "no exp": {"exp": ABSENT},
        "no sub": {"sub": ABSENT},
        "issued in the future": {"iat": future},
        "not yet valid": {"nbf": future},
        "another audience": {"aud": "billing-api"},
        "another issuer": {"iss": "https://evil.example.com/"},
        "missing scope": {"scope": "profile"},
    }
    return {
        "broken signature": broken(sign(algorithm, aud=audience)),
        "another algorithm": sign(other, aud=audience),
        **{name: sign(algorithm, **{"aud": audience} | changes) for name, changes in errors.items()},
    }
