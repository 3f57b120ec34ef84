"""Match: the allowlist's semantics as a table."""

import re
import sys
from collections import Counter
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from starlette.convertors import Convertor, register_url_convertor
from starlette.routing import Match, Mount, Route, compile_path

from asgi_bearer import Rule, optional, protected, public
from asgi_bearer.allowlist.index import RuleIndex
from asgi_bearer.allowlist.matching import CompiledRule
from asgi_bearer.allowlist.path_pattern import MAX_DIVIDED, Segment, read_pattern
from asgi_bearer.allowlist.policy import Policy
from asgi_bearer.allowlist.request_target import RequestTarget, fold_path, normalize_root_path, route_path
from asgi_bearer.allowlist.requirement import Requirement
from asgi_bearer.allowlist.rules import Access
from asgi_bearer.errors import AmbiguousHost, AmbiguousPath
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


def decide(method: str, path: str, rules: list[Rule] | None = None, **members: Any) -> Requirement:
    scope = websocket_scope(path, **members) if method == "WEBSOCKET" else http_scope(path, method, **members)
    return Policy(RULES if rules is None else rules, "authenticated").requirement(normalize_root_path(scope, trust))


def trust(_root_path: str) -> bool:
    return True


def said(rule: Requirement) -> str:
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
        ("delete", "/orders/7", "protected orders:read orders:write clerk boss|owner"),  # it may be any method
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
    assert policy.requirement(http_scope("/health")).access is Access.PUBLIC
    assert policy.requirement(http_scope("/other")).access is Access.DENIED


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
        "/static/%61",  # encoded twice
        "/static/%2fx",
        "/%252e%252e/x",
    ],
)
def test_a_path_with_two_readings_is_refused(path: str) -> None:
    with pytest.raises(AmbiguousPath):
        decide("GET", path)


@pytest.mark.parametrize(
    "raw_path",
    [b"/static%2fx", b"/static%2Fx", b"/static/x#y", b"http://h/static/x", b"static/x", b"/static/\xc3\xa9", b"/\xff"],
)
def test_a_raw_path_with_two_readings_is_refused(raw_path: bytes) -> None:
    with pytest.raises(AmbiguousPath):
        decide("GET", "/static/x", raw_path=raw_path)


@pytest.mark.parametrize(
    ("path", "root_path"),
    [
        pytest.param("/api", "/api", id="all of the path"),
        pytest.param("/health", "api", id="no slash"),
        pytest.param("/health", "//api", id="an empty segment"),
        pytest.param("/health", "/api/..", id="a dot segment"),
        pytest.param("/health", "/caf\u00e9", id="not the same undecoded"),
        pytest.param("/health", "/a%20b", id="encoded"),
        pytest.param("/../health", "/api", id="a path with two readings"),
        pytest.param("+/", "/api", id="a path without a slash"),
    ],
)
def test_a_root_path_with_two_readings_is_refused(path: str, root_path: str) -> None:
    with pytest.raises(AmbiguousPath):
        decide("GET", path, root_path=root_path)


@pytest.mark.parametrize(
    ("given", "settled"),
    [
        pytest.param(("", "/a", b"/a"), ("", "/a", b"/a"), id="none"),
        pytest.param(("/api", "/api/a", b"/api/a"), ("/api", "/api/a", b"/api/a"), id="as it should be"),
        pytest.param(("/api", "/a", b"/a"), ("/api", "/api/a", b"/api/a"), id="F20 left away"),
        pytest.param(("/api/", "/api/a", b"/api/a"), ("/api", "/api/a", b"/api/a"), id="a slash behind"),
        pytest.param(("/api", "/a", None), ("/api", "/api/a", None), id="left away, no raw path"),
        pytest.param(("/X", "/X/a", b"/X/a"), ("/X", "/X/a", b"/X/a"), id="a capital at its end"),
        pytest.param(("/", "/a", None), ("", "/a", None), id="only a slash, no raw path"),
        pytest.param(("/api", "/apiary", b"/apiary"), ("/api", "/api/apiary", b"/api/apiary"), id="not whole segments"),
        pytest.param(
            ("/api", "/v1/api/a", b"/v1/api/a"), ("/api", "/api/v1/api/a", b"/api/v1/api/a"), id="amid the path"
        ),
        pytest.param(("/api", "/api/a", b"/a"), ("/api", "/api/a", b"/a"), id="left away from the raw path only"),
    ],
)
def test_every_router_takes_off_the_same_root_path(given: Any, settled: Any) -> None:
    names = ("root_path", "path", "raw_path")
    scope = {**http_scope(), **dict(zip(names, given, strict=True))}
    if scope["raw_path"] is None:
        del scope["raw_path"]
    before = dict(scope)
    assert tuple(normalize_root_path(scope, trust).get(name) for name in names) == settled
    assert scope == before


