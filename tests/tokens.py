"""Tokens for the tests: good ones, and ones that no decent library would sign."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from unittest.mock import sentinel

from joserfc.jws import JWSRegistry

from asgi_bearer import Issuer, Limits, StaticKeys, UnknownIssuer
from asgi_bearer.credentials import BearerToken
from asgi_bearer.keys.verification_key import VerificationKey
from asgi_bearer.verification import SignedClaims, read_unverified, verify_signature
from tests.keys import ASYMMETRIC, PRIVATE_KEYS, SECRET, joserfc_key, public_pem

ISSUER = "https://login.example.com/"
AUDIENCE = "orders-api"
NOW = 1_800_000_000
LIFETIME = timedelta(minutes=5)

ABSENT = sentinel.ABSENT
"""As a claim's or header parameter's value: leave it out."""


def base64url(octets: bytes) -> bytes:
    return urlsafe_b64encode(octets).rstrip(b"=")


def claims(**changes: Any) -> dict[str, Any]:
    """Nine good claims, with changes; ABSENT takes one away."""
    members = {
        "iss": ISSUER,
        "sub": "suman",
        "aud": AUDIENCE,
        "iat": NOW,
        "nbf": NOW,
        "exp": NOW + int(LIFETIME.total_seconds()),
        "jti": "a1",
        "scope": "orders:read profile",
        "roles": ["staff"],
    }
    return {name: value for name, value in (members | changes).items() if value is not ABSENT}


def encode(value: Any) -> bytes:
    """JSON, unless it is bytes already."""
    return value if isinstance(value, bytes) else json.dumps(value).encode()


def sign(
    payload: Any = None, *, algorithm: str = "HS256", header: Any = None, key: Any = None, **parameters: Any
) -> str:
    """A token with a true signature over any header and payload. `header` replaces it, `parameters` change it."""
    fields = {"alg": algorithm, "typ": "at+jwt"} | parameters
    fields = {name: value for name, value in fields.items() if value is not ABSENT}
    text = base64url(encode(fields if header is None else header))
    text += b"." + base64url(encode(claims() if payload is None else payload))
    signature = JWSRegistry.algorithms[algorithm].sign(text, joserfc_key(algorithm) if key is None else key)
    return (text + b"." + base64url(signature)).decode()


def verify_token(token: BearerToken, issuers: Mapping[str, Issuer], limits: Limits) -> SignedClaims:
    """What the middleware does where keys are at hand."""
    unverified = read_unverified(token, limits)
    if unverified.issuer_name not in issuers:
        raise UnknownIssuer
    trusted = issuers[unverified.issuer_name]
    keys = trusted.find_keys(unverified.header.key_id, unverified.header.algorithm)
    assert keys is not None
    return verify_signature(unverified, trusted, keys)


def only_key(trusted: Issuer, algorithm: str) -> VerificationKey:
    (key,) = trusted.find_keys(None, algorithm) or ()
    return key


def issuer(algorithm: str = "HS256", **settings: Any) -> Issuer:
    """An issuer that accepts what `sign` makes with this algorithm."""
    name = settings.pop("name", ISSUER)
    audience = settings.pop("audience", AUDIENCE)
    if "keys" not in settings:
        settings["keys"] = (
            StaticKeys.from_pem(public_pem(PRIVATE_KEYS[algorithm]), algorithm=algorithm)
            if algorithm in ASYMMETRIC
            else StaticKeys.from_secret(SECRET, algorithm=algorithm)
        )
    return Issuer(name, audience, **settings)
