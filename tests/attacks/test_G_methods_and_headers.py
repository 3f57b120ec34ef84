"""Attacks by method, scope type and header: rows G1 to G14, in process."""

import asyncio
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from asgi_bearer import optional, protected, public
from tests.asgi import Recorder, bearer, call, challenge_of, get, guarded, http_scope, websocket_scope
from tests.tokens import sign

pytestmark = pytest.mark.anyio

ALLOW = [public("/health", methods=["GET"]), public("/open"), protected("/admin", methods=["GET"], roles=["admin"])]


@pytest.mark.parametrize("path", ["/", "/ws", "/health", "/open", "/admin", "/terminal/ws"])
async def test_G1_no_websocket_is_accepted_without_a_token(path: str) -> None:
    app = Recorder()
    middleware = guarded(app, ALLOW)
    offers: list[dict[str, Any]] = [{}, {"websocket.http.response": {}}]
    for extensions in offers:
        answer = await call(middleware, websocket_scope(path, extensions=extensions))
        assert answer.messages[0]["type"] in ("websocket.close", "websocket.http.response.start")
    assert not app.reached


@pytest.mark.parametrize("kind", ["email", "HTTP", "", "webtransport", "lifespan2"])
async def test_G1_an_unknown_scope_type_is_not_passed_on(kind: str) -> None:
    app = Recorder()
    with pytest.raises(ValueError):
        await call(guarded(app, ALLOW), {**http_scope("/health"), "type": kind})
    assert not app.reached


async def test_G2_R17_HEAD_is_decided_as_GET() -> None:
    app = Recorder()
    middleware = guarded(app, ALLOW)
    assert (await get(middleware, "/health", method="HEAD")).status == 200
    assert (await get(middleware, "/admin", method="HEAD")).status == 401
    assert (await get(middleware, "/admin", method="HEAD", token=sign())).status == 403
    assert (await get(middleware, "/other", method="HEAD")).body == b""
    assert len(app.scopes) == 1


async def test_G3_OPTIONS_is_not_free() -> None:
    preflight = [(b"origin", b"https://app.example"), (b"access-control-request-method", b"GET")]
    for path in ("/other", "/admin", "/health"):
        for headers in ([], preflight):
            app = Recorder()
            assert (await get(guarded(app, ALLOW), path, method="OPTIONS", headers=headers)).status == 401
            assert not app.reached


async def test_G3_OPTIONS_is_free_where_asked_for() -> None:
    app = Recorder()
    middleware = guarded(app, [public("/orders", methods=["OPTIONS"])])
    assert (await get(middleware, "/orders", method="OPTIONS")).status == 200
    assert (await get(middleware, "/orders", method="GET")).status == 401


@pytest.mark.parametrize("method", ["get", "GeT", "Get", "", "GET ", "post", "options", "head", "GETX", "PRI", "\x00"])
async def test_G4_R18_another_spelling_of_a_method_opens_nothing(method: str) -> None:
    app = Recorder()
    middleware = guarded(app, ALLOW)
    assert (await get(middleware, "/health", method=method)).status == 401
    assert (await get(middleware, "/admin", method=method)).status == 401
    assert not app.reached


@pytest.mark.parametrize("method", ["get", "GeT", "Get"])
async def test_G4_another_spelling_of_a_method_needs_the_same_role(method: str) -> None:
    """Some routers fold case, so a guard does too."""
    assert (await get(guarded(Recorder(), ALLOW), "/admin", method=method, token=sign())).status == 403


@pytest.mark.parametrize("name", [b"x-http-method-override", b"x-http-method", b"x-method-override"])
async def test_G5_an_override_of_the_method_opens_nothing(name: bytes) -> None:
    app = Recorder()
    middleware = guarded(app, ALLOW)
    assert (await get(middleware, "/health", method="POST", headers=[(name, b"GET")])).status == 401
    assert (await get(middleware, "/health", method="DELETE", query_string=b"_method=GET")).status == 401
    assert not app.reached


