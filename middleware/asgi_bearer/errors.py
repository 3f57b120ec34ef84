"""The tree of refusals: every one knows its status, its RFC 6750 error and its fixed sentences.

    AuthError
    ├── NoCredentials                  401  no error attribute
    ├── InvalidRequest                 400  invalid_request
    │   ├── AmbiguousHost                   several Host fields or a broken one, where rules name hosts
    │   ├── AmbiguousPath                   two parsers could read the path differently
    │   ├── MalformedCredentials            `Authorization: Bearer` and no single b64token after it
    │   └── MultipleCredentials              more than one Authorization field
    ├── InvalidToken                   401  invalid_token
    │   ├── MalformedToken                  not the strict compact form of a signed JWT
    │   ├── UnsupportedToken                crit, b64, nested, encrypted, sender-constrained
    │   ├── OtherKindOfToken                an ID, refresh, logout or event token
    │   ├── UnknownIssuer
    │   ├── UnknownKey                      no key of the issuer fits `kid` and `alg`
    │   ├── BadSignature
    │   ├── InvalidClaims                   a claim is missing or has the wrong type
    │   ├── WrongAudience
    │   ├── TokenExpired
    │   ├── TokenNotYetValid
    │   ├── TokenRevoked                    it was taken back before its end
    │   └── UserRejected                     the user loader knows no such user
    ├── PermissionDenied               403  no error attribute
    │   ├── InsufficientScope               insufficient_scope, with all scopes that are needed
    │   ├── MissingRole
    │   └── RouteDenied                     in no rule, and `unlisted` is "denied"
    └── AuthenticationUnavailable      503  our fault: keys, users or revocations cannot be had now

    ConfigurationError                 raised at construction, lists every fault
    RevocationsUnavailable             raised to the app that takes a token back; Starlette answers it 503

Texts are class constants, so nothing that a client sent can reach a header, a body or a log line.
"""

from collections.abc import Iterable
from typing import ClassVar

from starlette.exceptions import HTTPException


class AuthError(Exception):
    """A refusal. `code` is the stable name for logs, `description` the RFC 6750 `error_description`."""

    status: ClassVar[int] = 401
    error: ClassVar[str | None] = None
    detail: ClassVar[str] = "Could not validate credentials"
    description: ClassVar[str | None] = None
    code: ClassVar[str] = "auth_error"
    retry_after: int | None = None
    """Seconds after which the client may try again (RFC 9110 section 10.2.3)."""

    scopes: tuple[str, ...] = ()
    """The scopes that were required, where missing ones are the reason. From configuration only."""


class NoCredentials(AuthError):
    """Nobody asked for anything yet: RFC 6750 section 3 wants no `error` here."""

    detail = "Not authenticated"
    code = "no_credentials"


class InvalidRequest(AuthError):
    """The request itself is malformed (RFC 6750 section 3.1)."""

    status = 400
    error = "invalid_request"
    detail = "Bad request"
    description = "The request is malformed"
    code = "invalid_request"


class AmbiguousHost(InvalidRequest):
    """Several Host fields or a broken one (RFC 9112 section 3.2); asked only where a rule names a host."""

    description = "The Host header is ambiguous"
    code = "ambiguous_host"


class AmbiguousPath(InvalidRequest):
    """A path that two parsers could read differently; decided before any rule is looked at."""

    description = "The request path is ambiguous"
    code = "ambiguous_path"


class MalformedCredentials(InvalidRequest):
    """An Authorization field that RFC 6750 section 2.1 does not allow."""

    description = "The Authorization header is malformed"
    code = "malformed_credentials"


class MultipleCredentials(InvalidRequest):
    """More than one Authorization field: it is not a list (RFC 9110 section 5.3)."""

    description = "More than one Authorization header was sent"
    code = "multiple_credentials"


class InvalidToken(AuthError):
    """The token is expired, revoked, malformed or invalid for other reasons (RFC 6750 section 3.1)."""

    error = "invalid_token"
    description = "The access token is invalid"
    code = "invalid_token"


class MalformedToken(InvalidToken):
    """Not the compact form of a signed JWT, read strictly (RFC 7515 sections 2, 4, 5.2 and 7.1)."""

    description = "The access token is malformed"
    code = "malformed_token"


