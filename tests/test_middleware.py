"""The shell: whole requests through the middleware, and the table of what is answered when."""

import logging
from typing import Any

import pytest
from starlette.types import Message, Scope

from asgi_bearer import (
    AnonymousUser,
    AuthenticationUnavailable,
    BearerMiddleware,
    Claims,
    ConfigurationError,
    Issuer,
    StaticKeys,
    optional,
    protected,
    public,
)
from tests.asgi import Recorder, bearer, call, challenge_of, get, guarded, http_scope, websocket_scope
from tests.keys import SECRET
from tests.tokens import AUDIENCE, ISSUER, NOW, claims, issuer, sign

pytestmark = pytest.mark.anyio

ALLOW = [
    public("/health"),
    optional("/catalogue"),
    protected("/orders", scopes=["orders:read"]),
    protected("/refunds", scopes=["refunds:write", "orders:read"]),
    protected("/admin", roles=["admin", "owner"]),
]
EXPIRED = sign(claims(exp=NOW))
BAD_SIGNATURE = sign()[:-4] + "AAAA"

INVALID_SIGNATURE = challenge_of("invalid_token", "The access token is not signed by a trusted issuer")
MISSING_SCOPE = "The access token lacks a required scope"
HEADER_MALFORMED = challenge_of("invalid_request", "The Authorization header is malformed")


@pytest.mark.parametrize(
    ("path", "headers", "status", "challenge"),
    [
        pytest.param("/profile", [], 401, 'Bearer realm="api"', id="no credentials"),
        pytest.param("/profile", [(b"authorization", b"Basic eDp5")], 401, 'Bearer realm="api"', id="another scheme"),
        pytest.param("/profile", [bearer(sign())], 200, None, id="a good token"),
        pytest.param("/profile", [bearer(BAD_SIGNATURE)], 401, INVALID_SIGNATURE, id="a bad signature"),
        pytest.param(
            "/profile", [bearer(EXPIRED)], 401, challenge_of("invalid_token", "The access token expired"), id="expired"
        ),
        pytest.param(
            "/profile",
            [bearer("x")],
            401,
            challenge_of("invalid_token", "The access token is malformed"),
            id="no token at all",
        ),
        pytest.param("/profile", [(b"authorization", b"Bearer")], 400, HEADER_MALFORMED, id="a malformed header"),
        pytest.param(
            "/profile",
            [bearer(sign()), bearer(sign())],
            400,
            challenge_of("invalid_request", "More than one Authorization header was sent"),
            id="two headers",
        ),
        pytest.param(
            "/a//b", [bearer(sign())], 400, challenge_of("invalid_request", "The request path is ambiguous"), id="path"
        ),
        pytest.param("/health", [], 200, None, id="public"),
        pytest.param("/health", [bearer("x")], 200, None, id="public with a bad token: it is not looked at"),
        pytest.param("/health", [bearer("x"), bearer("y")], 200, None, id="public with two headers"),
        pytest.param("/catalogue", [], 200, None, id="optional without a token"),
        pytest.param("/catalogue", [bearer(sign())], 200, None, id="optional with a good token"),
        pytest.param("/catalogue", [bearer(BAD_SIGNATURE)], 401, INVALID_SIGNATURE, id="G10 optional, a bad token"),
        pytest.param("/catalogue", [(b"authorization", b"Bearer")], 400, HEADER_MALFORMED, id="optional, malformed"),
        pytest.param("/catalogue", [(b"authorization", b"Basic eDp5")], 200, None, id="optional, another scheme"),
        pytest.param("/orders", [bearer(sign())], 200, None, id="the scope is there"),
        pytest.param(
            "/orders",
            [bearer(sign(claims(scope="orders:rea orders:read2")))],
            403,
            challenge_of("insufficient_scope", MISSING_SCOPE, "orders:read"),
            id="the scope is not there",
        ),
        pytest.param(
            "/refunds",
            [bearer(sign())],
            403,
            challenge_of("insufficient_scope", MISSING_SCOPE, "orders:read refunds:write"),
            id="one of two scopes",
        ),
        pytest.param("/admin", [bearer(sign())], 403, 'Bearer realm="api"', id="another role"),
        pytest.param("/admin", [bearer(sign(claims(roles=["owner", "x"])))], 200, None, id="any of the roles"),
        pytest.param("/admin", [], 401, 'Bearer realm="api"', id="no credentials for a role"),
    ],
)
async def test_what_is_answered_when(
    path: str, headers: list[tuple[bytes, bytes]], status: int, challenge: str | None
) -> None:
    app = Recorder()
    answer = await get(guarded(app, ALLOW), path, headers=headers)
    assert answer.status == status
    assert app.reached is (status == 200)
    assert answer.challenge == challenge
    if status != 200:
        details = {400: "Bad request", 403: "Not enough permissions"}
        no_credentials = challenge == 'Bearer realm="api"'
        sentence = "Not authenticated" if no_credentials else "Could not validate credentials"
        assert answer.detail == details.get(status, sentence)


