"""The members of a JWK Set (RFC 7517 section 5): the good keys, and what is wrong with the others."""

from collections.abc import Mapping
from typing import Any

from ..strict_json import read_object
from .public_key import KeyFault, key_from_jwk
from .verification_key import DeclaredKey

_MAX_PUBLISHED = 100
"""Keys in a set from elsewhere: each costs time to read, and a line in the log if it is bad."""


def listed_keys(jwks: Mapping[str, Any]) -> list[Any] | None:
    """What is listed under `keys`; None where this is no JWK Set."""
    listed = jwks.get("keys")
    return listed if isinstance(listed, list) else None


def read_keys(listed: list[Any]) -> tuple[list[DeclaredKey], list[str]]:
    """The keys that can be used, and a sentence for each of the others."""
    keys, faults = [], []
    for position, jwk in enumerate(listed):
        try:
            keys.append(key_from_jwk(jwk))
        except KeyFault as fault:
            faults.append(f"keys[{position}]: {fault}")
    return keys, faults


def read_published_keys(octets: bytes) -> tuple[list[DeclaredKey], list[str]]:
    """The public keys of a set that everybody can read; a secret in it is none. Raises ValueError for no JWK Set."""
    listed = listed_keys(read_object(octets))
    if listed is None or len(listed) > _MAX_PUBLISHED:
        raise ValueError(f"not a JWK Set of at most {_MAX_PUBLISHED} keys")
    keys, faults = read_keys(listed)
    public = [key for key in keys if not key.is_secret]
    if len(public) < len(keys):
        faults.append("a secret in a set that everybody can read")
    return public, faults
