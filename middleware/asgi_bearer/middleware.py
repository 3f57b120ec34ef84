"""The shell: one request's way from Scope to child Scope, top to bottom.

           match          read             verify             check         identify       admit
    Scope ──────▶ Rule ──────▶ BearerToken ──────▶ SignedClaims ─────▶ Claims ──────▶ User ────▶ child Scope ─▶ app
                      └────────────────┴──── refuse: AuthError → challenge.py ─┴────────────┘

The steps up to `check` do no I/O; but within `verify`, before the signature, keys may have to be waited for.
A request is refused by raising an `AuthError`, answered in one place.
"""

import logging
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .challenge import refuse
from .claims import Claims, check_again, check_claims
from .credentials import BearerToken, read_token
from .errors import AuthError, ConfigurationError, InsufficientScope, NoCredentials, TokenRevoked, UnknownIssuer
from .issuers import Issuer
from .policy import Policy
from .revocations import Revocations
from .revocations.marks import marks_of
from .rule_faults import rule_faults
from .rules import Access, Rule, Unlisted
from .seen_tokens import CacheLimits, SeenTokens, VerifiedToken
from .targets import with_root_path_settled
from .tenants import Tenants
from .users import AnonymousUser, UserLoader, is_async, load_user, starlette_credentials, user_of
from .verification import Limits, read_unverified, verify_signature

_log = logging.getLogger("asgi_bearer")

_REALM = re.compile(r"[\x20\x21\x23-\x5b\x5d-\x7e]+")
"""What a quoted string needs no escapes for (RFC 9110 section 5.6.4)."""


class BearerMiddleware:
    """ASGI middleware that admits a request only with a valid bearer token, or where the allowlist says otherwise.

    app: any ASGI application.
    issuers: one `Issuer` or several, told apart by the token's `iss`; and `Tenants`, for those found at run time.
    allow: rules, `public(…)`, `optional(…)`, `protected(…)`; see `policy` for how they are matched.
    unlisted: what a request needs that no rule matches: "authenticated", any valid token, or "denied".
    user_loader: `async (Claims) -> user or None`, for the app's own users; None refuses the token.
    realm: named in every challenge (RFC 9110 section 11.5).
    limits: sizes of a token's parts.
    cache: how many verified tokens are kept, so that one seen before costs no signature; None for none.
    revocations: tokens that are taken back; None for no such list.
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
        cache: CacheLimits | None = CacheLimits(),
        revocations: Revocations | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        trusted, rules = _listed(issuers), _listed(allow)
        own = _own_faults(
            trusted, unlisted=unlisted, user_loader=user_loader, realm=realm, limits=limits, clock=clock, cache=cache
        )
        faults = [*own, *rule_faults(rules), *(revocations.faults() if revocations else ())]
        if faults:
            raise ConfigurationError(faults)
        self.app = app
        self._issuers = {issuer.name: issuer for issuer in trusted if isinstance(issuer, Issuer)}
        self._tenants = next((tenants for tenants in trusted if isinstance(tenants, Tenants)), None)
        self.policy = Policy(rules, unlisted)
        self._user_loader = user_loader
        self.realm = realm
        self._limits = limits
        self._seen = SeenTokens(cache) if cache else None
        self._revocations = revocations
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            for issuer in self._issuers.values():
                issuer.renew_keys()
            if self._revocations:
                self._revocations.start()
            await self.app(scope, receive, send)
            return
        if scope["type"] not in ("http", "websocket"):
            # Nothing is known of its routes or how to refuse it, so it is not passed on (ASGI, "Applications").
            raise ValueError("asgi-bearer passes on http, websocket and lifespan scopes only")

        headers = list(scope["headers"])  # a snapshot: servers may append trailers to the live list
        try:
            scope = with_root_path_settled(scope)
            rule = self.policy.match(scope)
            token = await self._authenticate(rule, headers)
            user: Any = AnonymousUser() if token is None else token.user
            if token is not None and self._user_loader is not None:
                user = await load_user(token.claims, self._user_loader)
        except AuthError as error:
            _log.info("refused: %s %d %s", scope["type"], error.status, error.code)
            await refuse(error, self.realm, scope, send)
            return

        if rule.access is Access.OPTIONAL:
            send = _vary_by_authorization(send)
        await self.app(_child_scope(scope, headers, token and token.claims, user), receive, send)

    async def _authenticate(self, rule: Rule, headers: Sequence[tuple[bytes, bytes]]) -> VerifiedToken | None:
        """Who this is, and whether the rule lets him in; None for somebody anonymous whom it lets in."""
        if rule.access is Access.PUBLIC:
            return None
        sent = read_token(headers, self._limits.token)
        if sent is None:
            if rule.access is Access.OPTIONAL:
                return None
            raise NoCredentials
        token = self._seen.get(sent.text) if self._seen else None
        if token is not None and self._is_trusted_still(token):
            check_again(token.claims, self._clock())
        else:
            token = await self._verify(sent)
            if self._seen:
                self._seen.keep(sent.text, token)
        if self._revocations:
            self._revocations.start()
            if self._revocations.is_revoked(marks_of(token.claims, token.key_id)):
                raise TokenRevoked
        _authorize(rule, token.claims)
        return token

    async def _verify(self, sent: BearerToken) -> VerifiedToken:
        unverified = read_unverified(sent, self._limits)
        issuer = await self._find_issuer(unverified.issuer_name)
        key_id, algorithm = unverified.compact.key_id, unverified.compact.algorithm
        keys = issuer.find_keys(key_id, algorithm)
        if keys is None:
            keys = await issuer.wait_for_keys(key_id, algorithm)
        signed = verify_signature(unverified, issuer, keys)
        claims = check_claims(signed, self._clock())
        return VerifiedToken(issuer, key_id, algorithm, signed.key, claims, user_of(claims))

    def _is_trusted_still(self, token: VerifiedToken) -> bool:
        """Whether its issuer is, and its key is one of the issuer's: neither was taken back since it was verified."""
        issuer = self._issuers.get(token.issuer.name) or (self._tenants and self._tenants.get(token.issuer.name))
        keys = token.issuer.find_keys(token.key_id, token.algorithm)
        return issuer is token.issuer and keys is not None and token.key in keys

    async def _find_issuer(self, name: str) -> Issuer:
        issuer = self._issuers.get(name)
        if issuer is not None:
            return issuer
        if self._tenants is None:
            raise UnknownIssuer
        return await self._tenants.issuer(name)


