"""JSON read strictly: a table of what is an object, and what is not."""

import json
from pathlib import Path

import pytest

from asgi_bearer.tokens.strict_json import MAX_DEPTH, read_object

VECTORS = sorted((Path(__file__).parent / "vectors" / "jsontestsuite").glob("*.json"))


def nested(depth: int) -> bytes:
    """An object that is `depth` levels deep, itself counted."""
    return b'{"a":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}" if depth > 1 else b"{}"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param(b"{}", {}, id="empty"),
        pytest.param(b' {"a": 1}\r\n', {"a": 1}, id="white space around"),
        pytest.param('{"ä": "𝄞"}'.encode(), {"ä": "𝄞"}, id="UTF-8"),
        pytest.param(rb'{"a": "\ud834\udd1e"}', {"a": "𝄞"}, id="a pair of surrogates"),
        pytest.param(b'{"a": 1e300}', {"a": 1e300}, id="a large finite number"),
        pytest.param(nested(MAX_DEPTH), None, id="as deep as allowed"),
        pytest.param(json.dumps({"a": "[" * 100}).encode(), {"a": "[" * 100}, id="brackets in a string are no depth"),
        pytest.param(json.dumps({"a": [[]] * 100}).encode(), {"a": [[]] * 100}, id="many members are no depth"),
    ],
)
def test_an_object_is_read(text: bytes, value: object) -> None:
    assert read_object(text) == (json.loads(text) if value is None else value)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"[]", id="an array"),
        pytest.param(b'"alg"', id="a string"),
        pytest.param(b"null", id="null"),
        pytest.param(b"{} {}", id="trailing content"),
        pytest.param(b"{}//", id="a comment"),
        pytest.param(b'{"a":1,"a":1}', id="a name twice"),
        pytest.param(rb'{"a":1,"\u0061":1}', id="a name twice, once escaped"),
        pytest.param(b'{"b":{"a":1,"a":2}}', id="a name twice, further in"),
        pytest.param(b'{"a":NaN}', id="NaN"),
        pytest.param(b'{"a":-Infinity}', id="Infinity"),
        pytest.param(b'{"a":1e400}', id="a number too large"),
        pytest.param(b'{"a":' + b"9" * 5000 + b"}", id="a number too long"),
        pytest.param(rb'{"a":"\ud800"}', id="a lone surrogate"),
        pytest.param(rb'{"\udc00":1}', id="a lone surrogate in a name"),
        pytest.param(b'{"a":"\xff"}', id="not UTF-8"),
        pytest.param(b"\xef\xbb\xbf{}", id="a byte order mark"),
        pytest.param(b"\x0b{}", id="a vertical tab in front"),
        pytest.param(b"{}\xc2\xa0", id="a no-break space behind"),
        pytest.param('{"a":1}'.encode("utf-16"), id="UTF-16"),
        pytest.param('{"a":1}'.encode("utf-32-le"), id="UTF-32"),
        pytest.param(b'{"a":"\n"}', id="a control character"),
        pytest.param(nested(MAX_DEPTH + 1), id="one level too deep"),
        pytest.param(nested(100_000), id="far too deep"),
        pytest.param(b'{"a":' * 100_000, id="far too deep and broken"),
    ],
)
def test_anything_else_is_a_value_error(text: bytes) -> None:
    with pytest.raises(ValueError):
        read_object(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"[]", "not an object"),
        (b'{"a":1,"a":1}', "a name occurs twice"),
        (b'{"a":1e400}', "not a finite number"),
        (b'{"a":NaN}', "not a JSON number"),
        (nested(MAX_DEPTH + 1), "nested too deeply"),
        (nested(MAX_DEPTH + 2), "nested too deeply"),
        (nested(2 * MAX_DEPTH), "nested too deeply"),
        (nested(100_000), "nested too deeply"),
    ],
)
def test_the_reason_is_said(text: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=f"^{reason}$"):
        read_object(text)


def test_wide_is_not_deep() -> None:
    """Many brackets, so the depth is measured; each kind of value is met on every level."""
    wide = {"a": [{"b": [1, "x", None, True, 1.5, {}, []]}] * 40, "c": "[{" * 40}
    assert read_object(json.dumps(wide).encode()) == wide
    deep = json.loads(nested(MAX_DEPTH)) | {"n": [1, None, "x"] * 40, "b": [[]] * 40}
    assert read_object(json.dumps(deep).encode()) == deep


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.stem)
def test_JSONTestSuite_agrees(vector: Path) -> None:
    """`n_` is refused, a `y_` object is read, `i_` may be either; nothing but a ValueError comes out."""
    text = vector.read_bytes()
    try:
        value: object = read_object(text)
    except ValueError:
        value = None
    if vector.stem.startswith("n_"):
        assert value is None
    elif vector.stem.startswith("y_") and isinstance(expected := json.loads(text.decode()), dict):
        names = json.loads(text.decode(), object_pairs_hook=lambda pairs: [name for name, _ in pairs])
        unique = len(set(names)) == len(names)  # two of the suite's files repeat a name, which RFC 7515 forbids
        assert value == (expected if unique else None)


def test_the_suite_is_there() -> None:
    assert sum(vector.stem.startswith("y_") for vector in VECTORS) > 90
    assert sum(vector.stem.startswith("n_") for vector in VECTORS) > 180
