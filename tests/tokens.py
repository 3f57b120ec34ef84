"""Tokens for the tests: good ones, and ones that no decent library would sign."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from typing import Any
from unittest.mock import sentinel

from joserfc.jws import JWSRegistry

from asgi_bearer import Claims, Issuer, StaticKeys
from asgi_bearer.errors import UnknownIssuer
from asgi_bearer.issuers.jwt_verifier import verify_signature
from asgi_bearer.issuers.trusted import TrustedIssuer
from asgi_bearer.keys.verification_key import VerificationKey
from asgi_bearer.tokens.claims import check_claims
from asgi_bearer.tokens.compact import UnverifiedToken, read_unverified
from asgi_bearer.tokens.credentials import BearerToken
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


@cache
def trusted(issuer: Issuer) -> TrustedIssuer:
    """What is built of an issuer once, as a gate does it."""
    return TrustedIssuer(issuer)


def verify_token(token: BearerToken, issuers: Mapping[str, Issuer]) -> tuple[UnverifiedToken, VerificationKey]:
    """What the middleware does with static keys: the token, and the key that signed it."""
    unverified = read_unverified(token)
    if unverified.issuer not in issuers:
        raise UnknownIssuer
    keys = trusted(issuers[unverified.issuer]).keys.find(unverified.header.key_id, unverified.header.algorithm)
    assert keys is not None
    return unverified, verify_signature(unverified, keys)


def verified_claims(token: BearerToken, trusted: Issuer, now: float) -> Claims:
    """What the middleware believes of a token at this time."""
    unverified, _ = verify_token(token, {trusted.name: trusted})
    return check_claims(unverified.members, unverified.header.token_type, trusted.claims_policy(), now)


def only_key(trusted: Issuer, algorithm: str) -> VerificationKey:
    (key,) = TrustedIssuer(trusted).keys.find(None, algorithm) or ()
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
