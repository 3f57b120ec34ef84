"""Bearer-token middleware for ASGI: every route is protected unless the allowlist says otherwise."""

from .allowlist.rules import Rule, optional, protected, public
from .auth import BearerAuth
from .connections import ConnectionSettings, CookieToken
from .errors import (
    AuthenticationUnavailable,
    AuthError,
    ConfigurationError,
    InsufficientScope,
    InvalidToken,
)
from .issuers import presets
from .issuers.dynamic import DynamicIssuers
from .issuers.issuer import Issuer
from .issuers.signing import TokenIssuer
from .keys import FetchSettings, RemoteKeys, StaticKeys
from .middleware import BearerMiddleware
from .revocation import RedisRevocations, Revocation, Revocations, SqliteRevocations
from .tokens.cache import CacheLimits
from .tokens.claims import Claims
from .tokens.users import AnonymousUser, User

__all__ = [
    "AnonymousUser",
    "AuthError",
    "AuthenticationUnavailable",
    "BearerAuth",
    "BearerMiddleware",
    "CacheLimits",
    "Claims",
    "ConfigurationError",
    "ConnectionSettings",
    "CookieToken",
    "DynamicIssuers",
    "FetchSettings",
    "InsufficientScope",
    "InvalidToken",
    "Issuer",
    "RedisRevocations",
    "RemoteKeys",
    "Revocation",
    "Revocations",
    "Rule",
    "SqliteRevocations",
    "StaticKeys",
    "TokenIssuer",
    "User",
    "optional",
    "presets",
    "protected",
    "public",
]
