"""FastMCP's JWTVerifier, behind the middleware that its HTTP server puts around its endpoint, here around our route.

https://gofastmcp.com/servers/auth/token-verification. The key is given, so nothing is fetched. It imports the key anew
for every token, and offers no other way.
"""

import logging
from collections.abc import Sequence

from fastmcp.server.auth.middleware import RequireAuthMiddleware
from fastmcp.server.auth.providers.jwt import JWTVerifier
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, request_response
from starlette.types import ASGIApp

from benchmarks.contenders import starlette
from benchmarks.contenders.guard import Guard
from benchmarks.contenders.orders import ROUTE
from benchmarks.tokens import AUDIENCE, ISSUER, SCOPE, SECRET, header_name, public_pem

logging.getLogger("fastmcp").setLevel(logging.ERROR)  # it would write every refusal to the terminal


async def _subject(request: Request) -> JSONResponse:
    return JSONResponse({"subject": request.user.access_token.subject})


def with_jwt_verifier(algorithm: str) -> ASGIApp:
    verifier = JWTVerifier(
        public_key=SECRET if algorithm == "HS256" else public_pem(algorithm),
        issuer=ISSUER,
        audience=AUDIENCE,
        algorithm=header_name(algorithm),
        required_scopes=[SCOPE],
    )
    endpoint = RequireAuthMiddleware(request_response(_subject), verifier.required_scopes)
    return Starlette(routes=[Route(ROUTE, endpoint)], middleware=verifier.get_middleware())


GUARDS: Sequence[Guard] = (
    Guard(
        "Starlette + FastMCP's JWTVerifier",
        starlette.BARE,
        with_jwt_verifier,
        left_out={
            "no exp": "taken as valid for ever",
            "no sub": "not asked for",
            "issued in the future": "iat is not looked at",
        },
    ),
)
