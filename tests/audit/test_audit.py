"""What is found in an app and what is said of it."""

import asyncio
from typing import Any

import pytest
from starlette.applications import Starlette

from asgi_bearer.audit.decisions import audit
from asgi_bearer.audit.explanation import explain
from asgi_bearer.audit.routes import ANY_METHOD
from tests.agreement.asking import ask
from tests.agreement.targets import Request
from tests.audit import sites


def said(app: object) -> list[str]:
    """Each route as one line."""
    lines = []
    for one in audit(app).routes:
        route = one.route
        kind = f" [{route.opaque}]" if route.opaque else ""
        lines.append(f"{route.method} {route.host}{route.path}{kind}: {one.decision.demands}")
        lines += [f"  {exception.host}{exception.path}: {exception.demands}" for exception in one.exceptions]
    return lines


def test_every_route_of_a_tree_is_found_and_decided() -> None:
    assert said(sites.site) == [
        "GET admin.example.com/health: role admin or owner",
        "GET {tenant}.example.org/home: public",
        "GET /health: public",
        "POST /login: public",
        "GET /catalogue: optional",
        "  shop.example.net/catalogue: public",
        "DELETE /orders/{name}: scope orders:read",  # routers differ in what they take for an int
        "  /orders/help: public",
        "GET /orders/{name}: scope orders:read",
        "  /orders/help: public",
        "GET /thing: authenticated",
        "DELETE /thing: role admin",
        "* /whatever: public",
        "GET /parts/{part:uuid}/{weight:float}: scope parts",
        "WEBSOCKET /feed: authenticated",
        "GET /inner/{tenant}/health: authenticated",
        "GET /inner/{tenant}/secret: scope inner",
        "* /static/{rest:path} [static files]: authenticated",
        "* /litestar/{rest:path} [Litestar]: authenticated",
        "* /{rest:path} [Unknown]: authenticated",
        "  /health: public",  # with methods that the route above does not take
        "  /login: public",
        "  /catalogue: optional",
        "  /orders/help: public",
        "  /orders/7: scope orders:read",
        "  shop.example.net/catalogue: public",
        "  /parts/anything/7: scope parts",
        "  /nowhere: public",
        "  /login/any/path: public",
    ]


def test_rules_that_no_route_fits_are_named() -> None:
    assert audit(sites.closed()).unmatched == ()
    assert audit(sites.included()).unmatched == ()
    assert audit(sites.stale).unmatched == ("public('/gone')",)


def test_what_is_not_listed_is_denied_where_so_configured() -> None:
    assert said(sites.closed()) == ["GET /health: public", "GET /other: denied"]


def test_a_route_beside_the_middleware_is_unguarded() -> None:
    assert said(sites.beside()) == ["GET /guarded/a: authenticated", "GET /open: unguarded"]


def test_routers_in_routers_are_seen_into() -> None:
    assert said(sites.included()) == [
        "GET /v1/orders/{order}: scope v1",
        "PUT /v1/orders/{order}/lines/{line}: scope v1",
        "WEBSOCKET /v1/orders/{order}/lines/feed: scope v1",
        "GET /mounted/x: authenticated",
    ]


GOOD = "with a good token  passed on to the app, as its subject"


@pytest.mark.parametrize(
    ("request_line", "lines"),
    [
        (
            "GET /health",
            ["public('/health')", "a literal path goes before", "passed on, as nobody: no token is looked"],
        ),
        (
            "GET /orders/7",
            ["/orders/{name}", "this pattern covers the path", "scope orders:read", 'scope="orders:read"', GOOD],
        ),
        ("HEAD /profile", ["/{rest:path}", "no rule: it is unlisted", 'realm="site"', '401 {"detail": "Not auth']),
        ("DELETE /thing", ["protected('/thing', methods=['DELETE'])", "missing role", "403"]),
        ("GET /catalogue", ["optional", "without a token    passed on to the app, as nobody", GOOD]),
        ("GET /elsewhere", ["/{rest:path} (Unknown, not seen into)", "authenticated"]),
        ("PATCH /health/../admin", ["two routers could read this path differently", "400"]),
        ("GET /orders/a%2Fb", ["two routers could read this path differently"]),
        ("GET /orders/%37?x=/../y", ["/orders/{name}", "scope orders:read"]),
        ("GET /inner/a/secret", ["scope inner", "protected('/secret')"]),
    ],
)
def test_a_request_is_explained(request_line: str, lines: list[str]) -> None:
    method, path = request_line.split()
    explanation = explain(sites.site, method, path)
    assert explanation.startswith(request_line)
    for line in lines:
        assert line in explanation


def test_a_request_for_another_host_is_explained() -> None:
    assert "role admin or owner" in explain(sites.site, "GET", "/health", "admin.example.com")


def test_explanations_of_what_is_denied_unguarded_or_nowhere() -> None:
    assert "with any token   403" in explain(sites.closed(), "GET", "/other")
    assert "there is no middleware in front" in explain(sites.beside(), "GET", "/open")
    assert "none: the app answers whom it lets in" in explain(sites.closed(), "GET", "/nowhere")
    assert "several rules cover the path" in explain(sites.several(), "GET", "/a/b")
    assert "UNGUARDED" not in explain(Starlette(), "GET", "/a")


@pytest.mark.parametrize("app", [sites.site, sites.closed(), sites.included(), sites.beside(), sites.several()])
def test_what_an_audit_says_is_what_is_answered(app: Any) -> None:
    """Anybody is refused just where a token is said to be needed."""
    for one in audit(app).routes:
        for decision in (one.decision, *one.exceptions):
            if one.route.method != ANY_METHOD:
                request = Request(decision.path.encode(), one.route.method, host=decision.host.encode())
                status, _ = asyncio.run(ask(app, request.scope(None)))
                assert (status == 401) != decision.is_open, (request, status, decision)