async def no_app(scope: Any, receive: Any, send: Any) -> None:
    """Never called: only matching is asked for."""


WHOLE_PATH = Route("/{rest:path}", no_app)
PATHS = st.text("/aB", max_size=8).map("/".__add__)


@given(PATHS, st.one_of(st.just(""), PATHS))
@example("/a", "/a")
@example("/aa", "/a")
@example("/a/", "/a/")
@settings(max_examples=500)
def test_the_route_path_is_the_one_that_starlette_matches(path: str, root_path: str) -> None:
    scope = {**http_scope(path), "root_path": root_path}
    match, child = WHOLE_PATH.matches(scope)
    ours = route_path(scope)
    if match is Match.NONE:
        assert not ours.startswith("/")
    else:
        assert ours == "/" + child["path_params"]["rest"]


@given(PATHS, st.sampled_from(["", "/a", "/a/B"]), st.sampled_from(["/a", "/B", "/a/a"]))
@example("/a/a/B", "/a", "/a")
@settings(max_examples=500)
def test_the_route_path_below_a_mount_is_the_one_that_starlette_matches(path: str, root_path: str, at: str) -> None:
    scope = {**http_scope(root_path + path), "root_path": root_path}
    match, child = Mount(at, no_app).matches(scope)
    if match is Match.NONE:
        assert not route_path(scope).startswith(at + "/")
    else:
        scope |= child
        _, child = WHOLE_PATH.matches(scope)
        assert route_path(scope) == "/" + child["path_params"]["rest"]


@pytest.mark.parametrize("raw_path", [None, b"", b"/health"])
def test_raw_path_is_not_needed_and_never_matched(raw_path: bytes | None) -> None:
    assert said(decide("GET", "/admin/x", raw_path=raw_path)) == "protected admin"


@pytest.mark.parametrize(
    "path", ["/...", "/.well-known/x", "/a..b", "/..a", "/a/b/", "/ä", "/100%", "/%zz", "/a b", "/a:b@c"]
)
def test_an_unusual_path_is_not_an_ambiguous_one(path: str) -> None:
    assert said(decide("GET", path)) == "protected"


def test_a_name_alone_is_one_name() -> None:
    assert protected("/x", "GET", "read", "admin") == protected("/x", ["GET"], ["read"], ["admin"])


def test_the_constructors_say_what_they_were_given() -> None:
    assert public("/a", ["GET"]) == Rule("/a", frozenset({"GET"}), Access.PUBLIC)
    assert optional("/a", ["GET"]) == Rule("/a", frozenset({"GET"}), Access.OPTIONAL)
    assert optional("/a").methods is None
    full = protected("/a", ["GET"], scopes=["s", "t"], roles=["r", "q"])
    assert full == Rule("/a", frozenset({"GET"}), Access.PROTECTED, frozenset({"s", "t"}), frozenset({"r", "q"}))
    assert protected("/a") == Rule("/a", None, Access.PROTECTED, frozenset(), frozenset())


def test_HEAD_is_GET_where_a_rule_lists_it() -> None:
    assert said(decide("HEAD", "/a", [public("/a", ["GET"])])) == "public"
    assert said(decide("HEAD", "/a", [public("/a", ["POST"])])) == "protected"


