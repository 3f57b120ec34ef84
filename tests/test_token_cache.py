"""Tokens that were seen before: what saves a signature, and what is looked at all the same."""

import gc
import json
import tracemalloc
from datetime import timedelta
from itertools import starmap
from typing import Any

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc._rfc7517.models import BaseKey
from joserfc.jwk import ECKey
from starlette.types import Receive, Scope, Send

from asgi_bearer import (
    BearerMiddleware,
    CacheLimits,
    ConfigurationError,
    DynamicIssuers,
    Issuer,
    StaticKeys,
    optional,
    protected,
    public,
)
from asgi_bearer.keys.verification_key import VerificationKey
from asgi_bearer.tokens.cache import TokenCache, _memory, _token_size
from asgi_bearer.tokens.verified_token import VerifiedToken
from tests.asgi import Recorder, bearer, get, guarded, http_scope
from tests.keys import public_jwk
from tests.remote import Site
from tests.remote.server import JwksServer
from tests.tokens import ABSENT, AUDIENCE, NOW, claims, issuer, only_key, sign

pytestmark = pytest.mark.anyio


class Signatures:
    """How often one was verified."""

    count = 0


@pytest.fixture
def signatures(monkeypatch: pytest.MonkeyPatch) -> Signatures:
    counted, verify = Signatures(), VerificationKey.verify

    def count(self: VerificationKey, signed: bytes, signature: bytes) -> bool:
        counted.count += 1
        return verify(self, signed, signature)

    monkeypatch.setattr(VerificationKey, "verify", count)
    return counted


def cached(app: Any = None, **settings: Any) -> BearerMiddleware:
    return guarded(app or Recorder(), **{"cache": CacheLimits(), **settings})


def cache_of(app: BearerMiddleware) -> TokenCache:
    assert app.auth.gate.cache is not None
    return app.auth.gate.cache


async def test_a_token_seen_before_costs_no_signature(signatures: Signatures) -> None:
    app = cached()
    token = sign()
    for _ in range(3):
        assert (await get(app, token=token)).status == 200
    assert signatures.count == 1


async def test_of_a_token_that_came_once_its_key_is_kept_and_then_the_token() -> None:
    recorder = Recorder()
    app, token = cached(recorder), sign()
    kinds = []
    for _ in range(4):
        assert (await get(app, token=token)).status == 200
        kinds += [type(seen) for seen in cache_of(app)._young.values()]
    assert kinds == [VerificationKey, VerifiedToken, VerifiedToken, VerifiedToken]
    first, second, third, fourth = (scope["user"] for scope in recorder.scopes)
    assert first is not second
    assert second is third is fourth


async def test_of_several_keys_the_one_that_verified_it_is_kept(signatures: Signatures) -> None:
    other = ECKey.generate_key("P-256").as_dict(private=False)
    keys = StaticKeys.from_jwks({"keys": [other, public_jwk("ES256")]})
    app, token = cached(issuers=issuer("ES256", keys=keys)), sign(algorithm="ES256")
    for verified in (2, 3, 3):  # the other one is asked again, since it comes first
        assert (await get(app, token=token)).status == 200
        assert signatures.count == verified


async def test_it_can_be_switched_off(signatures: Signatures) -> None:
    app = cached(cache=None)
    token = sign()
    for _ in range(3):
        assert (await get(app, token=token)).status == 200
    assert signatures.count == 3


async def test_rules_are_looked_at_again(signatures: Signatures) -> None:
    app = cached(allow=[public("/open"), optional("/maybe"), protected("/admin", roles=["admin"])])
    token = sign()
    for path, status in (("/", 200), ("/admin", 403), ("/maybe", 200), ("/open", 200), ("/", 200)):
        assert (await get(app, path, token)).status == status
    assert signatures.count == 1


@pytest.mark.parametrize("before", [1, 2])
@pytest.mark.parametrize(("second", "status"), [(-1, 200), (0, 401), (1, 401)])
async def test_expiry_is_looked_at_again(before: int, second: int, status: int) -> None:
    now = [float(NOW)]
    app = cached(clock=lambda: now[0], issuers=issuer(leeway=timedelta(seconds=10)))
    token = sign()
    for _ in range(before):
        assert (await get(app, token=token)).status == 200
    now[0] = NOW + 310 + second
    assert (await get(app, token=token)).status == status


