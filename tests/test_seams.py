"""The seams hold: four features are written against them alone, and none edits the gate or the middleware."""

import hashlib
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Any, cast

import anyio.lowlevel
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from asgi_bearer import AuthError, BearerAuth, Claims, InvalidToken, optional, protected, public
from asgi_bearer.allowlist.policy import Policy
from asgi_bearer.allowlist.request_target import normalize_root_path
from asgi_bearer.allowlist.requirement import Requirement
from asgi_bearer.allowlist.rules import Access
from asgi_bearer.errors import NoCredentials
from asgi_bearer.gate import Admission, Gate
from asgi_bearer.seams import Decision, Verified
from asgi_bearer.tokens.claims import ClaimsPolicy, check_claims
from asgi_bearer.tokens.verified_token import VerifiedToken
from tests.asgi import Recorder, bearer, call, get, http_scope
from tests.tokens import AUDIENCE, ISSUER, NOW, claims, issuer, sign

pytestmark = pytest.mark.anyio

ALLOW = [
    public("/health"),
    optional("/catalogue"),
    protected("/orders", scopes=["orders:read"]),
    protected("/admin", roles=["admin"]),
]


@dataclass
class Introspection:
    """A verifier of opaque tokens: asks a server, which takes time, and says so."""

    answers: dict[str, dict[str, Any]]
    asked: int = 0
    policy: ClaimsPolicy = field(default_factory=lambda: issuer().claims_policy())

    def verify(self, credentials: bytes) -> Awaitable[Verified] | None:
        token = credentials.removeprefix(b"Bearer ").decode()
        return None if token.count(".") == 2 else self._ask(token)

    def still_trusts(self, token: VerifiedToken, now: float) -> bool:
        assert isinstance(token.evidence, int)
        return now < token.evidence

    async def _ask(self, token: str) -> Verified:
        await anyio.lowlevel.checkpoint()
        self.asked += 1
        members = self.answers.get(token)
        if members is None:
            raise InvalidToken
        found: Claims = check_claims(members, None, self.policy, NOW)
        return VerifiedToken(found, self, evidence=NOW + 30)


class Unknowing:
    """A verifier that asks somebody, and learns that the token is none of theirs."""

    async def verify(self, _credentials: bytes) -> Verified:
        await anyio.lowlevel.checkpoint()
        return None

    def still_trusts(self, _token: VerifiedToken, _now: float) -> bool:
        raise AssertionError("it never made one")


class Proof:
    """A check of every request: the client shows that it holds what the token is bound to."""

    def check(self, token: VerifiedToken, scope: Scope) -> None:
        wanted = token.user.claims.get("thumbprint")
        shown = next((value for name, value in scope["headers"] if name == b"certificate"), b"")
        if wanted is not None and wanted != hashlib.sha256(shown).hexdigest():
            raise InvalidToken


class LateProof(Proof):
    """The same, with a store that must be waited for."""

    def check(self, token: VerifiedToken, scope: Scope) -> Awaitable[None]:  # type: ignore[override]
        return self._check(token, scope)

    async def _check(self, token: VerifiedToken, scope: Scope) -> None:
        await anyio.lowlevel.checkpoint()
        super().check(token, scope)


@dataclass
class Counter:
    """An observer."""

    decisions: list[Decision] = field(default_factory=list)

    def decided(self, decision: Decision) -> None:
        self.decisions.append(decision)

    @property
    def outcomes(self) -> list[str]:
        return [decision.outcome for decision in self.decisions]


class ForwardAuth:
    """An endpoint that a proxy asks about requests: it asks the same gate about a request that it is told of."""

    def __init__(self, auth: BearerAuth) -> None:
        self._gate = auth.gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        told = {name: value for name, value in scope["headers"] if name.startswith(b"x-")}
        path = told[b"x-path"].decode()
        asked = http_scope(path, told[b"x-method"].decode())
        fields = [one for one in scope["headers"] if one[0] == b"authorization"]
        try:
            admission = self._gate.admit(normalize_root_path(asked, lambda _: True), fields)
            if not isinstance(admission, Admission):
                admission = await admission
        except AuthError as error:
            await PlainTextResponse(error.code, error.status)(scope, receive, send)
            return
        await PlainTextResponse(str(admission.user))(scope, receive, send)


OPAQUE = {"opaque": claims(scope="orders:read"), "plain": claims(scope="profile")}


def auth(**settings: Any) -> BearerAuth:
    return BearerAuth(issuer(), allow=ALLOW, clock=lambda: NOW, **settings)


async def test_a_verifier_of_another_kind_of_token_is_waited_for_once_and_then_cached() -> None:
    introspection = Introspection(OPAQUE)
    app = auth(verifiers=[introspection])(Recorder())
    assert (await get(app, "/orders", "opaque")).status == 200
    assert (await get(app, "/orders", "opaque")).status == 200
    assert introspection.asked == 1
    assert (await get(app, "/orders", "plain")).challenge == (
        'Bearer realm="api", error="insufficient_scope", error_description="The access token lacks a required scope", '
        'scope="orders:read"'
    )
    assert (await get(app, "/orders", "unknown")).status == 401
    assert (await get(app, "/orders", sign(claims(scope="orders:read")))).status == 200
    assert (await get(app, "/health", "unknown")).status == 200


