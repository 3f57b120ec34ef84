"""The middleware: ASGI in, ASGI out. `gate` decides; what outlives its request ends with its token (connections/)."""

import logging
import sys
from functools import partial
from typing import Self, Unpack

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .allowlist.request_target import normalize_root_path
from .allowlist.rules import Access
from .auth import BearerAuth, Settings
from .challenge import reject
from .connections.lifetime import ConnectionContext
from .connections.stream import Stream
from .connections.websocket import Websocket
from .connections.websocket_credentials import with_browser_token
from .errors import AuthError
from .gate import Admission
from .seams import Decision
from .tokens.users import NO_CREDENTIALS

_log = logging.getLogger("asgi_bearer")

_OPTIONAL = Access.OPTIONAL


class BearerMiddleware:
    """An app that is reached with a valid bearer token only, unless the allowlist says otherwise.

    `BearerMiddleware(app, issuers=…, allow=…)` is `BearerAuth(issuers, allow=…)(app)`; see there for the settings.

    The user is on `scope["state"]["user"]` (`request.state.user`) and `scope["user"]`; what Starlette's `@requires`
    needs is in `scope["auth"]`. Raises ConfigurationError.
    """

    def __init__(self, app: ASGIApp, **settings: Unpack[Settings]) -> None:
        self._protect(app, BearerAuth(**settings))

    @classmethod
    def of(cls, app: ASGIApp, auth: BearerAuth) -> Self:
        """Return the app, protected by a declaration that was made before."""
        middleware = cls.__new__(cls)
        middleware._protect(app, auth)  # noqa: SLF001 - its own
        return middleware

    def _protect(self, app: ASGIApp, auth: BearerAuth) -> None:
        self.app = app
        self.auth = auth
        self._gate = auth.gate
        self._context = ConnectionContext(auth.connections, auth.realm, auth.revocations, auth.clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._lifespan(scope, receive, send)
            return

        headers = list(scope["headers"])  # a snapshot: servers may append trailers to the live list
        fields = headers
        if scope["type"] == "websocket":
            scope, headers, fields, send = with_browser_token(self._context.settings, scope, headers, send)
        try:
            scope = normalize_root_path(scope, self._is_trusted_root_path)
            admission = self._gate.admit(scope, fields)
            if not isinstance(admission, Admission):
                admission = await admission
        except AuthError as error:
            await self._reject(error, scope, send)
            return
        del fields  # a token that the app does not get must not show in a traceback of the app
        if self.auth.observers:
            self._observe(Decision(scope["type"], admission.requirement, admission.token, None))

        scope, token = _child_scope(scope, headers, admission), admission.token
        if admission.requirement.access is _OPTIONAL:
            send = _vary_by_authorization(send)
        if token is None:
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            await Stream(self._context, token, scope, receive, send).run(self.app)
        else:
            renew = partial(self._renew, admission, scope)
            await Websocket(self._context, token, scope, receive, send, renew).run(self.app)

    async def _renew(self, admission: Admission, scope: Scope, credentials: bytes) -> Admission:
        """Authenticate a websocket's renewal token under the same requirement. Raises AuthError."""
        renewed = self._gate.admit_under(admission.requirement, credentials, scope)
        return renewed if isinstance(renewed, Admission) else await renewed

    async def _reject(self, error: AuthError, scope: Scope, send: Send) -> None:
        _log.info("rejected: %s %d %s", scope["type"], error.status, error.code)
        if self.auth.observers:
            self._observe(Decision(scope["type"], None, None, error))
        await reject(error, self.auth.realm, scope, send)

    def _observe(self, decision: Decision) -> None:
        for observer in self.auth.observers:
            try:
                observer.decided(decision)
            except Exception as error:  # noqa: BLE001 - no request fails because it is watched
                _log.error("an observer failed: %s", type(error).__name__)

    async def _lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            # Nothing is known of its routes or how to reject it, so it is not passed on (ASGI, "Applications").
            raise ValueError("asgi-bearer passes on http, websocket and lifespan scopes only")
        self.auth.start()
        if self.auth.revocations is not None:
            await self.auth.revocations.wait_until_ready()
        await self.app(scope, receive, send)

    def _is_trusted_root_path(self, root_path: str) -> bool:
        """Whether the operator has chosen it. Under Daphne, `Daphne-Root-Path` lets the client choose."""
        if self.auth.root_path is not None:
            return root_path in ("", self.auth.root_path)
        return not root_path or "daphne.server" not in sys.modules


def _child_scope(scope: Scope, headers: list[tuple[bytes, bytes]], admission: Admission) -> Scope:
    """The one scope that the app gets. The caller's is not changed: servers share `state` and extend `headers`."""
    child = dict(scope)
    child["headers"] = headers
    state = scope.get("state")
    child["state"] = {**state, "user": admission.user} if state else {"user": admission.user}
    child["user"] = admission.user
    child["auth"] = NO_CREDENTIALS if admission.token is None else admission.token.auth
    return child


def _vary_by_authorization(send: Send) -> Send:
    """An optional route answers differently with a token: caches must know (RFC 9110 section 12.5.5)."""

    async def send_with_vary(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), (b"vary", b"Authorization")]}
        await send(message)

    return send_with_vary
