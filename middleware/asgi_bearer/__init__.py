"""Bearer-token middleware for ASGI: every route is protected unless the allowlist says otherwise."""

from . import presets
from .allowlist.rules import Rule, optional, protected, public
from .claims import Claims
from .connections import ConnectionRules, CookieToken
from .errors import (
    AmbiguousHost,
    AmbiguousPath,
    AuthenticationUnavailable,
    AuthError,
    BadSignature,
    ConfigurationError,
    InsufficientScope,
    InvalidClaims,
    InvalidRequest,
    InvalidToken,
    MalformedCredentials,
    MalformedToken,
    NoCredentials,
    RevocationsUnavailable,
    SeveralCredentials,
    TokenExpired,
    TokenNotYetValid,
    TokenRevoked,
    UnknownIssuer,
    UnknownKey,
    UnsupportedToken,
    UserRefused,
    WrongAudience,
)
from .issuers import Issuer
from .issuing import TokenIssuer
from .keys import Counters, FetchRules, Readiness, RemoteKeys, StaticKeys
from .middleware import BearerMiddleware
from .openapi import describe_security
from .revocations import RedisRevocations, Revocation, RevocationReadiness, Revocations, SqliteRevocations
from .seen_tokens import CacheLimits
from .tenants import Tenants
from .users import AnonymousUser, User
from .verification import Limits

__all__ = [
    "AmbiguousHost",
    "AmbiguousPath",
    "AnonymousUser",
    "AuthError",
    "AuthenticationUnavailable",
    "BadSignature",
    "BearerMiddleware",
    "CacheLimits",
    "Claims",
    "ConfigurationError",
    "ConnectionRules",
    "CookieToken",
    "Counters",
    "FetchRules",
    "InsufficientScope",
    "InvalidClaims",
    "InvalidRequest",
    "InvalidToken",
    "Issuer",
    "Limits",
    "MalformedCredentials",
    "MalformedToken",
    "NoCredentials",
    "Readiness",
    "RedisRevocations",
    "RemoteKeys",
    "Revocation",
    "RevocationReadiness",
    "Revocations",
    "RevocationsUnavailable",
    "Rule",
    "SeveralCredentials",
    "SqliteRevocations",
    "StaticKeys",
    "Tenants",
    "TokenExpired",
    "TokenIssuer",
    "TokenNotYetValid",
    "TokenRevoked",
    "UnknownIssuer",
    "UnknownKey",
    "UnsupportedToken",
    "User",
    "UserRefused",
    "WrongAudience",
    "describe_security",
    "optional",
    "presets",
    "protected",
    "public",
]