async def test_verifiers_are_asked_in_order_until_one_knows_the_token() -> None:
    second = Introspection(OPAQUE)
    app = auth(verifiers=[Unknowing(), second, Introspection({})])(Recorder())
    assert (await get(app, "/orders", "opaque")).status == 200
    assert second.asked == 1


async def test_a_token_that_no_verifier_knows_is_none() -> None:
    app = auth(verifiers=[Unknowing()])(Recorder())
    assert (await get(app, "/catalogue", "opaque")).status == 401  # JWTs are read last, and it is none
    alone = Gate(
        Policy(ALLOW, "authenticated"),
        verifiers=[Unknowing()],
        checks=[],
        cache=None,
        user_loader=None,
        clock=lambda: NOW,
    )
    scope = http_scope("/orders", headers=[bearer("opaque")])
    with pytest.raises(NoCredentials):
        await cast("Awaitable[Admission]", alone.admit(scope, scope["headers"]))
    with pytest.raises(NoCredentials):
        await alone.authenticate(b"Basic eDp5")


async def test_a_token_without_a_request_may_be_waited_for() -> None:
    assert str(await auth(verifiers=[Introspection(OPAQUE)]).authenticate("opaque")) == claims()["sub"]


async def test_a_demand_that_may_change_is_asked_every_time() -> None:
    asked: list[float] = []

    class Fresh:
        is_constant = False

        def check(self, _token: VerifiedToken, now: float) -> None:
            asked.append(now)

    requirement = Requirement(Access.PROTECTED)
    object.__setattr__(requirement, "demands", (Fresh(),))
    object.__setattr__(requirement, "is_constant", False)
    gate = auth().gate
    for _ in range(3):
        assert gate.admit_under(requirement, bearer(sign(claims()))[1], http_scope("/"))
    assert asked == [NOW] * 3


async def test_what_a_verifier_no_longer_trusts_is_verified_again() -> None:
    introspection, now = Introspection(OPAQUE), [NOW]
    app = BearerAuth(issuer(), clock=lambda: now[0], verifiers=[introspection])(Recorder())
    for seconds, asked in ((0, 1), (29, 1), (30, 2)):
        now[0] = NOW + seconds
        await get(app, "/", "plain")
        assert introspection.asked == asked


@pytest.mark.parametrize("proof", [Proof(), LateProof()], ids=["at once", "waited for"])
async def test_a_check_is_asked_on_every_request_cached_or_not(proof: Proof) -> None:
    bound = sign(claims(thumbprint=hashlib.sha256(b"mine").hexdigest()))
    app = auth(checks=[proof])(Recorder())
    for certificate, status in ((b"mine", 200), (b"mine", 200), (b"other", 401), (b"mine", 200), (b"", 401)):
        scope = http_scope("/", headers=[bearer(bound), (b"certificate", certificate)])
        assert (await call(app, scope)).status == status


async def test_an_observer_is_told_of_every_decision_once() -> None:
    counter = Counter()
    app = auth(observers=[counter])(Recorder())
    for path, token in (("/health", None), ("/catalogue", None), ("/orders", None), ("/", sign(claims())), ("/", "x")):
        await get(app, path, token)
    assert counter.outcomes == ["anonymous", "anonymous", "rejected", "accepted", "rejected"]
    accepted = counter.decisions[3]
    assert accepted.token is not None
    assert accepted.token.claims.issuer == ISSUER
    assert AUDIENCE in accepted.token.claims.audience


async def test_an_observer_that_raises_fails_no_request(caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        def decided(self, decision: Decision) -> None:
            raise RuntimeError("secret")

    assert (await get(auth(observers=[Broken()])(Recorder()), "/health")).status == 200
    assert "an observer failed: RuntimeError" in caplog.text
    assert "secret" not in caplog.text


async def test_forward_auth_asks_the_same_gate() -> None:
    endpoint = ForwardAuth(auth())

    async def ask(path: str, token: str | None, method: bytes = b"GET") -> tuple[int, bytes]:
        headers = [(b"x-path", path.encode()), (b"x-method", method)]
        headers += [] if token is None else [bearer(token)]
        answer = await call(endpoint, http_scope("/check", headers=headers))
        return answer.status, answer.body

    assert await ask("/health", None) == (200, b"")
    assert await ask("/orders", None) == (401, b"no_credentials")
    assert await ask("/orders", sign(claims(scope="profile"))) == (403, b"insufficient_scope")
    assert await ask("/orders", sign(claims(scope="orders:read"))) == (200, claims()["sub"].encode())
    assert await ask("/admin", sign(claims())) == (403, b"missing_role")
    assert await ask("/a/../b", None) == (400, b"ambiguous_path")
