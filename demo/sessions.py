"""What a login gives and a logout takes back: access tokens, refresh tokens and revocations, told apart nowhere else.

A session is one login. Its id is in every access token as `sid`, so that all of them can be revoked at once.
"""

import logging
import time
from contextlib import suppress
from typing import Any

import anyio

from asgi_bearer import Revocation, Revocations, TokenIssuer, User
from asgi_bearer.errors import RevocationsUnavailable

from .accounts import Account, Accounts
from .refresh_tokens import RefreshTokens, ReusedRefreshToken, Session, UnknownRefreshToken

_log = logging.getLogger("demo")


class Sessions:
    """An access token lives for `tokens.lifetime`: so long is a revocation remembered."""

    def __init__(
        self, accounts: Accounts, refresh_tokens: RefreshTokens, tokens: TokenIssuer, revocations: Revocations
    ) -> None:
        self._accounts = accounts
        self._refresh_tokens = refresh_tokens
        self._tokens = tokens
        self._revocations = revocations

    async def begin(self, account: Account) -> dict[str, Any]:
        """The answer to a login (RFC 6749 section 5.1)."""
        return self._answer(account, await self._refresh_tokens.begin(account.name))

    async def renew(self, refresh_token: str) -> dict[str, Any]:
        """The answer to a refresh, with the roles that the account has now. Raises UnknownRefreshToken.

        A token that was used before is unknown too, and ends its session: RFC 9700 section 4.14.2.
        """
        try:
            session = await self._refresh_tokens.renew(refresh_token)
        except ReusedRefreshToken as error:
            _log.warning("a refresh token came back after its use: its session is revoked")
            with suppress(RevocationsUnavailable):  # in force here, and elsewhere when the store is back
                await self._revocations.revoke(self._revocation(error.session_id))
            raise UnknownRefreshToken from error
        account = await self._accounts.find(session.name)
        if account is None:
            raise UnknownRefreshToken
        return self._answer(account, session)

    async def end(self, user: User) -> None:
        """The token and all others of its session. Raises RevocationsUnavailable; no refresh works by then."""
        revoked = [Revocation.token(user)]
        if session_id := user.claims.get("sid"):  # always, but for tokens of the time before there were sessions
            await self._refresh_tokens.end(session_id)
            revoked.append(self._revocation(session_id))
        await self._revocations.revoke(*revoked)

    async def end_all(self, user: User) -> None:
        """Every token of this account. Raises RevocationsUnavailable; no refresh works by then.

        The subject's revocation is for tokens of no session that is stored, the sessions' for a refresh or a login that
        is under way: its token may be issued in a later second than the subject's revocation.
        Tokens tell the second in which they were issued, and those of this one are revoked to its end: it is waited
        for, so that whoever logs in next gets a good one.
        """
        session_ids = await self._refresh_tokens.end_all(user.subject)
        await self._revocations.revoke(
            Revocation.subject(self._tokens.issuer, user.subject, lifetime=self._tokens.lifetime),
            *map(self._revocation, session_ids),
        )
        await anyio.sleep(1 - time.time() % 1)

    def _answer(self, account: Account, session: Session) -> dict[str, Any]:
        return {
            "access_token": self._tokens.issue(account.name, roles=account.roles, sid=session.id),
            "token_type": "bearer",
            "expires_in": int(self._tokens.lifetime.total_seconds()),
            "refresh_token": session.refresh_token,
        }

    def _revocation(self, session_id: str) -> Revocation:
        return Revocation.session(self._tokens.issuer, session_id, lifetime=self._tokens.lifetime)
