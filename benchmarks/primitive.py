"""The primitive: a signature's verification by hmac or cryptography and nothing else, with all it needs at hand."""

import hmac
from base64 import urlsafe_b64decode
from collections.abc import Callable
from functools import partial
from itertools import cycle
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from benchmarks.tokens import broken, new_tokens, public_key, sign

_TOKENS = 500


def primitives(algorithm: str) -> Callable[[], Any]:
    """Verifies the next of many tokens. Raises AssertionError where it would not do so."""
    token = sign(algorithm)
    assert _holds(_primitive(algorithm, token))
    assert not _holds(_primitive(algorithm, broken(token)))
    turn = cycle([_primitive(algorithm, token.decode("ascii")) for token in new_tokens(algorithm)[:_TOKENS]])
    return lambda: next(turn)()  # noqa: PLW0108  # the next at each call


def parts(token: str) -> tuple[bytes, bytes]:
    """What was signed, and the signature."""
    signed, _, signature = token.encode("ascii").rpartition(b".")
    return signed, urlsafe_b64decode(signature + b"==")


def _primitive(algorithm: str, token: str) -> Callable[[], Any]:
    """It says False or raises InvalidSignature where the signature does not hold."""
    signed, signature = parts(token)
    key = public_key(algorithm)
    if algorithm == "HS256":
        return lambda: hmac.compare_digest(hmac.digest(key, signed, "sha256"), signature)
    if algorithm == "RS256":
        return partial(key.verify, signature, signed, PKCS1v15(), SHA256())
    if algorithm == "ES256":  # cryptography wants DER where a JWS has r and s beside each other
        r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
        return partial(key.verify, encode_dss_signature(r, s), signed, ECDSA(SHA256()))
    return partial(key.verify, signature, signed)


def _holds(primitive: Callable[[], Any]) -> bool:
    try:
        return primitive() is not False
    except InvalidSignature:
        return False
