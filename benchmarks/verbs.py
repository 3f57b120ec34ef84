"""Each verb alone, and what stands below it: the signature's verification by cryptography or hmac and nothing else.

One token is verified again and again, so ours finds its header among those seen before, as for any issuer's tokens.
Tokens, scopes and claims are made before; every function is called once and its result checked before it is timed.
"""

import asyncio
import hmac
import time
from base64 import urlsafe_b64decode
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from jwt.algorithms import get_default_algorithms
from starlette.types import Message, Receive, Scope, Send

from asgi_bearer import BearerMiddleware, CacheLimits, Issuer, Limits, NoCredentials, User
from asgi_bearer.challenge import challenge, refuse
from asgi_bearer.claims import check_claims
from asgi_bearer.credentials import BearerToken, find_credentials, read_token
from asgi_bearer.errors import BadSignature
from asgi_bearer.policy import Policy
from asgi_bearer.verification import SignedClaims, read_unverified, verify_signature
from benchmarks.contenders import ALLOW, issuer, pyjwt_decoder
from benchmarks.requests import Headers, bearer, http_scope, request, send, status
from benchmarks.timing import Contender
from benchmarks.tokens import ALGORITHMS, SCOPE, SUBJECT, broken, header_name, public_key, sign

_LIMITS = Limits()
_EMPTY_ANSWER: Message = {"type": "http.response.start", "status": 200, "headers": []}

VERBS: Sequence[tuple[str, str]] = (
    ("match: literal", "one of ten rules, by its exact path, decided anew"),
    ("match: pattern", "the last of ten rules, seven of them patterns, decided anew"),
    ("match: kept", "a decision that was made before"),
    ("read", "headers → BearerToken"),
    ("check", "SignedClaims → Claims"),
    ("identify", "Claims → User, no loader"),
    ("refuse: no credentials", "the shortest challenge"),
    ("refuse: bad signature", "challenge with error and description"),
    ("whole: public route", "match and admit around an empty app, no token looked at"),
)
"""Verbs that no algorithm changes."""

LAYERS: Sequence[tuple[str, str]] = (
    ("primitive", "hmac.digest and compare_digest, or cryptography's verify: the floor"),
    ("signature", "our key's verify: joserfc and the primitive"),
    ("verify", "BearerToken → SignedClaims: strict reading and signature"),
    ("verify, check", "BearerToken → Claims: what PyJWT calls decode"),
    ("whole", "all verbs around an empty app, a token never seen before"),
    ("whole, seen", "the same, a token that was seen before"),
    ("PyJWT prepare_key", "what PyJWT asks of a loaded key for every token"),
    ("PyJWT decode", "its signature and claims, prepare_key included: compare with verify, check"),
)
"""What there is to time for each algorithm."""


def verbs() -> Iterator[Contender]:
    """Raises AssertionError where one does not do its work."""
    yield from _request_verbs()
    yield from _claims_verbs()
    for algorithm in ALGORITHMS:
        yield from _layers(algorithm)


def _request_verbs() -> Iterator[Contender]:
    policy = Policy(ALLOW, "authenticated")
    literal, pattern = http_scope(path="/health"), http_scope(bearer(sign("HS256")))
    assert policy.decide(literal) is ALLOW[0]
    assert policy.decide(pattern) is policy.match(pattern) is ALLOW[-1]
    yield Contender("match: literal", partial(policy.decide, literal))
    yield Contender("match: pattern", partial(policy.decide, pattern))
    yield Contender("match: kept", partial(policy.match, pattern))

    headers = pattern["headers"]
    assert _read(headers) == BearerToken(sign("HS256").encode())
    yield Contender("read", partial(_read, headers))

    for name, error in (("no credentials", NoCredentials()), ("bad signature", BadSignature())):
        messages = _messages(partial(refuse, error, "api", pattern))
        assert [message["type"] for message in messages] == ["http.response.start", "http.response.body"]
        assert dict(messages[0]["headers"])[b"www-authenticate"] == challenge(error, "api").encode()
        yield Contender(f"refuse: {name}", partial(refuse, error, "api", pattern, send), kind="coroutine")

    app = BearerMiddleware(_empty_app, issuers=issuer("HS256"), allow=ALLOW)
    assert status(app, literal) == 200
    yield Contender("whole: public route", request(app, literal), kind="coroutine")


