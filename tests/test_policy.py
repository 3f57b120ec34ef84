"""Match: the allowlist's semantics as a table."""

from typing import Any

import pytest

from asgi_bearer import AmbiguousPath, Rule, optional, protected, public
from asgi_bearer.policy import Policy
from asgi_bearer.rules import Access
from asgi_bearer.targets import with_root_path_settled
from tests.asgi import http_scope, websocket_scope

RULES = [
    public("/health"),
    public("/login", methods=["POST"]),
    public("/feed", methods=["GET", "WEBSOCKET"]),
    optional("/catalogue"),
    public("/static/{rest:path}"),
    protected("/static/private/{rest:path}", scopes=["private"]),
    protected("/orders/{order_id:int}", methods=["GET"], scopes=["orders:read"]),
    protected("/orders/{name}", roles=["clerk"]),
    protected("/orders/{name}", methods=["DELETE"], scopes=["orders:write"], roles=["boss", "owner"]),
    public("/orders/help"),
    protected("/admin/{rest:path}", roles=["admin"]),
]


def decide(method: str, path: str, rules: list[Rule] | None = None, **members: Any) -> Rule:
    scope = websocket_scope(path, **members) if method == "WEBSOCKET" else http_scope(path, method, **members)
    return Policy(RULES if rules is None else rules, "authenticated").match(with_root_path_settled(scope))


def said(rule: Rule) -> str:
    words = [rule.access.name.lower(), *sorted(rule.scopes), *("|".join(sorted(any_of)) for any_of in rule.roles)]
    return " ".join(words)


@pytest.mark.parametrize(
    ("method", "path", "decision"),
    [
        ("GET", "/health", "public"),
        ("POST", "/health", "public"),
        ("GET", "/health/", "protected"),
        ("GET", "/Health", "protected"),
        ("GET", "/healthy", "protected"),
        ("GET", "/", "protected"),
        ("WEBSOCKET", "/health", "protected"),  # a public rule opens HTTP only
        ("POST", "/login", "public"),
        ("GET", "/login", "protected"),
        ("post", "/login", "protected"),  # R18: methods are case-sensitive
        ("GET", "/feed", "public"),
        ("WEBSOCKET", "/feed", "public"),
        ("POST", "/feed", "protected"),
        ("GET", "/catalogue", "optional"),
        ("WEBSOCKET", "/catalogue", "protected"),
        ("GET", "/static/a/b.css", "public"),
        ("GET", "/static/", "protected"),  # which some routers take for /static
        ("GET", "/static", "protected"),
        ("GET", "/static/private/a", "protected private"),  # the strictest of two patterns
        ("GET", "/orders/7", "protected orders:read clerk"),  # two patterns, both hold
        ("HEAD", "/orders/7", "protected orders:read clerk"),  # R17: HEAD is GET
        ("POST", "/orders/7", "protected clerk"),
        ("DELETE", "/orders/7", "protected orders:write clerk boss|owner"),
        ("delete", "/orders/7", "protected orders:write clerk boss|owner"),  # a guard also holds for other spellings
        ("WEBSOCKET", "/orders/7", "protected clerk"),  # a guard without methods holds for websockets
        ("GET", "/orders/help", "public"),  # a literal path goes before a pattern
        ("GET", "/orders/7/lines", "protected"),
        ("GET", "/admin/users", "protected admin"),
        ("OPTIONS", "/admin/users", "protected admin"),
        ("GET", "/admin", "protected admin"),  # some routers take the slash at the end for nothing
        ("GET", "/ADMIN/users", "protected admin"),  # and some ignore case
        ("GET", "/orders/7/", "protected orders:read clerk"),
        ("GET", "/orders/+7", "protected orders:read clerk"),  # some read numbers as Python does
        ("GET", "/orders/\u0667", "protected orders:read clerk"),
        ("", "/admin/users", "protected admin"),
    ],
)
def test_a_rule_decides(method: str, path: str, decision: str) -> None:
    assert said(decide(method, path)) == decision


