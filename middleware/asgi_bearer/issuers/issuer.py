"""Issuer: who may sign for us, with which keys, and what its tokens must say."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from ..keys.remote import RemoteKeys, remote_key_errors
from ..keys.static import StaticKeys
from ..keys.verification_key import ALGORITHMS, HMAC_ALGORITHMS
from ..names import TypedValue, as_strings, typed
from ..tokens.claims import MAX_LEEWAY, ClaimsPolicy
from ..tokens.compact import canonical_algorithm, canonical_type

ASYMMETRIC_ALGORITHMS = tuple(name for name in ALGORITHMS if name not in HMAC_ALGORITHMS)
"""The default. Their order matters for a key that names no algorithm of its own: it is used with the first that fits,
so with RS256 where it is an RSA key (one algorithm a key: RFC 8725bis section 3.1)."""

_RFC9068_CLAIMS = ("client_id", "jti", "iat")
"""Beyond `iss`, `exp`, `aud` and `sub`, which are always needed (RFC 9068 section 2.2)."""


class Issuer:
    """A trusted issuer of access tokens, and the audience that its tokens must name.

    issuer: compared with `iss` exactly, character by character (RFC 7519 section 4.1.1).
    audience: our own name as a resource server, or several; one of them must be a member of `aud`.
    keys: those that this issuer signs with; they never verify a token of another. `StaticKeys` at hand, or `RemoteKeys`
        that it publishes. None: `RemoteKeys()`, found through the metadata at the issuer's URL.
    algorithms: the closed list of accepted ones. Default: the asymmetric ones; where `keys` come from a secret, that
        secret's own. HMAC and public keys never mix.
    token_type: the header's `typ`, which then must be there. Default: absent, `JWT` or `at+jwt`. With "at+jwt" the
        whole profile of RFC 9068 section 2.2 is asked for: `client_id`, `iat` and `jti` must be there too.
    leeway: clock difference allowed for `exp`, `nbf` and `iat`; 0 to 5 minutes.
    max_age: if set, tokens must carry `iat` and be younger than this.
    required_claims: what tokens must say beyond that: names of claims that must be there, or a mapping from names to
        the value, or the list of values, that is admitted; None for any. {"token_use": "access"} tells access tokens
        from the others of an issuer that marks them so.
    audience_claim: where the audience is found; "aud", but for providers that write it elsewhere.
    roles_claim: where roles are found: a claim's name, or a path such as ("realm_access", "roles").
    allow_loopback_http: keys may be fetched by http from this very machine, for development.

    An issuer is a declaration: `BearerAuth` raises what is wrong with it, together with all other errors.
    """

    def __init__(
        self,
        issuer: str,
        audience: str | Iterable[str],
        *,
        keys: StaticKeys | RemoteKeys | None = None,
        algorithms: Iterable[str] | None = None,
        token_type: str | None = None,
        leeway: timedelta = timedelta(0),
        max_age: timedelta | None = None,
        required_claims: Iterable[str] | Mapping[str, Any] = (),
        audience_claim: str = "aud",
        roles_claim: str | Iterable[str] = "roles",
        allow_loopback_http: bool = False,
    ) -> None:
        self.name = issuer
        self.audiences = frozenset(as_strings(audience))
        self.keys = RemoteKeys() if keys is None else keys
        self.algorithms = _algorithms(algorithms, keys)
        self.token_types = _token_types(token_type)
        of_profile = dict.fromkeys(_RFC9068_CLAIMS) if self.token_types == {"at+jwt"} else {}
        self.required_claims = {**of_profile, **_required(required_claims)}
        self.leeway = leeway
        self.max_age = max_age
        self.audience_claim = audience_claim
        self.roles_claim = as_strings(roles_claim)
        self.allow_loopback_http = allow_loopback_http

    def claims_policy(self) -> ClaimsPolicy:
        """Return what its tokens must say. The declaration must be free of errors."""
        return ClaimsPolicy(
            self.name,
            self.audiences,
            self.token_types,
            self.required_claims,
            self.leeway.total_seconds(),
            None if self.max_age is None else self.max_age.total_seconds(),
            self.audience_claim,
            self.roles_claim,
        )

    def errors(self) -> Iterator[str]:
        """Everything that is wrong with this issuer and its keys, a sentence each with what to write instead."""
        where = f"Issuer({self.name!r})"
        if not isinstance(self.name, str) or not self.name:
            yield f'{where}: the issuer must be the exact text of `iss`, such as "https://login.example.com/"'
        if not self.audiences or not all(isinstance(name, str) and name for name in self.audiences):
            yield f'{where}: the audience must not be empty; write the name of this API, such as audience="orders-api"'
        if not isinstance(self.leeway, timedelta) or not 0 <= self.leeway.total_seconds() <= MAX_LEEWAY:
            yield f"{where}: leeway must be a timedelta from 0 to 5 minutes, such as timedelta(seconds=30)"
        if self.max_age is not None and not (isinstance(self.max_age, timedelta) and self.max_age > timedelta(0)):
            yield f"{where}: max_age must be a timedelta over 0, such as timedelta(hours=1), or None"
        yield from (f"{where}: {fault}" for fault in self._required_claim_faults())
        if not isinstance(self.audience_claim, str) or not self.audience_claim:
            yield f'{where}: audience_claim must be a claim\'s name, such as "aud" or "client_id"'
        if not all(isinstance(name, str) and name for name in self.roles_claim) or not self.roles_claim:
            yield f'{where}: roles_claim must be a claim\'s name or a path such as ("realm_access", "roles")'
        if not self.token_types or not all(isinstance(name, str) and name for name in self.token_types - {None}):
            yield f'{where}: token_type must be a media type such as "at+jwt", or None'
        if not isinstance(self.allow_loopback_http, bool):
            yield f"{where}: allow_loopback_http must be True or False"
        yield from (f"{where}: {fault}" for fault in self._algorithm_faults())
        yield from (f"{where}: {fault}" for fault in self._key_faults())

    def _required_claim_faults(self) -> Iterator[str]:
        for name, admitted in self.required_claims.items():
            if not isinstance(name, str) or not name:
                yield 'required_claims must be names of claims, such as ["jti"] or {"token_use": "access"}'
            elif admitted is not None and (not admitted or None in admitted):
                yield f"required_claims of {name!r} must be a string, a number, True or False, or a list of these"

    def _algorithm_faults(self) -> Iterator[str]:
        if not self.algorithms:
            yield 'algorithms must not be empty; write for example algorithms=["RS256"], or leave it out'
        for name in self.algorithms:
            if name not in ALGORITHMS:
                instead = ", ".join(ALGORITHMS)
                yield f"algorithm {name!r} is not accepted here; write one of {instead}"
        symmetric = HMAC_ALGORITHMS.intersection(self.algorithms)
        if symmetric and len(symmetric) < len(self.algorithms):
            yield (
                "HMAC and public-key algorithms must not be mixed, or a public key could be taken for a secret; "
                "write two issuers, or the algorithms of one kind"
            )

    def _key_faults(self) -> Iterator[str]:
        if isinstance(self.keys, RemoteKeys):
            loopback = self.allow_loopback_http is True
            yield from remote_key_errors(self.name, self.keys, self.algorithms, allow_loopback_http=loopback)
            return
        if not isinstance(self.keys, StaticKeys):
            yield "keys must be StaticKeys.from_jwks(…), .from_pem(…), .from_secret(…) or RemoteKeys(…)"
            return
        yield from self.keys.errors
        if self.keys.keys and not any(key.bind(self.algorithms) for key in self.keys.keys):
            found = ", ".join(sorted({key.description for key in self.keys.keys}))
            algorithms = ", ".join(map(str, self.algorithms))
            yield f"none of the keys ({found}) fits the algorithms {algorithms}; change one of them"


def _required(claims: Iterable[str] | Mapping[str, Any]) -> dict[Any, frozenset[TypedValue | None] | None]:
    """Name → the admitted values, None for any. What cannot be compared is None among them, for the error."""
    if not isinstance(claims, Mapping):
        return dict.fromkeys(as_strings(claims))
    return {name: None if value is None else _admitted(value) for name, value in claims.items()}


def _admitted(value: Any) -> frozenset[TypedValue | None]:
    listed = value if isinstance(value, list | tuple | set | frozenset) else [value]
    return frozenset(typed(one) for one in listed)


def _algorithms(algorithms: Iterable[str] | None, keys: object) -> tuple[str, ...]:
    if algorithms is None:
        secret_ones = {key.algorithm for key in keys.keys if key.is_secret} if isinstance(keys, StaticKeys) else set()
        return tuple(sorted(name for name in secret_ones if name)) or ASYMMETRIC_ALGORITHMS
    return tuple(dict.fromkeys(canonical_algorithm(name) for name in as_strings(algorithms)))


def _token_types(token_type: str | None) -> frozenset[str | None]:
    if token_type is None:
        return frozenset((None, "jwt", "at+jwt"))
    return frozenset(canonical_type(name) if isinstance(name, str) else name for name in as_strings(token_type))