async def test_the_user_is_where_apps_look_for_it() -> None:
    app = Recorder()
    await get(guarded(app), token=sign())
    (scope,) = app.scopes
    assert scope["user"] is scope["state"]["user"]
    assert str(scope["user"]) == "suman"
    assert scope["auth"].scopes == ["authenticated", "orders:read", "profile"]


@pytest.mark.parametrize("path", ["/health", "/catalogue"])
async def test_without_a_token_nothing_of_an_outer_layer_shows_through(path: str) -> None:
    app = Recorder()
    await get(guarded(app, ALLOW), path, user="root", auth="root", state={"user": "root", "db": 1})
    (scope,) = app.scopes
    assert scope["user"] == scope["state"]["user"] == AnonymousUser()
    assert scope["auth"].scopes == []
    assert scope["state"]["db"] == 1


async def test_law_3_the_callers_scope_is_not_changed() -> None:
    state: dict[str, Any] = {"db": object()}
    scope = http_scope(headers=[bearer(sign())], state=state)
    before = {**scope, "headers": list(scope["headers"])}
    app = Recorder()
    await call(guarded(app), scope)
    assert scope == before
    assert state.keys() == {"db"}
    (child,) = app.scopes
    assert child["state"]["db"] is state["db"]


@pytest.mark.parametrize("members", [{}, {"state": None}], ids=str)
async def test_a_server_without_state_is_served(members: dict[str, Any]) -> None:
    app = Recorder()
    assert (await get(guarded(app), token=sign(), **members)).status == 200
    assert str(app.scopes[0]["state"]["user"]) == "suman"


async def test_law_1_lifespan_is_passed_on_and_unknown_types_are_not() -> None:
    app = Recorder()
    lifespan: Scope = {"type": "lifespan", "state": {}}
    await call(guarded(app), lifespan)
    assert app.scopes == [lifespan]
    assert app.scopes[0] is lifespan
    with pytest.raises(ValueError, match="http, websocket and lifespan scopes only"):
        await call(guarded(app), {"type": "email", "headers": [bearer(sign())]})
    assert len(app.scopes) == 1


@pytest.mark.parametrize("unlisted", ["authenticated", "denied"])
async def test_unlisted_routes(unlisted: Any) -> None:
    app = Recorder()
    middleware = guarded(app, [public("/health")], unlisted=unlisted)
    assert (await get(middleware, "/other")).status == 401
    answer = await get(middleware, "/other", token=sign())
    assert answer.status == (200 if unlisted == "authenticated" else 403)
    if unlisted == "denied":
        assert answer.challenge == 'Bearer realm="api"'
    assert (await get(middleware, "/health")).status == 200


async def test_websockets_are_admitted_by_the_same_rules() -> None:
    app = Recorder()
    middleware = guarded(app, [*ALLOW, public("/feed", methods=["WEBSOCKET"])])
    denial: dict[str, Any] = {"websocket.http.response": {}}
    assert (await call(middleware, websocket_scope("/health", extensions=denial))).status == 401
    assert (await call(middleware, websocket_scope("/orders", [bearer(EXPIRED)], extensions=denial))).status == 401
    assert (await call(middleware, websocket_scope("/admin", [bearer(sign())], extensions=denial))).status == 403
    assert not app.reached
    assert (await call(middleware, websocket_scope("/feed"))).messages == [{"type": "websocket.accept"}]
    assert (await call(middleware, websocket_scope("/orders", [bearer(sign())]))).messages == [
        {"type": "websocket.accept"}
    ]
    assert [str(scope["user"]) for scope in app.scopes] == ["", "suman"]


async def test_several_issuers_are_told_apart() -> None:
    other = Issuer("https://other.example/", "other-api", keys=StaticKeys.from_secret(SECRET[:32]))
    app = Recorder()
    middleware = guarded(app, issuers=[issuer(), other])
    assert (await get(middleware, token=sign())).status == 200
    mixed = sign(claims(iss="https://other.example/", aud="other-api"))  # signed with the first issuer's key
    assert (await get(middleware, token=mixed)).challenge == INVALID_SIGNATURE


async def test_a_user_loader_is_asked_after_everything_else() -> None:
    asked = []

    async def load(found: Claims) -> Any:
        asked.append(found.subject)
        return {"suman": "Suman K."}.get(found.subject)

    app = Recorder()
    middleware = guarded(app, ALLOW, user_loader=load)
    assert (await get(middleware, "/admin", token=sign())).status == 403
    assert (await get(middleware, "/x", token=BAD_SIGNATURE)).status == 401
    assert (await get(middleware, "/health", token=sign())).status == 200
    assert asked == []
    await get(middleware, "/x", token=sign())
    assert app.scopes[-1]["state"]["user"] == "Suman K."
    answer = await get(middleware, "/x", token=sign(claims(sub="dismissed")))
    assert answer.challenge == challenge_of("invalid_token", "The user of the access token is not accepted")


