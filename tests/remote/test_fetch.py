"""What a provider may answer, and what is made of it: every fault on a real socket, on asyncio and trio."""

import gzip
import json
import secrets
import zlib
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import httpx2
import pytest

from asgi_bearer import Issuer, RemoteKeys
from asgi_bearer.keys.fetch import FetchError, Provider, fetch_keys, metadata_urls
from tests.keys import ASYMMETRIC, joserfc_key, public_jwk
from tests.remote import Clock, Site, rules
from tests.remote.server import Behaviour, JwksServer, answer, drip, endless, hang, slam
from tests.tokens import base64url

pytestmark = pytest.mark.anyio

GOOD = public_jwk("ES256", kid="one")
BOMB = gzip.compress(b" " * 20_000_000)

FAULTS: dict[str, tuple[Callable[[JwksServer], Behaviour], str]] = {
    "slams": (lambda _: slam, "the provider cannot be reached (RemoteProtocolError)"),
    "hangs": (hang, "it took too long"),
    "drips": (lambda _: drip, "it took too long"),
    "500": (lambda _: answer({"keys": [GOOD]}, status=500), "was answered 500"),
    "503": (lambda _: answer({"keys": [GOOD]}, status=503), "was answered 503"),
    "304": (lambda _: answer(b"", status=304), "was answered 304"),
    "204": (lambda _: answer(b"", status=204), "was answered 204"),
    "HTML": (lambda _: answer(b"<!doctype html><title>Sign in</title>"), "cannot be read"),
    "20 MB": (lambda _: endless, "more than 262144 bytes"),
    "a length of 20 MB": (lambda _: answer(b" " * 20_000_000), "more than 262144 bytes"),
    "a bomb": (lambda _: answer(BOMB, headers={"content-encoding": "gzip"}), "compressed, which was not asked for"),
    "deflate": (
        lambda _: answer(zlib.compress(b'{"keys": []}'), headers={"content-encoding": "deflate"}),
        "compressed, which was not asked for",
    ),
    "broken JSON": (lambda _: answer(b'{"keys": ['), "cannot be read"),
    "a list": (lambda _: answer(b"[]"), "cannot be read"),
    "a number": (lambda _: answer(b"7"), "cannot be read"),
    "deep JSON": (lambda _: answer(b'{"keys":' + b"[" * 50_000 + b"]" * 50_000 + b"}"), "cannot be read"),
    "bytes": (lambda _: answer(bytes(range(256)) * 20), "cannot be read"),
    "a name twice": (lambda _: answer(b'{"keys": [], "keys": []}'), "cannot be read"),
    "no keys": (lambda _: answer({}), "cannot be read"),
    "keys that are no list": (lambda _: answer({"keys": {"one": GOOD}}), "cannot be read"),
    "101 keys": (lambda _: answer({"keys": [GOOD] * 101}), "cannot be read"),
    "an empty set": (lambda _: answer({"keys": []}), "no usable key"),
    "only bad keys": (lambda _: answer({"keys": [{"kty": "RSA"}, 7, None]}), "no usable key"),
    "only a private key": (
        lambda _: answer({"keys": [joserfc_key("ES256").as_dict(private=True)]}),
        "no usable key",
    ),
    "only a secret": (
        lambda _: answer({"keys": [{"kty": "oct", "k": urlsafe_b64encode(b"s3cr3t!?" * 6).decode()}]}),
        "",
    ),
}


def patience(name: str) -> dict[str, Any]:
    """For what never ends; anything else may take its time on a busy machine."""
    return {"timeout": 0.5} if name in ("hangs", "drips") else {}


async def fault_of(server: JwksServer, **seconds: Any) -> str:
    """What the log says of the one fetch that a request made; the request was answered 503, whatever it was."""
    site = Site(server, **seconds)
    said = await site.ask()
    assert said.status == 503
    assert said.header("retry-after") == "1"
    assert said.challenge is None
    status = site.status()
    assert not status.ready
    assert status.last_error is not None
    return status.last_error


@pytest.mark.parametrize("name", FAULTS)
async def test_D10_a_bad_answer_gives_no_keys(name: str) -> None:
    make, fault = FAULTS[name]
    with JwksServer([GOOD]) as server:
        server.at_keys = make(server)
        assert fault in await fault_of(server, **patience(name))


