"""The verifiers alone, text → claims, with no request around them: ours and the peers', and what each leaves out."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import cycle
from typing import Any

from asgi_bearer import AuthError
from benchmarks.contenders import decoders
from benchmarks.contenders.decoders import Decoder
from benchmarks.timing import Contender
from benchmarks.tokens import ABSENT, ALGORITHMS, AUDIENCE, refused_tokens, sign, sign_many
from benchmarks.verbs import verifier as our_verifier

_TOKENS = 200


@dataclass(frozen=True, slots=True)
class Verifier:
    """left_out: as a Guard's. audience: of the tokens that it is timed with."""

    name: str
    build: Callable[[str], Decoder]
    left_out: Mapping[str, str] = field(default_factory=dict)
    audience: Any = AUDIENCE


def _ours(algorithm: str) -> Decoder:
    verify = our_verifier(algorithm)
    return Decoder(lambda token: verify(token.encode("ascii")), AuthError)


VERIFIERS: Sequence[Verifier] = (
    Verifier("verifier: asgi-bearer", _ours),
    Verifier("verifier: PyJWT", decoders.pyjwt),
    Verifier("verifier: joserfc", decoders.joserfc),
    Verifier("verifier: Authlib", decoders.authlib),
    Verifier(
        "verifier: clasp-jwt",
        decoders.clasp_jwt,
        left_out={
            "any audience": "refuses each token that has one, so it is timed with tokens that have none",
            "another issuer": "knows no issuer",
            "no sub": "cannot be required",
            "issued in the future": "iat is not looked at",
            "not yet valid": "nbf is not looked at",
        },
        audience=ABSENT,
    ),
)


def verifiers() -> Iterator[Contender]:
    """Raises AssertionError where one takes what it should not, or leaves out less than is said of it."""
    for verifier in VERIFIERS:
        for algorithm in ALGORITHMS:
            decoder = verifier.build(algorithm)
            _check(decoder, verifier, algorithm)
            tokens = sign_many(algorithm, _TOKENS, aud=verifier.audience)
            call = partial(_decode_next, decoder.decode, cycle([token.decode("ascii") for token in tokens]))
            yield Contender(verifier.name, call, algorithm)


def _decode_next(decode: Callable[[str], Mapping[str, Any]], turn: Iterator[str]) -> None:
    decode(next(turn))


def _check(decoder: Decoder, verifier: Verifier, algorithm: str) -> None:
    assert _takes(decoder, sign(algorithm, aud=verifier.audience)), verifier.name
    for fault, token in refused_tokens(algorithm, verifier.audience).items():
        allowed = fault in verifier.left_out or fault == "missing scope"  # which is for whoever asks for claims
        assert _takes(decoder, token) == allowed, f"{verifier.name}, {algorithm}: {fault}"


def _takes(decoder: Decoder, token: str) -> bool:
    try:
        decoder.decode(token)
    except decoder.error:
        return False
    return True
