"""Match: the allowlist's semantics as a table, its compilation, and what is wrong with a list of rules."""

from typing import Any

import pytest

from asgi_bearer import AmbiguousPath, Rule, optional, protected, public
from asgi_bearer.policy import Access, Policy, rule_faults
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
    return Policy(RULES if rules is None else rules, "authenticated").match(scope)


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
        ("GET", "/static/", "public"),
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
        ("GET", "/admin", "protected"),
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
        pytest.param("/apihealth", "/api", "protected", id="only whole segments"),
        pytest.param("/static/admin/users", "/static", "protected admin", id="F19 a root path that the client chose"),
        pytest.param("/api/health", "/api/", "protected", id="a root path with a slash behind is none"),
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


# What is wrong with a list of rules.


def test_every_fault_of_a_rule_is_named_in_order() -> None:
    rule = protected("/a", methods=["get", 7, "HEAD"], scopes=["a b", 7])  # type: ignore[list-item]
    assert list(rule_faults([rule])) == [
        f"{rule}: method 7 never matches; write '7'",
        f"{rule}: method 'HEAD' never matches; write GET, which decides HEAD too",
        f"{rule}: method 'get' never matches; write 'GET'",
        f"{rule}: 7 is not one scope (RFC 6749 section 3.3); write scopes=['7']",
        f"{rule}: 'a b' is not one scope (RFC 6749 section 3.3); write scopes=['a', 'b']",
    ]


def test_the_whole_sentence_of_an_impossible_path() -> None:
    assert list(rule_faults([public("/a//b")])) == [
        (
            "public('/a//b'): no request can have this path; write it decoded, with single slashes, "
            "without query, dot segments, semicolons or backslashes"
        )
    ]


def test_each_superfluous_rule_is_named() -> None:
    faults = list(rule_faults([public("/a/{x}"), public("/b/{x}"), protected("/a/{x}"), protected("/b/{x}")]))
    assert [fault.partition(" can never")[0] for fault in faults] == ["public('/a/{x}')", "public('/b/{x}')"]


@pytest.mark.parametrize(
    ("rule", "fault"),
    [
        (public("health"), "must start with a slash"),
        (public(""), "must start with a slash"),
        (public("*"), "must start with a slash"),
        (public("{rest:path}"), "must start with a slash"),
        (public(7), "must start with a slash"),  # type: ignore[arg-type]
        (public("/static/*"), "write {rest:path}"),
        (public("/static/{rest"), "a parameter is written {name}"),
        (public("/static/{rest:}"), "a parameter is written {name}"),
        (public("/static/rest}"), "a parameter is written {name}"),
        (public("/static/{x}{"), "a parameter is written {name}"),
        (public("/{a:path}/x/{b:path}"), "opens everything"),
        (public("/static/{rest:glob}"), "Unknown path convertor 'glob'"),
        (public("/{a}/{a}"), "Duplicated param name"),
        (public("/{rest:path}"), "opens everything"),
        (public("/{any:path}.css"), "opens everything"),
        (public("/{a}/{rest:path}"), "opens everything"),
        (optional("/{rest:path}"), "opens everything"),
        (public("//health"), "no request can have this path"),
        (public("/a/../b"), "no request can have this path"),
        (public("/a;b"), "no request can have this path"),
        (public("/a?b"), "no request can have this path"),
        (public("/a#b"), "no request can have this path"),
        (public("/a%20b"), "write it decoded"),
        (public("/a", methods=["get"]), "write 'GET'"),
        (public("/a", methods=["HEAD"]), "write GET, which decides HEAD too"),
        (public("/a", methods=["G T"]), "never matches"),
        (public("/a", methods=[]), "matches nothing"),
        (protected("/a", scopes=["read write"]), "write scopes=['read', 'write']"),
        (protected("/a", scopes=[""]), "is not one scope"),
        (protected("/a", scopes=['"']), "is not one scope"),
        (protected("/a", scopes=[1]), "is not one scope"),  # type: ignore[list-item]
        (protected("/a", methods=[1]), "never matches"),  # type: ignore[list-item]
        (protected("/a", roles=[""]), "roles must be non-empty strings"),
        ("/health", "is not a rule"),
    ],
    ids=str,
)
def test_a_faulty_rule_is_named(rule: object, fault: str) -> None:
    (said,) = rule_faults([rule])
    assert fault in said


