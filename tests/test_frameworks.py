"""Around real apps: a bare callable, Starlette from inside and outside, FastAPI; and on real event loops."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi import Request as FastAPIRequest
from starlette.applications import Starlette
from starlette.authentication import requires
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from asgi_bearer import BearerMiddleware, ConfigurationError, User, optional, protected, public
from tests.asgi import get, guarded
from tests.tokens import NOW, claims, issuer, sign

ALLOW = [
    public("/health"),
    optional("/catalogue"),
    protected("/orders/{order_id:int}", methods=["GET"], scopes=["orders:read"]),
    protected("/admin/{rest:path}", roles=["admin"]),
]
SETTINGS: dict[str, Any] = {"issuers": issuer(), "allow": ALLOW, "clock": lambda: NOW}
TOKEN = {"Authorization": f"Bearer {sign()}"}
ADMIN = {"Authorization": f"Bearer {sign(claims(sub='root', roles=['admin'], scope=''))}"}


def who(request: Request) -> JSONResponse:
    assert request.user == request.state.user
    return JSONResponse({"user": str(request.state.user), "scopes": list(request.auth.scopes)})


@requires(["authenticated", "orders:read"])
def by_decorator(request: Request) -> JSONResponse:
    return who(request)


async def greet(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text(f"Welcome {websocket.state.user}")
    await websocket.close()


started: list[str] = []


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[dict[str, str]]:
    started.append("up")
    yield {"database": "ready"}
    started.append("down")


def starlette_routes() -> list[Any]:
    return [
        Route("/health", who),
        Route("/catalogue", who),
        Route("/orders/{order_id:int}", who),
        Route("/decorated", by_decorator),
        Route("/state", lambda request: JSONResponse(request.state.database)),
        Mount("/admin", routes=[Route("/users", who)]),
        WebSocketRoute("/ws", greet),
    ]


def inside() -> ASGIApp:
    return Starlette(
        routes=starlette_routes(), middleware=[Middleware(BearerMiddleware, **SETTINGS)], lifespan=lifespan
    )


def outside() -> ASGIApp:
    return BearerMiddleware(Starlette(routes=starlette_routes(), lifespan=lifespan), **SETTINGS)


def fastapi() -> ASGIApp:
    app = FastAPI(lifespan=lifespan)
    app.add_middleware(BearerMiddleware, **SETTINGS)

    @app.get("/health")
    @app.get("/catalogue")
    @app.get("/orders/{order_id}")
    @app.get("/admin/users")
    def endpoint(request: FastAPIRequest, order_id: int = 0) -> dict[str, Any]:
        assert request.user == request.state.user
        return {"user": str(request.state.user), "scopes": list(request.auth.scopes)}

    @app.get("/decorated")
    @requires(["authenticated", "orders:read"])
    def decorated(request: FastAPIRequest) -> dict[str, Any]:
        return {"user": str(request.user), "scopes": list(request.auth.scopes)}

    @app.get("/state")
    def state(request: FastAPIRequest) -> Any:
        return request.state.database

    app.add_api_websocket_route("/ws", greet)
    return app


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("make", [inside, outside, fastapi])
def test_an_app_is_protected_and_knows_its_user(make: Any, backend: Any) -> None:
    started.clear()
    known = {"user": "suman", "scopes": ["authenticated", "orders:read", "profile"]}
    with TestClient(make(), backend=backend) as client:
        assert client.get("/health").json() == {"user": "", "scopes": []}
        assert client.get("/catalogue").json() == {"user": "", "scopes": []}
        assert client.get("/catalogue", headers=TOKEN).json() == known
        assert client.get("/orders/7").status_code == 401
        assert client.get("/orders/7", headers=TOKEN).json() == known
        assert client.get("/orders/7", headers=ADMIN).status_code == 403
        assert client.get("/admin/users", headers=TOKEN).status_code == 403
        assert client.get("/admin/users", headers=ADMIN).json()["user"] == "root"
        assert client.get("/decorated").status_code == 401
        assert client.get("/decorated", headers=TOKEN).json() == known
        assert client.get("/decorated", headers=ADMIN).status_code == 403  # by Starlette's own decorator
        assert client.get("/state", headers=TOKEN).json() == "ready"
        assert client.get("/nowhere").status_code == 401
        assert client.get("/nowhere", headers=TOKEN).status_code == 404
        with client.websocket_connect("/ws", headers=TOKEN) as websocket:
            assert websocket.receive_text() == "Welcome suman"
        with pytest.raises(WebSocketDisconnect), client.websocket_connect("/ws"):
            raise AssertionError("accepted without a token")
        assert started == ["up"]
    assert started == ["up", "down"]


@pytest.mark.anyio
async def test_a_bare_callable_is_protected() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        user = scope["state"]["user"]
        assert isinstance(user, User)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": str(user).encode()})

    assert (await get(guarded(app))).status == 401
    assert (await get(guarded(app), token=sign())).body == b"suman"


def test_a_faulty_configuration_stops_the_start_of_a_starlette_app() -> None:
    """Starlette builds its middleware at the first message, which is the lifespan's start."""
    app = Starlette(middleware=[Middleware(BearerMiddleware, issuers=issuer(audience=""))])
    with pytest.raises(ConfigurationError, match="the audience must not be empty"), TestClient(app):
        pass


def test_a_browser_of_another_origin_is_answered_where_CORS_is_outside() -> None:
    """The documented order: CORS first answers the preflight and adds its headers to our refusals."""
    app = Starlette(
        routes=starlette_routes(),
        middleware=[
            Middleware(CORSMiddleware, allow_origins=["https://app.example"], allow_headers=["authorization"]),
            Middleware(BearerMiddleware, **SETTINGS),
        ],
    )
    origin = {"Origin": "https://app.example"}
    preflight = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
    with TestClient(app) as client:
        assert client.options("/orders/7", headers=origin | preflight).status_code == 200
        refusal = client.get("/orders/7", headers=origin)
        assert refusal.status_code == 401
        assert refusal.headers["access-control-allow-origin"] == "https://app.example"
        assert client.get("/orders/7", headers=origin | TOKEN).status_code == 200
