"""AuthX: https://authx.yezz.me/get-started/basic-usage/.

Its ready dependencies ask FastAPI for some that are `def`, which go to threads; so ours awaits what they call.
A key in PEM is read anew for every token, since its settings take a text and nothing else.
"""

from collections.abc import Sequence
from typing import Annotated, Any

from authx import AuthX, AuthXConfig
from fastapi import Depends, Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp

from benchmarks.contenders import fastapi
from benchmarks.contenders.fastapi import Customer, app_with, customer_with_scope
from benchmarks.contenders.guard import Guard
from benchmarks.contenders.orders import granted
from benchmarks.tokens import AUDIENCE, ISSUER, SECRET, public_pem


def with_authx(algorithm: str) -> ASGIApp:
    authx: AuthX[Any] = AuthX(_settings(algorithm))

    async def customer(request: Request) -> Customer:
        token = await authx.get_access_token_from_request(request)
        payload = authx.verify_token(token, verify_csrf=False)
        return customer_with_scope(payload.sub, granted(payload.model_extra or {}))

    async def endpoint(current: Annotated[Customer, Depends(customer)]) -> JSONResponse:
        return JSONResponse({"subject": current.subject})

    app = app_with(endpoint)
    authx.handle_errors(app)
    return app


def _settings(algorithm: Any) -> AuthXConfig:
    return AuthXConfig(
        JWT_ALGORITHM=algorithm,
        JWT_SECRET_KEY=SECRET.decode(),
        JWT_PUBLIC_KEY=None if algorithm == "HS256" else public_pem(algorithm).decode(),
        JWT_DECODE_AUDIENCE=AUDIENCE,
        JWT_DECODE_ISSUER=ISSUER,
        JWT_TOKEN_LOCATION=["headers"],
    )


GUARDS: Sequence[Guard] = (
    Guard(
        "FastAPI + AuthX",
        fastapi.BARE,
        with_authx,
        algorithms=("HS256", "RS256", "ES256"),  # all that its settings take
        left_out={"no exp": "cannot be required"},
    ),
)