@pytest.mark.parametrize(
    "rule",
    [
        public("/"),
        public("/static/{rest:path}"),
        public("/v{version}/{rest:path}"),
        public("/{page}"),
        protected("/{rest:path}", roles=["staff"]),
        public("/a", methods=["GET", "M-SEARCH"]),
        public("/a/X/b"),
        public("/XXXX/{x}"),
    ],
    ids=str,
)
def test_a_sound_rule_has_no_faults(rule: Rule) -> None:
    assert list(rule_faults([rule])) == []


@pytest.mark.parametrize(
    ("rules", "superfluous"),
    [
        pytest.param([public("/a"), public("/a")], "public('/a')", id="the same twice"),
        pytest.param([public("/a"), protected("/a")], "public('/a')", id="a stricter one for the same path"),
        pytest.param([public("/a"), optional("/a")], "public('/a')", id="optional beats public"),
        pytest.param(
            [protected("/a", ["GET"]), protected("/a")], "protected('/a', methods=['GET'])", id="fewer methods"
        ),
        pytest.param([public("/a/{x:int}"), protected("/a/{y}")], "public('/a/{x:int}')", id="a wider pattern"),
        pytest.param([public("/a/{x}"), protected("/{r:path}")], "public('/a/{x}')", id="a stricter rest"),
        pytest.param([public("/a/{x}/c"), protected("/a/{r:path}")], "public('/a/{x}/c')", id="a stricter rest below"),
        pytest.param([public("/a/{x:int}"), protected("/{y}/{z}")], "public('/a/{x:int}')", id="a short segment"),
        pytest.param([public("/a/{x}"), public("/a/{y}")], "public('/a/{y}')", id="other names of parameters"),
        pytest.param(
            [protected("/a", scopes=["r"]), protected("/a", scopes=["r", "w"])], "protected('/a')", id="fewer scopes"
        ),
    ],
)
def test_a_rule_that_never_decides_is_named(rules: list[Rule], superfluous: str) -> None:
    (fault,) = rule_faults(rules)
    assert fault.startswith(f"{superfluous} can never decide a request, because ")


@pytest.mark.parametrize(
    "rules",
    [
        pytest.param(RULES, id="the list above"),
        pytest.param([public("/a", ["GET"]), protected("/a", ["POST"])], id="other methods"),
        pytest.param([public("/a"), protected("/a", ["POST"])], id="one method guarded"),
        pytest.param([public("/a"), public("/a", ["WEBSOCKET"])], id="HTTP and websocket"),
        pytest.param([public("/a/b"), protected("/a/{x}")], id="a literal path out of a pattern"),
        pytest.param([public("/a/{x}"), protected("/a/{x:int}")], id="a narrower guard"),
        pytest.param([protected("/a", scopes=["r"]), protected("/a", scopes=["w"])], id="both scopes hold"),
        pytest.param([protected("/a", roles=["r"]), protected("/a", roles=["w"])], id="both roles hold"),
        pytest.param([public("/a/{x:path}"), protected("/a/{x}")], id="one segment guarded"),
        pytest.param([public("/a/{x}"), protected("/b/{x:path}")], id="elsewhere"),
        pytest.param([public("/{y}/"), protected("/{y}/{x}")], id="an empty segment"),
        pytest.param([public("/a/{x}/"), protected("/a/{x}")], id="a slash behind"),
    ],
)
def test_rules_that_stand_beside_each_other(rules: list[Rule]) -> None:
    assert list(rule_faults(rules)) == []
