"""Verify: BearerToken → UnverifiedToken → SignedClaims (RFC 7515 section 5.2, RFC 8725).

Everything is read strictly before any cryptography. Between the two steps the unverified `iss` serves to find an issuer
and its keys, and for nothing else; the signature then decides alone. No time is looked at here, no claim is believed,
and nothing is waited for.
joserfc owns keys and algorithms; reading a token strictly is ours (docs/decisions/0003).
"""

import re
from binascii import a2b_base64
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from .credentials import BearerToken
from .errors import BadSignature, InvalidClaims, MalformedToken, UnknownKey, UnsupportedToken
from .issuers import Issuer, canonical_type
from .keys.verification_key import VerificationKey, canonical_algorithm
from .strict_json import read_object

_COMPACT = re.compile(rb"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]*)\.([A-Za-z0-9_-]+)")
"""RFC 8725bis section 3.14: any other character, or another number of parts, is refused before parsing."""

_LAST_CHARACTERS = (None, b"", b"AQgw", b"AEIMQUYcgkosw048")
"""What a base64url segment may end in, by its length modulo 4: the unused bits are zero, or one text had many forms."""

_FROM_BASE64URL = bytes.maketrans(b"-_", b"+/")

_NEVER_ACCEPTED = frozenset(("crit", "b64", "zip", "enc", "cty"))
"""Header parameters that change what the rest means; none is supported, so none is ignored (RFC 7515 section 4.1.11,
RFC 7797 section 7, RFC 7519 section 5.2). All other unknown ones are ignored, as RFC 7515 section 4 demands."""

_KEY_ID = re.compile(r"[^\x00-\x1f\x7f]{1,1024}")


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes of the encoded parts; a token over one of them is refused before it is decoded."""

    token: int = 16_384
    header: int = 4_096
    payload: int = 16_384
    signature: int = 1_400
    """RSA with 8192 bits needs 1,366."""


class CompactToken(NamedTuple):
    """The parts of a token, read strictly. Nothing in it is believed yet."""

    algorithm: str
    key_id: str | None
    token_type: str | None
    """The header's `typ`: lower case, without `application/` (RFC 7515 section 4.1.9)."""
    payload: bytes
    signed: bytes
    """What the signature is over: header and payload as they came (RFC 7515 section 5.1)."""
    signature: bytes


class UnverifiedToken(NamedTuple):
    """A token that is well formed, whoever wrote it."""

    compact: CompactToken
    issuer_name: str
    members: dict[str, Any]


class SignedClaims(NamedTuple):
    """A claims set that its issuer signed. Whether it holds now, and for us, is not known yet."""

    issuer: Issuer
    token_type: str | None
    members: dict[str, Any]
    key: VerificationKey


def read_unverified(token: BearerToken, limits: Limits) -> UnverifiedToken:
    """The token's parts and claims. Raises MalformedToken, UnsupportedToken or InvalidClaims."""
    compact = read_compact(token, limits)
    members = _read_json(compact.payload)
    issuer_name = members.get("iss")
    if not isinstance(issuer_name, str):
        raise InvalidClaims
    return UnverifiedToken(compact, issuer_name, members)


def verify_signature(token: UnverifiedToken, issuer: Issuer, keys: Sequence[VerificationKey]) -> SignedClaims:
    """The claims, signed by `issuer` with one of `keys`: those of its own that fit the token's header.

    Raises UnknownKey or BadSignature.
    """
    key = find_signer(token.compact, keys)
    return SignedClaims(issuer, token.compact.token_type, token.members, key)


def read_compact(token: BearerToken, limits: Limits) -> CompactToken:
    """The parts of a JWS in its compact form (RFC 7515 section 7.1). Raises MalformedToken or UnsupportedToken."""
    parts = _COMPACT.fullmatch(token.text)
    if parts is None:
        raise MalformedToken
    algorithm, key_id, token_type = _read_header_once(parts[1], limits.header)
    payload, signature = _decode(parts[2], limits.payload), _decode(parts[3], limits.signature)
    return CompactToken(algorithm, key_id, token_type, payload, token.text[: parts.end(2)], signature)


def _read_header(encoded: bytes, limit: int) -> tuple[str, str | None, str | None]:
    """`alg`, `kid` and `typ`, the only parameters that are used. Raises MalformedToken or UnsupportedToken."""
    header = _read_json(_decode(encoded, limit))
    if not _NEVER_ACCEPTED.isdisjoint(header):
        raise UnsupportedToken
    algorithm, key_id, token_type = header.get("alg"), header.get("kid"), header.get("typ")
    if not isinstance(algorithm, str):
        raise MalformedToken
    if "kid" in header and not (isinstance(key_id, str) and _KEY_ID.fullmatch(key_id)):
        raise MalformedToken
    if "typ" in header and not isinstance(token_type, str):
        raise MalformedToken
    return canonical_algorithm(algorithm), key_id, None if token_type is None else canonical_type(token_type)


_read_header_once = lru_cache(maxsize=128)(_read_header)
"""An issuer's tokens share a few headers, so the last ones are kept as read: 4 µs of 15. A refused one is not kept."""


def find_signer(compact: CompactToken, keys: Sequence[VerificationKey]) -> VerificationKey:
    """The key that signed it, of those that fit its header. Raises UnknownKey or BadSignature."""
    if not keys:
        raise UnknownKey
    for key in keys:
        if key.verify(compact.signed, compact.signature):
            return key
    raise BadSignature


def _read_json(text: bytes) -> dict[str, Any]:
    try:
        return read_object(text)
    except ValueError as error:
        raise MalformedToken from error


def _decode(encoded: bytes, limit: int) -> bytes:
    """Base64url without padding, in its one canonical form (RFC 7515 section 2, RFC 4648 section 3.5)."""
    if len(encoded) > limit:
        raise MalformedToken
    last_characters = _LAST_CHARACTERS[len(encoded) % 4]
    if last_characters is not None and encoded[-1] not in last_characters:
        raise MalformedToken
    return a2b_base64(encoded.translate(_FROM_BASE64URL) + b"==")
