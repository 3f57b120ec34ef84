"""JwtVerifier: credentials → VerifiedToken, for signed JWTs of trusted issuers (RFC 7519, RFC 9068).

    read_token ──▶ read_unverified ──▶ the issuer and its keys ──▶ verify_signature ──▶ check_claims
                                       the only step that may wait

The unverified `iss` serves to find an issuer and its keys, and for nothing else; the signature then decides.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from ..errors import BadSignature, UnknownIssuer, UnknownKey
from ..keys.verification_key import VerificationKey
from ..seams import Verified
from ..tokens.cache import TokenCache
from ..tokens.claims import check_claims, check_time
from ..tokens.compact import UnverifiedToken, read_unverified
from ..tokens.credentials import read_token
from ..tokens.verified_token import VerifiedToken
from .dynamic import IssuerLookup
from .trusted import TrustedIssuer


class _Evidence(NamedTuple):
    """What a token was verified with."""

    issuer: TrustedIssuer
    key_id: str | None
    algorithm: str
    key: VerificationKey


class JwtVerifier:
    """issuers: those that are configured. dynamic: those found at run time. clock: seconds since 1970."""

    def __init__(
        self,
        issuers: Sequence[TrustedIssuer],
        dynamic: IssuerLookup | None,
        cache: TokenCache | None,
        clock: Callable[[], float],
    ) -> None:
        self._issuers = {issuer.name: issuer for issuer in issuers}
        self._dynamic = dynamic
        self._cache = cache
        self._clock = clock

    def verify(self, credentials: bytes) -> Verified | Awaitable[Verified]:
        """Return the token, or an awaitable if its issuer or its keys must be waited for. Raises AuthError."""
        sent = read_token(credentials)
        if sent is None:
            return None
        unverified = read_unverified(sent)
        issuer = self._issuer(unverified.issuer)
        keys = None if issuer is None else issuer.keys.find(unverified.header.key_id, unverified.header.algorithm)
        if issuer is None or keys is None:
            return self._verify_later(credentials, unverified, issuer)
        return self._accept(credentials, unverified, issuer, keys)

    def still_trusts(self, token: VerifiedToken, now: float) -> bool:
        """Whether the issuer is still trusted, with the key that signed. Raises TokenExpired or TokenNotYetValid."""
        evidence = token.evidence
        assert isinstance(evidence, _Evidence)  # noqa: S101 - a token is asked about at its own verifier
        keys = evidence.issuer.keys.find(evidence.key_id, evidence.algorithm)
        if keys is None or not any(key is evidence.key for key in keys):
            return False
        if self._issuer(evidence.issuer.name) is not evidence.issuer:
            return False
        check_time(token.claims, now)
        return True

    async def _verify_later(
        self, credentials: bytes, unverified: UnverifiedToken, issuer: TrustedIssuer | None
    ) -> Verified:
        if issuer is None:
            issuer = await self._find_issuer(unverified.issuer)
        header = unverified.header
        keys = issuer.keys.find(header.key_id, header.algorithm)
        if keys is None:
            keys = await issuer.keys.wait_for(header.key_id, header.algorithm)
        return self._accept(credentials, unverified, issuer, keys)

    def _accept(
        self, credentials: bytes, unverified: UnverifiedToken, issuer: TrustedIssuer, keys: Sequence[VerificationKey]
    ) -> VerifiedToken:
        """The signature first, then the claims."""
        proven = None if self._cache is None else self._cache.proven_by(credentials)
        key = verify_signature(unverified, keys, proven)
        header = unverified.header
        claims = check_claims(unverified.members, header.token_type, issuer.policy, self._clock())
        return VerifiedToken(
            claims,
            self,
            key_id=key.key_id or header.key_id,
            evidence=_Evidence(issuer, header.key_id, header.algorithm, key),
            proven_by=key,
            recheck_at=claims.valid_until if issuer.never_changes else 0.0,
        )

    def _issuer(self, name: str) -> TrustedIssuer | None:
        issuer = self._issuers.get(name)
        return issuer if issuer is not None or self._dynamic is None else self._dynamic.get(name)

    async def _find_issuer(self, name: str) -> TrustedIssuer:
        if self._dynamic is None:
            raise UnknownIssuer
        return await self._dynamic.find(name)


def verify_signature(
    token: UnverifiedToken, keys: Sequence[VerificationKey], proven_by: object = None
) -> VerificationKey:
    """Return the key among `keys` that signed the token: those of its issuer that fit its header.

    proven_by: the key that verified the same bytes before. It counts only if it is still one of `keys`.
    Raises UnknownKey or BadSignature.
    """
    if not keys:
        raise UnknownKey
    for key in keys:
        if key is proven_by or key.verify(token.signed, token.signature):
            return key
    raise BadSignature
