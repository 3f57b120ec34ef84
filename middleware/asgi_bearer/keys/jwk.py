"""Public keys from PEM and JWK: what is accepted, and what is wrong with the rest.

A `UnusableKey` says it in one sentence with what to write instead.
"""

import re
import warnings
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from ..tokens.compact import canonical_algorithm
from .lenient_jwk import PRIVATE_MEMBERS, read_leniently
from .secret import secret_faults
from .verification_key import ALGORITHMS, DeclaredKey, Key

_SMALL_ORDER = frozenset(
    bytes.fromhex(point)
    for y in (
        "0100000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    )
    for point in (y, f"{y[:-2]}{int(y[-2:], 16) | 0x80:02x}")
)
"""The points of Ed25519 of small order, in every encoding: one signature is then good for any message."""


_MEMBERS = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x"), "oct": ("k",)}
"""What defines a key of each `kty` (RFC 7518 section 6, RFC 8037 section 2). No other member is handed to joserfc."""

_ENCRYPTION_ALGORITHM = re.compile(r"RSA-OAEP|RSA1_5|ECDH-|HPKE-|PBES2-|A(128|192|256)|dir$")
_ENCRYPTION_OPERATIONS = frozenset(("encrypt", "decrypt", "wrapKey", "unwrapKey", "deriveKey", "deriveBits"))


class UnusableKey(ValueError):
    """A key that cannot be used; the text says why and what to write instead."""


class OtherPurpose(UnusableKey):
    """A key that is not meant for tokens, such as an encryption key beside the signing keys. It is no mistake."""


def key_from_pem(pem: bytes, algorithm: str | None, key_id: str | None) -> DeclaredKey:
    """The public key in `pem`: SubjectPublicKeyInfo, PKCS #1 or an X.509 certificate. Raises UnusableKey."""
    if b"PRIVATE KEY-----" in pem:
        raise UnusableKey(
            "a private key where a public one is meant; write its public part: openssl pkey -in key.pem -pubout"
        )
    if b"-----BEGIN" not in pem:
        raise UnusableKey("not a PEM: it must start with -----BEGIN PUBLIC KEY----- or -----BEGIN CERTIFICATE-----")
    if b"\n" not in pem.strip():
        raise UnusableKey(
            'the PEM lost its newlines, as environment variables often make it; write pem.replace("\\\\n", "\\n") '
            "or read it from a file"
        )
    if (count := len(pem_blocks(pem))) > 1:
        raise UnusableKey(
            f"the PEM has {count} blocks, and one is read; of a chain of certificates write the first one alone, "
            'and several keys as a JWK Set: StaticKeys.from_jwks({"keys": […]})'
        )
    try:
        if b"-----BEGIN CERTIFICATE-----" in pem:
            loaded: Any = x509.load_pem_x509_certificate(pem).public_key()
        else:
            loaded = load_pem_public_key(pem)
    except Exception as error:  # cryptography raises ValueError, UnsupportedAlgorithm, TypeError
        raise UnusableKey("the PEM cannot be read; write a public key: openssl pkey -in key.pem -pubout") from error
    return declare(loaded, algorithm, key_id)


def pem_blocks(pem: bytes) -> list[bytes]:
    """The labels of the blocks that hold something; openssl writes EC PARAMETERS before a private key."""
    return [label for label in re.findall(rb"-----BEGIN ([^-]*)-----", pem) if label != b"EC PARAMETERS"]


def key_from_jwk(jwk: object, *, secrets: bool = True) -> tuple[DeclaredKey, tuple[str, ...]]:
    """The public key or secret in one member of a JWK Set (RFC 7517 section 4), and its oddities. Raises UnusableKey.

    secrets: whether one is accepted, which is only safe in a set that nobody else can read.
    """
    if not isinstance(jwk, Mapping):
        raise UnusableKey("a JWK must be a JSON object")
    members, oddities = read_leniently(jwk)
    if is_private(members):
        raise UnusableKey("a private key where a public one is meant; write the JWK without d, p, q, dp, dq and qi")
    algorithm, key_id = members.get("alg"), members.get("kid")
    if not isinstance(algorithm, str | None) or not isinstance(key_id, str | None):
        raise UnusableKey("alg and kid must be strings")
    _check_purpose(members.get("use", "sig"), members.get("key_ops", ["verify"]), algorithm or "")
    key = _import_jwk(members)
    if isinstance(key, OctKey):
        if not secrets:
            raise UnusableKey("a secret in a set that everybody can read")
        for fault in secret_faults(key.raw_value, algorithm or "HS256"):
            raise UnusableKey(fault)
        algorithm = algorithm or "HS256"
    return _declared(key, algorithm, key_id), oddities


def is_private(members: Mapping[str, Any]) -> bool:
    """Whether a JWK has a part that only its owner may know. A secret (`oct`) is not meant."""
    return members.get("kty") != "oct" and any(members.get(name) is not None for name in PRIVATE_MEMBERS)


def _check_purpose(use: object, operations: object, algorithm: str) -> None:
    """For verifying signatures (RFC 7517 sections 4.2 and 4.3, SPIFFE's JWT-SVID section 4). Raises UnusableKey."""
    if use in ("enc", "x509-svid"):
        raise OtherPurpose(f'use is not "sig" but "{use}"')
    if use not in ("sig", "jwt-svid"):
        raise UnusableKey('use is not "sig"; write a key for signatures')
    if not isinstance(operations, list) or not all(isinstance(name, str) for name in operations):
        raise UnusableKey('key_ops must be a list of strings; write ["verify"] or leave it out')
    if "verify" not in operations:
        kind = OtherPurpose if _ENCRYPTION_OPERATIONS.issuperset(operations) else UnusableKey
        raise kind('key_ops does not have "verify"; write ["verify"] or leave it out')
    if _ENCRYPTION_ALGORITHM.match(algorithm):
        raise OtherPurpose("alg is for encryption")


def _import_jwk(jwk: dict[str, Any]) -> Key:
    classes: dict[object, type[Key]] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey, "oct": OctKey}
    key_type = jwk.get("kty")
    if not isinstance(key_type, str) or key_type not in classes:
        raise UnusableKey("kty must be RSA, EC, OKP or oct")
    if missing := [name for name in _MEMBERS[key_type] if name not in jwk]:
        raise UnusableKey(f"the {key_type} key cannot be read: {', '.join(missing)} missing")
    defining = {name: jwk[name] for name in ("kty", *_MEMBERS[key_type])}
    for name in {"n", "e", "x", "y", "k"}.intersection(defining):
        _check_base64url(defining[name])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # joserfc warns where `_declared` and `secret_faults` refuse
            return classes[key_type].import_key(defining)
    except Exception as error:  # KeyError, ValueError, TypeError, binascii.Error, JoseError on broken members
        raise UnusableKey(f"the {key_type} key cannot be read") from error


