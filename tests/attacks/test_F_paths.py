"""Attacks on the allowlist by path: rows F1 to F25, in process, in front of Starlette's router."""

import sys
from types import ModuleType
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Host, Mount, Route, WebSocketRoute
from starlette.websockets import WebSocket

from asgi_bearer import BearerMiddleware, ConfigurationError, Rule, optional, protected, public
from tests.asgi import Recorder, bearer, call, get, guarded, http_scope, websocket_scope
from tests.tokens import sign

pytestmark = pytest.mark.anyio


def open_to_all(name: str) -> Any:
    def endpoint(request: Request) -> Response:
        return PlainTextResponse(name)

    return endpoint


async def socket(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.close()


APP = Starlette(
    routes=[
        Host("admin.example.com", Starlette(routes=[Route("/health", open_to_all("SECRET"))])),
        Route("/health", open_to_all("PUBLIC")),
        Route("/public", open_to_all("PUBLIC")),
        Route("/public/{rest:path}", open_to_all("PUBLIC")),
        Route("/admin", open_to_all("SECRET"), methods=["GET", "POST"]),
        Route("/HEALTH", open_to_all("SECRET")),
        Route("/items/{id}", open_to_all("SECRET")),
        Route("/user/x.css", open_to_all("SECRET")),
        WebSocketRoute("/ws", socket),
        WebSocketRoute("/health", socket),
        Mount("/mnt", routes=[Route("/admin", open_to_all("SECRET")), Route("/health", open_to_all("SECRET"))]),
    ]
)
ALLOW = [public("/health"), public("/public"), public("/public/{rest:path}")]


async def leaks(path: str, **members: Any) -> bool:
    """Whether an anonymous request reaches something that is not public."""
    answer = await get(guarded(APP, ALLOW), path, **members)
    assert answer.status in (200, 400, 401, 404, 405)
    return answer.status != 400 and b"SECRET" in answer.body


@pytest.mark.parametrize(
    "host", ["h/health?x=", "h/health#", "h?", "h#", "[::1", "h/public/", "evil@h", "h\\health", "", "h:80/health?"]
)
async def test_F1_the_Host_header_decides_nothing(host: str) -> None:
    assert not await leaks("/admin", headers=[(b"host", host.encode())])
    answer = await get(guarded(APP, ALLOW), "/health", headers=[(b"host", host.encode())])
    assert answer.body == b"PUBLIC"


async def test_F1_the_harness_bites() -> None:
    """The control: a check on `request.url.path` with a URL built from Host, as the published fault had it."""

    async def naive(scope: Any, receive: Any, send: Any) -> None:
        host = dict(scope["headers"]).get(b"host", b"").decode()
        path = "/" + f"{host}{scope['path']}".partition("/")[2].partition("?")[0]
        if path == "/health":
            await APP(scope, receive, send)

    answer = await get(naive, "/admin", headers=[(b"host", b"h/health?x=")])
    assert answer.body == b"SECRET"


FORWARDING = [
    "x-forwarded-uri",
    "x-forwarded-prefix",
    "x-forwarded-path",
    "x-original-url",
    "x-rewrite-url",
    "forwarded",
]


@pytest.mark.parametrize("name", [*FORWARDING, "x-forwarded-host", "x-script-name", "script_name"])
async def test_F2_forwarding_headers_decide_nothing(name: str) -> None:
    for value in (b"/health", b"/public/x", b"http://h/health"):
        assert not await leaks("/admin", headers=[(name.encode(), value)])


@pytest.mark.parametrize("path", ["/admin#/public", "/admin#", "/public#/../admin", "/health#/admin"])
async def test_F3_a_fragment_decides_nothing(path: str) -> None:
    assert not await leaks(path)


@pytest.mark.parametrize("query", [b"/public", b"x=/health", b"/health", b"path=/public/x"])
async def test_F4_a_query_decides_nothing(query: bytes) -> None:
    assert not await leaks("/admin", query_string=query)
    assert not await leaks(f"/admin?{query.decode()}")


@pytest.mark.parametrize("agent", ["GoogleHC/1.0", "kube-probe/1.30", "ELB-HealthChecker/2.0"])
async def test_F5_a_user_agent_decides_nothing(agent: str) -> None:
    assert not await leaks("/admin", headers=[(b"user-agent", agent.encode())])


INTERNAL = [
    "x-middleware-subrequest", "x-internal", "x-user", "x-remote-user", "remote-user", "x-auth", "x-api-key",
    "x-forwarded-user", "x-forwarded-email", "x-auth-request-user", "x-real-ip", "x-forwarded-for", "via", "te",
    "connection", "upgrade", "x-debug", "x-test", "cookie", "proxy-authorization", "x-authorization", "x-token",
    "authorization2", "_authorization", "authorization_", "x-access-token", "x-jwt-assertion", "x-envoy-internal",
]  # fmt: skip


async def test_F6_no_header_skips_the_middleware() -> None:
    names = (
        INTERNAL + [f"{prefix}-{name}" for prefix in ("x", "x-original", "x-http") for name in INTERNAL] + FORWARDING
    )
    names += [f"sec-{name}" for name in INTERNAL] + [f"x-{number}" for number in range(60)]
    assert len(names) >= 200
    for name in names:
        for value in (b"1", b"middleware:middleware:middleware", b"Bearer " + sign().encode()):
            assert not await leaks("/admin", headers=[(name.encode(), value)])


@pytest.mark.parametrize(
    "path",
    ["/public/../admin", "/public/..", "/public/./x", "/public/..;/admin", "/public\\..\\admin", "/public../admin"],
)
async def test_F7_F24_dot_segments_open_nothing(path: str) -> None:
    app = Recorder()
    assert (await get(guarded(app, ALLOW), path)).status in (400, 401)
    assert not app.reached


@pytest.mark.parametrize("path", ["//admin", "///admin", "//public/x", "/public//admin", "/admin//", "//health"])
async def test_F8_empty_segments_open_nothing(path: str) -> None:
    app = Recorder()
    assert (await get(guarded(app, ALLOW), path)).status == 400
    assert not app.reached


@pytest.mark.parametrize("raw", [b"/public%2f..%2fadmin", b"/public/a%2Fb", b"/items/a%2fb"])
async def test_F9_an_encoded_slash_opens_nothing(raw: bytes) -> None:
    app = Recorder()
    assert (await get(guarded(app, ALLOW), unquote_to_bytes(raw).decode(), raw_path=raw)).status == 400
    assert not app.reached


async def test_F9_a_path_is_decoded_once() -> None:
    assert not await leaks("/%61dmin", raw_path=b"/%2561dmin")
    assert (await get(guarded(APP, ALLOW), "/public/%2f", raw_path=b"/public/%252f")).status == 400


async def test_F10_case_is_not_folded() -> None:
    assert not await leaks("/HEALTH")
    assert not await leaks("/Health")


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\u2028", "\u2029", "\x85", "\x00"])
async def test_F11_a_line_end_opens_nothing(end: str) -> None:
    for path in (f"/admin{end}", f"/public{end}", f"/public/{end}x", f"/items/a{end}b"):
        app = Recorder()
        assert (await get(guarded(app, ALLOW), path)).status == 400
        assert not app.reached


@pytest.mark.parametrize("path", ["", "*", "**", "health", "public/{rest:path}"])
def test_F12_a_pattern_starts_with_a_slash(path: str) -> None:
    for rule in (public(path), optional(path), protected(path, roles=["x"])):
        with pytest.raises(ConfigurationError, match="must start with a slash"):
            guarded(APP, [rule])


@pytest.mark.parametrize("path", ["/admin/", "/admin ", "/admin\t", "/health/", "/health ", " /health"])
async def test_F13_white_space_and_trailing_slashes_open_nothing(path: str) -> None:
    app = Recorder()
    assert (await get(guarded(app, ALLOW), path)).status in (400, 401)
    assert not app.reached


@pytest.mark.parametrize("path", ["/public;x=1", "/admin;/public", "/public;/../admin", "/health;", "/public/x;y"])
async def test_F14_path_parameters_open_nothing(path: str) -> None:
    app = Recorder()
    assert (await get(guarded(app, ALLOW), path)).status == 400
    assert not app.reached


@pytest.mark.parametrize("path", ["", "admin", "health", "*", "h:80", "http://h/health", "http://h/admin"])
async def test_F16_a_path_without_a_slash_opens_nothing(path: str) -> None:
    app = Recorder()
    assert (await get(guarded(app, ALLOW), path, raw_path=path.encode())).status == 400
    assert not app.reached


@pytest.mark.parametrize("raw", [b"/health", b"/public/x", b"", b"/%68ealth"])
async def test_F17_the_raw_path_decides_nothing(raw: bytes) -> None:
    assert not await leaks("/admin", raw_path=raw)


async def test_F18_a_suffix_opens_nothing() -> None:
    assert not await leaks("/user/x.css")
    with pytest.raises(ConfigurationError, match="opens everything"):
        guarded(APP, [public("/{any:path}.css")])


async def test_F19_a_root_path_that_the_client_chose_opens_nothing() -> None:
    assert not await leaks("/public/admin", root_path="/public")
    assert not await leaks("/health/admin", root_path="/health")


async def test_F19_a_root_path_is_rejected_under_a_server_that_lets_the_client_choose_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "daphne.server", ModuleType("daphne.server"))
    app = guarded(APP, ALLOW)
    assert (await get(app, "/health", root_path="/api")).status == 400
    assert (await get(app, "/health")).body == b"PUBLIC"
    assert (await get(guarded(APP, ALLOW, root_path="/api"), "/health", root_path="/api")).body == b"PUBLIC"