async def test_law_5_our_fault_is_ours() -> None:
    async def load(found: Claims) -> Any:
        raise AuthenticationUnavailable

    app = Recorder()
    answer = await get(guarded(app, user_loader=load), token=sign())
    assert (answer.status, answer.header("retry-after"), answer.challenge) == (503, "5", None)
    assert not app.reached


async def test_an_AuthError_of_the_app_is_the_apps() -> None:
    async def app(scope: Scope, receive: object, send: object) -> None:
        raise AuthenticationUnavailable

    with pytest.raises(AuthenticationUnavailable):
        await get(guarded(app), token=sign())


async def test_the_token_is_checked_before_the_app_and_the_body_is_left_to_it() -> None:
    """`call` fails where the body is read; what the app receives is what the server gives."""
    received, body = [], {"type": "http.request"}

    async def app(scope: Scope, receive: Any, send: Any) -> None:
        received.append(await receive())

    async def receive() -> Message:
        return body

    async def send(message: Message) -> None:
        raise AssertionError

    await guarded(app)(http_scope(headers=[bearer(sign())]), receive, send)
    assert received == [body]
    assert received[0] is body


async def test_the_realm_is_a_setting() -> None:
    assert (await get(guarded(Recorder(), realm="orders"))).challenge == 'Bearer realm="orders"'


async def test_the_clock_is_asked_at_every_request() -> None:
    now = [NOW]
    middleware = guarded(Recorder(), clock=lambda: now[0])
    token = sign()
    for moment, status in ((NOW - 1, 401), (NOW, 200), (NOW + 299, 200), (NOW + 300, 401)):
        now[0] = moment
        assert (await get(middleware, token=token)).status == status


async def test_a_refusal_is_logged_in_one_line(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "asgi_bearer"):
        await get(guarded(Recorder()), "/x", token=BAD_SIGNATURE)
        await get(guarded(Recorder()), "/x", token=sign())
    assert [record.getMessage() for record in caplog.records] == ["rejected: http 401 bad_signature"]


def test_all_faults_of_a_configuration_are_said_at_once() -> None:
    """The list that a newcomer can get wrong: every one is named, with what to write instead."""
    weak = Issuer("https://a.example/", "", keys=StaticKeys.from_secret("too short"), algorithms=["none"])
    twice = issuer()
    with pytest.raises(ConfigurationError) as refusal:
        BearerMiddleware(
            Recorder(),
            issuers=[weak, twice, twice, "https://b.example/"],  # type: ignore[list-item]
            allow=[public("health"), public("/a"), protected("/a")],
            unlisted="open",  # type: ignore[arg-type]
            user_loader="load",  # type: ignore[arg-type]
            realm='a"b',
            clock=0,  # type: ignore[arg-type]
        )
    wanted = [
        "the audience must not be empty",
        "algorithm 'none' is not accepted here",
        "the secret has 9 bytes",
        "'https://b.example/' in issuers is a string; write Issuer(",
        "two issuers are called",
        'unlisted must be "authenticated" or "denied"',
        "user_loader must be an async function",
        "realm must be printable ASCII",
        "clock must be a function",
        "the path must start with a slash",
        "public('/a') can never decide a request",
    ]
    for sentence in wanted:
        assert sum(sentence in fault for fault in refusal.value.errors) == 1
    assert len(refusal.value.errors) == len(wanted)
    assert str(refusal.value).startswith("11 errors in the configuration:\n  - Issuer('https://a.example/'): ")


def test_no_issuer_is_a_fault() -> None:
    with pytest.raises(ConfigurationError, match="1 error in the configuration:\n  - issuers must not be empty"):
        BearerMiddleware(Recorder(), issuers=[])


@pytest.mark.parametrize("realm", ["", "\\", "a\nb", "é", None])
def test_a_realm_needs_no_escapes(realm: Any) -> None:
    with pytest.raises(ConfigurationError, match="realm must be"):
        guarded(Recorder(), realm=realm)


def test_a_user_loader_is_async() -> None:
    class Loader:
        async def __call__(self, found: Claims) -> str:
            return found.subject

    guarded(Recorder(), user_loader=Loader())
    for loader in (lambda found: found.subject, str, Loader):
        with pytest.raises(ConfigurationError, match="user_loader must be an async function"):
            guarded(Recorder(), user_loader=loader)


def test_the_contract_keeps_its_names() -> None:
    middleware = BearerMiddleware(
        Recorder(), issuers=Issuer(ISSUER, audience=AUDIENCE, keys=StaticKeys.from_secret(SECRET))
    )
    assert isinstance(middleware, BearerMiddleware)