@pytest.mark.parametrize("before", [1, 2])
@pytest.mark.parametrize(("second", "status"), [(-1, 401), (0, 200), (1, 200)])
async def test_a_clock_that_goes_back_is_obeyed(before: int, second: int, status: int) -> None:
    now = [float(NOW)]
    app = cached(clock=lambda: now[0])
    token = sign()
    for _ in range(before):
        assert (await get(app, token=token)).status == 200
    now[0] = NOW + second
    assert (await get(app, token=token)).status == status


async def test_E7_a_refused_token_is_not_kept(signatures: Signatures) -> None:
    app = cached()
    bad = sign(claims(aud="other"))
    for _ in range(3):
        assert (await get(app, token=bad)).status == 401
    assert signatures.count == 3
    assert len(cache_of(app)) == 0


async def test_E7_it_is_bounded_in_entries_and_the_least_used_go(signatures: Signatures) -> None:
    app = cached(cache=CacheLimits(max_tokens=2))
    one, two, three = (sign(claims(jti=name)) for name in "abc")
    for token in (one, two, one, three, one):
        await get(app, token=token)
    assert signatures.count == 3
    await get(app, token=two)
    assert signatures.count == 4


async def test_what_is_used_stays_while_others_pass(signatures: Signatures) -> None:
    app, used = cached(cache=CacheLimits(max_tokens=10)), sign()
    for number in range(50):
        for token in (used, sign(claims(jti=str(number)))):
            assert (await get(app, token=token)).status == 200
    assert signatures.count == 51
    assert len(cache_of(app)) == 10


async def test_other_spellings_of_one_token_put_nothing_out(signatures: Signatures) -> None:
    """Whoever has one token could send it with other white space each time."""
    app, used = cached(cache=CacheLimits(max_tokens=2)), sign()
    assert (await get(app, token=used)).status == 200
    for spaces in range(1, 10):
        for spelling in (b" " * spaces + used.encode(), used.encode() + b"\t" * spaces):
            assert (await get(app, token=spelling)).status == 200
    assert list(cache_of(app)._young) == [bearer(used)[1]]
    assert signatures.count == 1 + 18
    assert (await get(app, token=used)).status == 200
    assert signatures.count == 1 + 18


async def test_a_token_that_is_larger_than_the_store_is_not_kept() -> None:
    app = cached(cache=CacheLimits(max_bytes=5_000))
    small, large = sign(), sign(claims(padding="x" * 4000))
    for token in (small, large):
        assert (await get(app, token=token)).status == 200
    assert list(cache_of(app)._young) == [bearer(small)[1]]


async def test_of_a_token_that_is_too_large_to_be_kept_its_key_stays(signatures: Signatures) -> None:
    app, token = cached(cache=CacheLimits(max_bytes=5_000)), sign(claims(padding="x" * 1000))
    for _ in range(4):
        assert (await get(app, token=token)).status == 200
    assert signatures.count == 1
    assert [type(seen) for seen in cache_of(app)._young.values()] == [VerificationKey]


@pytest.mark.parametrize(("times", "least", "most"), [(1, 200, 500), (2, 10, 200)])
async def test_E7_it_is_bounded_in_bytes(times: int, least: int, most: int) -> None:
    app = cached(cache=CacheLimits(max_bytes=1_000_000))
    for number in range(1000):
        token = sign(claims(jti=str(number), padding="x" * 2000))
        for _ in range(times):
            await get(app, token=token)
        assert cache_of(app)._memory <= 1_000_000
    assert least < len(cache_of(app)) < most