def test_the_unlisted_rule_is_no_path() -> None:
    assert decide("GET", "/nowhere") == Requirement(Access.PROTECTED)


@pytest.mark.parametrize(
    ("path", "raw_path", "decision"),
    [
        ("/health", b"/health", "public"),
        ("/health", b"/%68ealth", "protected"),  # for a router that doesn't decode it is another route
        ("/static/a", b"/static/%61", "public"),
        ("/static/a b", b"/static/a%20b", "public"),
        ("/static/a", b"/%73tatic/a", "protected"),
        ("/caf\u00e9", b"/caf%C3%A9", "public"),
        ("/on/2026/x", b"/on/2026/%78", "public"),
        ("/admin/a", b"/%61dmin/a", "protected admin"),
    ],
)
def test_an_opening_holds_in_both_readings_of_a_path(path: str, raw_path: bytes, decision: str) -> None:
    rules = [*RULES, public("/caf\u00e9"), public("/on/{year:year}/{name}")]
    assert said(decide("GET", path, rules, raw_path=raw_path)) == decision


@pytest.mark.parametrize(
    ("rule", "path", "raw_path", "decision"),
    [
        ("/a:b/{x}", "/a:b/ ", b"/a:b/%20", "public"),
        ("/a:b/{x}", "/a:b/ ", b"/a%3Ab/%20", "protected"),
        ("/n/{n:int}/{x}", "/n/7/ ", b"/n/7/%20", "public"),
        ("/n/{n:int}/{x}", "/n/7/ ", b"/n/%37/%20", "protected"),  # an encoded digit is none to all routers
        ("/w/{w:accents}", "/w/\u00e9", b"/w/%C3%A9", "public"),
    ],
)
def test_a_pattern_opens_in_both_readings_of_a_path(rule: str, path: str, raw_path: bytes, decision: str) -> None:
    assert said(decide("GET", path, [public(rule)], raw_path=raw_path)) == decision


def test_the_raw_path_is_read_below_the_root_path() -> None:
    for raw_path, decision in (
        (b"/api/health", "public"),
        (b"/api/%68ealth", "protected"),
        (b"/api/h%C3%A9", "protected"),
    ):
        assert said(decide("GET", "/api/health", root_path="/api", raw_path=raw_path)) == decision
    for raw_path, decision in ((b"/api/a%20b", "public"), (b"/ap%69/a%20b", "public"), (b"/api/%61%20b", "protected")):
        assert said(decide("GET", "/api/a b", [public("/a {x}")], root_path="/api", raw_path=raw_path)) == decision


def test_a_raw_path_may_lack_the_root_path() -> None:
    for raw_path, decision in ((b"/a%20b", "public"), (b"/%61%20b", "protected")):
        assert said(decide("GET", "/api/a b", [public("/a {x}")], root_path="/api", raw_path=raw_path)) == decision


def test_a_decision_is_kept_for_its_root_path_only() -> None:
    policy = Policy([public("/health")], "authenticated")
    for _ in range(2):
        assert said(policy.requirement(http_scope("/api/health", root_path="/api"))) == "public"
        assert said(policy.requirement(http_scope("/api/health", root_path=""))) == "protected"


def test_what_a_mount_added_to_the_root_path_is_no_choice_of_a_server() -> None:
    below_a_mount = {"root_path": "/caf\u00e9", "path": "/caf\u00e9/x"}
    settled = normalize_root_path({**http_scope(), **below_a_mount, "app_root_path": ""}, trust)
    assert (settled["root_path"], settled["path"]) == ("/caf\u00e9", "/caf\u00e9/x")
    with pytest.raises(AmbiguousPath):
        normalize_root_path({**http_scope(), **below_a_mount}, trust)


def test_a_scope_needs_no_raw_path_below_a_root_path() -> None:
    assert said(decide("GET", "/api/health", root_path="/api", raw_path=None)) == "public"