class UnsupportedToken(InvalidToken):
    """A token in a form that is not supported: nested, encrypted, sender-constrained, with critical parameters."""

    description = "This kind of token is not accepted"
    code = "unsupported_token"


class OtherKindOfToken(InvalidToken):
    """An ID, refresh, logout or event token, or something else that is no access token (RFC 8725 section 3.12)."""

    description = "This kind of token is not accepted"
    code = "other_kind_of_token"


_NOT_TRUSTED = "The access token is not signed by a trusted issuer"
"""One sentence for three reasons, which the log tells apart: a stranger must not learn which issuers and keys exist."""


class UnknownIssuer(InvalidToken):
    """`iss` names nobody who may sign for us (RFC 7519 section 4.1.1)."""

    description = _NOT_TRUSTED
    code = "unknown_issuer"


class UnknownKey(InvalidToken):
    """No key of the issuer fits the header's `kid` and `alg` (RFC 7515 section 4.1.4)."""

    description = _NOT_TRUSTED
    code = "unknown_key"


class BadSignature(InvalidToken):
    """The signature does not verify (RFC 7515 section 5.2)."""

    description = _NOT_TRUSTED
    code = "bad_signature"


class InvalidClaims(InvalidToken):
    """A claim is missing or has the wrong type (RFC 7519 section 4.1)."""

    description = "The claims of the access token are invalid"
    code = "invalid_claims"


class WrongAudience(InvalidToken):
    """The token is meant for somebody else (RFC 7519 section 4.1.3)."""

    description = "The access token is meant for another audience"
    code = "wrong_audience"


class TokenExpired(InvalidToken):
    """Now is at or after `exp` (RFC 7519 section 4.1.4), or the token is over the maximum age."""

    description = "The access token expired"
    code = "token_expired"


class TokenNotYetValid(InvalidToken):
    """Now is before `nbf` or `iat` (RFC 7519 sections 4.1.5 and 4.1.6)."""

    description = "The access token is not valid yet"
    code = "token_not_yet_valid"


class TokenRevoked(InvalidToken):
    """The token, its subject's tokens, its session or its key were taken back before its end."""

    description = "The access token was revoked"
    code = "token_revoked"


class UserRejected(InvalidToken):
    """The token is good, but the user loader knows no such user any more."""

    description = "The user of the access token is not accepted"
    code = "user_rejected"


class PermissionDenied(AuthError):
    """A valid token that does not suffice. The challenge has no `error`: a new token would not help."""

    status = 403
    detail = "Not enough permissions"
    code = "permission_denied"


class InsufficientScope(PermissionDenied):
    """Only scopes are missing, which a client can ask for (RFC 6750 section 3.1). `scopes`: all that are needed."""

    error = "insufficient_scope"
    description = "The access token lacks a required scope"
    code = "insufficient_scope"

    def __init__(self, scopes: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.scopes = scopes


class MissingRole(PermissionDenied):
    """The user has none of the roles that a rule asks for."""

    code = "missing_role"


class RouteDenied(PermissionDenied):
    """The route is in no rule, and `unlisted` is "denied"."""

    code = "route_denied"


class AuthenticationUnavailable(AuthError):
    """Keys, users or revocations cannot be had at the moment. A `user_loader` may raise it when its store is down."""

    status = 503
    detail = "Authentication is temporarily unavailable"
    code = "authentication_unavailable"
    retry_after: int

    def __init__(self, retry_after: int = 5) -> None:
        super().__init__()
        self.retry_after = retry_after


class ConfigurationError(ValueError):
    """Everything that is wrong with a configuration, each fault with what to write instead."""

    def __init__(self, errors: Iterable[str]) -> None:
        self.errors = tuple(errors)
        """One sentence a fault."""
        lines = "".join(f"\n  - {fault}" for fault in self.errors)
        count = "1 error" if len(self.errors) == 1 else f"{len(self.errors)} errors"
        super().__init__(f"{count} in the configuration:{lines}")


class RevocationsUnavailable(HTTPException):
    """What is taken back could not be stored for other processes. It refuses no token: it is told to the app.

    Starlette and FastAPI answer it by themselves: 503 with `Retry-After`.
    """

    def __init__(self) -> None:
        super().__init__(503, "Revocations are temporarily unavailable", {"Retry-After": "5"})
