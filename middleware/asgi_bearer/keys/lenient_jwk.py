"""A JWK as its publisher wrote it, put into the form of RFC 7517 if that cannot change which key it is.

Only keys of configured issuers are read like this. Tokens are read strictly.
"""

from base64 import urlsafe_b64encode
from binascii import Error as Base64Error
from binascii import a2b_base64
from collections.abc import Mapping
from typing import Any

PRIVATE_MEMBERS = frozenset(("d", "p", "q", "dp", "dq", "qi", "oth", "priv"))

_NUMBERS = frozenset(("n", "e", "x", "y", "k"))
_READ = PRIVATE_MEMBERS | _NUMBERS | {"kty", "crv", "use", "key_ops", "alg", "kid"}

_TO_BASE64 = str.maketrans("-_", "+/", " \t\r\n")


def read_leniently(jwk: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The members that matter, and a phrase for each oddity that was put right.

    A member that is null, an empty string or an empty list says nothing, so it counts as absent. Numbers may be in
    base64 of either alphabet, with padding and line breaks. Everything else is left for the strict reader to reject.
    """
    present = {name: jwk[name] for name in sorted(_READ.intersection(jwk))}
    members = {name: value for name, value in present.items() if value is not None and value not in ("", [])}
    numbers = {name: _as_base64url(members[name]) for name in _NUMBERS.intersection(members)}
    empty = [name for name in present if name not in members]
    rewritten = sorted(name for name, text in numbers.items() if text != members[name])
    oddities = []
    if empty:
        oddities.append(f"{', '.join(empty)} null or empty, read as absent")
    if rewritten:
        oddities.append(f"{', '.join(rewritten)} not in base64url without padding")
    return members | numbers, tuple(oddities)


def _as_base64url(text: object) -> object:
    """In its one canonical form, or as it is if it is not base64 at all."""
    if not isinstance(text, str):
        return text
    digits = text.translate(_TO_BASE64).rstrip("=")
    try:
        octets = a2b_base64(digits + "=" * (-len(digits) % 4), strict_mode=True)
    except (Base64Error, ValueError):  # ValueError: not ASCII
        return text
    return urlsafe_b64encode(octets).decode().rstrip("=")
