"""Which kind of token a signed JWT is, so that nothing but an access token is accepted (RFC 8725 sections 3.11, 3.12).

Issuers sign other things with the same keys: ID, refresh, logout and event tokens, and answers of their own endpoints.
Each row says what marks one of them, and where that comes from. A token that carries no mark cannot be told apart here;
`Issuer(required_claims=…)`, `token_type="at+jwt"` and an audience of its own do that.
"""

from collections.abc import Mapping
from typing import Any

from ..errors import OtherKindOfToken

_MARKING_CLAIMS: Mapping[str, str] = {
    "at_hash": "ID token (OpenID Connect Core 1.0 section 3.1.3.6)",
    "c_hash": "ID token (OpenID Connect Core 1.0 section 3.3.2.11)",
    "s_hash": "ID token (FAPI 1.0 part 2 section 5.1.1)",
    "events": "logout or security event token (RFC 8417 section 2.2)",
    "token_introspection": "answer of an introspection endpoint (RFC 9701 section 5)",
    "htu": "DPoP proof (RFC 9449 section 4.2)",
    "response_type": "authorization request (RFC 9101 section 4)",
}
"""Claims that no access token has."""

_MARKING_VALUES: Mapping[str, frozenset[str]] = {
    # Flask-JWT-Extended, AuthX: {"type": "access"} or {"type": "refresh"}
    "type": frozenset(("refresh", "id", "verify", "reset")),
    # Simple JWT: {"token_type": "access"}, "refresh" or "sliding", which serves as an access token
    "token_type": frozenset(("refresh", "id", "offline")),
    # Amazon Cognito: {"token_use": "access"} or "id"
    "token_use": frozenset(("refresh", "id")),
    # Keycloak: {"typ": "Bearer"}; its action tokens have the name of the action
    "typ": frozenset(
        ("id", "serialized-id", "refresh", "offline", "logout", "registrationaccesstoken", "initialaccesstoken")
    ),
}
"""Claims whose value names the kind, in lower case."""

_FOR_CLIENTS = "nonce"
"""A claim of ID tokens (OpenID Connect Core 1.0 section 2). Some issuers copy it into access tokens, so it marks an ID
token only if nothing else says that the token grants access to anything."""

_GRANTS = frozenset(("scope", "scp", "client_id", "cid", "typ", "token_use", "permissions"))

_TO_LOOK_AT = frozenset((*_MARKING_CLAIMS, *_MARKING_VALUES, _FOR_CLIENTS))


def check_kind(members: Mapping[str, Any]) -> None:
    """Raises OtherKindOfToken if the claims set is marked as that of another kind of token."""
    if _TO_LOOK_AT.isdisjoint(members):
        return
    for name in _MARKING_CLAIMS:
        if name in members:
            raise OtherKindOfToken
    for name, kinds in _MARKING_VALUES.items():
        value = members.get(name)
        if isinstance(value, str) and value.lower() in kinds:
            raise OtherKindOfToken
    if _FOR_CLIENTS in members and _GRANTS.isdisjoint(members):
        raise OtherKindOfToken
