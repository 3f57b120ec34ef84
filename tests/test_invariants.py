"""Properties that hold for whatever arrives: any header bytes, any path, any token, in front of any rules."""

import asyncio
from base64 import urlsafe_b64decode
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from asgi_bearer import optional, protected, public
from asgi_bearer.allowlist.policy import Policy
from asgi_bearer.allowlist.rules import Access
from tests.asgi import Recorder, call, guarded, http_scope, websocket_scope
from tests.tokens import ABSENT, NOW, base64url, claims, encode, sign

RULES = [
    public("/health"),
    public("/login", methods=["POST"]),
    public("/static/{rest:path}"),
    optional("/catalogue"),
    protected("/orders/{order_id:int}", scopes=["orders:read"]),
    protected("/admin/{rest:path}", roles=["admin"]),
]
POLICY = Policy(RULES, "authenticated")

WORDS = ["/", "//", ".", "..", "/health", "/login", "/static/", "admin", "/admin/", "/orders/7", "/catalogue"]
WORDS += ["%2f", "\\", ";", "?", "#", "é", "*", "http://h/"]
words = st.sampled_from([*WORDS, "\n", "\x00", "\ufffd"])
paths = st.one_of(
    st.sampled_from([rule.path for rule in RULES]), st.lists(words, max_size=5).map("".join), st.text(max_size=30)
)
methods = st.sampled_from(["GET", "HEAD", "POST", "get", "OPTIONS", "DELETE", "", "\xff"])
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=10)
    | st.just(NOW)
    | st.just("orders-api"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
claim_names = st.sampled_from(
    ["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "scope", "scp", "roles", "typ", "events", "cnf"]
)
header_names = st.sampled_from(["alg", "typ", "kid", "crit", "b64", "cty", "zip", "jwk", "jku"])
payloads = st.one_of(
    st.dictionaries(claim_names, json_values | st.just(ABSENT), max_size=4).map(lambda changes: claims(**changes)),
    st.binary(max_size=60),
)
parameters = st.dictionaries(header_names, json_values | st.just(ABSENT), max_size=2)
signed_tokens = st.builds(lambda payload, header: sign(payload, **header).encode(), payloads, parameters)
broken_tokens = st.builds(
    lambda header, payload, signature: b".".join(map(base64url, (header, payload, signature))),
    st.binary(max_size=30) | json_values.map(encode),
    st.binary(max_size=30) | json_values.map(encode),
    st.binary(max_size=70),
)
authorizations = st.one_of(
    st.just(b"Bearer " + sign().encode()),
    signed_tokens.map(lambda token: b"Bearer " + token),
    broken_tokens.map(lambda token: b"Bearer " + token),
    st.binary(max_size=80),
    st.binary(max_size=80).map(lambda octets: b"Bearer " + octets),
)
header_lists = st.lists(st.tuples(st.sampled_from([b"authorization", b"host", b"x-user"]), authorizations), max_size=3)


def holds(headers: list[tuple[bytes, bytes]], user: Any) -> None:
    """The app ran with a user: there was one credential, and it is a true signature of ours."""
    (value,) = [value for name, value in headers if name == b"authorization"]
    text, _, signature = value.split()[1].rpartition(b".")
    assert (
        sign(header=_decode(text.split(b".")[0]), payload=_decode(text.split(b".")[1])).rpartition(".")[2]
        == signature.decode()
    )
    assert user.expires_at.timestamp() > NOW
    assert "orders-api" in user.claims["aud"]


def _decode(segment: bytes) -> bytes:
    return urlsafe_b64decode(segment + b"==")


@settings(max_examples=600, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(path=paths, method=methods, headers=header_lists, socket=st.booleans())
@example(path="/admin/x", method="GET", headers=[(b"authorization", b"Bearer " + sign().encode())], socket=False)
@example(path="/x", method="GET", headers=[(b"authorization", b"Bearer " + sign(crit=[{}]).encode())], socket=True)
def test_any_request_is_answered_and_the_app_is_reached_by_right(
    path: str, method: str, headers: list[tuple[bytes, bytes]], socket: bool
) -> None:
    scope = (
        websocket_scope(path, headers, extensions={"websocket.http.response": {}})
        if socket
        else http_scope(path, method, headers)
    )
    app = Recorder()
    answer = asyncio.run(call(guarded(app, RULES), scope))
    if not app.reached:
        assert answer.status in (400, 401, 403)
        assert answer.challenge
        assert all(0x20 <= octet <= 0x7E for name, value in answer.messages[0]["headers"] for octet in name + value)
        return
    user = app.scopes[0]["user"]
    access = POLICY.requirement(scope).access
    if user.is_authenticated:
        holds(headers, user)
        if path.startswith("/admin/"):
            assert "admin" in user.roles
    else:
        assert access is Access.PUBLIC or (access is Access.OPTIONAL and not socket)


@settings(max_examples=300, derandomize=True, deadline=None)
@given(path=paths, method=methods)
def test_without_a_token_only_listed_routes_answer(path: str, method: str) -> None:
    app = Recorder()
    asyncio.run(call(guarded(app, RULES), http_scope(path, method)))
    listed = path in ("/health", "/catalogue") or path.startswith("/static/") or (path, method) == ("/login", "POST")
    assert not app.reached or listed
