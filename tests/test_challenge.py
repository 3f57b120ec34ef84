"""Refuse: every error's answer, byte for byte, over HTTP and before a websocket is accepted."""

import re
from typing import Any

import pytest

from asgi_bearer import AuthError, InsufficientScope, errors
from asgi_bearer.challenge import challenge, reject
from tests.asgi import Answer, http_scope, websocket_scope

pytestmark = pytest.mark.anyio

ERRORS = [
    one
    for one in vars(errors).values()
    if isinstance(one, type) and issubclass(one, AuthError) and one is not AuthError
]
EVERY_ERROR = pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)


async def answer_to(error: AuthError, scope: object = None) -> Answer:
    answer = Answer()

    async def send(message: object) -> None:
        answer.messages.append(message)  # type: ignore[arg-type]

    await reject(error, "api", scope or http_scope(), send)  # type: ignore[arg-type]
    return answer


@pytest.mark.parametrize(
    ("error", "status", "detail", "value"),
    [
        (errors.NoCredentials(), 401, "Not authenticated", 'Bearer realm="api"'),
        (
            errors.TokenExpired(),
            401,
            "Could not validate credentials",
            'Bearer realm="api", error="invalid_token", error_description="The access token expired"',
        ),
        (
            errors.MultipleCredentials(),
            400,
            "Bad request",
            (
                'Bearer realm="api", error="invalid_request", '
                'error_description="More than one Authorization header was sent"'
            ),
        ),
        (
            InsufficientScope(("b", "a")),
            403,
            "Not enough permissions",
            (
                'Bearer realm="api", error="insufficient_scope", '
                'error_description="The access token lacks a required scope", scope="a b"'
            ),
        ),
        (errors.AuthenticationUnavailable(), 503, "Authentication is temporarily unavailable", None),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, AuthError) else "",
)
async def test_the_answer(error: AuthError, status: int, detail: str, value: str | None) -> None:
    answer = await answer_to(error)
    assert (answer.status, answer.detail, answer.challenge) == (status, detail, value)
    assert answer.header("content-type") == "application/json"
    assert answer.header("content-length") == str(len(answer.body))
    assert answer.header("cache-control") == "no-store"
    assert answer.header("retry-after") == ("5" if status == 503 else None)


@EVERY_ERROR
async def test_R9_R14_each_refusal_has_its_status_and_challenge(kind: type[AuthError]) -> None:
    answer = await answer_to(kind())
    expected = {"invalid_request": 400, "invalid_token": 401, "insufficient_scope": 403}
    without_error = {errors.AuthenticationUnavailable: 503, errors.NoCredentials: 401}
    assert answer.status == (without_error.get(kind, 403) if kind.error is None else expected[kind.error])
    assert (answer.challenge is None) is (answer.status == 503)


@EVERY_ERROR
def test_R7_R11_R12_I1_a_challenge_has_only_allowed_characters(kind: type[AuthError]) -> None:
    value = challenge(kind(), "api")
    pairs = re.findall(r'([a-z_]+)="([\x20-\x21\x23-\x5b\x5d-\x7e]*)"', value)
    assert value == "Bearer " + ", ".join(f'{name}="{text}"' for name, text in pairs)
    names = [name for name, _ in pairs]
    assert names[0] == "realm"
    assert len(names) == len(set(names))


def test_each_refusal_has_a_name_of_its_own_for_the_log() -> None:
    codes = [kind.code for kind in ERRORS]
    assert len(codes) == len(set(codes))
    assert all(re.fullmatch("[a-z_]+", code) for code in codes)


@EVERY_ERROR
async def test_R17_HEAD_has_the_same_headers_and_no_body(kind: type[AuthError]) -> None:
    get, head = await answer_to(kind()), await answer_to(kind(), http_scope(method="HEAD"))
    assert head.messages[0] == get.messages[0]
    assert head.body == b""


@EVERY_ERROR
async def test_a_websocket_is_refused_with_the_same_answer(kind: type[AuthError]) -> None:
    http = await answer_to(kind())
    denial = await answer_to(kind(), websocket_scope(extensions={"websocket.http.response": {}}))
    assert [message["type"] for message in denial.messages] == [
        "websocket.http.response.start",
        "websocket.http.response.body",
    ]
    assert denial.messages[0] == {**http.messages[0], "type": "websocket.http.response.start"}
    assert denial.body == http.body


@pytest.mark.parametrize("members", [{}, {"extensions": {}}, {"extensions": None}], ids=str)
async def test_a_websocket_is_closed_where_the_server_offers_no_answer(members: Any) -> None:
    answer = await answer_to(errors.NoCredentials(), websocket_scope(**members))
    assert answer.messages == [{"type": "websocket.close", "code": 1008, "reason": "Not authenticated"}]
