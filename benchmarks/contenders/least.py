"""The least: what a guard in Python cannot leave out, and nothing else. It says how far down the others could come.

The same claims are checked, in straight lines and for this one issuer. What makes a guard safe to use is missing: a
strict reading, odd types refused, an allowlist, a bounded store, keys that may be withdrawn, streams that end.
"""

import hmac
import time
from binascii import a2b_base64
from collections.abc import Sequence
from json import JSONDecoder
from typing import Any

from starlette.authentication import AuthCredentials, SimpleUser
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from benchmarks.contenders import starlette
from benchmarks.contenders.guard import Guard
from benchmarks.tokens import AUDIENCE, ISSUER, SCOPE, SECRET, sign

FIRST_SIGHT = "Starlette + the least in Python, first sight"
SEEN = "Starlette + the least in Python, token seen"

_TO_BASE64 = bytes.maketrans(b"-_", b"+/")
_HEADER = sign("HS256").encode("ascii").partition(b".")[0]
_scan: Any = JSONDecoder().scan_once  # type: ignore[attr-defined]
_refuse = Response(status_code=401)

_Token = tuple[SimpleUser, AuthCredentials, float]
"""User, scopes and `exp`."""


class Verifier:
    """It verifies every token."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            token = _verify(_find_credentials(scope))
        except (ValueError, KeyError):
            await _refuse(scope, receive, send)
            return
        await self._app(_child_scope(scope, token), receive, send)


class Store:
    """It verifies a token once, and keeps it for ever."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._seen: dict[bytes, _Token] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            credentials = _find_credentials(scope)
            token = self._seen.get(credentials)
            if token is None:
                token = self._seen[credentials] = _verify(credentials)
        except (ValueError, KeyError):
            await _refuse(scope, receive, send)
            return
        if time.time() >= token[2]:
            await _refuse(scope, receive, send)
            return
        await self._app(_child_scope(scope, token), receive, send)


def _find_credentials(scope: Scope) -> bytes:
    for name, value in scope["headers"]:
        if name == b"authorization":
            found: bytes = value
            return found
    raise ValueError


def _verify(credentials: bytes) -> _Token:
    signed, _, signature = credentials[len(b"Bearer ") :].rpartition(b".")
    header, _, payload = signed.partition(b".")
    if header != _HEADER or not hmac.compare_digest(hmac.digest(SECRET, signed, "sha256"), _decode(signature)):
        raise ValueError
    claims, _ = _scan(_decode(payload).decode(), 0)
    now, scopes = time.time(), claims["scope"].split()
    if claims["iss"] != ISSUER or claims["aud"] != AUDIENCE or SCOPE not in scopes:
        raise ValueError
    if claims["exp"] <= now or claims.get("nbf", 0) > now or claims.get("iat", 0) > now:
        raise ValueError
    return SimpleUser(claims["sub"]), AuthCredentials(scopes), claims["exp"]


def _decode(encoded: bytes) -> bytes:
    return a2b_base64(encoded.translate(_TO_BASE64) + b"==")


def _child_scope(scope: Scope, token: _Token) -> Scope:
    user, scopes, _ = token
    return {**scope, "state": {**scope["state"], "user": user}, "user": user, "auth": scopes}


def verifying(_algorithm: str) -> ASGIApp:
    return starlette.app_with(starlette.user, [Middleware(Verifier)])


def storing(_algorithm: str) -> ASGIApp:
    return starlette.app_with(starlette.user, [Middleware(Store)])


GUARDS: Sequence[Guard] = (
    Guard(FIRST_SIGHT, starlette.BARE, verifying, algorithms=["HS256"]),
    Guard(SEEN, starlette.BARE, storing, algorithms=["HS256"], cache="hit"),
)
