"""Read: a table of Authorization headers (RFC 6750 section 2.1)."""

import pytest

from asgi_bearer import AuthError
from asgi_bearer.errors import MalformedCredentials, MalformedToken, MultipleCredentials
from asgi_bearer.tokens.credentials import find_credentials, read_token


def read(*values: bytes) -> bytes | None:
    headers = [(b"host", b"localhost"), *((b"authorization", value) for value in values)]
    credentials = find_credentials(headers)
    return None if credentials is None else read_token(credentials)


@pytest.mark.parametrize(
    ("value", "token"),
    [
        pytest.param(b"Bearer a.b.c", b"a.b.c", id="as everybody writes it"),
        pytest.param(b"bearer a.b.c", b"a.b.c", id="R1 scheme in lower case"),
        pytest.param(b"BEARER a.b.c", b"a.b.c", id="R1 scheme in upper case"),
        pytest.param(b"Bearer  a.b.c", b"a.b.c", id="R2 two spaces"),
        pytest.param(b"Bearer a.b.c \t ", b"a.b.c", id="R4 white space behind, left there by some servers"),
        pytest.param(b"Bearer aZ09-._~+/==", b"aZ09-._~+/==", id="R3 the whole alphabet"),
        pytest.param(b"Bearer Xa.b.cX", b"Xa.b.cX", id="nothing but white space goes"),
        pytest.param(b"Basic c3VtYW46eA==", None, id="another scheme"),
        pytest.param(b"DPoP a.b.c", None, id="another scheme with a token"),
        pytest.param(b"Bearerx a.b.c", None, id="a scheme that starts alike"),
        pytest.param(b"Negotiate", None, id="another scheme alone"),
    ],
)
def test_one_header_is_read(value: bytes, token: bytes | None) -> None:
    assert read(value) == token


def test_no_header_is_no_error() -> None:
    assert read() is None


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b" ", id="blank"),
        pytest.param(b"Bearer", id="no token"),
        pytest.param(b"Bearer ", id="no token, with its space"),
        pytest.param(b"Bearer\ta.b.c", id="R2 a tab between"),
        pytest.param(b"Bearer \ta.b.c", id="R2 a tab after the space"),
        pytest.param(b"Bearer\xa0a.b.c", id="R2 a no-break space between"),
        pytest.param(b"Bearer\x0ba.b.c", id="R2 a vertical tab between"),
        pytest.param(b" Bearer a.b.c", id="a space in front"),
        pytest.param(b"Bearer a.b.c d", id="two tokens"),
        pytest.param(b"Bearer a.b.c,Bearer a.b.c", id="G6 joined with a comma"),
        pytest.param(b"Bearer a.b.c, a.b.c", id="joined"),
        pytest.param(b"Bearer =a", id="R3 padding in front"),
        pytest.param(b"Bearer a=b", id="R3 padding inside"),
        pytest.param(b"Bearer ==", id="R3 padding alone"),
        pytest.param(b'Bearer "a.b.c"', id="R3 quotes"),
        pytest.param(b"Bearer a\x00b", id="R3 NUL"),
        pytest.param(b"Bearer a\r\nx: y", id="R3 a line end"),
        pytest.param(b"Bearer \xe4.b.c", id="R3 not ASCII"),
        pytest.param(b"Bearer a.b.c\n", id="a final newline"),
        pytest.param(b"Bearer: a.b.c", id="a colon"),
        pytest.param(b"\xff\xfe", id="garbage"),
    ],
)
def test_a_malformed_header_is_an_invalid_request(value: bytes) -> None:
    with pytest.raises(MalformedCredentials):
        read(value)


@pytest.mark.parametrize("other", [b"Bearer a.b.c", b"Basic eA==", b"", b"\xff"])
def test_R5_R15_two_headers_are_an_invalid_request(other: bytes) -> None:
    for values in ((b"Bearer a.b.c", other), (other, b"Bearer a.b.c")):
        with pytest.raises(MultipleCredentials):
            read(*values)


@pytest.mark.parametrize(("size", "refused"), [(16_383, False), (16_384, False), (16_385, True)])
def test_a_token_over_the_limit_is_refused(size: int, refused: bool) -> None:
    expected: type[AuthError] | None = MalformedToken if refused else None
    if expected:
        with pytest.raises(expected):
            read(b"Bearer " + b"a" * size)
    else:
        assert read(b"Bearer " + b"a" * size) == b"a" * size