def test_unlisted_routes_are_denied_where_so_configured() -> None:
    policy = Policy([public("/health")], "denied")
    assert policy.match(http_scope("/health")).access is Access.PUBLIC
    assert policy.match(http_scope("/other")).access is Access.DENIED


@pytest.mark.parametrize(
    ("path", "root_path", "decision"),
    [
        pytest.param("/api/health", "/api", "public", id="below a root path"),
        pytest.param("/health", "/api", "public", id="a server that leaves the root path away"),
        pytest.param("/static/admin/users", "/static", "protected admin", id="F19 a root path that the client chose"),
        pytest.param("/other/health", "/", "protected", id="a root path that is no more than a slash"),
        pytest.param("/api/api/health", "/api", "protected", id="a root path is taken off once"),
    ],
)
def test_the_path_is_what_the_router_uses(path: str, root_path: str, decision: str) -> None:
    assert said(decide("GET", path, root_path=root_path)) == decision


@pytest.mark.parametrize(
    "path",
    [
        "",
        "*",
        "health",
        "http://localhost/health",
        "//health",
        "/static//x",
        "/static/../health",
        "/static/..",
        "/./health",
        "/.",
        "/static/..\\x",
        "/health;x=1",
        "/health\n",
        "/health\r",
        "/health\x00",
        "/health\x7f",
        "/health\x85",
        "/health\u2028",
        "/health\ufffd",
        "/health" + chr(0xDCFF),
    ],
)
def test_a_path_with_two_readings_is_refused(path: str) -> None:
    with pytest.raises(AmbiguousPath):
        decide("GET", path)


@pytest.mark.parametrize("raw_path", [b"/static%2fx", b"/static%2Fx"])
def test_an_encoded_slash_is_refused(raw_path: bytes) -> None:
    with pytest.raises(AmbiguousPath):
        decide("GET", "/static/x", raw_path=raw_path)


def test_a_path_that_is_all_root_path_is_refused() -> None:
    with pytest.raises(AmbiguousPath):
        decide("GET", "/api", root_path="/api")


@pytest.mark.parametrize("raw_path", [None, b"", b"/health"])
def test_raw_path_is_not_needed_and_never_matched(raw_path: bytes | None) -> None:
    assert said(decide("GET", "/admin/x", raw_path=raw_path)) == "protected admin"


@pytest.mark.parametrize("path", ["/...", "/.well-known/x", "/a..b", "/..a", "/a/b/", "/ä", "/%2f", "/a b", "/a:b@c,d"])
def test_an_unusual_path_is_not_an_ambiguous_one(path: str) -> None:
    assert said(decide("GET", path)) == "protected"


def test_a_name_alone_is_one_name() -> None:
    assert protected("/x", "GET", "read", "admin") == protected("/x", ["GET"], ["read"], ["admin"])


def test_the_constructors_say_what_they_were_given() -> None:
    assert public("/a", ["GET"]) == Rule("/a", frozenset({"GET"}), Access.PUBLIC)
    assert optional("/a", ["GET"]) == Rule("/a", frozenset({"GET"}), Access.OPTIONAL)
    assert optional("/a").methods is None
    full = protected("/a", ["GET"], scopes=["s", "t"], roles=["r", "q"])
    assert full == Rule("/a", frozenset({"GET"}), Access.PROTECTED, frozenset({"s", "t"}), (frozenset({"r", "q"}),))
    assert protected("/a") == Rule("/a", None, Access.PROTECTED, frozenset(), ())


def test_HEAD_is_GET_where_a_rule_lists_it() -> None:
    assert said(decide("HEAD", "/a", [public("/a", ["GET"])])) == "public"
    assert said(decide("HEAD", "/a", [public("/a", ["POST"])])) == "protected"


def test_the_unlisted_rule_is_no_path() -> None:
    assert decide("GET", "/nowhere") == Rule("", None, Access.PROTECTED)
