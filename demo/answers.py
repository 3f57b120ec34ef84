"""What every error is answered with: `{"detail": …}`, never stored by caches."""

from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ExceptionHandler

from asgi_bearer.errors import RevocationsUnavailable

from .login_limits import TooManyFailures
from .passwords import TooBusy

NO_STORE = {"Cache-Control": "no-store"}
"""On everything that holds a token (RFC 6749 section 5.1)."""


class GrantRefused(Exception):
    """No new token. `error` is OAuth's code, `detail` a sentence (RFC 6749 section 5.2)."""

    def __init__(self, error: str, detail: str) -> None:
        super().__init__(detail)
        self.error = error
        self.detail = detail


async def _say_http(_request: Request, error: Any) -> Response:
    return _answer(error.status_code, error.detail, error.headers or {})


async def _say_refused(_request: Request, error: Any) -> Response:
    body = {"error": error.error, "error_description": error.detail, "detail": error.detail}
    return JSONResponse(body, 400, NO_STORE)


async def _say_too_many(_request: Request, error: Any) -> Response:
    return _answer(429, "Too many failed logins; try again later", {"Retry-After": str(error.retry_after)})


async def _say_busy(_request: Request, _error: Exception) -> Response:
    return _answer(503, "Too many logins at once; try again soon", {"Retry-After": "5"})


async def _say_not_everywhere(_request: Request, _error: Exception) -> Response:
    """No time to try again: what was revoked holds in this process, which passes it on when the store is back."""
    detail = "Logged out here, and no refresh works; other servers follow when their store is back"
    return _answer(503, detail, {})


async def _say_fault(_request: Request, _error: Exception) -> Response:
    """Our own fault, such as a full disk. Starlette raises it again afterwards, so that the server logs it."""
    return _answer(500, "Internal Server Error", {})


def _answer(status: int, detail: str, headers: Mapping[str, str]) -> Response:
    return JSONResponse({"detail": detail}, status, {**NO_STORE, **headers})


HANDLERS: dict[Any, ExceptionHandler] = {
    HTTPException: _say_http,
    GrantRefused: _say_refused,
    TooManyFailures: _say_too_many,
    TooBusy: _say_busy,
    RevocationsUnavailable: _say_not_everywhere,
    Exception: _say_fault,
}
"""For Starlette's `exception_handlers`."""
