"""BearerAuth: the whole declaration in one object, validated at construction."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from dataclasses import replace as replaced
from functools import cached_property
from typing import TYPE_CHECKING, Any, Required, Self, TypedDict

from starlette.types import ASGIApp

from .allowlist.policy import Policy
from .allowlist.rules import Rule, Unlisted
from .connections import ConnectionSettings
from .errors import ConfigurationError
from .gate import Gate
from .issuers.dynamic import DynamicIssuers, IssuerLookup
from .issuers.issuer import Issuer
from .issuers.jwt_verifier import JwtVerifier
from .issuers.trusted import TrustedIssuer
from .keys.status import KeyStatus
from .openapi import describe_security
from .revocation.check import RevocationCheck
from .revocation.revocations import Revocations
from .seams import Observer, TokenCheck, TokenVerifier
from .settings import as_list, setting_errors
from .tokens.cache import CacheLimits, TokenCache
from .tokens.users import User
from .user_loader import UserLoader

if TYPE_CHECKING:
    from .middleware import BearerMiddleware


class Settings(TypedDict, total=False):
    """The arguments of `BearerAuth`, which explains them."""

    issuers: Required[Issuer | DynamicIssuers | Iterable[Issuer | DynamicIssuers]]
    allow: Iterable[Rule]
    unlisted: Unlisted
    user_loader: UserLoader | None
    realm: str
    revocations: Revocations | None
    connections: ConnectionSettings
    cache: CacheLimits | None
    root_path: str | None
    verifiers: Iterable[TokenVerifier]
    checks: Iterable[TokenCheck]
    observers: Iterable[Observer]
    clock: Callable[[], float]


@dataclass(frozen=True, eq=False, repr=False)
class BearerAuth:
    """Who may reach what, with which tokens. Call it with an app to protect it: `add_middleware(auth)`, `auth(app)`.

    issuers: one `Issuer` or several, told apart by the token's `iss`; `DynamicIssuers` for those found at run time.
    allow: rules, `public(…)`, `optional(…)`, `protected(…)`; docs/allowlist.md says how they match.
    unlisted: what a request needs that no rule matches: "authenticated", any valid token, or "denied".
    user_loader: `async (Claims) -> user or None`, for the app's own users; None rejects the token.
    realm: named in every challenge (RFC 9110 section 11.5).
    revocations: which tokens are revoked, asked on every request; see `Revocations`.
    connections: how long websockets and streams last, and what else websockets may bring a token in.
    cache: how many verified tokens are cached, so that the next request costs no signature; None for no cache.
    root_path: the one that the server is configured with, such as "/api"; requests with another one are rejected.
        Needed under Daphne only, where a client can choose it with a header; elsewhere None takes what the server says.
    verifiers: for other tokens than signed JWTs; asked before the issuers' own. checks: asked about every request with
        a token. observers: told of every decision. See `seams`.
    clock: seconds since 1970.

    It cannot be changed; `replace` makes a copy with other settings. Raises ConfigurationError with every error of the
    configuration at once, so a mistake ends the import and not a request.
    """

    issuers: Issuer | DynamicIssuers | Iterable[Issuer | DynamicIssuers]
    _: KW_ONLY
    allow: Iterable[Rule] = ()
    unlisted: Unlisted = "authenticated"
    user_loader: UserLoader | None = None
    realm: str = "api"
    revocations: Revocations | None = None
    connections: ConnectionSettings = ConnectionSettings()  # noqa: RUF009 - it cannot be changed
    cache: CacheLimits | None = CacheLimits()  # noqa: RUF009 - it cannot be changed
    root_path: str | None = None
    verifiers: Iterable[TokenVerifier] = ()
    checks: Iterable[TokenCheck] = ()
    observers: Iterable[Observer] = ()
    clock: Callable[[], float] = time.time
    policy: Policy = field(init=False)
    """What each request needs; asked by the gate, `audit`, `explain` and `describe`."""

    def __post_init__(self) -> None:
        for name in ("issuers", "allow", "verifiers", "checks", "observers"):
            object.__setattr__(self, name, as_list(getattr(self, name)))
        if errors := list(setting_errors(self)):
            raise ConfigurationError(errors)
        object.__setattr__(self, "policy", Policy(self.allow, self.unlisted))  # type: ignore[arg-type]  # listed above

    def __call__(self, app: ASGIApp) -> "BearerMiddleware":
        """Return the app, protected."""
        from .middleware import BearerMiddleware  # noqa: PLC0415 - each is made of the other

        return BearerMiddleware.of(app, self)

    def __repr__(self) -> str:
        return f"BearerAuth({len(self.policy.rules)} rules, realm={self.realm!r})"

    async def authenticate(self, token: str) -> User:
        """Return the user of a token that came without a request, such as in a websocket's first message.

        It goes the same path as a request's token; no rule is asked. With a `user_loader` the answer is still the
        `User` of the token. Raises AuthError.
        """
        return (await self.gate.authenticate(b"Bearer " + token.encode("utf-8", "replace"))).user

    def replace(self, **settings: Any) -> Self:
        """Return a copy with other settings, such as `issuers` and `clock` in a test. Raises ConfigurationError."""
        return replaced(self, **settings)

    def describe(
        self, document: Mapping[str, Any], *, token_url: str | None = None, name: str = "bearer"
    ) -> dict[str, Any]:
        """Return a copy of an OpenAPI 3 document that says what every operation needs; see `openapi`."""
        return describe_security(document, self.policy, token_url=token_url, name=name)

    def key_status(self) -> tuple[KeyStatus, ...]:
        """Return how the keys of every known issuer are: values for a health route. What is due is fetched."""
        issuers = [*self.trusted, *(self.lookup.known() if self.lookup else ())]
        for issuer in issuers:
            issuer.keys.refresh()
        return tuple(issuer.keys.status() for issuer in issuers)

    def start(self) -> None:
        """Begin to fetch keys and to follow revocations. A server's lifespan does this, else the first request."""
        for issuer in self.trusted:
            issuer.keys.refresh()
        if self.revocations is not None:
            self.revocations.start()

    def close(self) -> None:
        """End what runs in the background. A request begins it again."""
        if self.revocations is not None:
            self.revocations.close()

    @cached_property
    def trusted(self) -> tuple[TrustedIssuer, ...]:
        return tuple(TrustedIssuer(issuer) for issuer in self.issuers if isinstance(issuer, Issuer))  # type: ignore[union-attr]

    @cached_property
    def lookup(self) -> IssuerLookup | None:
        found = [issuer for issuer in self.issuers if isinstance(issuer, DynamicIssuers)]  # type: ignore[union-attr]
        return IssuerLookup(found[0]) if found else None

    @cached_property
    def gate(self) -> Gate:
        """What decides requests."""
        cache = TokenCache(self.cache) if self.cache else None
        jwt = JwtVerifier(self.trusted, self.lookup, cache, self.clock)
        revocation = [RevocationCheck(self.revocations)] if self.revocations is not None else []
        return Gate(
            self.policy,
            verifiers=(*self.verifiers, jwt),
            checks=(*revocation, *self.checks),
            cache=cache,
            user_loader=self.user_loader,
            clock=self.clock,
        )