def test_a_rest_needs_a_text_for_a_rule_to_match_exactly() -> None:
    """Some routers take `/orders/` for `/orders`, which another rule decides."""
    rules = [
        protected("/admin/{rest:path}", roles=["admin"]),
        public("/open/{rest:path}"),
        protected("/{a}/{rest:path}"),
    ]
    policy = Policy(rules, "denied")
    assert said(policy.requirement(http_scope("/admin/"))) == "denied admin"
    assert said(policy.requirement(http_scope("/admin/x"))) == "protected admin"
    for path in ("/open/", "/orders/"):
        assert policy.requirement(http_scope(path)).access is Access.DENIED


def test_a_scope_needs_no_root_path() -> None:
    scope = http_scope("/a b", raw_path=b"/a%20b")
    del scope["root_path"]
    assert said(Policy([public("/{x}y"), public("/{x}b")], "denied").requirement(scope)) == "public"


def test_a_request_with_the_method_WEBSOCKET_is_no_websocket() -> None:
    policy = Policy([public("/feed", methods=["WEBSOCKET"]), public("/open")], "authenticated")
    assert policy.requirement(http_scope("/feed", "WEBSOCKET")).access is Access.PROTECTED
    assert policy.requirement(http_scope("/open", "WEBSOCKET")).access is Access.PROTECTED


def test_a_guard_of_one_path_holds_for_its_other_spelling_below_a_public_pattern() -> None:
    rules = [public("/files/{rest:path}"), protected("/files/secret", scopes=["s"])]
    for path, decision in (("/files/secret", "protected s"), ("/files/secret/", "protected s"), ("/files/x", "public")):
        assert said(decide("GET", path, rules)) == decision


class AccentsConvertor(Convertor[str]):
    regex = "[\u00e0-\u00ff]+"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("accents", AccentsConvertor())


class YearConvertor(Convertor[int]):
    regex = "[0-9]{4}"

    def convert(self, value: str) -> int:
        return int(value)

    def to_string(self, value: int) -> str:
        return str(value)


register_url_convertor("year", YearConvertor())

HOSTS = [
    public("/health"),
    public("/home", host="{tenant}.example.org"),
    public("/health", host="www.example.com"),
    protected("/{rest:path}", host="admin.example.com", roles=["admin"]),
    protected("/secret", scopes=["s"]),
    public("/secret", host="{tenant}.example.org"),
    public("/pages/{page}"),
]


@pytest.mark.parametrize(
    ("host", "path", "decision"),
    [
        (b"other.example", "/health", "public"),
        (b"", "/health", "public"),
        (b"[::1]:80", "/health", "public"),
        (b"www.example.com", "/health", "public"),
        (b"www.example.com:8000", "/health", "public"),
        (b"WWW.example.com", "/health", "protected"),  # an opening holds exactly
        (b"www.example.com.", "/health", "protected"),
        (b"a.example.org", "/health", "protected"),  # only rules that name this host open anything there
        (b"a.example.org", "/home", "public"),
        (b"other.example", "/home", "protected"),
        (b"admin.example.com", "/health", "protected admin"),
        (b"Admin.Example.COM:443", "/health", "protected admin"),  # a guard holds for every spelling
        (b"admin.example.com.", "/health", "protected admin"),
        (b"other.example", "/pages/a", "public"),
        (b"www.example.com", "/pages/a", "protected"),
        (b"other.example", "/secret", "protected s"),
        (b"a.example.org", "/secret", "protected s"),  # a guard without a host holds everywhere
    ],
)
def test_F21_a_rule_for_a_host(host: bytes, path: str, decision: str) -> None:
    assert said(decide("GET", path, HOSTS, headers=[(b"host", host)])) == decision
    assert said(decide("WEBSOCKET", path, HOSTS, headers=[(b"host", host)])) == decision.replace("public", "protected")


