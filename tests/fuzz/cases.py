"""A case: one configuration, one clock, several requests, and for each whether it must be admitted.

A token starts out good for one of the configured issuers. Harmless changes keep it good. One fault, of a list of errors
that no configuration here forgives, makes it bad. A change of its text makes it bad. A wild change may do either, and
then only the general laws hold: an answer, no exception, nothing unprintable.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, SECP384R1, SECP521R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa_key
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from asgi_bearer import BearerMiddleware, Issuer, StaticKeys, optional, protected, public
from tests.asgi import Recorder, bearer, call, http_scope, websocket_scope
from tests.keys import private_pem
from tests.tokens import encode, sign

POOL: dict[str, list[Any]] = {
    "RS256": [RSAKey.import_key(private_pem(generate_rsa_key(65537, 2048))) for _ in range(2)],
    "ES256": [ECKey.import_key(private_pem(generate_ec_key(SECP256R1()))) for _ in range(2)],
    "ES384": [ECKey.import_key(private_pem(generate_ec_key(SECP384R1()))) for _ in range(2)],
    "ES512": [ECKey.import_key(private_pem(generate_ec_key(SECP521R1()))) for _ in range(2)],
    "Ed25519": [OKPKey.import_key(private_pem(Ed25519PrivateKey.generate())) for _ in range(2)],
    "HS256": [OctKey.generate_key(512) for _ in range(2)],
}
POOL["PS256"] = POOL["RS512"] = POOL["RS256"]
POOL["HS512"] = POOL["HS256"]
ASYMMETRIC = [name for name in POOL if not name.startswith("HS")]
STRANGERS: dict[str, Any] = {
    "R": RSAKey.import_key(private_pem(generate_rsa_key(65537, 2048))),
    "P": RSAKey.import_key(private_pem(generate_rsa_key(65537, 2048))),
    "ES256": ECKey.import_key(private_pem(generate_ec_key(SECP256R1()))),
    "ES384": ECKey.import_key(private_pem(generate_ec_key(SECP384R1()))),
    "ES512": ECKey.import_key(private_pem(generate_ec_key(SECP521R1()))),
    "Ed25519": OKPKey.import_key(private_pem(Ed25519PrivateKey.generate())),
    "H": OctKey.generate_key(512),
}

ALLOW = [
    public("/open"),
    optional("/maybe"),
    protected("/scoped", scopes=["read"]),
    protected("/admin/{rest:path}", roles=["admin"]),
]
JSON: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    1.5,
    10**30,
    1e308,
    "",
    "x",
    "\u0000",
    "é𝄞",
    [],
    [None],
    [[]],
    {},
    {"x": {}},
]
JSON += [["read"], "read", "admin", ["admin"], ["a"] * 50, {"roles": ["admin"]}]


@dataclass(frozen=True)
class Signer:
    """Who signs: an issuer's name, one of its keys with its algorithm, and the settings that bind its tokens."""

    name: str
    audience: str
    algorithm: str
    key: Any
    key_id: str | None
    token_type: str | None
    leeway: int
    max_age: int | None


@dataclass
class Draft:
    """A token before it is signed."""

    signer: Signer
    now: int
    header: dict[str, Any]
    claims: dict[str, Any]
    key: Any
    payload: bytes | None = None
    raw_header: bytes | None = None


@dataclass(frozen=True)
class Request:
    """What is sent, and what must come of it: True admitted, False refused, None either."""

    text: str
    story: str
    good: bool | None


def configuration(random: Random, now: int) -> tuple[BearerMiddleware, Recorder, list[Signer]]:
    issuers, signers = [], []
    for number in range(random.choice([1, 1, 2, 3])):
        issuer, of_issuer = make_issuer(random, number)
        issuers.append(issuer)
        signers += of_issuer
    app = Recorder()
    return BearerMiddleware(app, issuers=issuers, allow=ALLOW, clock=lambda: now), app, signers


def make_issuer(random: Random, number: int) -> tuple[Issuer, list[Signer]]:
    symmetric = random.random() < 0.3
    names = random.sample(["HS256", "HS512"] if symmetric else ASYMMETRIC, k=1 if symmetric else random.randint(1, 3))
    one_rsa = [name for name in names if name[0] in "RP"][:1]
    algorithms = [name for name in names if name[0] not in "RP"] + one_rsa  # one algorithm a key
    settings: dict[str, Any] = {
        "name": f"https://issuer{number}.example/",
        "audience": random.choice(["orders-api", f"api{number}"]),
        "token_type": random.choice([None, None, "at+jwt"]),
        "leeway": random.choice([0, 0, 30, 300]),
        "max_age": random.choice([None, None, 600]),
    }
    signers, jwks = [], []
    for algorithm in algorithms:
        key = POOL[algorithm][number % 2]
        key_id = random.choice([None, f"k{number}", "same"])
        jwk = {**key.as_dict(private=algorithm[0] == "H"), "alg": algorithm}
        jwks.append(jwk if key_id is None else {**jwk, "kid": key_id})
        signers.append(Signer(algorithm=algorithm, key=key, key_id=key_id, **settings))
    issuer = Issuer(
        settings["name"],
        settings["audience"],
        keys=StaticKeys.from_jwks({"keys": jwks}),
        algorithms=algorithms,
        token_type=settings["token_type"],
        leeway=timedelta(seconds=settings["leeway"]),
        max_age=None if settings["max_age"] is None else timedelta(seconds=settings["max_age"]),
    )
    return issuer, signers


