"""VerificationKey: one key, bound to one algorithm. KeyRing: the keys of one issuer, found by `kid` and `alg`.

joserfc's key and algorithm objects do the cryptography; this module decides which of them may meet.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from .key_notes import KeyNote, key_name

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

_COSTS = {"EC P-256": 3, "EC P-384": 13, "EC P-521": 15, "OKP Ed25519": 4}
"""What a verification costs, in those with RSA and 2048 bits. A longer RSA key costs up to the square of its length."""

_MAX_COST = 100
"""Of all keys that one token may be tried with: 100 RSA keys of 2048 bits, or 6 on P-521."""


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

    @property
    def cost(self) -> int:
        """Of one verification, in those with RSA and 2048 bits."""
        if isinstance(self.key, RSAKey):
            return -(-(self.key.public_key.key_size**2) // 2048**2)
        return _COSTS.get(self.description, 1)

    def fits(self, algorithm: str) -> bool:
        """Whether it may verify with this algorithm: its own, or any of its kind if it names none."""
        return self.algorithm in (None, algorithm) and ALGORITHMS.get(algorithm) == self.description

    def bind(self, algorithms: Iterable[str]) -> "VerificationKey | None":
        """Bound to its own algorithm, else to the first that fits; None where none of `algorithms` does."""
        for name in algorithms:
            if self.fits(name):
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
    notes: tuple[KeyNote, ...]
    """What the operator should know of keys that are not used, or not for every token."""
    _by_id: Mapping[tuple[str | None, str], tuple[VerificationKey, ...]]
    _by_algorithm: Mapping[str, tuple[VerificationKey, ...]]

    @classmethod
    def of(
        cls, declared: Iterable[DeclaredKey], algorithms: Iterable[str], before: Iterable[VerificationKey] = ()
    ) -> Self:
        """before: the keys until now. Those of them that are declared again stay the same objects."""
        accepted, listed = tuple(algorithms), tuple(declared)
        known = {key.identity: key for key in before}
        bound = [(key, known.get(one.identity, one)) for key in listed if (one := key.bind(accepted))]
        by_id, by_algorithm = _Candidates(), _Candidates()
        for key, verifying in bound:
            by_id.add((verifying.key_id, verifying.algorithm), verifying, key.cost)
            by_algorithm.add(verifying.algorithm, verifying, key.cost)
        notes = (*_binding_notes(listed, accepted), *_cost_notes(by_algorithm))
        keys = tuple(verifying for _, verifying in bound)
        return cls(keys, notes, by_id.affordable(), by_algorithm.affordable())

    def find(self, key_id: str | None, algorithm: str) -> tuple[VerificationKey, ...]:
        """The keys that may have signed a token with this header: by `kid`, else those without a name.

        A token without `kid` is tried against every key of its algorithm. If that would cost too much, it is tried
        against none: which of them may have signed it is not known.
        """
        if key_id is None:
            return self._by_algorithm.get(algorithm, ())
        return self._by_id.get((key_id, algorithm)) or self._by_id.get((None, algorithm), ())


class _Candidates:
    """Keys that may have signed the same token, grouped by what its header says, and what it costs to try them all."""

    def __init__(self) -> None:
        self.keys: defaultdict[Any, tuple[VerificationKey, ...]] = defaultdict(tuple)
        self.costs: defaultdict[Any, int] = defaultdict(int)

    def add(self, header: object, key: VerificationKey, cost: int) -> None:
        self.keys[header] += (key,)
        self.costs[header] += cost

    def affordable(self) -> dict[Any, tuple[VerificationKey, ...]]:
        return {header: keys for header, keys in self.keys.items() if self.costs[header] <= _MAX_COST}


def _binding_notes(keys: Iterable[DeclaredKey], accepted: tuple[str, ...]) -> Iterator[KeyNote]:
    """Of keys that the issuer's algorithms leave out, or use with one of several."""
    for key in keys:
        name = key_name(key.key_id, f"the {key.description} key without kid")
        fitting = [algorithm for algorithm in accepted if key.fits(algorithm)]
        if not fitting:
            yield KeyNote(f"{name} is not used: it fits none of the algorithms {', '.join(map(str, accepted))}")
        elif len(fitting) > 1:
            others = ", ".join(fitting[1:])
            yield KeyNote(
                f"{name} names no alg: it is used with {fitting[0]}, and tokens signed with {others} are rejected"
            )


def _cost_notes(by_algorithm: _Candidates) -> Iterator[KeyNote]:
    for algorithm, keys in by_algorithm.keys.items():
        if by_algorithm.costs[algorithm] > _MAX_COST:
            yield KeyNote(
                f"{len(keys)} keys for {algorithm} are too many to try them all: tokens without kid, or with one "
                "that so many keys share, are rejected with unknown_key; give each key a kid, and its tokens too",
                warning=True,
            )
