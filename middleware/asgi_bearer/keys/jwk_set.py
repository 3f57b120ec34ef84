"""The members of a JWK Set (RFC 7517 section 5): the good keys, and what is to be said of each of the others."""

from collections.abc import Mapping
from typing import Any

from ..tokens.strict_json import read_object
from .jwk import OtherPurpose, UnusableKey, key_from_jwk
from .key_notes import KeyNote, key_name
from .verification_key import DeclaredKey

_MAX_PUBLISHED = 100
"""Keys in a set from elsewhere: each costs time to read, and a line in the log if it is bad."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class KeySetFault(ValueError):
    """A set that cannot be read. The text is ours and fixed."""


def parse_key_set(octets: bytes) -> dict[str, Any]:
    """The JSON object, also behind a byte order mark (RFC 8259 section 8.1). Raises ValueError."""
    return read_object(octets.removeprefix(_BYTE_ORDER_MARK))


def listed_keys(jwks: Mapping[str, Any]) -> list[Any] | None:
    """What is listed under `keys`; None where this is no JWK Set."""
    listed = jwks.get("keys")
    return listed if isinstance(listed, list) else None


def read_keys(listed: list[Any], *, secrets: bool = True) -> tuple[list[DeclaredKey], list[KeyNote]]:
    """The keys that can be used, and notes: why another one is skipped, and what is odd about a used one."""
    keys, notes = [], []
    for position, jwk in enumerate(listed):
        name = key_name(jwk.get("kid") if isinstance(jwk, Mapping) else None, f"keys[{position}]")
        try:
            key, oddities = key_from_jwk(jwk, secrets=secrets)
        except UnusableKey as fault:
            notes.append(KeyNote(f"{name} is skipped: {fault}", warning=not isinstance(fault, OtherPurpose)))
        else:
            keys.append(key)
            notes += [KeyNote(f"{name} is used, but its JWK is odd: {text}", warning=True) for text in oddities]
    return keys, notes


def read_published_keys(octets: bytes) -> tuple[list[DeclaredKey], list[KeyNote]]:
    """The public keys of a set that everybody can read; a secret in it is none. Raises ValueError for no JWK Set."""
    listed = listed_keys(parse_key_set(octets))
    if listed is None:
        raise KeySetFault('it is no JSON object {"keys": [...]}')
    if len(listed) > _MAX_PUBLISHED:
        raise KeySetFault(f"it lists {len(listed)} keys, and at most {_MAX_PUBLISHED} are read")
    return read_keys(listed, secrets=False)
