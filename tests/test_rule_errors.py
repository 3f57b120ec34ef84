"""What is wrong with a list of rules, said with what to write instead; and that sound lists have no errors."""

from typing import Any

import pytest

from asgi_bearer import Rule, optional, protected, public
from asgi_bearer.allowlist.validation import rule_errors
from tests.test_policy import RULES


def test_every_fault_of_a_rule_is_named_in_order() -> None:
    rule = protected("/a", methods=["get", 7, "HEAD"], scopes=["a b", 7])  # type: ignore[list-item]
    assert list(rule_errors([rule])) == [
        f"{rule}: method 7 never matches; write '7'",
        f"{rule}: method 'HEAD' never matches; write GET, which decides HEAD too",
        f"{rule}: method 'get' never matches; write 'GET'",
        f"{rule}: 7 is not one scope (RFC 6749 section 3.3); write scopes=['7']",
        f"{rule}: 'a b' is not one scope (RFC 6749 section 3.3); write scopes=['a', 'b']",
    ]


def test_the_whole_sentence_of_an_impossible_path() -> None:
    assert list(rule_errors([public("/a//b")])) == [
        (
            "public('/a//b'): no request can have this path; write it decoded, with single slashes, "
            "without query, dot segments, semicolons or backslashes"
        )
    ]


def test_each_superfluous_rule_is_named() -> None:
    errors = list(rule_errors([public("/a/{x}"), public("/b/{x}"), protected("/a/{x}"), protected("/b/{x}")]))
    assert [fault.partition(" can never")[0] for fault in errors] == ["public('/a/{x}')", "public('/b/{x}')"]


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
        (public("/x/{a:path}/x/{b:path}"), "a path can have one {rest:path}"),
        (public("/x/{a:path}-{b}"), "need a segment each"),
        (public("/x/{y:year}-{b}"), "need a segment each"),
        (public("/x/{a:path}/{y:year}"), "must be the last segment"),
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
    (said,) = rule_errors([rule])
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
    assert list(rule_errors([rule])) == []


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
        pytest.param([public("/a/{x}"), protected("/a/{x:int}")], "public('/a/{x}')", id="a typed parameter"),
        pytest.param(
            [public("/api-docs/{x}"), protected("/api/{r:path}")],
            "public('/api-docs/{x}')",
            id="a rest without boundary",
        ),
        pytest.param(
            [protected("/a", scopes=["r"]), protected("/a", scopes=["r", "w"])], "protected('/a')", id="fewer scopes"
        ),
    ],
)
def test_a_rule_that_never_decides_is_named(rules: list[Rule], superfluous: str) -> None:
    (fault,) = rule_errors(rules)
    assert fault.startswith(f"{superfluous} can never decide a request, because ")


@pytest.mark.parametrize(
    "rules",
    [
        pytest.param(RULES, id="the list above"),
        pytest.param([public("/a", ["GET"]), protected("/a", ["POST"])], id="other methods"),
        pytest.param([public("/a"), protected("/a", ["POST"])], id="one method guarded"),
        pytest.param([public("/a"), public("/a", ["WEBSOCKET"])], id="HTTP and websocket"),
        pytest.param([public("/a/b"), protected("/a/{x}")], id="a literal path out of a pattern"),
        pytest.param([protected("/a", scopes=["r"]), protected("/a", scopes=["w"])], id="both scopes hold"),
        pytest.param([protected("/a", roles=["r"]), protected("/a", roles=["w"])], id="both roles hold"),
        pytest.param([public("/a/{x:path}"), protected("/a/{x}")], id="one segment guarded"),
        pytest.param([public("/a/{x}"), protected("/b/{x:path}")], id="elsewhere"),
        pytest.param([public("/{y}/"), protected("/{y}/{x}")], id="an empty segment"),
        pytest.param([public("/a/{x}/"), public("/a/{x}")], id="a slash behind"),
        pytest.param([public("/A"), public("/a")], id="another case"),
        pytest.param([public("/a", host="a.example"), protected("/a", host="b.example")], id="another host"),
        pytest.param([public("/a", host="a.example"), public("/a")], id="any other host"),
        pytest.param(
            [protected("/a", host="a.example", roles=["r"]), protected("/a", scopes=["s"])], id="host and all"
        ),
    ],
)
def test_rules_that_stand_beside_each_other(rules: list[Rule]) -> None:
    assert list(rule_errors(rules)) == []


@pytest.mark.parametrize(
    "host", ["", "Admin.example.com", "https://a.example", "a.example:80", "a.example/x", "a..b", "*.example", 7]
)
def test_a_host_is_a_name_alone(host: Any) -> None:
    (fault,) = rule_errors([public("/a", host=host)])
    assert "a host is written in lower case and without scheme, port and path" in fault


@pytest.mark.parametrize("host", ["localhost", "admin.example.com", "{tenant}.example.com", "[::1]", "a-{n:int}.b_c"])
def test_a_host_may_have_parameters(host: str) -> None:
    assert list(rule_errors([public("/a", host=host)])) == []


@pytest.mark.parametrize(
    "rules",
    [
        pytest.param([public("/health"), protected("/HEALTH", roles=["r"])], id="F10 case"),
        pytest.param([public("/a/"), protected("/a")], id="F13 slash"),
        pytest.param([public("/a", host="a.example"), protected("/a")], id="host"),
        pytest.param([public("/a/{x}/"), protected("/a/{x}")], id="pattern"),
    ],
)
def test_an_opening_that_a_guard_of_another_spelling_closes_is_a_fault(rules: list[Rule]) -> None:
    (fault,) = rule_errors(rules)
    assert fault.startswith(f"{rules[0]} can never decide a request, because {rules[1]} does")


def test_ten_thousand_rules_are_checked() -> None:
    rules = [protected(f"/part-{number}/{{id:int}}", scopes=[f"s{number}"]) for number in range(10_000)]
    assert list(rule_errors(rules)) == []
