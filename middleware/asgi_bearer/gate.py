"""The gate: decides one request, by the requirement that it falls under and the token that it carries.

              requirement          credentials            verified token           checks, demands
    Scope ──▶ Policy      ──▶      Authorization    ──▶   cache or verifier   ──▶  sufficient?      ──▶ Admission
              └───────────────── any step may raise AuthError: the rejection ──────────────────┘

It sends and receives no ASGI message, so a forward-auth endpoint, a websocket's renewal and a test ask it too. Its
steps are synchronous. If one of them must wait, `admit` returns an awaitable, which takes the same steps with awaits
between them.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, NamedTuple

from starlette.types import Scope

from .allowlist.policy import Policy
from .allowlist.requirement import AUTHENTICATED, Requirement
from .allowlist.rules import Access
from .errors import NoCredentials
from .seams import TokenCheck, TokenVerifier, Verified
from .tokens.cache import TokenCache
from .tokens.credentials import find_credentials
from .tokens.users import ANONYMOUS
from .tokens.verified_token import VerifiedToken
from .user_loader import UserLoader, load_user

Fields = Iterable[tuple[bytes, bytes]]

_PUBLIC, _OPTIONAL = Access.PUBLIC, Access.OPTIONAL


class Admission(NamedTuple):
    """A request that may go on: what it needed, with which token, as which user."""

    requirement: Requirement
    token: VerifiedToken | None
    user: Any


class Gate:
    """policy: what a request needs. verifiers: asked in order. checks: all of them. clock: seconds since 1970."""

    def __init__(
        self,
        policy: Policy,
        *,
        verifiers: Sequence[TokenVerifier],
        checks: Sequence[TokenCheck],
        cache: TokenCache | None,
        user_loader: UserLoader | None,
        clock: Callable[[], float],
    ) -> None:
        self.policy = policy
        self.cache = cache
        self._verifiers = tuple(verifiers)
        self._checks = tuple(checks)
        self._user_loader = user_loader
        self._clock = clock

    def admit(self, scope: Scope, fields: Fields) -> Admission | Awaitable[Admission]:
        """Return the admission of a request, or an awaitable of it if something must be waited for.

        scope: with a normalized root path. fields: the headers in which credentials are looked for. Raises AuthError.
        """
        requirement = self.policy.requirement(scope)
        credentials = None if requirement.access is _PUBLIC else find_credentials(fields)
        return self.admit_under(requirement, credentials, scope)

    def admit_under(
        self, requirement: Requirement, credentials: bytes | None, scope: Scope
    ) -> Admission | Awaitable[Admission]:
        """Likewise, under a requirement that is known. credentials: the Authorization field's value."""
        token = None if credentials is None else self.recall(credentials) or self.verify(credentials)
        if token is None:
            return anonymous(requirement)
        if not isinstance(token, VerifiedToken):
            return self._admit_later(requirement, token, scope)
        waiting = self.check(token, scope) if self._checks else ()
        if waiting or self._user_loader is not None:
            return self._finish(requirement, token, waiting)
        self.authorize(requirement, token)
        return Admission(requirement, token, token.user)

    def recall(self, credentials: bytes) -> VerifiedToken | None:
        """Return the token from the cache, if it still holds. Raises AuthError if it ended."""
        token = None if self.cache is None else self.cache.recall(credentials)
        if token is None:
            return None
        now = self._clock()
        if token.claims.valid_from <= now < token.recheck_at or token.verifier.still_trusts(token, now):
            return token
        return None

    def verify(self, credentials: bytes) -> Verified | Awaitable[Verified]:
        """Return the token that a verifier makes of the credentials; None if they are of another scheme."""
        for place, verifier in enumerate(self._verifiers, start=1):
            verified = verifier.verify(credentials)
            if isinstance(verified, VerifiedToken):
                return self._remember(credentials, verified)
            if verified is not None:
                return self._verify_later(credentials, verified, self._verifiers[place:])
        return None

    def check(self, token: VerifiedToken, scope: Scope) -> list[Awaitable[None]]:
        """Ask every check, and return what must be waited for. Raises AuthError."""
        return [waiting for check in self._checks if (waiting := check.check(token, scope)) is not None]

    def authorize(self, requirement: Requirement, token: VerifiedToken) -> None:
        """Ask every demand of the requirement. Raises AuthError."""
        if token.satisfied is not requirement:
            now = self._clock()
            for demand in requirement.demands:
                demand.check(token, now)
            if requirement.is_constant:
                token.satisfied = requirement

    async def authenticate(self, credentials: bytes) -> VerifiedToken:
        """Return the token in credentials that came without a request, by the same steps. Raises AuthError."""
        admission = self.admit_under(AUTHENTICATED, credentials, {"type": "token", "headers": []})
        if not isinstance(admission, Admission):
            admission = await admission
        assert admission.token is not None  # noqa: S101 - nobody else is admitted under this requirement
        return admission.token

    async def _admit_later(self, requirement: Requirement, verifying: Awaitable[Verified], scope: Scope) -> Admission:
        token = await verifying
        if token is None:
            return anonymous(requirement)
        return await self._finish(requirement, token, self.check(token, scope))

    async def _finish(
        self, requirement: Requirement, token: VerifiedToken, waiting: Iterable[Awaitable[None]]
    ) -> Admission:
        for check in waiting:
            await check
        self.authorize(requirement, token)
        user = token.user if self._user_loader is None else await load_user(token.claims, self._user_loader)
        return Admission(requirement, token, user)

    async def _verify_later(
        self, credentials: bytes, verifying: Awaitable[Verified], others: Iterable[TokenVerifier]
    ) -> Verified:
        verified = await verifying
        for verifier in others:
            if verified is not None:
                break
            following = verifier.verify(credentials)
            verified = await following if isinstance(following, Awaitable) else following
        return None if verified is None else self._remember(credentials, verified)

    def _remember(self, credentials: bytes, token: VerifiedToken) -> VerifiedToken:
        if self.cache is not None and credentials.count(b" ") == 1 and b"\t" not in credentials:
            # With more white space, one token would have any number of spellings, and evict all others.
            self.cache.remember(credentials, token)
        return token


def anonymous(requirement: Requirement) -> Admission:
    """Return the admission of a request without a token. Raises NoCredentials."""
    if requirement.access is not _PUBLIC and requirement.access is not _OPTIONAL:
        raise NoCredentials
    return Admission(requirement, None, ANONYMOUS)
