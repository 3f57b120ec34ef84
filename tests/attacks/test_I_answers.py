"""Attacks on answers, logs and shared caches: rows I1 to I9, in process."""

import logging
import traceback
from contextlib import suppress
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from asgi_bearer import AuthenticationUnavailable, Claims, DynamicIssuers, optional, protected, public
from tests.asgi import Recorder, bearer, call, get, guarded, http_scope
from tests.tokens import NOW, claims, issuer, sign

pytestmark = pytest.mark.anyio

HOSTILE = 'x"\r\nset-cookie: a=b\x1b[31m\u2028<script>'


def hostile_requests() -> list[tuple[str, list[tuple[bytes, bytes]]]]:
    return [
        ("/x", [bearer(sign(kid=HOSTILE))]),
        ("/x", [bearer(sign(kid='"><script>'))]),
        ("/x", [bearer(sign(alg=HOSTILE))]),
        ("/x", [bearer(sign(typ=HOSTILE))]),
        ("/x", [bearer(sign(claims(iss=HOSTILE)))]),
        ("/x", [bearer(sign(claims(aud=HOSTILE)))]),
        ("/x", [bearer(sign(claims(scope=HOSTILE)))]),
        ("/admin", [bearer(sign(claims(sub=HOSTILE, scope=HOSTILE, roles=[HOSTILE])))]),
        ("/x", [(b"authorization", b"Bearer " + HOSTILE.encode())]),
        ("/x" + HOSTILE, []),
        ("/x", [(b"host", HOSTILE.encode())]),
    ]


async def test_I1_I2_I4_no_text_of_a_client_is_in_an_answer_or_a_log(caplog: pytest.LogCaptureFixture) -> None:
    middleware = guarded(Recorder(), [protected("/admin", roles=["admin"])])
    with caplog.at_level(logging.DEBUG):
        answers = [await call(middleware, http_scope(path, headers=headers)) for path, headers in hostile_requests()]
    sent = b"".join(name + value for answer in answers for name, value in answer.messages[0]["headers"])
    sent += b"".join(answer.body for answer in answers if answer.status != 200)
    for text in (sent.decode("latin-1"), *(record.getMessage() for record in caplog.records)):
        assert "<" not in text
        assert "cookie" not in text
        assert all(" " <= character <= "~" for character in text)


async def test_I2_no_log_line_has_a_token(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        for token in (sign(), sign(claims(exp=NOW)), sign()[:-4] + "AAAA", sign(kid="k")):
            await get(guarded(Recorder(), issuers=issuer("RS256")), token=token)
            await get(guarded(Recorder()), token=token)
            assert token not in caplog.text
            assert token.split(".")[1] not in caplog.text


@pytest.mark.parametrize("name", [b"access_token", b"token", b"jwt", b"authorization"])
async def test_I3_R6_a_token_in_the_query_is_ignored(name: bytes) -> None:
    token = sign().encode()
    app = Recorder()
    answer = await get(guarded(app), query_string=name + b"=" + token)
    assert (answer.status, answer.challenge) == (401, 'Bearer realm="api"')
    cookie = await get(guarded(app), headers=[(b"cookie", name + b"=" + token)])
    assert (cookie.status, cookie.challenge) == (401, 'Bearer realm="api"')
    assert not app.reached


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/x", []),
        ("/x", [bearer("x")]),
        ("/x", [bearer("x"), bearer("y")]),
        ("/admin", [bearer(sign())]),
        ("//", []),
    ],
)
async def test_I5_R19_a_refusal_is_not_stored(path: str, headers: list[tuple[bytes, bytes]]) -> None:
    answer = await get(guarded(Recorder(), [protected("/admin", roles=["admin"])]), path, headers=headers)
    assert answer.status in (400, 401, 403)
    assert answer.header("cache-control") == "no-store"


async def test_I5_R19_an_optional_answer_varies_by_Authorization() -> None:
    app = Recorder()
    middleware = guarded(app, [optional("/maybe"), public("/open")])
    assert (await get(middleware, "/maybe")).header("vary") == "Authorization"
    assert (await get(middleware, "/maybe", token=sign())).header("vary") == "Authorization"
    assert (await get(middleware, "/open")).header("vary") is None


async def test_I5_the_apps_own_Vary_is_kept() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"vary", b"Accept")]})
        await send({"type": "http.response.body"})

    answer = await get(guarded(app, [optional("/maybe")]), "/maybe")
    assert answer.messages[0]["headers"] == [(b"vary", b"Accept"), (b"vary", b"Authorization")]


def shop() -> Starlette:
    def endpoint(request: Request) -> PlainTextResponse:
        return PlainTextResponse("known")

    return Starlette(routes=[Route("/known", endpoint), Route("/known/deeper/", endpoint)])


