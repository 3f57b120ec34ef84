"""TokenIssuer: signs access tokens in the form of RFC 9068, for a login of one's own, tests and small deployments."""

import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import Any

from cryptography.hazmat.primitives.serialization import load_pem_private_key
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from ..errors import ConfigurationError
from ..keys.jwk import UnusableKey, declare, pem_blocks
from ..keys.secret import secret_faults
from ..keys.verification_key import ALGORITHMS, HMAC_ALGORITHMS, Key
from ..names import SCOPE_TOKEN
from ..tokens.compact import canonical_algorithm

_OWN_CLAIMS = frozenset(("iss", "sub", "aud", "iat", "exp", "jti", "scope", "roles"))


class TokenIssuer:
    """Signs tokens that `Issuer(issuer, audience, keys=…)` verifies.

    key: a secret for HS256, HS384 and HS512, else a private key in PEM.
    algorithm: any of those that verify. lifetime: from issuing to `exp`; over 0.
    client_id: who asks for the tokens (RFC 9068 section 2.2): with a login of one's own, the app itself.
    key_id: written into the header as `kid`, so that keys can be rotated. clock: seconds since 1970.

    Raises ConfigurationError with every fault at once.
    """

    def __init__(
        self,
        issuer: str,
        audience: str,
        key: str | bytes,
        *,
        algorithm: str = "HS256",
        lifetime: timedelta = timedelta(minutes=15),
        client_id: str = "first-party",
        key_id: str | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        algorithm = canonical_algorithm(algorithm)
        octets = key.encode("utf-8", "surrogatepass") if isinstance(key, str) else key
        errors = [*_faults(issuer, audience, lifetime, client_id, key_id), *_key_faults(octets, algorithm)]
        if errors:
            raise ConfigurationError(errors)
        self.issuer = issuer
        self.audience = audience
        self.lifetime = lifetime
        self._client_id = client_id
        self._algorithm = algorithm
        self._header = {"alg": algorithm, "typ": "at+jwt"} | ({} if key_id is None else {"kid": key_id})
        self._key = _load_key(octets, algorithm)
        self._clock = clock

    def issue(self, subject: str, *, scopes: Iterable[str] = (), roles: Iterable[str] = (), **claims: Any) -> str:
        """A signed token for `subject`; further `claims` go in as they are. Raises ValueError for bad input."""
        if not isinstance(subject, str) or not subject:
            raise ValueError("the subject must be a non-empty string")
        if taken := sorted(_OWN_CLAIMS.intersection(claims)):
            raise ValueError(f"{', '.join(taken)} cannot be overridden; make another TokenIssuer")
        granted = [scopes] if isinstance(scopes, str) else list(scopes)
        if not all(SCOPE_TOKEN.fullmatch(scope) for scope in granted):
            raise ValueError(
                "a scope must be printable ASCII without spaces, quotes and backslashes (RFC 6749 section 3.3)"
            )
        now = int(self._clock())
        members: dict[str, Any] = {
            "client_id": self._client_id,
            **claims,
            "iss": self.issuer,
            "sub": subject,
            "aud": self.audience,
            "iat": now,
            "exp": now + int(self.lifetime.total_seconds()),
            "jti": secrets.token_urlsafe(16),
        }
        if granted:
            members["scope"] = " ".join(granted)
        if held := [roles] if isinstance(roles, str) else list(roles):
            members["roles"] = held
        return jwt.encode(dict(self._header), members, self._key, algorithms=[self._algorithm])


def _faults(issuer: object, audience: object, lifetime: object, client_id: object, key_id: object) -> Iterator[str]:
    if not isinstance(issuer, str) or not issuer:
        yield 'the issuer must be a non-empty string, such as "https://login.example.com/"'
    if not isinstance(audience, str) or not audience:
        yield 'the audience must be a non-empty string, such as "orders-api"'
    if not isinstance(lifetime, timedelta) or lifetime < timedelta(seconds=1):
        yield "the lifetime must be a timedelta of a second or more, such as timedelta(minutes=15)"
    if not isinstance(client_id, str) or not client_id:
        yield "the client_id must be a non-empty string"
    if not isinstance(key_id, str | None) or key_id == "":
        yield "the key_id must be a non-empty string, or None"


def _key_faults(key: object, algorithm: str) -> Iterator[str]:
    if not isinstance(key, bytes):
        yield "the key must be str or bytes"
    elif not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        yield f"algorithm {algorithm!r} is not accepted here; write one of {', '.join(ALGORITHMS)}"
    elif algorithm in HMAC_ALGORITHMS:
        yield from secret_faults(key, algorithm)
    else:
        yield from _private_key_faults(key, algorithm)


def _private_key_faults(key: bytes, algorithm: str) -> Iterator[str]:
    if (count := len(pem_blocks(key))) > 1:
        yield f"the PEM has {count} blocks, and one is read; write the private key alone"
        return
    try:
        loaded: Any = load_pem_private_key(key, password=None)
    except Exception:  # ValueError, TypeError, UnsupportedAlgorithm: whatever it is, it is no such key
        yield f"the key must be a private key in PEM, without a password, for {algorithm}"
        return
    try:
        declare(loaded.public_key(), algorithm, None)
    except UnusableKey as fault:
        yield str(fault)


def _load_key(key: bytes, algorithm: str) -> Key:
    if algorithm in HMAC_ALGORITHMS:
        return OctKey.import_key(key)
    classes: dict[str, type[Key]] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}
    loaded: Any = load_pem_private_key(key, password=None)
    return classes[ALGORITHMS[algorithm].split()[0]].import_key(loaded)