def good_draft(random: Random, signer: Signer, now: int) -> Draft:
    name = random.choice(["Ed25519", "EdDSA"]) if signer.algorithm == "Ed25519" else signer.algorithm
    header: dict[str, Any] = {"alg": name}
    if signer.key_id is not None and random.random() < 0.7:
        header["kid"] = signer.key_id
    if signer.token_type or random.random() < 0.7:
        header["typ"] = random.choice(["at+jwt", "AT+JWT", "application/at+jwt"])
    issued = now + signer.leeway - random.choice([0, 1, 60, 599])
    audience = random.choice([signer.audience, [signer.audience], ["other", signer.audience]])
    claims = {
        "iss": signer.name,
        "aud": audience,
        "sub": random.choice(["suman", "é", "x" * 100]),
        "exp": now - signer.leeway + random.choice([1, 60, 3600]),
        "iat": issued,
        "jti": random.choice(["x", "é"]),
        "client_id": "app",
    }
    return Draft(signer, now, header, claims, signer.key)


HARMLESS: list[Callable[[Random, Draft], None]] = [  # the first one changes the header, the others the claims
    lambda random, draft: draft.header.update(
        {random.choice(["nonce", "jku", "x5u", "x5t", "foo"]): random.choice(JSON)}
    ),
    lambda random, draft: draft.claims.update({random.choice(["email", "azp", "nonce"]): random.choice(JSON)}),
    lambda random, draft: draft.claims.update(scope=random.choice(JSON)),
    lambda random, draft: draft.claims.update(scp=random.choice(JSON)),
    lambda random, draft: draft.claims.update(roles=random.choice(JSON)),
    lambda random, draft: draft.claims.update(jti=random.choice(["y", "é", " "])),
    lambda random, draft: draft.claims.update(nbf=random.choice([0, draft.now, draft.now + draft.signer.leeway, 1.5])),
]

WRONG_TIMES: list[Any] = [None, True, "1", "", [], {}, -1, 10**400, 253_402_300_800, float("nan")]


def _fault(name: str, value: Callable[[Random, Draft], Any]) -> Callable[[Random, Draft], None]:
    def change(random: Random, draft: Draft) -> None:
        draft.claims[name] = value(random, draft)

    return change


def _header_fault(name: str, *values: Any) -> Callable[[Random, Draft], None]:
    def change(random: Random, draft: Draft) -> None:
        draft.header[name] = random.choice(values)

    return change


FAULTS: dict[str, Callable[[Random, Draft], None]] = {
    "expired": _fault("exp", lambda r, d: d.now - d.signer.leeway - r.choice([0, 1, 1000])),
    "no exp": lambda r, d: d.claims.pop("exp"),
    "exp of another type": _fault("exp", lambda r, d: r.choice(WRONG_TIMES)),
    "not yet": _fault("nbf", lambda r, d: d.now + d.signer.leeway + r.choice([1, 1000])),
    "from the future": _fault("iat", lambda r, d: d.now + d.signer.leeway + r.choice([1, 1000])),
    "iat of another type": _fault("iat", lambda r, d: r.choice(WRONG_TIMES)),
    "another audience": _fault(
        "aud", lambda r, d: r.choice(["", "api", [], ["x"], None, 7, {}, [d.signer.audience, 7]])
    ),
    "another issuer": _fault("iss", lambda r, d: r.choice([d.signer.name[:-1], "", None, 7, [d.signer.name], {}])),
    "no subject": _fault("sub", lambda r, d: r.choice(["", None, 7, [], {}, True])),
    "jti of another type": _fault("jti", lambda r, d: r.choice([None, 7, [], {}])),
    "client_id of another type": _fault("client_id", lambda r, d: r.choice([None, 7, [], {}])),
    "another kind": lambda r, d: d.claims.update({r.choice(["at_hash", "c_hash", "events", "cnf"]): r.choice(JSON)}),
    "Keycloak's kind": _fault("typ", lambda r, d: r.choice(["ID", "Refresh", "Offline", "Logout"])),
    "crit": _header_fault("crit", *JSON),
    "b64": _header_fault("b64", *JSON),
    "nested": _header_fault("cty", *JSON),
    "typ": _header_fault("typ", "logout+jwt", "secevent+jwt", "", None, 7, [], "x"),
    "kid": _header_fault("kid", "", None, 7, [], "nobody's\n", "k" * 2000, "a\x00b"),
    "alg": _header_fault("alg", "none", "None", "", None, 7, [], "RSA", "ES256K", "HS384", "RS384", "x" * 500),
    "a stranger's key": lambda r, d: setattr(d, "key", _stranger(d.signer.algorithm)),
    "payload no object": lambda r, d: setattr(
        d, "payload", r.choice([b"[]", b"null", b"", b"1", b"{", b"\xff", b"{}x"])
    ),
    "payload deep": lambda r, d: setattr(d, "payload", encode(d.claims)[:-1] + b',"x":' + b"[" * 40 + b"]" * 40 + b"}"),
    "a name twice": lambda r, d: setattr(d, "payload", encode(d.claims)[:-1] + b',"sub":"root"}'),
    "UTF-16": lambda r, d: setattr(d, "payload", encode(d.claims).decode().encode("utf-16")),
    "header twice": lambda r, d: setattr(d, "raw_header", encode(d.header)[:-1] + b',"alg":"none"}'),
    "header no object": lambda r, d: setattr(
        d, "raw_header", r.choice([b"[]", b'"alg"', b"null", b"", b"\xfe", b'["alg"]'])
    ),
    "a lone surrogate": lambda r, d: setattr(d, "payload", encode(d.claims)[:-1] + b',"x":"\\ud800"}'),
}


