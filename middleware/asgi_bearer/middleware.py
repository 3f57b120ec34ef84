"""The shell: one request's way from Scope to child Scope, top to bottom.

           match          read             verify             check         identify       admit
    Scope ──────▶ Rule ──────▶ BearerToken ──────▶ SignedClaims ─────▶ Claims ──────▶ User ────▶ child Scope ─▶ app
                      └────────────────┴──── refuse: AuthError → challenge.py ─┴────────────┘

The steps up to `check` do no I/O; but within `verify`, before the signature, keys may have to be waited for.
A request is refused by raising an `AuthError`, answered in one place. What outlives its request, a websocket or a
stream, ends with its token (connections/).
"""

import logging
import sys
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .allowlist.policy import Policy
from .allowlist.request_target import normalize_root_path
from .allowlist.requirement import Requirement
from .allowlist.rules import Access, Rule, Unlisted
from .allowlist.validation import rule_errors
from .challenge import refuse
from .claims import check_claims, check_time
from .connections import ConnectionRules
from .connections.browser_tokens import with_browser_token
from .connections.connection import Connection, Terms
from .connections.sockets import Socket
from .connections.streams import Stream
from .credentials import find_credentials, read_token
from .errors import AuthError, ConfigurationError, InsufficientScope, NoCredentials, TokenRevoked, UnknownIssuer
from .issuers import Issuer
from .revocations import Revocations
from .revocations.marks import marks_of
from .seen_tokens import CacheLimits, Seen, SeenTokens, VerifiedToken
from .setting_faults import setting_faults
from .tenants import Tenants
from .users import ANONYMOUS, NO_CREDENTIALS, User, UserLoader, load_user, starlette_credentials
from .verification import Limits, read_unverified, verify_signature

_log = logging.getLogger("asgi_bearer")

_PUBLIC, _OPTIONAL, _DENIED = Access.PUBLIC, Access.OPTIONAL, Access.DENIED


