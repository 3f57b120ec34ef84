"""VerifiedToken: a token that holds, who vouches for it, and what a request and the app need of it."""

import math
from typing import TYPE_CHECKING

from starlette.authentication import AuthCredentials

from .claims import Claims
from .identifiers import TokenIdentifiers, identifiers_of
from .users import User, starlette_credentials

if TYPE_CHECKING:
    from ..allowlist.requirement import Requirement
    from ..seams import TokenVerifier


class VerifiedToken:
    """Made by a `TokenVerifier` only. Requests with the same token share it.

    claims: verified, and true at the time when they were verified.
    key_id: of the key that signed it, if that can be revoked.
    verifier: who vouches for it. evidence: what its verifier needs to vouch for it again; nobody else reads it.
    proven_by: what proved it, if the same text needs no second proof while that is trusted, such as a key.
    recheck_at: seconds since 1970; before, nothing about its issuer and keys can change.
    """

    __slots__ = (
        "_identifiers",
        "auth",
        "claims",
        "evidence",
        "key_id",
        "proven_by",
        "recheck_at",
        "satisfied",
        "size",
        "user",
        "verifier",
    )

    def __init__(
        self,
        claims: Claims,
        verifier: "TokenVerifier",
        *,
        key_id: str | None = None,
        evidence: object = None,
        proven_by: object = None,
        recheck_at: float = -math.inf,
    ) -> None:
        self.claims = claims
        self.key_id = key_id
        self._identifiers: TokenIdentifiers | None = None
        self.verifier = verifier
        self.evidence = evidence
        self.proven_by = proven_by
        self.recheck_at = recheck_at
        self.user = User(claims)
        self.auth: AuthCredentials = starlette_credentials(claims.scopes)
        """What Starlette's `@requires` reads."""
        self.size = 0
        """Bytes that it takes in a cache; 0 if that is not known yet."""
        self.satisfied: Requirement | None = None
        """The requirement that it satisfied last; a token's scopes and roles never change."""

    @property
    def identifiers(self) -> TokenIdentifiers:
        """What it can be revoked by; made when that is first asked."""
        if self._identifiers is None:
            self._identifiers = identifiers_of(self.claims, self.key_id)
        return self._identifiers