def _claims_verbs() -> Iterator[Contender]:
    signed, now = _verified("HS256"), time.time()
    claims = check_claims(signed, now)
    assert claims.subject == SUBJECT
    assert SCOPE in claims.scopes
    yield Contender("check", lambda: check_claims(signed, now))

    assert User(claims).subject == SUBJECT
    yield Contender("identify", partial(User, claims))


def _layers(algorithm: str) -> Iterator[Contender]:
    token = sign(algorithm)
    signed, signature = _parts(token)
    yield Contender("primitive", _checked_primitive(algorithm), algorithm)

    key = _verified(algorithm).key
    assert key.verify(signed, signature)
    assert not key.verify(signed, _parts(broken(token))[1])
    yield Contender("signature", partial(key.verify, signed, signature), algorithm)

    trusted, text = issuer(algorithm), BearerToken(token.encode())
    assert _verify(text, trusted).members["sub"] == SUBJECT
    yield Contender("verify", partial(_verify, text, trusted), algorithm)

    now = time.time()
    yield Contender("verify, check", lambda: check_claims(_verify(text, trusted), now), algorithm)

    for name, cache in (("whole", None), ("whole, seen", CacheLimits())):
        app = BearerMiddleware(_empty_app, issuers=trusted, allow=ALLOW, cache=cache)
        assert status(app, http_scope(bearer(token))) == 200
        assert status(app, http_scope(bearer(broken(token)))) == 401
        yield Contender(name, request(app, http_scope(bearer(token))), algorithm, "coroutine")

    prepare = get_default_algorithms()[header_name(algorithm)].prepare_key
    yield Contender("PyJWT prepare_key", partial(prepare, public_key(algorithm)), algorithm)

    decode = pyjwt_decoder(algorithm)
    assert decode(token)["sub"] == SUBJECT
    yield Contender("PyJWT decode", partial(decode, token), algorithm)


def _verified(algorithm: str) -> SignedClaims:
    return _verify(BearerToken(sign(algorithm).encode()), issuer(algorithm))


def _verify(token: BearerToken, trusted: Issuer) -> SignedClaims:
    """As the middleware does it where keys are at hand."""
    unverified = read_unverified(token, _LIMITS)
    keys = trusted.find_keys(unverified.header.key_id, unverified.header.algorithm)
    return verify_signature(unverified, trusted, keys or ())


def _read(headers: Headers) -> BearerToken | None:
    credentials = find_credentials(headers)
    return None if credentials is None else read_token(credentials, _LIMITS.token)


def _parts(token: str) -> tuple[bytes, bytes]:
    """What was signed, and the signature."""
    signed, _, signature = token.encode().rpartition(b".")
    return signed, urlsafe_b64decode(signature + b"==")


async def _empty_app(_scope: Scope, _receive: Receive, send: Send) -> None:
    """The least that an app can answer."""
    await send(_EMPTY_ANSWER)


def _messages(answer: Callable[[Send], Awaitable[None]]) -> list[Message]:
    """What `answer` sends."""
    messages: list[Message] = []

    async def record(message: Message) -> None:
        messages.append(message)

    async def run() -> None:
        await answer(record)

    asyncio.run(run())
    return messages


def _checked_primitive(algorithm: str) -> Callable[[], Any]:
    token = sign(algorithm)
    assert _holds(_primitive(algorithm, token))
    assert not _holds(_primitive(algorithm, broken(token)))
    return _primitive(algorithm, token)


def _holds(primitive: Callable[[], Any]) -> bool:
    try:
        return primitive() is not False
    except InvalidSignature:
        return False


def _primitive(algorithm: str, token: str) -> Callable[[], Any]:
    """Verifies the token's signature and does nothing else: says False or raises InvalidSignature."""
    signed, signature = _parts(token)
    key = public_key(algorithm)
    if algorithm == "HS256":
        return lambda: hmac.compare_digest(hmac.digest(key, signed, "sha256"), signature)
    if algorithm == "RS256":
        return partial(key.verify, signature, signed, PKCS1v15(), SHA256())
    if algorithm == "ES256":  # cryptography wants DER where a JWS has r and s beside each other
        r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
        return partial(key.verify, encode_dss_signature(r, s), signed, ECDSA(SHA256()))
    return partial(key.verify, signature, signed)