@pytest.mark.parametrize(("times", "dense"), [(1, False), (2, False), (2, True)])
async def test_the_bytes_of_an_entry_are_about_right(times: int, dense: bool) -> None:
    """They are an estimate; here it is held against what Python allocates."""
    recorder = Recorder()
    app = cached(recorder, issuers=issuer("ES256"))
    many = {f"claim_{number}": number for number in range(100)} if dense else {}
    tokens = [sign(claims(jti=str(number), **many), algorithm="ES256") for number in range(500)]
    await get(app, token=sign(algorithm="ES256"))
    tracemalloc.start()
    for token in tokens:
        for _ in range(times):
            await get(app, token=token)
    recorder.scopes.clear()
    allocated, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 0.5 < allocated / cache_of(app)._memory < 1.2


UNITS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(-1e9, 1e9) | st.text(max_size=8) | st.just(10**300),
    lambda unit: st.lists(unit, max_size=3) | st.dictionaries(st.text(max_size=4), unit, max_size=3),
    max_leaves=5,
)
PAYLOAD = 11_500
"""Bytes: in base64url, with the header and the signature, a little less than a token may have."""


def _filled(name: str, unit: Any, shape: str, text: str) -> bytes:
    """A claims set that one kind of thing fills to the brim."""
    start = encode_compact(claims(aud=AUDIENCE, padding=text))
    size = len(encode_compact(unit)) + 9
    count = max(0, PAYLOAD - len(start)) // size
    strings = [f"{number:x}" for number in range(count)]
    shapes: dict[str, dict[str, Any]] = {
        "array": {name: [unit] * count},
        "object": {name: dict.fromkeys(strings, unit)},
        "members": dict.fromkeys(strings, unit),
        "strings": {name: [AUDIENCE, *strings]},
        "text": {name: f"{text}{'x' * (PAYLOAD - len(start) - 60)}"},
        "words": {"scope": " ".join(strings)},
        "subject": {"sub": f"{text}{'x' * (PAYLOAD - len(start) - 60)}"},
    }
    return encode_compact(claims(padding=text) | shapes[shape])


