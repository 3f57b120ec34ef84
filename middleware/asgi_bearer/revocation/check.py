"""RevocationCheck: revocation as a check of every request."""

from collections.abc import Awaitable

from starlette.types import Scope

from ..errors import TokenRevoked
from ..tokens.verified_token import VerifiedToken
from .revocations import Revocations


class RevocationCheck:
    """A `TokenCheck`."""

    def __init__(self, revocations: Revocations) -> None:
        self._revocations = revocations

    def check(self, token: VerifiedToken, _scope: Scope) -> Awaitable[None] | None:
        """Raises TokenRevoked, or AuthenticationUnavailable if what is revoked is not known well enough.

        The first request waits for the first contact with the store, unless a lifespan has done so.
        """
        if self._revocations.awaits_first_contact:
            return self._check_after_contact(token)
        if self._revocations.is_revoked(token.identifiers):
            raise TokenRevoked
        return None

    async def _check_after_contact(self, token: VerifiedToken) -> None:
        await self._revocations.wait_for_first_contact()
        if self._revocations.is_revoked(token.identifiers):
            raise TokenRevoked
