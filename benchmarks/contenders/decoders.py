"""The peers' verifiers alone: text → claims. Each as its documentation shows, with its key loaded once, before.

Each is told to check what ours checks: algorithm, signature, issuer, audience, exp and sub (required), iat, nbf.
"""

import json
import warnings
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import clasp
import jwt
from authlib.deprecate import AuthlibDeprecationWarning
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from joserfc.jwt import JWTClaimsRegistry
from joserfc.jwt import decode as decode_with_joserfc

from benchmarks.tokens import AUDIENCE, ISSUER, SECRET, header_name, public_key, public_pem

with warnings.catch_warnings():
    # Authlib 1.9 names joserfc as the successor of `authlib.jose`, which is the faster of the two all the same.
    warnings.simplefilter("ignore", AuthlibDeprecationWarning)
    from authlib.jose import JsonWebKey, JsonWebToken
    from authlib.jose.errors import JoseError as AuthlibError

_CLAIMS = {
    "iss": {"essential": True, "value": ISSUER},
    "aud": {"essential": True, "value": AUDIENCE},
    "exp": {"essential": True},
    "sub": {"essential": True},
}
"""What joserfc and Authlib are to require."""


class Decoder(NamedTuple):
    """What verifies a token, and the error that it raises for a bad one."""

    decode: Callable[[str], Mapping[str, Any]]
    error: type[Exception]


def pyjwt(algorithm: str) -> Decoder:
    """`jwt.PyJWT(options=…)` merges its options once; `jwt.decode` would do it for every token.

    A `PyJWK` in place of the key saves nothing: it is prepared anew for every token, too.
    """
    decoder = jwt.PyJWT(options={"require": ["exp", "sub"]})  # iss and aud it asks for itself
    key, algorithms = public_key(algorithm), [header_name(algorithm)]

    def decode(token: str) -> Mapping[str, Any]:
        return decoder.decode(token, key, algorithms=algorithms, audience=AUDIENCE, issuer=ISSUER)

    return Decoder(decode, jwt.PyJWTError)


def joserfc(algorithm: str) -> Decoder:
    """https://jose.authlib.org/en/guide/jwt/: decode, and then validate with a registry of claims.

    It warns of the older name EdDSA, that PyJWT needs, with every token, which costs it less than 1 µs.
    """
    warnings.filterwarnings("ignore", "EdDSA is deprecated")
    kind: Any = {"HS256": OctKey, "RS256": RSAKey, "ES256": ECKey, "Ed25519": OKPKey}[algorithm]
    key, algorithms = kind.import_key(_key_text(algorithm)), [header_name(algorithm)]
    registry = JWTClaimsRegistry(**_CLAIMS)  # type: ignore[arg-type]  # a TypedDict each

    def decode(token: str) -> Mapping[str, Any]:
        claims = decode_with_joserfc(token, key, algorithms=algorithms).claims
        registry.validate(claims)
        return claims

    return Decoder(decode, JoseError)


def authlib(algorithm: str) -> Decoder:
    """https://docs.authlib.org/en/stable/jose/jwt.html: decode, and then validate what it gives."""
    decoder = JsonWebToken([header_name(algorithm)])
    kind = {"HS256": "oct", "RS256": "RSA", "ES256": "EC", "Ed25519": "OKP"}[algorithm]
    key = JsonWebKey.import_key(_key_text(algorithm), {"kty": kind})

    def decode(token: str) -> Mapping[str, Any]:
        claims: Any = decoder.decode(token, key, claims_options=_CLAIMS)
        claims.validate()
        return claims  # type: ignore[no-any-return]

    return Decoder(decode, AuthlibError)


def clasp_jwt(algorithm: str) -> Decoder:
    """https://pypi.org/project/clasp-jwt/: it gives JSON, which whoever wants claims has to read."""
    verify = _clasp_key(algorithm).verify

    def decode(token: str) -> Mapping[str, Any]:
        claims: Mapping[str, Any] = json.loads(verify(token))
        return claims

    return Decoder(decode, RuntimeError)


def _clasp_key(algorithm: str) -> Any:
    if algorithm == "HS256":
        return clasp.SymmetricKey(SECRET, algorithm)
    read = {
        "RS256": clasp.AsymmetricKey.from_rsa_pem,
        "ES256": clasp.AsymmetricKey.from_ec_pem,
        "Ed25519": clasp.AsymmetricKey.from_ed_pem,
    }[algorithm]
    return read(public_pem(algorithm), header_name(algorithm))


def _key_text(algorithm: str) -> bytes:
    return SECRET if algorithm == "HS256" else public_pem(algorithm)