def encode_compact(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


async def _answer(scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@given(
    name=st.sampled_from(["p", "roles", "scp", "aud"]),
    unit=UNITS,
    shape=st.sampled_from(["array", "object", "members", "strings", "text", "words", "subject"]),
    text=st.sampled_from(["", "é", "Ω", "😀"]),
    times=st.integers(1, 2),
    memory=st.sampled_from([200_000, 1_000_000, 64_000_000]),
)
@settings(deadline=None, max_examples=60)
def test_whatever_tokens_hold_the_cache_takes_no_more_memory_than_it_may(
    *, name: str, unit: Any, shape: str, text: str, times: int, memory: int
) -> None:
    """Measured by what Python allocates, with tokens as large as they may be; 30 kB are for what is shared."""
    if name == "aud" and shape in ("array", "object", "text"):
        name = "p"
    app = cached(_answer, cache=CacheLimits(max_bytes=memory))
    payload = _filled(name, unit, shape, text)
    tokens = [sign(payload + b" " * number) for number in range(8)]

    async def ask(*asked: str) -> None:
        for token in asked:
            for _ in range(times):
                assert (await get(app, token=token)).status == 200

    anyio.run(ask, sign())
    tracemalloc.start()
    anyio.run(ask, *tokens)
    gc.collect()
    allocated, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert cache_of(app)._memory <= memory
    assert allocated <= cache_of(app)._memory + 30_000


async def test_what_tokens_share_takes_little_memory_whatever_they_hold() -> None:
    """Scopes as they were read, which are kept beside the cache: here what a few hundred hostile tokens leave."""
    app = cached(_answer, cache=None)
    tokens = [sign(claims(scope=" ".join(f"{token}.{number:x}" for number in range(1_000)))) for token in range(300)]
    tokens += [sign(claims(scp=[f"{token}-{number:x}" for number in range(1_000)])) for token in range(300)]
    tracemalloc.start()
    for token in tokens:
        assert (await get(app, token=token)).status == 200
    allocated, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert allocated < 1_000_000


async def test_a_cached_token_finds_its_key_after_a_fetch_without_comparing_keys(
    signatures: Signatures, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared = []

    def compare(one: BaseKey[Any, Any], other: object) -> bool:
        compared.append(one)
        return one is other

    other = ECKey.generate_key("P-256").as_dict(private=False)
    with JwksServer([{**other, "kid": "other"}, public_jwk("ES256", kid="one")]) as server:
        site = Site(server)
        site.app = cached(issuers=site.issuer)
        tokens = [site.token(), site.token(kid=ABSENT)]
        for token in tokens * 2:
            assert (await get(site.app, token=token)).status == 200
        verified = signatures.count
        monkeypatch.setattr(BaseKey, "__eq__", compare)
        for _ in range(3):
            site.clock.skip(570)  # they are due, and are fetched in the background
            for _ in range(2):
                for token in tokens:
                    assert (await get(site.app, token=token)).status == 200
                await site.landed()
        assert (await site.counters()).fetches == 4
        assert (signatures.count, compared) == (verified, [])


@pytest.mark.parametrize("before", [1, 2, 3])
async def test_E8_a_key_that_was_withdrawn_is_obeyed(signatures: Signatures, before: int) -> None:
    one, two = public_jwk("ES256", kid="one"), public_jwk("ES256", kid="two")
    with JwksServer([one]) as server:
        site = Site(server)
        site.app, token = cached(issuers=site.issuer), site.token()
        for _ in range(before):
            assert (await get(site.app, token=token)).status == 200
        assert signatures.count == 1
        server.keys = [two]
        site.clock.skip(601)
        assert (await get(site.app, token=token)).status == 401


@pytest.mark.parametrize("before", [1, 2])
async def test_E8_another_key_of_the_same_name_is_asked(signatures: Signatures, before: int) -> None:
    """That a key once verified the token says nothing of one that took its name."""
    with JwksServer([public_jwk("ES256", kid="one")]) as server:
        site = Site(server)
        site.app, token = cached(issuers=site.issuer), site.token()
        for _ in range(before):
            assert (await get(site.app, token=token)).status == 200
        server.keys = [{**ECKey.generate_key("P-256").as_dict(private=False), "kid": "one"}]
        site.clock.skip(601)
        assert (await get(site.app, token=token)).status == 401
        assert signatures.count == 2


async def test_E8_keys_that_stayed_keep_their_tokens_good() -> None:
    one = public_jwk("ES256", kid="one")
    with JwksServer([one]) as server:
        site = Site(server)
        site.app, token = cached(issuers=site.issuer), site.token()
        assert (await get(site.app, token=token)).status == 200
        for _ in range(3):
            site.clock.skip(601)
            assert (await get(site.app, token=token)).status == 200
        server.die()
        site.clock.skip(4300)
        assert (await get(site.app, token=token)).status == 503


@pytest.mark.parametrize("before", [1, 2])
async def test_a_tenant_who_left_is_obeyed(signatures: Signatures, before: int) -> None:
    now, known = [0.0], {"https://a.example/": issuer(name="https://a.example/")}

    async def find(name: str) -> Issuer | None:
        return known.get(name)

    app = cached(issuers=DynamicIssuers(find, clock=lambda: now[0]))
    token = sign(claims(iss="https://a.example/"))
    for _ in range(before):
        assert (await get(app, token=token)).status == 200
    assert signatures.count == 1
    known["https://a.example/"] = issuer(name="https://a.example/", audience="other")
    now[0] = 600
    assert (await get(app, token=token)).status == 401
    known.clear()
    now[0] = 1200
    assert (await get(app, token=token)).status == 401


async def test_D6_E2_nothing_is_shared_between_configurations(signatures: Signatures) -> None:
    limits = CacheLimits()
    apps = [cached(cache=limits, issuers=issuer(audience=["orders-api", str(number)])) for number in range(2)]
    for app in apps:
        assert (await get(app, token=sign())).status == 200
    assert signatures.count == 2


async def test_what_an_app_does_to_its_user_is_not_seen_by_the_next() -> None:
    seen: list[Any] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        user = scope["user"]
        seen.append((user.claims["roles"], sorted(user.scopes), list(scope["auth"].scopes), scope["state"].keys()))
        with pytest.raises(TypeError):
            scope["auth"].scopes.append("admin")
        scope["state"]["more"] = 1
        with pytest.raises(TypeError):
            user.claims["roles"].append("admin")
        with pytest.raises(TypeError):
            user.claims.update(sub="root")
        await Recorder()(scope, receive, send)

    middleware, token = cached(app), sign()
    for _ in range(3):
        await get(middleware, token=token)
    assert seen[0] == seen[1] == seen[2]


async def test_a_user_loader_is_asked_every_time() -> None:
    asked = []

    async def load(claims: Any) -> Any:
        asked.append(claims.subject)
        return claims.subject if len(asked) == 1 else None

    app, token = cached(user_loader=load), sign()
    assert (await get(app, token=token)).status == 200
    assert (await get(app, token=token)).status == 401
    assert len(asked) == 2


async def test_two_at_once_are_one_entry() -> None:
    app, token = cached(), sign()
    store = cache_of(app)
    assert store is not None
    octets = len(bearer(token)[1])
    for kind in (VerificationKey, VerifiedToken):
        await get(app, token=token)
        (entry,) = store._young.values()
        assert isinstance(entry, kind)
        store._put(bearer(token)[1], entry)
        whole = _token_size(entry) if isinstance(entry, VerifiedToken) else 0
        assert (len(store), store._memory) == (1, 150 + octets + whole)


@pytest.mark.parametrize(
    "cache", [CacheLimits(max_tokens=0), CacheLimits(max_bytes=-1), CacheLimits(max_tokens=True), 7, "off"]
)
def test_a_fault_is_said(cache: Any) -> None:
    with pytest.raises(ConfigurationError, match="cache must be CacheLimits"):
        cached(cache=cache)


async def test_every_request_has_a_scope_of_its_own() -> None:
    recorder = Recorder()
    app, token = cached(recorder), sign()
    for _ in range(3):
        await app(http_scope(headers=[bearer(token)]), _receive, _send)
    _, one, two = recorder.scopes
    assert one["user"] is two["user"]
    assert one["state"] is not two["state"]
    assert one["headers"] is not two["headers"]


async def _receive() -> Any:
    raise AssertionError


async def _send(_message: Any) -> None:
    return None


async def test_a_store_as_small_as_one_token_holds_it(signatures: Signatures) -> None:
    token = sign()
    memory = 150 + len(bearer(token)[1])
    for limits, verified in ((CacheLimits(1, memory), 1), (CacheLimits(1, memory - 1), 2), (CacheLimits(1, 1), 2)):
        signatures.count = 0
        app = cached(cache=limits)
        for _ in range(2):
            assert (await get(app, token=token)).status == 200
        assert signatures.count == verified


CREDENTIALS = [b"Bearer " + b"x" * length for length in (1, 2, 100, 200, 300)]
KEY: Any = only_key(issuer(), "HS256")


class Whole:
    memory = 1_700


WHOLE: Any = Whole()
"""The store does not look into a token, but asks for its size."""


@given(
    tokens=st.integers(1, 4),
    memory=st.sampled_from([200, 2_000, 2_500, 4_000, 6_000, 20_000]),
    steps=st.lists(st.tuples(st.sampled_from(CREDENTIALS), st.booleans()), min_size=10),
)
def test_what_is_counted_is_what_is_there(tokens: int, memory: int, steps: list[tuple[bytes, bool]]) -> None:
    store = TokenCache(CacheLimits(max_tokens=tokens, max_bytes=memory))
    for credentials, came_before in steps:
        if store._find(credentials) is None or came_before:
            store._put(credentials, WHOLE if came_before else KEY)
        kept = [*store._young.items(), *store._old.items()]
        assert store._memory == sum(starmap(_memory, kept)) <= memory
        assert len(dict(kept)) == len(kept) <= tokens


def test_one_that_just_fits_stays_where_it_stood() -> None:
    one, later, other = CREDENTIALS[:3]
    store = TokenCache(CacheLimits(max_bytes=_memory(one, WHOLE) + _memory(other, KEY)))
    store._put(one, KEY)
    store._put(other, KEY)
    store._put(one, WHOLE)
    store._put(later, KEY)
    assert store._find(one) is WHOLE
    assert store._find(other) is None
