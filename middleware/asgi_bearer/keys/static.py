"""StaticKeys: keys at hand, from a secret, a PEM or a JWK Set."""

from collections.abc import Iterable, Mapping
from typing import Any, Self

from joserfc.jwk import OctKey

from .jwk import UnusableKey, is_private, key_from_pem
from .jwk_set import listed_keys, parse_key_set, read_keys
from .secret import secret_faults
from .status import Counters, KeyStatus, log_notes
from .verification_key import DeclaredKey, KeyRing, VerificationKey


class StaticKeys:
    """Keys at hand. Made by `from_secret`, `from_pem` or `from_jwks`, never called itself.

    What is wrong with them is in `errors`; the middleware raises it together with all other errors.
    """

    def __init__(self, keys: Iterable[DeclaredKey], errors: Iterable[str]) -> None:
        self.keys = tuple(keys)
        self.errors = tuple(errors)

    @classmethod
    def from_secret(cls, secret: str | bytes, *, algorithm: str = "HS256", key_id: str | None = None) -> Self:
        """One secret, shared with the issuer, for HMAC (RFC 7518 section 3.2).

        It has at least the bytes of the hash: 32 for HS256, 48 for HS384, 64 for HS512. A `str` counts as UTF-8.
        """
        octets = _octets(secret)
        if octets is None:
            return cls((), ["the secret must be str or bytes"])
        errors = (*_name_faults(algorithm, key_id), *secret_faults(octets, str(algorithm)))
        if errors:
            return cls((), errors)
        return cls([DeclaredKey(OctKey.import_key(octets), key_id, algorithm)], ())

    @classmethod
    def from_pem(cls, pem: str | bytes, *, algorithm: str | None = None, key_id: str | None = None) -> Self:
        """One public key or X.509 certificate. Without `algorithm` it is used with the issuer's first that fits."""
        octets = _octets(pem)
        if octets is None:
            return cls((), ["the PEM must be str or bytes"])
        if errors := _name_faults(algorithm, key_id):
            return cls((), errors)
        try:
            return cls([key_from_pem(octets, algorithm, key_id)], ())
        except UnusableKey as fault:
            return cls((), [str(fault)])

    @classmethod
    def from_jwks(cls, jwks: Mapping[str, Any] | str | bytes) -> Self:
        """A JWK Set (RFC 7517 section 5), as JSON or parsed. A bad key in it is skipped with a warning.

        A set without one good key, with a private key, or with secrets beside public keys, is a fault.
        """
        members = jwks if isinstance(jwks, Mapping) else _parsed(jwks)
        listed = None if members is None else listed_keys(members)
        if listed is None:
            return cls((), ['the JWK Set must be a JSON object {"keys": [...]}'])
        keys, notes = read_keys(listed)
        if any(isinstance(jwk, Mapping) and is_private(jwk) for jwk in listed):
            return cls((), ["the JWK Set has a private key; take it out, and replace that key if others saw the set"])
        if len({key.is_secret for key in keys}) > 1:
            return cls((), ["the JWK Set mixes secrets and public keys; write two issuers, or the keys of one kind"])
        if not keys:
            return cls(
                (), [f"the JWK Set has no usable key; {note.text}" for note in notes] or ["the JWK Set is empty"]
            )
        log_notes("the JWK Set", notes)
        return cls(keys, ())


class StaticKeySource:
    """The keys of one issuer that are never fetched: whatever is not there does not exist."""

    def __init__(self, issuer: str, ring: KeyRing) -> None:
        self._issuer = issuer
        self._ring = ring
        log_notes(f"issuer {issuer!r}", ring.notes)
        self.find = ring.find

    async def wait_for(self, _key_id: str | None, _algorithm: str) -> tuple[VerificationKey, ...]:
        return ()

    def refresh(self) -> None:
        """There is nothing to refresh."""

    def status(self) -> KeyStatus:
        return KeyStatus(self._issuer, True, "fresh", len(self._ring.keys), None, None, Counters())


def _name_faults(algorithm: object, key_id: object) -> tuple[str, ...]:
    named = {"algorithm": algorithm, "key_id": key_id}
    return tuple(f"{name} must be a string" for name, value in named.items() if not isinstance(value, str | None))


def _octets(text: object) -> bytes | None:
    if isinstance(text, str):
        return text.encode("utf-8", "surrogatepass")
    return text if isinstance(text, bytes) else None


def _parsed(text: object) -> Mapping[str, Any] | None:
    octets = _octets(text)
    try:
        return None if octets is None else parse_key_set(octets)
    except ValueError:
        return None