@pytest.mark.parametrize("name", [name for name in FAULTS if not name.startswith(("no k", "keys", "an em", "only"))])
async def test_D10_bad_metadata_give_no_keys(name: str) -> None:
    make, fault = FAULTS[name]
    with JwksServer([GOOD]) as server:
        server.at_metadata = make(server)
        said = await fault_of(server, **patience(name))
        assert fault.replace("was answered", "were answered") in said or "metadata" in said
        assert server.fetches == 0


@pytest.mark.parametrize("name", FAULTS)
async def test_D1_a_bad_answer_keeps_the_old_keys(name: str) -> None:
    with JwksServer([GOOD]) as server:
        site = Site(server, **patience(name))
        assert (await site.ask()).status == 200
        server.at_keys = FAULTS[name][0](server)
        site.clock.skip(599)
        assert (await site.ask()).status == 200
        await site.landed()
        assert (await site.counters()).failures == 1
        site.clock.skip(600)
        assert (await site.ask()).status == 200
        await site.landed()


@pytest.mark.parametrize("where", ["metadata", "keys"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("target", ["http://127.0.0.1:{port}/", "file:///etc/passwd", "/elsewhere", "//other.example/"])
async def test_D2_R89_a_redirect_is_never_followed(where: str, status: int, target: str) -> None:
    with JwksServer([GOOD]) as server, JwksServer([GOOD]) as canary:
        redirect = answer({"keys": [GOOD]}, status=status, headers={"location": target.format(port=canary.port)})
        if where == "keys":
            server.at_keys = redirect
        else:
            server.at_metadata = redirect
        assert f"answered {status}" in await fault_of(server)
        assert canary.requests == []
        assert "/elsewhere" not in server.requests


@pytest.mark.parametrize(
    "jwks_uri",
    [
        None,
        7,
        "",
        "jwks",
        "/jwks",
        "file:///etc/passwd",
        "ftp://127.0.0.1/jwks",
        'data:application/json,{"keys":[]}',
        "http://login.example.com/jwks",
        "http://127.0.0.1.example.com/jwks",
        "http://10.0.0.1/jwks",
        "http://user@127.0.0.1/jwks",
        "http://127.0.0.1/jwks#one",
        "http://127.0.0.1\\@login.example.com/jwks",
        "http://127.0.0.1/\r\nx: y",
        "https://[::1",
        "x" * 3000,
    ],
)
async def test_D3_R88_only_https_is_fetched(jwks_uri: Any) -> None:
    with JwksServer([GOOD]) as server:
        server.at_metadata = answer(server.metadata(jwks_uri=jwks_uri))
        assert await fault_of(server) == "the jwks_uri in the issuer's metadata is no https URL"


@pytest.mark.parametrize("allowed", [False, "yes", 1, None])
async def test_D5_http_needs_the_very_word_True(allowed: Any) -> None:
    with JwksServer([GOOD]) as server:
        issuer = Issuer(server.issuer, "orders-api", allow_loopback_http=allowed)
        assert any("allow_loopback_http" in fault for fault in issuer.errors())


async def test_D5_certificates_are_checked() -> None:
    """The server speaks no TLS at all, so nothing of it is believed."""
    with JwksServer([GOOD]) as server:
        provider = Provider("x", f"https://127.0.0.1:{server.port}/jwks", allow_loopback_http=True)
        with pytest.raises(FetchError, match="cannot be reached"):
            await fetch_keys(provider, None, 1000)


@pytest.mark.parametrize("change", ["/", "//", "/x", "?", "#", " ", ".", "\n", "é", None])
async def test_D11_R86_metadata_of_another_issuer_are_refused(change: str | None) -> None:
    with JwksServer([GOOD]) as server:
        name = None if change is None else server.issuer + change
        server.at_metadata = answer(server.metadata(issuer=name))
        assert await fault_of(server) == "the metadata are of another issuer"
        server.at_metadata = answer(server.metadata(issuer="https://login.example.com"))
        assert await fault_of(server) == "the metadata are of another issuer"
        assert server.fetches == 0


BAD_KEYS: dict[str, Any] = {
    "null": None,
    "a number": 7,
    "a list": [],
    "empty": {},
    "an unknown kind": {"kty": "XYZ", "kid": "one"},
    "a kind that is no string": {"kty": ["EC"], "kid": "one"},
    "no numbers": {"kty": "EC", "kid": "one", "crv": "P-256"},
    "numbers that are numbers": {"kty": "RSA", "n": 7, "e": 3, "kid": "one"},
    "numbers of another alphabet": {"kty": "RSA", "n": "+/+/", "e": "AQAB", "kid": "one"},
    "a point off the curve": {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "kid": "one"},
    "another curve": {"kty": "EC", "crv": "secp256k1", "x": GOOD["x"], "y": GOOD["y"], "kid": "one"},
    "a small modulus": {"kty": "RSA", "n": base64url(b"\xff" * 128).decode(), "e": "AQAB", "kid": "one"},
    "an Ed25519 key of small order": {"kty": "OKP", "crv": "Ed25519", "x": base64url(bytes(32)).decode(), "kid": "one"},
    "a kid that is a number": {**GOOD, "kid": 1},
    "an alg that is a number": {**GOOD, "alg": 256},
    "an alg that does not fit": {**GOOD, "alg": "RS256"},
    "for encryption": {**GOOD, "use": "enc"},
    "for nothing": {**GOOD, "key_ops": ["sign"]},
    "private": {**joserfc_key("ES384").as_dict(private=True), "kid": "private"},
    "a secret": {"kty": "oct", "k": base64url(secrets.token_bytes(32)).decode(), "kid": "secret", "alg": "HS256"},
    "duplicate": public_jwk("ES256", kid="one", use="sig"),
}


@pytest.mark.parametrize("name", BAD_KEYS)
async def test_D9_a_bad_key_leaves_the_others(name: str) -> None:
    with JwksServer([BAD_KEYS[name], GOOD, BAD_KEYS[name]]) as server:
        site = Site(server)
        assert (await site.ask()).status == 200
        assert site.status().keys == (3 if name == "duplicate" else 1)


@pytest.mark.parametrize("algorithm", ASYMMETRIC)
async def test_every_algorithm_is_fetched(algorithm: str) -> None:
    with JwksServer([public_jwk(algorithm, kid="one", alg=algorithm)]) as server:
        assert (await Site(server).ask(algorithm=algorithm)).status == 200


@pytest.mark.parametrize(
    ("issuer", "urls"),
    [
        (
            "https://login.example.com",
            [
                "https://login.example.com/.well-known/openid-configuration",
                "https://login.example.com/.well-known/oauth-authorization-server",
            ],
        ),
        (
            "https://login.example.com/",
            [
                "https://login.example.com/.well-known/openid-configuration",
                "https://login.example.com/.well-known/oauth-authorization-server",
            ],
        ),
        (
            "https://login.example.com/a/b/",
            [
                "https://login.example.com/a/b/.well-known/openid-configuration",
                "https://login.example.com/.well-known/oauth-authorization-server/a/b",
                "https://login.example.com/.well-known/openid-configuration/a/b",
            ],
        ),
    ],
)
def test_R87_where_metadata_are(issuer: str, urls: list[str]) -> None:
    assert list(metadata_urls(issuer)) == urls


@pytest.mark.parametrize(
    "place",
    [
        "/tenant/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server/tenant",
        "/.well-known/openid-configuration/tenant",
    ],
)
async def test_R87_metadata_are_found_at_each_well_known_URL(place: str) -> None:
    with JwksServer([GOOD], path="/tenant") as server:
        server.metadata_paths = [place]
        assert (await Site(server).ask()).status == 200


async def test_an_issuer_without_metadata_is_said() -> None:
    with JwksServer([GOOD]) as server:
        server.metadata_paths = []
        assert await fault_of(server) == "the issuer has no metadata at its well-known URLs"
        assert len(server.requests) == 2


async def test_R89_keys_may_be_on_another_host() -> None:
    with JwksServer([GOOD]) as keys, JwksServer() as server:
        server.at_metadata = answer(server.metadata(jwks_uri=f"http://localhost:{keys.port}/jwks"))
        assert (await Site(server).ask()).status == 200


async def test_a_request_says_what_is_wanted() -> None:
    with JwksServer([GOOD]) as server:
        assert (await Site(server).ask()).status == 200
        (metadata, keys) = (head.lower() for head in server.headers)
        for head in (metadata, keys):
            assert "accept: application/json\r\n" in head
            assert "accept-encoding: identity\r\n" in head
            assert "connection: close\r\n" in head


@pytest.mark.parametrize(
    ("headers", "max_age"),
    [
        ({}, None),
        ({"cache-control": "max-age=120"}, 120),
        ({"cache-control": 'public,MAX-AGE="120", immutable'}, 120),
        ({"cache-control": "max-age=120", "age": "20"}, 100),
        ({"cache-control": "max-age=120", "age": "soon"}, 120),
        ({"cache-control": "s-maxage=7"}, None),
        ({"cache-control": "max-age=-1"}, None),
        ({"cache-control": "max-age=9999999999999"}, 999999999),
        ({"cache-control": "max-age=120, no-store"}, 0),
        ({"cache-control": "no-cache"}, 0),
        ({"cache-control": "private"}, None),
    ],
)
async def test_Cache_Control_is_read(headers: dict[str, str], max_age: float | None) -> None:
    with JwksServer() as server:
        server.at_keys = answer({"keys": [GOOD]}, headers=headers)
        fetched = await fetch_keys(Provider("x", f"{server.base}/jwks", allow_loopback_http=True), None, 10_000)
        assert fetched.max_age == max_age


async def test_a_client_of_ones_own_is_used_and_left_open() -> None:
    with JwksServer([GOOD]) as server:
        async with httpx.AsyncClient(headers={"x-from": "me"}, follow_redirects=True) as client:
            clock = Clock()
            keys = RemoteKeys(f"{server.base}/jwks", client=client, rules=rules(), clock=clock)
            site = Site(server, keys)
            assert (await site.ask()).status == 200
            assert "x-from: me" in server.headers[0]
            assert server.requests == ["/jwks"]
            assert not client.is_closed
            server.at_keys = answer(b"", status=302, headers={"location": "/elsewhere"})
            clock.skip(10)
            assert (await site.ask(kid="two")).status == 503
            assert "/elsewhere" not in server.requests


async def test_a_client_that_raises_anything_keeps_the_old_keys() -> None:
    async def break_down(request: httpx.Request) -> httpx.Response:
        raise ZeroDivisionError

    with JwksServer([GOOD]) as server:
        async with httpx.AsyncClient(transport=httpx.MockTransport(break_down)) as client:
            site = Site(server, RemoteKeys(client=client))
            assert (await site.ask()).status == 503
            assert site.status().last_error == "ZeroDivisionError"


async def test_no_text_of_the_provider_is_logged_but_a_kid_escaped_and_shortened(
    caplog: pytest.LogCaptureFixture,
) -> None:
    odd = {"kty": "canary", "alg": "canary", "use": "canary", "canary": "canary"}
    with JwksServer() as server:
        server.at_keys = answer({"keys": [odd, {"kid": "a\nb" + "c" * 100}], "canary": 1})
        await fault_of(server)
    assert "cannot be fetched" in caplog.text
    assert "canary" not in caplog.text
    shown = r": kid 'a\nb" + "c" * 61 + "'… is skipped: kty must be RSA, EC, OKP or oct"
    assert any(message.endswith(shown) for message in caplog.messages)


CLIENTS = {"httpx": httpx, "httpx2": httpx2}


async def read(response: Any) -> None:
    assert await response.aread() == response.content


async def read_raw(response: Any) -> None:
    async for _ in response.aiter_raw():
        pass


async def read_lines(response: Any) -> None:
    async for _ in response.aiter_lines():
        pass


async def read_nothing(response: Any) -> None:
    assert response.status_code


HOOKS = {
    "no hook": None,
    "reads": read,
    "reads raw": read_raw,
    "reads lines": read_lines,
    "reads nothing": read_nothing,
}


def client_of(library: str, hook: str = "no hook", **settings: Any) -> Any:
    chosen = HOOKS[hook]
    return CLIENTS[library].AsyncClient(event_hooks={"response": [chosen] if chosen else []}, **settings)


@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("library", CLIENTS)
async def test_keys_are_fetched_with_a_client_of_httpx_and_httpx2_whose_hooks_may_read_the_body(
    library: str, hook: str
) -> None:
    with JwksServer([GOOD]) as server:
        async with client_of(library, hook) as client:
            hooks = client.event_hooks
            site = Site(server, RemoteKeys(client=client))
            assert (await site.ask()).status == 200
            assert not client.is_closed
            assert client.event_hooks == hooks
            async with client.stream("GET", f"{server.base}/jwks") as response:
                assert response.status_code == 200


@pytest.mark.parametrize("library", CLIENTS)
async def test_a_hook_sees_the_answer_of_its_own_library(library: str) -> None:
    seen = []

    async def look(response: Any) -> None:
        await response.aread()
        seen.append((type(response), response.json(), response.elapsed.total_seconds() > 0))

    with JwksServer([GOOD]) as server:
        async with CLIENTS[library].AsyncClient(event_hooks={"response": [look]}) as client:
            assert (await Site(server, RemoteKeys(client=client)).ask()).status == 200
    assert seen == [(CLIENTS[library].Response, json, True) for json in (server.metadata(), server.key_set())]


@pytest.mark.parametrize("name", [name for name in FAULTS if name not in ("hangs", "drips")])
@pytest.mark.parametrize("hook", ["no hook", "reads", "reads raw"])
@pytest.mark.parametrize("library", CLIENTS)
async def test_D10_a_bad_answer_gives_no_keys_with_any_client_and_hook(library: str, hook: str, name: str) -> None:
    make, fault = FAULTS[name]
    with JwksServer([GOOD]) as server:
        server.at_keys = make(server)
        async with client_of(library, hook) as client:
            site = Site(server, RemoteKeys(client=client))
            assert (await site.ask()).status == 503
            assert fault in (site.status().last_error or "")


ANSWERS: dict[str, tuple[Callable[[Any], Any], str | None]] = {
    "as JSON": (lambda library: library.Response(200, json={"keys": [GOOD]}), None),
    "as bytes": (lambda library: library.Response(200, content=json.dumps({"keys": [GOOD]}).encode()), None),
    "too long": (lambda library: library.Response(200, content=b" " * 262_145), "more than 262144 bytes"),
    "a short stream": (lambda library: library.Response(200, stream=Short()), None),
    "a stream that never waits": (lambda library: library.Response(200, stream=Endless()), "more than 262144 bytes"),
    "compressed": (
        lambda library: library.Response(200, content=BOMB, headers={"content-encoding": "gzip"}),
        "compressed, which was not asked for",
    ),
    "not found": (lambda library: library.Response(404, json={}), "was answered 404"),
}


class Short(httpx.AsyncByteStream, httpx2.AsyncByteStream):
    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield json.dumps({"keys": [GOOD]}).encode()


class Endless(httpx.AsyncByteStream, httpx2.AsyncByteStream):
    """20 MB at once."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for _ in range(320):
            yield b" " * 65_536


@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("library", CLIENTS)
async def test_a_mock_transport_answers_within_the_same_bounds(library: str, hook: str, name: str) -> None:
    if hook in ("reads raw", "reads lines") and "stream" not in name:
        hook = "no hook"  # httpx itself has read such an answer already, and raises in the hook
    make, fault = ANSWERS[name]
    transport = CLIENTS[library].MockTransport(lambda _request: make(CLIENTS[library]))
    provider = Provider("x", "https://login.example.com/jwks", allow_loopback_http=False)
    async with client_of(library, hook, transport=transport) as client:
        if fault is None:
            (key,) = (await fetch_keys(provider, client, 262_144)).keys
            assert key.key_id == "one"
        else:
            with pytest.raises(FetchError, match=fault):
                await fetch_keys(provider, client, 262_144)


@pytest.mark.parametrize("library", CLIENTS)
async def test_a_hook_that_raises_is_a_failed_fetch(library: str) -> None:
    async def refuse(response: Any) -> None:
        response.raise_for_status()

    with JwksServer([GOOD]) as server:
        server.at_keys = answer({}, status=500)
        async with CLIENTS[library].AsyncClient(event_hooks={"response": [refuse]}) as client:
            site = Site(server, RemoteKeys(client=client))
            assert (await site.ask()).status == 503
            fault = site.status().last_error
            assert fault == "the provider cannot be reached (HTTPStatusError)"


@pytest.mark.parametrize("library", CLIENTS)
async def test_faults_of_either_client_are_told(library: str) -> None:
    with JwksServer([GOOD]) as server:
        server.die()
        async with client_of(library) as client:
            site = Site(server, RemoteKeys(client=client))
            assert (await site.ask()).status == 503
            fault = site.status().last_error
            assert fault == "the provider cannot be reached (ConnectError)"
