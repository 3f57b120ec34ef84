"""Compact form: BearerToken → UnverifiedToken (RFC 7515 sections 5.2 and 7.1, RFC 8725).

Everything is read strictly before any cryptography. Between the two steps the unverified `iss` serves to find an issuer
and its keys, and for nothing else; the signature then decides alone. No time is looked at here, no claim is believed,
and nothing is waited for.
The values between the steps have slots: as named tuples they cost a first sight 2 µs more of 24.
joserfc owns keys and algorithms; reading a token strictly is ours (docs/decisions/0003).
"""

import re
from binascii import Error as Base64Error
from binascii import a2b_base64
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ..errors import InvalidClaims, MalformedToken, UnsupportedToken
from .credentials import BearerToken
from .strict_json import read_object

_BASE64URL = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

_TO_BASE64 = bytes(octet if octet in _BASE64URL else 0 for octet in range(256)).translate(bytes.maketrans(b"-_", b"+/"))
"""base64url (RFC 4648 section 5) as what strict base64 reads; every other character as one that it refuses."""

_PADDING = (b"", b"", b"==", b"=")
"""By the length of a segment modulo 4, as the next one."""

_LAST_CHARACTERS = (_BASE64URL, b"", b"AQgw", b"AEIMQUYcgkosw048")
"""What a base64url segment may end in, by its length modulo 4: the unused bits are zero, or one text had many forms."""

_NEVER_ACCEPTED = frozenset(("crit", "b64", "enc", "cty"))
"""Header parameters that change what the rest means; none is supported, so none is ignored (RFC 7515 section 4.1.11,
RFC 7797 section 7, RFC 7519 section 5.2). All other unknown ones are ignored, as RFC 7515 section 4 demands."""

_KEY_ID = re.compile(r"[^\x00-\x1f\x7f]{1,1024}")


_MAX_HEADER_BYTES, _MAX_PAYLOAD_BYTES, _MAX_SIGNATURE_BYTES = 4_096, 16_384, 1_400
"""Of the encoded parts; RSA with 8192 bits needs a signature of 1,366."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a token's header says, as far as it is used. Tokens share it."""

    algorithm: str
    key_id: str | None
    token_type: str | None
    """`typ` in lower case, without `application/` (RFC 7515 section 4.1.9)."""


@dataclass(slots=True)
class UnverifiedToken:
    """A token that is well formed, whoever wrote it. Nothing in it is believed yet."""

    header: Header
    issuer: str
    """`iss`, which may be anything."""
    members: dict[str, Any]
    """The claims set."""
    signed: bytes
    """What the signature is over: header and payload as they came (RFC 7515 section 5.1)."""
    signature: bytes


def read_unverified(token: BearerToken) -> UnverifiedToken:
    """The token's parts and claims. Raises MalformedToken, UnsupportedToken or InvalidClaims."""
    header, payload, signed, signature = read_compact(token)
    members = _read_json(payload)
    issuer = members.get("iss")
    if not isinstance(issuer, str):
        raise InvalidClaims
    return UnverifiedToken(header, issuer, members, signed, signature)


def read_compact(token: BearerToken) -> tuple[Header, bytes, bytes, bytes]:
    """Header, payload, what is signed and the signature of a JWS in its compact form (RFC 7515 section 7.1).

    Any other character, or another number of parts, is refused before anything is parsed (RFC 8725bis section 3.14).
    Raises MalformedToken or UnsupportedToken.
    """
    parts = token.split(b".", 3)
    if len(parts) != 3 or not parts[2]:
        raise MalformedToken
    payload, signature = _decode(parts[1], _MAX_PAYLOAD_BYTES), _decode(parts[2], _MAX_SIGNATURE_BYTES)
    return _read_header_once(parts[0]), payload, token[: -1 - len(parts[2])], signature


def _read_header(encoded: bytes) -> Header:
    """The only parameters that are used. Raises MalformedToken or UnsupportedToken."""
    header = _read_json(_decode(encoded, _MAX_HEADER_BYTES))
    if not _NEVER_ACCEPTED.isdisjoint(header):
        raise UnsupportedToken
    algorithm, key_id, token_type = header.get("alg"), header.get("kid"), header.get("typ")
    if not isinstance(algorithm, str):
        raise MalformedToken
    if "kid" in header and not (isinstance(key_id, str) and _KEY_ID.fullmatch(key_id)):
        raise MalformedToken
    if "typ" in header and not isinstance(token_type, str):
        raise MalformedToken
    return Header(canonical_algorithm(algorithm), key_id, None if token_type is None else canonical_type(token_type))


_read_header_once = lru_cache(maxsize=128)(_read_header)
"""An issuer's tokens share a few headers, so the last ones are kept as read: 4 µs of 15. A refused one is not kept."""


def canonical_algorithm(name: str) -> str:
    """Return one name for `EdDSA` and `Ed25519`: X25519 never signs, and Ed448 is not accepted (RFC 9864)."""
    return "Ed25519" if name == "EdDSA" else name


def canonical_type(token_type: str) -> str:
    """Return `typ` as it is compared: without case; `application/` is left out unless another slash follows.

    RFC 7515 section 4.1.9.
    """
    folded = token_type.lower()
    short = folded.removeprefix("application/")
    return folded if "/" in short else short


def _read_json(text: bytes) -> dict[str, Any]:
    try:
        return read_object(text)
    except ValueError as error:
        raise MalformedToken from error


def _decode(encoded: bytes, limit: int) -> bytes:
    """Base64url without padding, in its one canonical form (RFC 7515 section 2, RFC 4648 section 3.5)."""
    size = len(encoded)
    if size > limit or (encoded and encoded[-1] not in _LAST_CHARACTERS[size % 4]):
        raise MalformedToken
    try:
        return a2b_base64(encoded.translate(_TO_BASE64) + _PADDING[size % 4], strict_mode=True)
    except Base64Error as error:
        raise MalformedToken from error
