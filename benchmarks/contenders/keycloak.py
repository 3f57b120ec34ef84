"""fastapi-keycloak-middleware 2, with the realm's key in its options, so that it fetches nothing.

https://fastapi-keycloak-middleware.readthedocs.io/: the scope is looked for in what `get_auth` gives, since its
CheckPermissions is a `def`, which would go to a thread.
"""

import logging
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Depends
from fastapi_keycloak_middleware import (
    AuthorizationMethod,
    FastApiUser,
    KeycloakConfiguration,
    KeycloakMiddleware,
    get_auth,
    get_user,
)
from jwcrypto.jwk import JWK
from starlette.middleware import Middleware
from starlette.responses import JSONResponse
from starlette.types import ASGIApp

from benchmarks.contenders import fastapi
from benchmarks.contenders.fastapi import Customer, app_with, customer_with_scope
from benchmarks.contenders.guard import Guard
from benchmarks.tokens import AUDIENCE, ISSUER, SECRET, header_name, public_pem

logging.getLogger("fastapi_keycloak_middleware").setLevel(logging.ERROR)  # as FastMCP does, it warns of every refusal


def with_keycloak_middleware(algorithm: str) -> ASGIApp:
    async def customer(
        user: Annotated[FastApiUser, Depends(get_user)], scopes: Annotated[list[str], Depends(get_auth)]
    ) -> Customer:
        return customer_with_scope(user.identity, scopes)

    async def endpoint(current: Annotated[Customer, Depends(customer)]) -> JSONResponse:
        return JSONResponse({"subject": current.subject})

    return app_with(endpoint, [Middleware(KeycloakMiddleware, keycloak_configuration=_configuration(algorithm))])


def _configuration(algorithm: str) -> KeycloakConfiguration:
    return KeycloakConfiguration(
        url="https://login.example.com/",
        realm="orders",
        client_id=AUDIENCE,
        authorization_method=AuthorizationMethod.CLAIM,
        authorization_claim="scope",
        validation_options={
            "key": _key(algorithm),
            "algs": [header_name(algorithm)],
            "check_claims": {"iss": ISSUER, "aud": AUDIENCE, "exp": None, "nbf": None, "sub": None},
        },
    )


def _key(algorithm: str) -> Any:
    return JWK.from_password(SECRET.decode()) if algorithm == "HS256" else JWK.from_pem(public_pem(algorithm))


GUARDS: Sequence[Guard] = (
    Guard(
        "FastAPI + fastapi-keycloak-middleware",
        fastapi.BARE,
        with_keycloak_middleware,
        left_out={"issued in the future": "jwcrypto looks at iat's type only"},
    ),
)