async def test_G6_R5_R15_two_Authorization_headers_are_never_one_of_them() -> None:
    good, bad = sign(), "x"
    several = challenge_of("invalid_request", "More than one Authorization header was sent")
    malformed = challenge_of("invalid_request", "The Authorization header is malformed")
    cases: list[tuple[Any, str]] = [
        ([bearer(good), bearer(bad)], several),
        ([bearer(bad), bearer(good)], several),
        ([bearer(good), bearer(good)], several),
        ([bearer(good), (b"authorization", b"Basic eA==")], several),
        ([bearer(f"{good},Bearer {good}")], malformed),
        ([bearer(f"{good}, {bad}")], malformed),
    ]
    for headers, challenge in cases:
        for scope in (
            http_scope(headers=headers),
            websocket_scope(headers=headers, extensions={"websocket.http.response": {}}),
        ):
            app = Recorder()
            answer = await call(guarded(app), scope)
            assert (answer.status, answer.challenge) == (400, challenge)
            assert not app.reached


def test_G7_R16_headers_that_come_later_are_not_seen() -> None:
    """A server may append trailers to its live list while the app runs."""
    live: list[tuple[bytes, bytes]] = [bearer(sign())]
    seen = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        live.append((b"x-user", b"root"))
        await asyncio.sleep(0)
        seen.extend(scope["headers"])

    asyncio.run(guarded(app)({**http_scope(), "headers": live}, None, None))  # type: ignore[arg-type]
    assert seen == live[:1]


@pytest.mark.parametrize(
    "name", [b"x-user", b"x_user", b"x-authenticated-user", b"x-forwarded-user", b"authorization_"]
)
async def test_G8_identity_headers_are_never_believed(name: bytes) -> None:
    app = Recorder()
    assert (await get(guarded(app), headers=[(name, b"root")])).status == 401
    await get(guarded(app), token=sign(), headers=[(name, b"root")])
    assert str(app.scopes[0]["user"]) == "suman"


async def test_G9_a_malformed_credential_is_refused_wherever_a_token_is_looked_at() -> None:
    middleware = guarded(Recorder(), [*ALLOW, optional("/maybe")])
    for value in (b"Bearer", b"Bearer ", b"", b"\xff", b"Bearer a b"):
        headers = [(b"authorization", value)]
        assert (await get(middleware, "/other", headers=headers)).status == 400
        assert (await get(middleware, "/maybe", headers=headers)).status == 400
        assert (await get(middleware, "/open", headers=headers)).status == 200  # public: not looked at


async def test_G10_an_optional_route_never_takes_a_failed_token() -> None:
    app = Recorder()
    assert (await get(guarded(app, [optional("/maybe")]), "/maybe", token=sign()[:-4] + "AAAA")).status == 401
    assert not app.reached


async def test_G11_unverified_claims_are_nowhere() -> None:
    """On a public route a token is not read, so nothing of it can be mistaken for a user."""
    app = Recorder()
    await get(guarded(app, [public("/open")]), "/open", token=sign()[:-4] + "AAAA")
    (scope,) = app.scopes
    assert str(scope["user"]) == ""
    assert dict(scope["user"].claims) == {}


@pytest.mark.parametrize("path", ["/healthz", "/xhealth", "/heaLth", "/vAB", "/v1x0"])
async def test_G12_a_path_is_never_a_regular_expression(path: str) -> None:
    app = Recorder()
    assert (await get(guarded(app, [public("/health"), public("/v1.0")]), path)).status == 401
    assert not app.reached


async def test_G13_refusals_are_printable_ASCII() -> None:
    for headers in ([bearer("\xe9\x00".encode("latin-1"))], [bearer(sign(kid="é\r\nx: y"))], []):
        answer = await get(guarded(Recorder()), headers=headers)
        for name, value in answer.messages[0]["headers"]:
            assert all(0x20 <= octet <= 0x7E for octet in name + value)


async def test_G14_a_websocket_without_a_method_is_decided() -> None:
    scope = websocket_scope("/admin", [bearer(sign())], extensions={"websocket.http.response": {}})
    assert "method" not in scope
    app = Recorder()
    assert (await call(guarded(app, [protected("/admin", roles=["admin"])]), scope)).status == 403
    assert not app.reached


async def test_G14_a_request_with_the_method_WEBSOCKET_is_no_websocket() -> None:
    """Anybody can send such a line, and an endpoint for any method would answer it."""
    app = Recorder()
    guarded_app = guarded(app, [public("/feed", methods=["WEBSOCKET"])])
    assert (await get(guarded_app, "/feed", method="WEBSOCKET")).status == 401
    assert not app.reached
    await call(guarded_app, websocket_scope("/feed"))
    assert app.reached
