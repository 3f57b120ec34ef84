"""Each verb alone, and what stands below it: the primitive.

One token is verified again and again, so ours finds its header among those seen before, as for any issuer's tokens.
Tokens, scopes and claims are made before; every function is called once and its result checked before it is timed.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from starlette.types import Receive, Scope, Send

from asgi_bearer import AuthError, User
from asgi_bearer.allowlist.policy import Policy
from asgi_bearer.challenge import challenge, reject
from asgi_bearer.errors import BadSignature, NoCredentials
from asgi_bearer.issuers.jwt_verifier import verify_signature
from asgi_bearer.issuers.trusted import TrustedIssuer
from asgi_bearer.keys.verification_key import VerificationKey
from asgi_bearer.tokens.claims import Claims, check_claims
from asgi_bearer.tokens.compact import UnverifiedToken, read_unverified
from asgi_bearer.tokens.credentials import BearerToken, find_credentials, read_token
from benchmarks.contenders.orders import ALLOW, issuer
from benchmarks.primitive import parts, primitives
from benchmarks.requests import answer, bearer, http_scope, send
from benchmarks.rules import decide
from benchmarks.timing import Contender
from benchmarks.tokens import ALGORITHMS, SCOPE, SUBJECT, broken, sign

VERBS: Sequence[tuple[str, str]] = (
    ("match: literal", "one of ten rules, by its exact path, decided anew"),
    ("match: pattern", "the last of ten rules, seven of them patterns, decided anew"),
    ("match: kept", "a decision that was made before"),
    ("read", "headers → BearerToken"),
    ("check", "claims set → Claims"),
    ("identify", "Claims → User, no loader"),
    ("refuse: no credentials", "the shortest challenge"),
    ("refuse: bad signature", "challenge with error and description"),
)
"""Verbs that no algorithm changes."""

LAYERS: Sequence[tuple[str, str]] = (
    ("primitive", "hmac.digest and compare_digest, or cryptography's verify, of many tokens in turn: the floor"),
    ("signature", "our key's verify: joserfc and the primitive"),
    ("verify", "BearerToken → UnverifiedToken, verified: strict reading and signature"),
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
    literal, pattern = http_scope(path="/health"), http_scope(bearer(sign("HS256").encode()))
    assert decide(policy, literal).rules == (ALLOW[0],)
    assert decide(policy, pattern) is policy.requirement(pattern)
    yield Contender("match: literal", partial(decide, policy, literal))
    yield Contender("match: pattern", partial(decide, policy, pattern))
    yield Contender("match: kept", partial(policy.requirement, pattern))

    headers = pattern["headers"]
    assert _read(headers) == BearerToken(sign("HS256").encode())
    yield Contender("read", partial(_read, headers))

    for name, error in (("no credentials", NoCredentials()), ("bad signature", BadSignature())):
        messages = asyncio.run(answer(partial(_refuse, error), pattern))
        assert [message["type"] for message in messages] == ["http.response.start", "http.response.body"]
        assert dict(messages[0]["headers"])[b"www-authenticate"] == challenge(error, "api").encode()
        yield Contender(f"refuse: {name}", partial(reject, error, "api", pattern, send), kind="coroutine")


def _read(headers: Sequence[tuple[bytes, bytes]]) -> BearerToken | None:
    credentials = find_credentials(headers)
    return None if credentials is None else read_token(credentials)


async def _refuse(error: AuthError, scope: Scope, _receive: Receive, send: Send) -> None:
    await reject(error, "api", scope, send)


def _claims_verbs() -> Iterator[Contender]:
    trusted, now = TrustedIssuer(issuer("HS256")), time.time()
    verified, _ = _verify(BearerToken(sign("HS256").encode()), trusted)
    claims = _check(verified, trusted, now)
    assert claims.subject == SUBJECT
    assert SCOPE in claims.scopes
    yield Contender("check", partial(_check, verified, trusted, now))

    assert User(claims).subject == SUBJECT
    yield Contender("identify", partial(User, claims))


def _layers(algorithm: str) -> Iterator[Contender]:
    token = sign(algorithm)
    signed, signature = parts(token)
    yield Contender("primitive", primitives(algorithm), algorithm)

    trusted, text = TrustedIssuer(issuer(algorithm)), BearerToken(token.encode())
    verified, key = _verify(text, trusted)
    assert verified.members["sub"] == SUBJECT
    assert key.verify(signed, signature)
    assert not key.verify(signed, parts(broken(token))[1])
    yield Contender("signature", partial(key.verify, signed, signature), algorithm)

    yield Contender("verify", partial(_verify, text, trusted), algorithm)


def verifier(algorithm: str) -> Callable[[bytes], Mapping[str, Any]]:
    """Text → claims, as the middleware does it; what others call decode. Raises AuthError."""
    trusted = TrustedIssuer(issuer(algorithm))

    def verify(text: bytes) -> Mapping[str, Any]:
        unverified, _ = _verify(BearerToken(text), trusted)
        return _check(unverified, trusted, time.time()).members

    return verify


def _verify(token: BearerToken, trusted: TrustedIssuer) -> tuple[UnverifiedToken, VerificationKey]:
    """As the middleware does it where keys are at hand: the claims set may be believed after it."""
    unverified = read_unverified(token)
    keys = trusted.keys.find(unverified.header.key_id, unverified.header.algorithm)
    return unverified, verify_signature(unverified, keys or ())


def _check(verified: UnverifiedToken, trusted: TrustedIssuer, now: float) -> Claims:
    return check_claims(verified.members, verified.header.token_type, trusted.policy, now)