async def test_F19_a_configured_root_path_is_the_only_one() -> None:
    app = guarded(APP, ALLOW, root_path="/api")
    for root_path, status in (("/api", 200), ("/api/", 200), ("", 200), ("/public", 400), ("/api/v1", 400)):
        assert (await get(app, "/health", root_path=root_path)).status == status


@pytest.mark.parametrize("root_path", ["api", "/api/", "/a b", "/", 7, "/caf\u00e9"])
def test_F19_a_root_path_is_written_as_servers_take_it(root_path: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^1 error in the configuration:\n  - root_path must be such as"):
        guarded(APP, ALLOW, root_path=root_path)


@pytest.mark.parametrize(("path", "root_path"), [("/api/health", "/api"), ("/health", "/api"), ("/health", "")])
async def test_F20_servers_with_and_without_the_root_path_in_the_path(path: str, root_path: str) -> None:
    assert (await get(guarded(APP, ALLOW), path, root_path=root_path)).body == b"PUBLIC"
    assert not await leaks(path.replace("health", "admin"), root_path=root_path)


async def test_F22_rules_are_relative_to_the_app_that_is_wrapped() -> None:
    """The same guarded app at the top and below a mount: its rules are written as its routes are."""
    guarded_app = guarded(Starlette(routes=[Route("/health", open_to_all("PUBLIC"))]), [public("/health")])
    outer = Starlette(routes=[Mount("/mnt", app=guarded_app)])
    assert (await get(guarded_app, "/health")).body == b"PUBLIC"
    assert (await get(outer, "/mnt/health")).body == b"PUBLIC"
    assert (await get(outer, "/mnt/other")).status == 401
    assert not await leaks("/mnt/health")


@pytest.mark.parametrize("tenant", ["a", "%C3%A4", "a%20b", "a%2Bb", "%61", "..%20"])
async def test_F22_a_mount_with_a_parameter_may_have_any_text_there(tenant: str) -> None:
    """Below a mount, the root path holds what the client sent; Starlette takes it off before the guarded app reads."""
    inner = Starlette(routes=[Route("/health", open_to_all("PUBLIC")), Route("/{other}", open_to_all("SECRET"))])
    outer = Starlette(routes=[Mount("/of/{tenant}", app=guarded(inner, [public("/health"), public("/{x}/y")]))])
    for below, body in (("health", b"PUBLIC"), ("other", None), ("%68ealth", None)):
        raw = f"/of/{tenant}/{below}".encode()
        answer = await get(outer, unquote_to_bytes(raw).decode(), raw_path=raw)
        assert answer.body == body if body else answer.status == 401


async def test_F23_an_inner_middleware_never_weakens_an_outer_one() -> None:
    app = Recorder()
    inner = guarded(app, [public("/admin")])
    outer = guarded(inner, [protected("/admin", roles=["admin"])])
    assert (await get(outer, "/admin")).status == 401
    assert (await get(outer, "/admin", token=sign())).status == 403
    assert not app.reached


@pytest.mark.parametrize("rule", [public("/{rest:path}"), optional("/{rest:path}"), public("")], ids=str)
def test_F25_nothing_opens_everything(rule: Rule) -> None:
    with pytest.raises(ConfigurationError):
        guarded(APP, [rule])


async def test_a_socket_on_a_public_path_is_not_public() -> None:
    answer = await call(guarded(APP, ALLOW), websocket_scope("/health"))
    assert [message["type"] for message in answer.messages] == ["websocket.close"]


async def test_a_good_token_reaches_everything_that_has_one_reading() -> None:
    middleware: BearerMiddleware = guarded(APP, ALLOW)
    for path in ("/admin", "/HEALTH", "/items/7", "/mnt/admin", "/user/x.css"):
        answer = await call(middleware, http_scope(path, headers=[bearer(sign())]))
        assert answer.body == b"SECRET"
