"""Attacks on parsers and resources: rows C1 to C10."""

import json
import logging
import tracemalloc
from typing import Any

import pytest

from tests.asgi import Recorder, call, get, guarded, http_scope
from tests.attacks.test_A_signatures import refused, unsigned
from tests.test_strict_json import nested
from tests.tokens import base64url, claims, encode, sign

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("token", ["." * 2_000_000, "a." * 1_000_000, "a" * 2_000_000, "." * 10_000, "a." * 5_000])
async def test_C1_a_megabyte_of_dots_is_refused_before_it_is_split(token: str) -> None:
    scope = http_scope(headers=[(b"authorization", b"Bearer " + token.encode())])
    middleware = guarded(Recorder())
    tracemalloc.start()
    try:
        answer = await call(middleware, scope)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert answer.status in (400, 401)
    assert peak < 200_000


@pytest.mark.parametrize("depth", [33, 100, 1_000, 2_900, 100_000])
async def test_C2_deep_JSON_is_refused(depth: int) -> None:
    assert await refused(unsigned(nested(depth), b"AAAA"))
    assert await refused(sign(nested(depth)))
    assert await refused(sign(b'{"a":' * depth))


async def test_C3_an_oversize_token_is_in_no_answer_and_no_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        for size in (100, 50_000, 1_000_000):
            await refused("Q" * size)
    assert "QQQQ" not in caplog.text
    assert all(len(record.getMessage()) < 200 for record in caplog.records)


async def test_C4_C5_R51_an_encrypted_token_is_never_parsed() -> None:
    header = {"alg": "PBES2-HS256+A128KW", "enc": "A128CBC-HS256", "p2c": 2**31 - 1, "p2s": "AAAA", "zip": "DEF"}
    encoded = base64url(encode(header)).decode()
    assert await refused(f"{encoded}.AAAA.AAAA.AAAA.AAAA") == "The access token is malformed"
    assert await refused(f"{encoded}.AAAA.AAAA") == "This kind of token is not accepted"


async def test_C6_R40_an_unencoded_payload_is_refused() -> None:
    cases: list[dict[str, Any]] = [
        {"b64": False, "crit": ["b64"]},
        {"b64": False},
        {"b64": 0},
        {"b64": None},
        {"b64": True},
    ]
    for parameters in cases:
        assert await refused(sign(**parameters)) == "This kind of token is not accepted"


@pytest.mark.parametrize("change", ["{}=", "{}==", "{}\n", "\n{}", " {}", "{}\x00", "{}+", "{}/", "{}~", "{}é", "{},"])
async def test_C7_R22_R69_the_compact_form_has_one_alphabet(change: str) -> None:
    token = change.format(sign())
    app = Recorder()
    answer = await get(guarded(app), headers=[(b"authorization", b"Bearer " + token.encode("latin-1"))])
    if change == " {}":  # RFC 6750 allows more than one space before the token
        assert answer.status == 200
    else:
        assert answer.status in (400, 401)
        assert not app.reached


async def test_C8_a_polyglot_of_JSON_and_compact_form_is_refused() -> None:
    header, payload, signature = sign().split(".")
    forged = base64url(encode(claims(sub="root"))).decode()
    general = {"payload": forged, "protected": header, "signature": signature}
    texts = [
        json.dumps(general),
        f'{{"{header}.{forged}.":"","payload":"{payload}","protected":"{header}","signature":"{signature}"}}',
        f"{header}.{forged}.{signature}.{payload}.{signature}",
        f"{header}.{forged}.{signature}",
    ]
    for text in texts:
        app = Recorder()
        answer = await get(guarded(app), headers=[(b"authorization", b"Bearer " + text.encode())])
        assert answer.status in (400, 401)
        assert not app.reached


CRITS: list[Any] = [5, None, True, 1.5, [[]], [{}], [1]]
TEN_INPUTS: list[Any] = [
    ["alg"],
    "alg",
    *({"alg": "HS256", "crit": crit} for crit in CRITS),
    b'{"alg":"HS256","kid":"\\ud800"}',
]


@pytest.mark.parametrize("header", TEN_INPUTS, ids=repr)
@pytest.mark.parametrize("signature", [b"AAAA", b"true"])
async def test_C9_C10_a_header_of_another_shape_is_refused(header: Any, signature: bytes) -> None:
    token = sign(header=header) if signature == b"true" else unsigned(header, signature)
    assert await refused(token)


HEADERS = [b"null", b"1", b"[]", b"{}", b'{"alg":"HS256"}x', b'{"alg":"HS256"}//', b'{"alg":"none","alg":"HS256"}']
HEADERS += ['{"alg":"HS256"}'.encode(code) for code in ("utf-16", "utf-16-le", "utf-32", "utf-8-sig")]


@pytest.mark.parametrize("header", HEADERS, ids=repr)
async def test_R23_R25_R32_R61_a_header_is_strict_JSON(header: bytes) -> None:
    assert await refused(sign(header=header)) == "The access token is malformed"


PAYLOADS = [encode(claims()) + b"x", encode(claims())[:-1] + b',"sub":"root"}', encode(claims())[:-1] + b',"x":NaN}']
PAYLOADS += [encode(claims()).decode().encode(code) for code in ("utf-16", "utf-32", "utf-8-sig")]
PAYLOADS += [encode(claims())[:-1] + b',"x":1e400}', encode(claims())[:-1] + b',"x":"\\udfff"}']


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
async def test_R42_R61_a_payload_is_strict_JSON(payload: bytes) -> None:
    assert await refused(sign(payload)) == "The access token is malformed"