async def test_I6_no_redirect_goes_before_authentication() -> None:
    answer = await get(guarded(shop()), "/known/", headers=[(b"host", b"evil.example")])
    assert (answer.status, answer.header("location")) == (401, None)


async def test_I7_known_and_unknown_routes_are_refused_alike() -> None:
    for unlisted in ("authenticated", "denied"):
        middleware = guarded(shop(), unlisted=unlisted)
        answers = [
            await get(middleware, path, method=method)
            for path in ("/known", "/known/", "/unknown", "/known/deeper", "/")
            for method in ("GET", "POST")
        ]
        assert all(answer.messages == answers[0].messages for answer in answers)


async def test_I8_a_traceback_of_the_app_does_not_show_the_token() -> None:
    """Debug pages print each frame's source and the exception; ours hold no token when the app runs."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise RuntimeError("the app's own fault")

    token = sign()
    with pytest.raises(RuntimeError) as failure:
        await get(guarded(app), token=token)
    frames = traceback.walk_tb(failure.value.__traceback__)
    ours = [frame for frame, _ in frames if "asgi_bearer" in frame.f_code.co_filename]
    assert ours
    for frame in ours:
        assert not any(
            token in repr(value) for name, value in frame.f_locals.items() if name not in ("scope", "headers")
        )
    assert token not in "".join(traceback.format_exception(failure.value))


async def test_I9_no_user_is_left_for_the_next_request() -> None:
    app = Recorder()
    state: dict[str, Any] = {}
    middleware = guarded(app, [public("/open"), optional("/maybe")])
    await get(middleware, token=sign(), state=state)
    await get(middleware, "/open", state=state)
    await get(middleware, "/maybe", state=state)
    assert [str(scope["state"]["user"]) for scope in app.scopes] == ["suman", "", ""]
    assert state == {}


async def test_I7_unknown_issuers_keys_and_bad_signatures_are_answered_alike() -> None:
    """Byte by byte, so that nobody can find out which tenants and keys there are. The log has the codes."""
    app = guarded(Recorder())
    good = sign()
    forged = [
        sign(claims(iss="https://other.example/")),  # unknown_issuer
        sign(alg="HS512"),  # unknown_key
        good[:-4] + ("AAAA" if not good.endswith("AAAA") else "BBBB"),  # bad_signature
    ]
    answers = [await get(app, token=token) for token in forged]
    assert answers[0].messages == answers[1].messages == answers[2].messages
    assert answers[0].status == 401


CANARY = "canary-7f3a91"


def requests_with_a_canary() -> list[list[tuple[bytes, bytes]]]:
    """In every place that a client fills, of tokens that are accepted, rejected and malformed."""
    kinds: list[str | bytes] = [CANARY, f"{CANARY}.{CANARY}.{CANARY}", f"a.{CANARY}.c"]
    members = ("iss", "sub", "aud", "exp", "nbf", "iat", "jti", "client_id", "scope", "typ", "type", "roles", CANARY)
    kinds += [sign(claims(**{name: CANARY})) for name in members]
    kinds += [sign(claims(**{name: {CANARY: [CANARY]}})) for name in members]
    kinds += [sign(**{name: CANARY}) for name in ("alg", "kid", "typ", "cty", "crit", "enc", CANARY)]
    requests = [[bearer(kind)] for kind in kinds]
    requests += [[(b"authorization", f"{CANARY} {CANARY}".encode())], [(b"authorization", CANARY.encode())]]
    requests += [[bearer(CANARY), bearer(CANARY)], [(b"host", CANARY.encode()), bearer(CANARY)]]
    return requests


async def _unknown(name: str) -> None:
    raise LookupError(f"there is no tenant {name}")


@pytest.mark.parametrize("path", ["/x", f"/{CANARY}", f"/a/../{CANARY}", "/admin"])
async def test_I2_no_text_of_a_client_reaches_a_log_an_answer_or_a_traceback(
    path: str, caplog: pytest.LogCaptureFixture
) -> None:
    """At every level, and also if a function of the operator's raises it."""

    async def loader(found: Claims) -> Any:
        raise AuthenticationUnavailable if CANARY in str(found.members) else LookupError

    apps = [
        guarded(Recorder(), [protected("/admin", roles=["admin"])]),
        guarded(Recorder(), issuers=[issuer(), DynamicIssuers(_unknown)]),
        guarded(Recorder(), user_loader=loader),
    ]
    answers = []
    with caplog.at_level(logging.DEBUG):
        for app in apps:
            for headers in requests_with_a_canary():
                with suppress(LookupError):
                    answers.append(await call(app, http_scope(path, headers=headers)))
    assert len(answers) > 100
    for record in caplog.records:
        assert CANARY not in record.getMessage()
        assert record.exc_info is None
    for answer in answers:
        if answer.status != 200:
            assert CANARY not in str(answer.messages)