@pytest.mark.parametrize(
    "hosts",
    [
        [b"a", b"a"],
        [b"a/b"],
        [b"a@b"],
        [b"a#"],
        [b"a?"],
        [b"a b"],
        [b"a:x"],
        [b"\xff"],
        [b"[::1"],
        [b"a,b"],
        [b"a." * 128],
    ],
)
def test_F1_an_ambiguous_host_is_refused_where_rules_name_hosts(hosts: list[bytes]) -> None:
    headers = [(b"host", host) for host in hosts]
    with pytest.raises(AmbiguousHost):
        decide("GET", "/health", HOSTS, headers=headers)
    assert said(decide("GET", "/health", headers=headers)) == "public"


def test_no_host_is_no_named_one() -> None:
    assert said(decide("GET", "/health", HOSTS)) == "public"
    assert said(decide("GET", "/health", [public("/health", host="{any}")])) == "protected"


def test_a_host_has_up_to_255_characters() -> None:
    assert said(decide("GET", "/health", HOSTS, headers=[(b"host", b"a" * 255)])) == "public"
    with pytest.raises(AmbiguousHost):
        decide("GET", "/health", HOSTS, headers=[(b"host", b"a" * 256)])


@pytest.mark.parametrize(
    ("method", "path"), [("get", "/a"), ("GET", "/A"), ("GET", "/a/"), ("GET", "/n/+7"), ("POST", "/a"), ("GET", "/b/")]
)
def test_a_guard_that_holds_for_another_spelling_opens_nothing(method: str, path: str) -> None:
    rules = [protected("/a", methods=["GET"]), protected("/n/{n:int}"), public("/b")]
    assert Policy(rules, "denied").requirement(http_scope(path, method)).access is Access.DENIED


SEGMENTS = ["a", "b", "A", "{x}", "{n:int}", "{u:uuid}", "x-{y}", "{f:float}", "7", "{r:path}", "{y:year}", "2026"]
shapes = st.lists(st.sampled_from(SEGMENTS), min_size=1, max_size=4).map(
    lambda names: "/" + "/".join(re.sub(r"{(\w)", rf"{{\g<1>{place}", name) for place, name in enumerate(names))
)
asked = st.lists(st.sampled_from(["a", "A", "b", "7", "x-1", "2026", "c", "+7"]), max_size=5).map(
    lambda names: "/" + "/".join(names)
)


@settings(max_examples=400, derandomize=True, deadline=None)
@example(paths=[("/{x}/a/", False), ("/{x}/a/", True), ("/{x}/a", False)], path="/b/a", slash=True)
@example(paths=[("/{x}/aX", False)], path="/b/aX", slash=False)
@given(paths=st.lists(st.tuples(shapes, st.booleans()), max_size=12), path=asked, slash=st.booleans())
def test_the_index_finds_what_asking_every_rule_finds(paths: list[tuple[str, bool]], path: str, slash: bool) -> None:
    rules = [
        protected(text, scopes=[f"s{place}"]) if guard else public(text) for place, (text, guard) in enumerate(paths)
    ]
    target = RequestTarget(path + "/" * (slash and path != "/"), "", "GET")
    target.raw = target.path
    folded = fold_path(target.path)

    def matches(one: CompiledRule) -> bool:
        return one.matches(target, host_is_named=False) or one.matches_variant(target, folded)

    compiled = [CompiledRule(rule) for rule in rules if "{" in rule.path]
    index: RuleIndex[CompiledRule] = RuleIndex()
    for one in compiled:
        index.add(one.rule.path, one)
    holding = [one.rule for one in compiled if matches(one)]
    found = [one.rule for one in index.find(folded) if matches(one)]
    assert Counter(map(str, found)) == Counter(map(str, holding))


DIVIDED = [
    "{a}-{b}",
    "{a}{b}",
    "x{n:int}-{a}.html",
    "{f:float}{a}",
    "{n:int}{m:int}",
    "{u:uuid}-{a}y",
    "{a}-{b}-{c}-{d}z",
]
texts = st.text("ax7-.z0f", max_size=12) | st.sampled_from(
    ["x77-a.html", "1.5a", "1.", "12345678-1234-1234-1234-123456789abc-ay", "a-b-c-d-e-fz", "\u0667-a"]
)


