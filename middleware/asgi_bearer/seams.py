"""The seams: where features plug in. The gate knows these protocols, and nothing of what stands behind them.

    credentials ──TokenVerifier──▶ VerifiedToken ──TokenCheck──▶ ──Demand──▶ Admission ──Observer──▶ metrics, audit log
                  JWT, introspection               revocation,     scopes,
                        └─ KeySource               proofs          roles

A step that must wait returns an awaitable, which the gate awaits. A step that need not wait costs no coroutine.
"""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from starlette.types import Scope

from .allowlist.requirement import Requirement
from .errors import AuthError
from .keys.status import KeyStatus
from .keys.verification_key import VerificationKey
from .tokens.verified_token import VerifiedToken

Verified = VerifiedToken | None
"""None if the credentials are not for this verifier, such as those of another scheme."""


class TokenVerifier(Protocol):
    """Turns credentials into a verified token: signed JWTs, introspection, a fake in tests."""

    def verify(self, credentials: bytes) -> Verified | Awaitable[Verified]:
        """Return the token of an Authorization field's value, or an awaitable if something must be waited for.

        Raises AuthError.
        """

    def still_trusts(self, token: VerifiedToken, now: float) -> bool:
        """Return whether a cached token still holds; asked on every request from `token.recheck_at` on.

        now: seconds since 1970. False has the token verified again. Raises AuthError, such as TokenExpired.
        """


class TokenCheck(Protocol):
    """Asked on every request, for cached tokens too: revocation, proof of possession."""

    def check(self, token: VerifiedToken, scope: Scope) -> Awaitable[None] | None:
        """Raises AuthError to reject the request. Return an awaitable, which may raise it, if that takes waiting.

        scope: the ASGI scope of the request; of type "token" if there is no request (`BearerAuth.authenticate`).
        """


class Demand(Protocol):
    """What a requirement asks of a token: scopes, roles. is_constant: whether a token that meets it always will."""

    @property
    def is_constant(self) -> bool: ...

    def check(self, token: VerifiedToken, now: float) -> None:
        """Raises AuthError. now: seconds since 1970."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided about one request or handshake.

    requirement: what it needed; None if it was rejected before that was known.
    token: the verified one; None without one, and if the request was rejected. error: why it was rejected.
    """

    kind: Literal["http", "websocket"]
    requirement: Requirement | None
    token: VerifiedToken | None
    error: AuthError | None

    @property
    def outcome(self) -> Literal["accepted", "anonymous", "rejected", "unavailable"]:
        if self.error is not None:
            return "unavailable" if self.error.status >= 500 else "rejected"
        return "anonymous" if self.token is None else "accepted"


class Observer(Protocol):
    """Told what was decided: metrics, tracing, an audit log."""

    def decided(self, decision: Decision) -> None:
        """Called once for each request or handshake, on its way. It must be quick; what it raises is logged."""


class KeySource(Protocol):
    """The keys of one issuer."""

    def find(self, key_id: str | None, algorithm: str) -> Sequence[VerificationKey] | None:
        """Return the keys that may have signed a token with this header; None if keys must be waited for."""

    async def wait_for(self, key_id: str | None, algorithm: str) -> Sequence[VerificationKey]:
        """Return them after a fetch. Raises AuthenticationUnavailable."""

    def refresh(self) -> None:
        """Begin to fetch what is due. Nothing is waited for, and nothing is raised."""

    def status(self) -> KeyStatus:
        """Return how its keys are, as a value for a health route."""