def _check_base64url(text: object) -> None:
    """Strictly: one number has one text."""
    try:
        encoded = text.encode("ascii") if isinstance(text, str) else None
        canonical = (
            encoded is not None and urlsafe_b64encode(urlsafe_b64decode(encoded + b"==")).rstrip(b"=") == encoded
        )
    except ValueError:
        canonical = False
    if not canonical:
        raise UnusableKey("the numbers of a JWK must be strings of base64url without padding (RFC 7518 section 6)")


def declare(loaded: object, algorithm: str | None, key_id: str | None) -> DeclaredKey:
    """A public key object of `cryptography`, if it may be used, and with this algorithm. Raises UnusableKey."""
    return _declared(_wrap(loaded), algorithm, key_id)


def _wrap(loaded: object) -> Key:
    if isinstance(loaded, RSAPublicKey):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of small moduli, which `_declared` refuses
            return RSAKey.import_key(loaded)
    if isinstance(loaded, EllipticCurvePublicKey) and loaded.curve.name in ("secp256r1", "secp384r1", "secp521r1"):
        return ECKey.import_key(loaded)
    if isinstance(loaded, Ed25519PublicKey):
        return OKPKey.import_key(loaded)
    raise UnusableKey("this kind of key is not accepted; write RSA, EC on P-256, P-384 or P-521, or Ed25519")


def _declared(key: Key, algorithm: str | None, key_id: str | None) -> DeclaredKey:
    if isinstance(key, RSAKey):
        _check_rsa(key.public_key)
    if isinstance(key, OKPKey):
        _check_edwards(key.public_key)
    declared = DeclaredKey(key, key_id, None if algorithm is None else canonical_algorithm(algorithm))
    if declared.algorithm is not None and ALGORITHMS.get(declared.algorithm) != declared.description:
        raise UnusableKey(f"algorithm {str(algorithm)[:32]!a} does not fit a key of kind {declared.description}")
    if declared.description not in ALGORITHMS.values():
        raise UnusableKey(f"a key of kind {declared.description} is not accepted; write P-256, P-384 or P-521")
    return declared


def _check_rsa(key: RSAPublicKey) -> None:
    if not 2048 <= key.key_size <= 8192:  # RFC 7518 section 3.3; over it each verification is a gift to attackers
        raise UnusableKey(f"the RSA key has {key.key_size} bits; make one with 2048 to 8192")
    exponent = key.public_numbers().e
    if exponent < 3 or exponent % 2 == 0 or exponent.bit_length() > 64:
        raise UnusableKey("the RSA key has an unusual exponent; make one with 65537")


def _check_edwards(key: object) -> None:
    if not isinstance(key, Ed25519PublicKey):
        raise UnusableKey("this OKP key cannot sign here; write an Ed25519 key")
    if key.public_bytes_raw() in _SMALL_ORDER:
        raise UnusableKey("the Ed25519 key is a point of small order, with which anybody can sign; make a new one")