@settings(max_examples=600, derandomize=True, deadline=None)
@given(pattern=st.sampled_from(DIVIDED), text=texts)
def test_a_segment_with_several_parameters_matches_as_starlette_matches(pattern: str, text: str) -> None:
    fits = Segment(read_pattern("/" + pattern)[0], is_lenient=False).fits(text)
    assert fits == (compile_path("/" + pattern)[0].fullmatch("/" + text) is not None)


REST = [
    "/f/{r:path}",
    "/f/v{r:path}",
    "/f/{r:path}.css",
    "/{a}/{r:path}/e",
    "/{r:path}/{n:int}",
    "/{r:path}",
    "/f/{r:path}x/y",
]


@settings(max_examples=600, derandomize=True, deadline=None)
@given(pattern=st.sampled_from(REST), path=st.lists(st.sampled_from(["f", "v", "vx", "a.css", "e", "7", "x", "y", ""])))
def test_a_pattern_with_a_rest_matches_as_starlette_matches(pattern: str, path: list[str]) -> None:
    text = "/" + "/".join(path)
    found = compile_path(pattern)[0].fullmatch(text)
    fits = found is not None and found["r"] != ""
    assert CompiledRule(protected(pattern)).matches(RequestTarget(text, text, "GET"), host_is_named=False) == fits


