"""`audit`, `explain` and the OpenAPI description say what the middleware does: they all ask the same policy."""

import asyncio

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from asgi_bearer import BearerMiddleware, optional, protected, public
from asgi_bearer.allowlist.request_target import UNUSUAL_METHOD, RequestTarget
from asgi_bearer.audit.explanation import explain
from tests.agreement.asking import ask
from tests.agreement.targets import requests
from tests.tokens import NOW, issuer

ALLOW = [
    public("/health"),
    optional("/catalogue"),
    public("/static/{rest:path}"),
    public("/caf\u00e9"),
    public("/orders/help"),
    protected("/orders/{id:int}", scopes=["orders:write"]),
    protected("/admin/{rest:path}", roles=["admin"]),
    public("/login", methods=["POST"]),
]


def everything(_request: Request) -> Response:
    return PlainTextResponse("reached")


APP = BearerMiddleware(
    Starlette(routes=[Route("/{rest:path}", everything)]), issuers=issuer(), allow=ALLOW, clock=lambda: NOW
)


def without_a_token(method: str, path: str) -> str:
    """What `explain` says, with single spaces."""
    explained = explain(APP, method, path)
    lines = [line for line in explained.splitlines() if "without a token" in line or "two routers" in line]
    return " ".join(lines[0].split())


def test_explain_says_what_an_encoded_path_is_answered() -> None:
    assert without_a_token("GET", "/he%61lth").startswith("without a token 401")
    assert without_a_token("GET", "/health").startswith("without a token passed on")
    assert without_a_token("GET", "/caf\u00e9").startswith("without a token passed on")
    assert without_a_token("GET", "/static/%2561").startswith("two routers")


def test_explain_agrees_with_the_answer_to_thousands_of_odd_requests() -> None:
    """Those that a URL can say: without a root path, on one host, in ASCII."""
    asked = 0
    for request in requests(6000, seed=7):
        if request.root_path or request.host != b"www.example.com" or not request.target.isascii():
            continue
        if request.method == "WEBSOCKET":
            continue
        asked += 1
        status, _ = asyncio.run(ask(APP, request.scope(None)))
        said = without_a_token(request.method, request.target.decode())
        if "two routers" in said:
            assert status == 400, request
        elif "passed on" in said:
            assert status not in (400, 401), (request, said)
        else:
            assert status == 401, (request, said)
    assert asked > 2000


def test_openapi_says_what_the_policy_decides() -> None:
    paths = ["/health", "/orders/help", "/orders/{id}", "/admin/{name}", "/static/{name}", "/login", "/caf\u00e9", "/x"]
    document = {"openapi": "3.1.0", "paths": {path: {"get": {}, "post": {}} for path in paths}}
    described = APP.auth.describe(document)
    for path in paths:
        for method in ("get", "post"):
            asked = RequestTarget.of_path(path.replace("{id}", "7").replace("{name}", "x"), method.upper())
            is_public = APP.auth.policy.evaluate(asked).access.name == "PUBLIC"
            assert (described["paths"][path][method]["security"] == []) == is_public


def test_a_target_of_a_path_is_encoded_as_clients_do() -> None:
    assert RequestTarget.of_path("/caf\u00e9", "HEAD") == RequestTarget("/caf\u00e9", "/caf%C3%A9", "GET")
    assert RequestTarget.of_path("/a", "get").method == UNUSUAL_METHOD