class BearerMiddleware:
    """ASGI middleware that admits a request only with a valid bearer token, or where the allowlist says otherwise.

    app: any ASGI application.
    issuers: one `Issuer` or several, told apart by the token's `iss`; and `Tenants`, for those found at run time.
    allow: rules, `public(…)`, `optional(…)`, `protected(…)`; see `policy` for how they are matched.
    unlisted: what a request needs that no rule matches: "authenticated", any valid token, or "denied".
    user_loader: `async (Claims) -> user or None`, for the app's own users; None refuses the token.
    realm: named in every challenge (RFC 9110 section 11.5).
    limits: sizes of a token's parts.
    revocations: tokens that are taken back, asked about at every request; see `Revocations`.
    connections: how long websockets and streams last, and what else websockets may bring a token in.
    cache: how many verified tokens are kept, so that one seen before costs no signature; None for none.
    root_path: the one that the server is configured with, such as "/api"; requests with another one are rejected.
        Needed under Daphne only, where a client can choose it with a header; elsewhere None takes what the server says.
    clock: seconds since 1970.

    The user is on `scope["state"]["user"]` (`request.state.user`) and `scope["user"]`; what Starlette's `@requires`
    needs is in `scope["auth"]`. Raises ConfigurationError with every fault of the configuration at once.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        issuers: Issuer | Tenants | Iterable[Issuer | Tenants],
        allow: Iterable[Rule] = (),
        unlisted: Unlisted = "authenticated",
        user_loader: UserLoader | None = None,
        realm: str = "api",
        limits: Limits = Limits(),
        revocations: Revocations | None = None,
        connections: ConnectionRules = ConnectionRules(),
        cache: CacheLimits | None = CacheLimits(),
        root_path: str | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        trusted, rules = _listed(issuers), _listed(allow)
        own = setting_faults(
            trusted,
            unlisted=unlisted,
            user_loader=user_loader,
            realm=realm,
            limits=limits,
            revocations=revocations,
            connections=connections,
            clock=clock,
            cache=cache,
            root_path=root_path,
        )
        faults = [*own, *rule_errors(rules)]
        if faults:
            raise ConfigurationError(faults)
        self.app = app
        self._issuers = {issuer.name: issuer for issuer in trusted if isinstance(issuer, Issuer)}
        self._tenants = next((tenants for tenants in trusted if isinstance(tenants, Tenants)), None)
        self.policy = Policy(rules, unlisted)
        self._user_loader = user_loader
        self.realm = realm
        self._limits = limits
        self._revocations = revocations
        self._seen = SeenTokens(cache) if cache else None
        self._root_path = root_path
        self._clock = clock
        self._terms = Terms(connections, realm, revocations, clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._begin(scope, receive, send)
            return

        headers = list(scope["headers"])  # a snapshot: servers may append trailers to the live list
        fields = headers
        if scope["type"] == "websocket":
            scope, headers, fields, send = with_browser_token(self._terms.rules, scope, headers, send)
        try:
            scope = normalize_root_path(scope, self._is_trusted_root_path)
            rule = self.policy.requirement(scope)
            credentials = None if rule.access is _PUBLIC else find_credentials(fields)
            token = None
            if credentials is not None:
                seen = None if self._seen is None else self._seen.get(credentials)
                token = self._recall(seen) or await self._verify(credentials, seen)
            self._authorize(rule, token)
            user = ANONYMOUS if token is None else await self._user(token) if self._user_loader else token.user
        except AuthError as error:
            _log.info("refused: %s %d %s", scope["type"], error.status, error.code)
            await refuse(error, self.realm, scope, send)
            return

        del fields, credentials  # a token that the app does not get must not show in a traceback of the app
        if rule.access is _OPTIONAL:
            send = _vary_by_authorization(send)
        if token is None:
            await self.app(_child_scope(scope, headers, token, user), receive, send)
            return
        connection = self._connection(rule, token, _child_scope(scope, headers, token, user), receive, send)
        try:
            await connection.call(self.app)
        except BaseException as error:  # noqa: BLE001 - it is raised again there
            await connection.finish(error)
        else:
            if connection.has_begun:
                await connection.finish(None)

    def _connection(
        self, rule: Requirement, token: VerifiedToken, child: Scope, receive: Receive, send: Send
    ) -> Connection:
        if child["type"] == "http":
            return Stream(self._terms, token, child, receive, send)
        return Socket(self._terms, token, child, receive, send, partial(self._admit, rule))

    async def _begin(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            # Nothing is known of its routes or how to refuse it, so it is not passed on (ASGI, "Applications").
            raise ValueError("asgi-bearer passes on http, websocket and lifespan scopes only")
        for issuer in self._issuers.values():
            issuer.renew_keys()
        if self._revocations is not None:
            await self._revocations.wait_until_ready()
        await self.app(scope, receive, send)

    def _is_trusted_root_path(self, root_path: str) -> bool:
        """Whether the operator has chosen it. Under Daphne, `Daphne-Root-Path` lets the client choose."""
        if self._root_path is not None:
            return root_path in ("", self._root_path)
        return not root_path or "daphne.server" not in sys.modules

    def _recall(self, seen: Seen | None) -> VerifiedToken | None:
        """The token that was seen before, if it was kept and it, its key and its issuer are still good."""
        if not isinstance(seen, VerifiedToken):
            return None
        issuer, header = seen.issuer, seen.header
        keys = issuer.find_keys(header.key_id, header.algorithm)
        if keys is None or seen.key not in keys or not self._is_trusted_still(issuer):
            return None
        check_time(seen.claims, self._clock())
        return seen

    def _is_trusted_still(self, issuer: Issuer) -> bool:
        """Tenants come and go; the other issuers stay."""
        tenants = self._tenants
        return tenants is None or issuer.name in self._issuers or tenants.get(issuer.name) is issuer

    async def _verify(self, credentials: bytes, seen: Seen | None) -> VerifiedToken | None:
        """The token in the credentials, verified; None where they are of another scheme."""
        sent = read_token(credentials, self._limits.token)
        if sent is None:
            return None
        unverified = read_unverified(sent, self._limits)
        header = unverified.header
        issuer = self._issuers.get(unverified.issuer_name) or await self._find_tenant(unverified.issuer_name)
        keys = issuer.find_keys(header.key_id, header.algorithm)
        if keys is None:
            keys = await issuer.wait_for_keys(header.key_id, header.algorithm)
        signed = verify_signature(unverified, issuer, keys, seen)
        claims = check_claims(signed, self._clock())
        auth = starlette_credentials(claims.scopes)
        marks = marks_of(claims, signed.key.key_id or header.key_id) if self._revocations else None
        token = VerifiedToken(issuer, header, signed.key, claims, User(claims), auth, marks)
        if self._seen is not None and len(credentials) == len("Bearer ") + len(sent):
            # With more white space, one token would have any number of spellings, and put all others out.
            self._seen.keep(credentials, signed.key if seen is None else token)
        return token

    def _authorize(self, rule: Requirement, token: VerifiedToken | None) -> None:
        """Whether the rule lets him in. Raises NoCredentials, TokenRevoked or InsufficientScope."""
        if token is None:
            if rule.access is not _PUBLIC and rule.access is not _OPTIONAL:
                raise NoCredentials
            return
        if token.marks and self._revocations and self._revocations.is_revoked(token.marks):
            raise TokenRevoked
        if rule.access is _DENIED:
            raise InsufficientScope
        claims = token.claims
        if not rule.scopes <= claims.scopes:
            raise InsufficientScope(tuple(rule.scopes))
        for any_of in rule.roles:
            if any_of.isdisjoint(claims.roles):
                raise InsufficientScope

    async def _admit(self, rule: Requirement, credentials: bytes) -> tuple[VerifiedToken | None, Any]:
        """Whom a fresh token names, by the same steps; None for nobody."""
        seen = None if self._seen is None else self._seen.get(credentials)
        token = self._recall(seen) or await self._verify(credentials, seen)
        self._authorize(rule, token)
        return token, token and await self._user(token)

    async def _user(self, token: VerifiedToken) -> Any:
        return token.user if self._user_loader is None else await load_user(token.claims, self._user_loader)

    async def _find_tenant(self, name: str) -> Issuer:
        if self._tenants is None:
            raise UnknownIssuer
        return await self._tenants.issuer(name)


def _child_scope(scope: Scope, headers: list[tuple[bytes, bytes]], token: VerifiedToken | None, user: Any) -> Scope:
    """The one scope that the app gets. The caller's is not changed: servers share `state` and extend `headers`."""
    child = dict(scope)
    child["headers"] = headers
    state = scope.get("state")
    child["state"] = {**state, "user": user} if state else {"user": user}
    child["user"] = user
    child["auth"] = NO_CREDENTIALS if token is None else token.auth
    return child


def _vary_by_authorization(send: Send) -> Send:
    """An optional route answers differently with a token: caches must know (RFC 9110 section 12.5.5)."""

    async def send_with_vary(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), (b"vary", b"Authorization")]}
        await send(message)

    return send_with_vary


def _listed(value: Any) -> tuple[Any, ...]:
    """One thing, or the things in a list; `setting_faults` and `rule_errors` say what does not belong there."""
    return tuple(value) if isinstance(value, Iterable) else (value,)