@pytest.mark.parametrize("pattern", ["{year}-{month}-{day}-{slug}.html", "{a}{b}{c}{d}{e}", "{a}.{b}.{n:int}-{c}x"])
def test_dividing_a_segment_takes_linear_steps(pattern: str) -> None:
    """Counted in places that are looked at, since every way to divide it would take seconds."""
    segment, steps = Segment(read_pattern("/" + pattern)[0], is_lenient=True), 0

    def count(_frame: Any, event: str, _argument: Any) -> Any:
        nonlocal steps
        steps += event == "line"
        return count

    before = sys.gettrace()  # that of the coverage
    sys.settrace(count)
    try:
        segment.fits("-." * (MAX_DIVIDED // 2))
    finally:
        sys.settrace(before)
    assert steps < 20 * MAX_DIVIDED


@pytest.mark.parametrize("path", ["/f/{a}-{b}", "/f/{a}-{b}/x"])
def test_a_long_segment_is_not_divided(path: str) -> None:
    """A protected rule covers it and a public rule does not match it."""
    for length, public_rule in ((MAX_DIVIDED, "public"), (MAX_DIVIDED + 1, "protected")):
        text = "/f/" + "a-" + "b" * (length - 2) + path.removeprefix("/f/{a}-{b}")
        assert said(decide("GET", text, [protected(path, scopes=["s"])])) == "protected s"
        assert said(decide("GET", text, [public(path)])) == public_rule
    long = "/f/" + "x" * 10_000
    assert said(decide("GET", long, [protected("/f/{a}-{b}/{rest:path}", scopes=["s"])])) == "protected s"
    for rule in (public("/f/{a}"), public("/{a}/{b}"), public("/f/{rest:path}"), public("/{a}/" + "x" * 10_000)):
        assert said(decide("GET", long, [rule])) == "public"


@pytest.mark.parametrize("rule", ["/{{name}}.e{}", "/e{}.{{name}}", "/a/{{name}}/e{}", "/e{}/{{rest:path}}"])
def test_among_ten_thousand_rules_few_are_asked(rule: str) -> None:
    index: RuleIndex[int] = RuleIndex()
    for number in range(10_000):
        index.add(rule.format(number), number)
    path = rule.format(7777).replace("{name}", "x").replace("{rest:path}", "x")
    assert 7777 in list(index.find(path))
    assert len(list(index.find(path))) < 10


CASED = [chr(code) for code in range(0x110000) if chr(code).lower() != chr(code) or chr(code).upper() != chr(code)]


def test_folding_joins_all_that_a_case_insensitive_router_joins() -> None:
    """As `re.IGNORECASE`, `lower()`, `upper()` and `casefold()` compare letters: every letter with a case is asked."""
    everything = "".join(CASED)
    for character in CASED:
        counterparts = {character.lower(), character.upper(), character.casefold(), character.title()}
        counterparts.update(re.findall(re.escape(character), everything, re.IGNORECASE))
        assert {fold_path("/" + one) for one in counterparts} == {fold_path("/" + character)}, character


@pytest.mark.parametrize("path", ["/adm\u0131n/x", "/ADM\u0130N/x", "/admin/\u212aeys", "/\u017fecret/x"])
def test_a_protected_rule_covers_unicode_case(path: str) -> None:
    rules = [
        protected("/admin/{rest:path}", roles=["admin"]),
        protected("/secret/x", roles=["admin"]),
        public("/{a}/{b}"),
    ]
    assert said(decide("GET", path, rules)) == "protected admin"


@pytest.mark.parametrize("path", ["/adminusers", "/admin", "/ADMINx", "/admin/", "/admin.txt", "/admin/users"])
@pytest.mark.parametrize("unlisted", ["authenticated", "denied"])
def test_a_protected_rest_has_no_boundary(path: str, unlisted: Any) -> None:
    rules = [public("/{page}"), public("/{page}/{more}"), protected("/admin/{rest:path}", roles=["admin"])]
    decided = Policy(rules, unlisted).requirement(http_scope(path))
    assert decided.roles == (frozenset({"admin"}),)


@pytest.mark.parametrize(
    "method", ["get", "Get", "head", "GET_WS", "websocket", "asgi", "WEBSOCKET", "G T", "", "GET1"]
)
@pytest.mark.parametrize("unlisted", ["authenticated", "denied"])
def test_an_unusual_method_satisfies_every_protected_rule_and_no_public_one(method: str, unlisted: Any) -> None:
    rules = [
        public("/a"),
        protected("/b", methods=["GET"], roles=["reader"]),
        protected("/b", methods=["WEBSOCKET"], scopes=["feed"]),
        public("/b", methods=["POST"]),
    ]
    policy = Policy(rules, unlisted)
    needed = "protected" if unlisted == "authenticated" else "denied"
    assert said(policy.requirement(http_scope("/a", method))) == needed
    assert said(policy.requirement(http_scope("/b", method))) == f"{needed} feed reader"


@pytest.mark.parametrize("value", ["7.0", "+07.0", "1_0.0", "0x7", "urn:uuid:1", "{7}", "a b"])
@pytest.mark.parametrize("kind", ["int", "float", "uuid"])
def test_a_typed_parameter_of_a_protected_rule_covers_any_segment(value: str, kind: str) -> None:
    rules = [protected(f"/n/{{n:{kind}}}", scopes=["s"])]
    assert said(decide("GET", f"/n/{value}", rules)) == "protected s"


_UUID = "ABCDEF01-1234-5678-1234-567812345678"


@pytest.mark.parametrize(
    ("literal", "spellings"),
    [
        ("7", ["07", "+7", "7.0", "0_7", "7e0", "٧", "7.00"]),
        ("7.5", ["07.50", "+7.5", "75e-1", "٧.5"]),
        (
            "12345678-1234-5678-1234-567812345678",
            ["12345678123456781234567812345678", "{12345678-1234-5678-1234-567812345678}"],
        ),
        ("ABCDEF01-1234-5678-1234-567812345678", ["urn:uuid:abcdef01-1234-5678-1234-567812345678"]),
        ("2026-11-27", ["20261127"]),
        ("20261127", ["2026-11-27"]),
    ],
)
def test_a_literal_protected_rule_covers_other_spellings_of_its_value(literal: str, spellings: list[str]) -> None:
    rules = [
        public("/x/{id}"),
        protected(f"/x/{literal}", roles=["owner"]),
        protected(f"/{literal}/{{rest:path}}", roles=["owner"]),
    ]
    for spelling in spellings:
        assert said(decide("GET", f"/x/{spelling}", rules)) == "protected owner"
        assert said(decide("GET", f"/{spelling}/y", rules)) == "protected owner"
    for other in ("8", "70", "7a", "2026-11-28", "1e999999999", "7" * 5000, "nan", "\u00b2"):
        assert said(decide("GET", f"/x/{other}", rules)) == "public"


@pytest.mark.parametrize(
    ("path", "decision"),
    [
        ("/privsecret", "protected member owner"),
        ("/priv/secret", "protected owner"),
        ("/privin/x", "protected member clerk"),
        ("/priv/inx", "protected member clerk"),
        ("/privinx", "protected member clerk"),
        ("/private", "protected member"),
        ("/pri", "public"),
    ],
)
def test_a_protected_rule_below_a_mount_covers_paths_without_the_slashes(path: str, decision: str) -> None:
    rules = [
        public("/{page}"),
        public("/{page}/{more}"),
        protected("/priv/{rest:path}", scopes=["member"]),
        protected("/priv/secret", roles=["owner"]),
        protected("/priv/in/{rest:path}", roles=["clerk"]),
    ]
    decided = decide("GET", path, rules)
    assert said(decided) == decision


@pytest.mark.parametrize("path", ["/static./x", "/static../x", "/static.", "/STATIC../x"])
def test_a_path_that_has_a_dot_segment_behind_a_mount_is_ambiguous(path: str) -> None:
    with pytest.raises(AmbiguousPath):
        decide("GET", path, [public("/{page}/{more}"), public("/static/{rest:path}")])
    assert said(decide("GET", "/static.json", [public("/{page}"), public("/static/{rest:path}")])) == "public"


@pytest.mark.parametrize("raw_path", [b"/a#b", b"/a?b", None])
def test_a_literal_end_of_a_path_is_ambiguous(raw_path: bytes | None) -> None:
    for path in ("/a#b", "/a?b") if raw_path is None else (raw_path.decode(),):
        with pytest.raises(AmbiguousPath):
            decide("GET", path, [public("/{page}")], raw_path=raw_path)
    assert said(decide("GET", "/a#b", [public("/{page}")], raw_path=b"/a%23b")) == "public"


def test_decisions_are_bounded_in_bytes() -> None:
    policy = Policy([public("/open")], "authenticated")
    for number in range(2000):
        policy.requirement(http_scope(f"/{number}", "M" * 60_000))
        policy.requirement(http_scope(f"/{number}", root_path="/" + "r" * 60_000))
        policy.requirement(http_scope(f"/{number}", raw_path=b"/" + b"%61" * 20_000))
    assert len(policy._decisions) == 0
    policy.requirement(http_scope("/open"))
    assert len(policy._decisions) == 1


def test_decisions_are_kept_within_bounds() -> None:
    policy = Policy([public("/open"), protected("/orders/{id}", scopes=["orders"])], "authenticated")
    for _ in range(2):
        assert policy.requirement(http_scope("/open")).access is Access.PUBLIC
        assert policy.requirement(http_scope("/open", method="HEAD")).access is Access.PUBLIC
        assert policy.requirement(websocket_scope("/open")).access is Access.PROTECTED
        assert policy.requirement(http_scope("/api/open", root_path="/api")).access is Access.PUBLIC
        assert policy.requirement(http_scope("/open", raw_path=b"/op%65n")).access is Access.PROTECTED
        with pytest.raises(AmbiguousPath):
            policy.requirement(http_scope("//open"))
    assert len(policy._decisions) == 5
    policy.requirement(http_scope("/" + "x" * 256))
    assert len(policy._decisions) == 5
    for number in range(5000):
        assert policy.requirement(http_scope(f"/orders/{number}")).scopes == {"orders"}
        assert len(policy._decisions) <= 1024


def test_decisions_that_depend_on_the_host_are_not_kept() -> None:
    policy = Policy([public("/", host="www.example.com")], "authenticated")
    for host, access in ((b"www.example.com", Access.PUBLIC), (b"api.example.com", Access.PROTECTED)):
        assert policy.requirement(http_scope("/", headers=[(b"host", host)])).access is access
