"""BearerAuth: the declaration, validated at construction, callable, and asked without a request."""

from collections.abc import Callable
from dataclasses import FrozenInstanceError
from datetime import datetime
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from asgi_bearer import (
    BearerAuth,
    BearerMiddleware,
    ConfigurationError,
    InvalidToken,
    Issuer,
    Revocation,
    Revocations,
    protected,
    public,
)
from asgi_bearer.audit.explanation import explain
from asgi_bearer.errors import TokenExpired, TokenRevoked
from tests.asgi import Recorder, get
from tests.tokens import NOW, claims, issuer, sign

ALLOW = [public("/health"), protected("/orders/{id:int}", scopes=["orders:read"])]


def auth(**settings: Any) -> BearerAuth:
    return BearerAuth(issuer(), **{"allow": ALLOW, "clock": lambda: NOW, **settings})


def user(request: Request) -> Response:
    return PlainTextResponse(str(request.state.user))


def starlette_app(**settings: Any) -> Starlette:
    return Starlette(routes=[Route("/{rest:path}", user)], **settings)


def litestar_app() -> Any:
    from litestar import Litestar, get  # noqa: PLC0415 - a framework is imported if it is tested

    @get("/orders/7")
    async def order(request: Any) -> str:
        return str(request.scope["state"]["user"])

    return Litestar([order], middleware=[auth()], openapi_config=None)  # type: ignore[list-item]  # its scope is a TypedDict


def fastapi_app() -> Any:
    from fastapi import FastAPI, Request  # noqa: PLC0415

    app = FastAPI()
    app.add_middleware(auth())

    @app.get("/orders/7")
    def order(request: Request) -> str:
        return str(request.state.user)

    return app


def with_add_middleware() -> Any:
    app = starlette_app()
    app.add_middleware(auth())
    return app


APPS: dict[str, Callable[[], Any]] = {
    "wrapped": lambda: auth()(starlette_app()),
    "Starlette's list": lambda: starlette_app(middleware=[Middleware(auth())]),
    "Starlette's add_middleware": with_add_middleware,
    "FastAPI's add_middleware": fastapi_app,
    "Litestar's list": litestar_app,
    "BearerMiddleware": lambda: BearerMiddleware(starlette_app(), issuers=issuer(), allow=ALLOW, clock=lambda: NOW),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("app", APPS)
def test_the_declaration_protects_an_app(app: str) -> None:
    with TestClient(APPS[app]()) as client:
        assert client.get("/orders/7").status_code == 401
        token, other = sign(claims(scope="orders:read")), sign(claims(scope="x"))
        assert claims()["sub"] in client.get("/orders/7", headers={"authorization": f"Bearer {token}"}).text
        assert client.get("/orders/7", headers={"authorization": f"Bearer {other}"}).status_code == 403


def test_it_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        auth().realm = "other"  # type: ignore[misc]


@pytest.mark.anyio
async def test_a_copy_has_other_settings_and_the_original_stays() -> None:
    first = auth()
    later = first.replace(clock=lambda: NOW + 10**6)
    token = sign(claims())
    assert str(await first.authenticate(token)) == claims()["sub"]
    with pytest.raises(TokenExpired):
        await later.authenticate(token)
    assert str(await first.authenticate(token)) == claims()["sub"]
    with pytest.raises(ConfigurationError, match="realm"):
        first.replace(realm='"')


@pytest.mark.anyio
async def test_a_token_without_a_request_takes_the_same_path() -> None:
    revocations = Revocations(clock=lambda: NOW)
    one = auth(revocations=revocations)
    token = sign(claims(jti="t1"))
    found = await one.authenticate(token)
    await revocations.revoke(Revocation.token(found))
    with pytest.raises(TokenRevoked):
        await one.authenticate(token)
    for broken in ("", "x", "a.b.c", token + "x", "\ud800", "a b"):
        with pytest.raises(InvalidToken) if broken not in ("", "\ud800", "a b") else pytest.raises(Exception):
            await one.authenticate(broken)
    one.close()


@pytest.mark.anyio
async def test_apps_of_one_declaration_share_its_gate() -> None:
    one = auth()
    assert one(Recorder())._gate is one(Recorder())._gate
    assert (await get(one(Recorder()), "/health")).status == 200


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (
            {"issuers": "https://login.example.com/"},
            "'https://login.example.com/' in issuers is a string; write Issuer(",
        ),
        ({"issuers": Issuer}, "Issuer in issuers is a class; write Issuer(…)"),
        ({"issuers": []}, "issuers must not be empty"),
        ({"allow": "/health"}, "'/health' in allow is not a rule; write public('/health')"),
        ({"allow": public}, "in allow is not a rule"),
        ({"allow": [public("/orders/<id>")]}, "a parameter is written {name} or {name:int}"),
        ({"allow": [public("/orders/:id")]}, "a parameter is written {name} or {name:int}"),
        ({"allow": [protected("/orders", scopes="a,b")]}, "write scopes=['a', 'b']"),
        ({"clock": datetime.now}, "clock must be a function that returns seconds since 1970"),
        ({"clock": lambda: 1 / 0}, "it raised ZeroDivisionError"),
        ({"clock": lambda: 12.0}, "it returned 12.0, which is before 2002"),
        ({"clock": 7}, "clock must be a function"),
        ({"observers": [dict]}, "observers must be objects, and dict is a class; write dict(…)"),
        ({"checks": [7]}, "checks must be objects with a method check; int has none"),
    ],
)
def test_a_mistake_gets_one_good_sentence(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        BearerAuth(**{"issuers": issuer(), **settings})
    assert len(raised.value.errors) == 1
    assert sentence in raised.value.errors[0]


def test_every_mistake_is_said_at_once() -> None:
    with pytest.raises(ConfigurationError) as raised:
        BearerAuth([], allow=[public("health")], realm="")
    assert len(raised.value.errors) == 3


def test_closing_what_has_nothing_open_does_nothing() -> None:
    auth().close()


def test_an_audit_sees_a_declaration_that_was_added_to_an_app() -> None:
    assert "scope orders:read" in explain(with_add_middleware(), "GET", "/orders/7")


def test_it_says_little_of_itself() -> None:
    assert repr(auth()) == "BearerAuth(2 rules, realm='api')"