def _authorize(rule: Rule, claims: Claims) -> None:
    if rule.access is Access.DENIED:
        raise InsufficientScope
    if not rule.scopes <= claims.scopes:
        raise InsufficientScope(tuple(rule.scopes))
    if any(claims.roles.isdisjoint(any_of) for any_of in rule.roles):
        raise InsufficientScope


def _child_scope(scope: Scope, headers: list[tuple[bytes, bytes]], claims: Claims | None, user: Any) -> Scope:
    """The one scope that the app gets. The caller's is not changed: servers share `state` and extend `headers`."""
    return {
        **scope,
        "headers": headers,
        "state": {**(scope.get("state") or {}), "user": user},
        "user": user,
        "auth": starlette_credentials(claims),
    }


def _vary_by_authorization(send: Send) -> Send:
    """An optional route answers differently with a token: caches must know (RFC 9110 section 12.5.5)."""

    async def send_with_vary(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), (b"vary", b"Authorization")]}
        await send(message)

    return send_with_vary


def _listed(value: Any) -> tuple[Any, ...]:
    """One thing, or the things in a list; `_own_faults` and `rule_faults` say what does not belong there."""
    return tuple(value) if isinstance(value, Iterable) else (value,)


def _issuer_faults(issuers: Sequence[object]) -> Iterator[str]:
    if not issuers:
        yield 'issuers must not be empty; write Issuer("https://login.example.com/", audience="orders-api")'
    names = [issuer.name for issuer in issuers if isinstance(issuer, Issuer)]
    for issuer in issuers:
        if isinstance(issuer, Issuer | Tenants):
            yield from issuer.faults()
        else:
            yield f"{type(issuer).__name__} in issuers is not an Issuer; write Issuer(…)"
    for name in sorted({str(name) for name in names if names.count(name) > 1}):
        yield f"two issuers are called {name!r}; write one with all its audiences and keys"
    if sum(isinstance(issuer, Tenants) for issuer in issuers) > 1:
        yield "there are several Tenants in issuers; write one whose function knows them all"


def _own_faults(
    issuers: Sequence[object],
    *,
    unlisted: object,
    user_loader: object,
    realm: object,
    limits: object,
    clock: object,
    cache: object,
) -> Iterator[str]:
    yield from _issuer_faults(issuers)
    if unlisted not in ("authenticated", "denied"):
        yield f'unlisted must be "authenticated" or "denied", not {unlisted!r}'
    if user_loader is not None and not is_async(user_loader):
        yield "user_loader must be an async function: async (Claims) -> user or None"
    if not callable(clock):
        yield "clock must be a function that returns seconds since 1970, such as time.time"
    if not isinstance(realm, str) or not _REALM.fullmatch(realm):
        yield "realm must be printable ASCII without quotes and backslashes, and not empty"
    if not isinstance(limits, Limits) or not all(
        isinstance(size, int) and size > 0 for size in (limits.token, limits.header, limits.payload, limits.signature)
    ):
        yield "limits must be Limits(…) with positive sizes in bytes"
    if isinstance(cache, CacheLimits):
        yield from cache.faults()
    elif cache is not None:
        yield "cache must be CacheLimits(…), or None for no cache"
