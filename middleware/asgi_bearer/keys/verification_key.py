"""VerificationKey: one key, bound to one algorithm. KeyRing: the keys of one issuer, found by `kid` and `alg`.

joserfc's key and algorithm objects do the cryptography; this module decides which of them may meet.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

Key = OctKey | RSAKey | ECKey | OKPKey

HMAC_ALGORITHMS = frozenset(("HS256", "HS384", "HS512"))

ALGORITHMS: Mapping[str, str] = {
    "RS256": "RSA",
    "RS384": "RSA",
    "RS512": "RSA",
    "PS256": "RSA",
    "PS384": "RSA",
    "PS512": "RSA",
    "ES256": "EC P-256",
    "ES384": "EC P-384",
    "ES512": "EC P-521",
    "Ed25519": "OKP Ed25519",
    "HS256": "secret",
    "HS384": "secret",
    "HS512": "secret",
}
"""Every accepted algorithm (RFC 7518 section 3.1, RFC 9864 section 2.2) and the kind of key that it needs."""

_MAX_CANDIDATES = 4
"""Keys tried for a token that names none: each costs a signature's verification."""


def canonical_algorithm(name: str) -> str:
    """`EdDSA` and `Ed25519` name the same thing, since X25519 never signs and Ed448 is not accepted (RFC 9864)."""
    return "Ed25519" if name == "EdDSA" else name


@dataclass(frozen=True, slots=True)
class DeclaredKey:
    """A key as its owner wrote it down: sound, but not yet bound to an algorithm unless it names one itself."""

    key: Key
    key_id: str | None
    algorithm: str | None

    @property
    def is_secret(self) -> bool:
        return isinstance(self.key, OctKey)

    @property
    def description(self) -> str:
        """The kind of key, as in `ALGORITHMS`."""
        if isinstance(self.key, OctKey):
            return "secret"
        if isinstance(self.key, RSAKey):
            return "RSA"
        return f"{self.key.key_type} {self.key.curve_name}"

    def bind(self, algorithms: Iterable[str]) -> "VerificationKey | None":
        """Bound to its own algorithm, else to the first that fits; None where none of `algorithms` does."""
        for name in algorithms:
            if self.algorithm in (None, name) and ALGORITHMS.get(name) == self.description:
                return VerificationKey(self.key_id, name, self.key, JWSRegistry.algorithms[name])
        return None


@dataclass(frozen=True, slots=True, eq=False)
class VerificationKey:
    """A key in use. It verifies with its one algorithm and no other (RFC 8725bis section 3.1).

    It is equal to itself alone: cached tokens look for their key at every request, and comparing keys by value is slow.
    `KeyRing.of` keeps the object of a key that is fetched again.
    """

    key_id: str | None
    algorithm: str
    _key: Key
    _verifier: Any

    @property
    def identity(self) -> tuple[str | None, str, str]:
        """The same for the same key, name and algorithm; the key by its thumbprint (RFC 7638)."""
        return self.key_id, self.algorithm, self._key.thumbprint()

    def verify(self, signed: bytes, signature: bytes) -> bool:
        """Whether `signature` was made over `signed` with this key. Whatever the library raises means no."""
        try:
            return bool(self._verifier.verify(signed, signature, self._key))
        except Exception:  # whatever a library raises on garbage, it may not become a 500
            return False


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The keys of one issuer, each bound to its algorithm."""

    keys: tuple[VerificationKey, ...]
    _by_id: Mapping[tuple[str | None, str], tuple[VerificationKey, ...]]
    _by_algorithm: Mapping[str, tuple[VerificationKey, ...]]

    @classmethod
    def of(
        cls, declared: Iterable[DeclaredKey], algorithms: Iterable[str], before: Iterable[VerificationKey] = ()
    ) -> Self:
        """before: the keys until now. Those of them that are declared again stay the same objects."""
        accepted, known = tuple(algorithms), {key.identity: key for key in before}
        bound = (key.bind(accepted) for key in declared)
        keys = tuple(known.get(key.identity, key) for key in bound if key)
        by_id: dict[tuple[str | None, str], tuple[VerificationKey, ...]] = {}
        by_algorithm: dict[str, tuple[VerificationKey, ...]] = {}
        for key in keys:
            by_id[key.key_id, key.algorithm] = (*by_id.get((key.key_id, key.algorithm), ()), key)
            by_algorithm[key.algorithm] = (*by_algorithm.get(key.algorithm, ()), key)
        return cls(
            keys,
            {name: found[:_MAX_CANDIDATES] for name, found in by_id.items()},
            {name: found[:_MAX_CANDIDATES] for name, found in by_algorithm.items()},
        )

    def find(self, key_id: str | None, algorithm: str) -> tuple[VerificationKey, ...]:
        """The few keys that may have signed a token with this header: by `kid`, else those without a name.

        A token without `kid` is tried against every key of its algorithm, up to a small number.
        """
        if key_id is None:
            return self._by_algorithm.get(algorithm, ())
        return self._by_id.get((key_id, algorithm)) or self._by_id.get((None, algorithm), ())