def _stranger(algorithm: str) -> Any:
    return STRANGERS.get(algorithm) or STRANGERS[algorithm[0]]


def make_request(random: Random, signer: Signer, now: int) -> Request:
    draft = good_draft(random, signer, now)
    for change in random.sample(HARMLESS, k=random.choice([0, 0, 1, 2])):
        change(random, draft)
    kind = random.choice(["good", "good", "fault", "fault", "fault", "text", "wild"])
    if kind == "fault":
        story = random.choice(sorted(FAULTS))
        FAULTS[story](random, draft)
        return Request(signed(draft), story, good=False)
    if kind == "text":
        text = signed(draft)
        changed = _change_text(random, text)
        return Request(changed, "text", good=None if changed == text else False)
    if kind == "wild":
        for _ in range(random.randint(1, 3)):
            place = random.choice([draft.header, draft.claims])
            place[random.choice([*place, "kid", "scope", "roles"])] = random.choice(JSON)
        return Request(signed(draft), "wild", good=None)
    return Request(signed(draft), "good", good=True)


def signed(draft: Draft) -> str:
    header = draft.header if draft.raw_header is None else draft.raw_header
    payload = draft.claims if draft.payload is None else draft.payload
    return sign(payload, algorithm=draft.signer.algorithm, header=header, key=draft.key)


def _change_text(random: Random, text: str) -> str:
    """The same text with a small change somewhere. White space stays inside, since a header may have it around."""
    place = random.randrange(1, len(text) - 1)
    piece = random.choice(["A", "_", "-", ".", "=", "+", "/", "~", " ", "\n", "é", "\x00", ",", text[:20], text])
    return random.choice(
        [
            text[:place] + piece + text[place:],
            text[:place] + piece + text[place + 1 :],
            text[:place] + text[place + 1 :],
            text[:place],
            text[place:],
            text + "." + text,
            text.replace(".", "..", 1),
            text[:place] + text[place].swapcase() + text[place + 1 :],
            ".".join(random.sample(text.split("."), k=3)),
        ]
    )


def run(random: Random) -> int:
    """One case. Raises AssertionError where something comes out that must not. Returns the number of its requests."""
    now = random.choice([1_800_000_000, 1_000_000_000, 4_102_444_800]) + random.randrange(100_000)
    middleware, app, signers = configuration(random, now)
    count = random.randint(3, 6)
    for _ in range(count):
        _check(random, middleware, app, make_request(random, random.choice(signers), now))
    return count


def _check(random: Random, middleware: BearerMiddleware, app: Recorder, request: Request) -> None:
    path = random.choice(["/profile", "/maybe", "/scoped", "/admin/x", "/open", "/profile//", "/a/../b"])
    headers = [bearer(request.text.encode("utf-8", "surrogatepass"))]
    if doubled := random.random() < 0.05:
        headers *= 2
    socket = random.random() < 0.1
    scope = (
        websocket_scope(path, headers, extensions={"websocket.http.response": {}})
        if socket
        else http_scope(path, headers=headers)
    )
    app.scopes.clear()
    answer = asyncio.run(call(middleware, scope))
    what = f"{request.story} at {path}: {answer.messages[0]}"
    if path == "/open" and not socket:
        assert app.reached, what
        assert not app.scopes[0]["user"].is_authenticated, what
        return
    if app.reached:
        assert request.good is not False, what
        assert path in ("/profile", "/maybe", "/open") or _has_what_is_needed(path, app), what
        assert app.scopes[0]["user"].is_authenticated, what
        assert not doubled, what
        return
    assert answer.status in (400, 401, 403), what
    assert answer.challenge, what
    assert all(0x20 <= octet <= 0x7E for name, value in answer.messages[0]["headers"] for octet in name + value), what
    if request.good and not doubled and path in ("/profile", "/maybe", "/open"):
        raise AssertionError(f"a good token is refused: {what}")


def _has_what_is_needed(path: str, app: Recorder) -> bool:
    user = app.scopes[0]["user"]
    return "read" in user.scopes if path == "/scoped" else "admin" in user.roles
