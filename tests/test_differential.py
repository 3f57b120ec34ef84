"""Ours beside PyJWT and joserfc, each used correctly, on the same tokens: every class of difference is a known one."""

import time
import warnings
from collections.abc import Callable
from random import Random

import jwt
from joserfc import jwt as joserfc_jwt

from asgi_bearer import AuthError, Issuer
from asgi_bearer.tokens.credentials import BearerToken
from tests.conformance_rows import DIFFERENCES
from tests.fuzz.cases import FAULTS, HARMLESS, Signer, good_draft, make_issuer, signed
from tests.tokens import verified_claims

CASES = 4_000


def ours(issuer: Issuer, text: str, now: int) -> bool:
    try:
        verified_claims(BearerToken(text.encode()), issuer, now)
    except AuthError:
        return False
    return True


def pyjwt(signer: Signer, text: str, _now: int) -> bool:
    key = signer.key.raw_value if signer.algorithm.startswith("HS") else signer.key.public_key
    algorithm = "EdDSA" if signer.algorithm == "Ed25519" else signer.algorithm
    jwt.decode(
        text,
        key,
        algorithms=[algorithm],
        audience=signer.audience,
        issuer=signer.name,
        leeway=signer.leeway,
        options={"require": ["exp"]},
    )
    return True


def joserfc(signer: Signer, text: str, now: int) -> bool:
    names = ["Ed25519", "EdDSA"] if signer.algorithm == "Ed25519" else [signer.algorithm]
    token = joserfc_jwt.decode(text, signer.key, algorithms=names)
    registry = joserfc_jwt.JWTClaimsRegistry(
        now=now,
        leeway=signer.leeway,
        iss={"essential": True, "value": signer.name},
        aud={"essential": True, "value": signer.audience},
        exp={"essential": True},
    )
    registry.validate(token.claims)
    return True


def accepts(library: Callable[[Signer, str, int], bool], signer: Signer, text: str, now: int) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return library(signer, text, now)
    except Exception:  # noqa: BLE001 - a library may raise what it likes
        return False


def token(random: Random, signer: Signer, now: int) -> tuple[str, str]:
    """Its story and its text."""
    draft = good_draft(random, signer, now)
    story = "Ed25519" if signer.algorithm == "Ed25519" else "good"
    place = random.random()
    if place < 0.2:
        change = random.choice(HARMLESS)
        change(random, draft)
        story = "header" if change is HARMLESS[0] else story
    elif place < 0.9:
        story = random.choice(sorted(FAULTS))
        FAULTS[story](random, draft)
    return story, signed(draft)


def test_differences_are_known() -> None:
    found: set[tuple[str, str]] = set()
    for seed in range(CASES):
        random = Random(seed)
        now = int(time.time())
        issuer, signers = make_issuer(random, 0)
        signer = random.choice(signers)
        story, text = token(random, signer, now)
        decided = ours(issuer, text, now)
        differs = [accepts(library, signer, text, now) is not decided for library in (pyjwt, joserfc)]
        if any(differs) and int(time.time()) == now:  # PyJWT has a clock of its own: the second must not have passed
            found.add(
                (
                    story if story in DIFFERENCES else f"{story} of {signer.algorithm}",
                    "accepted" if decided else "refused",
                )
            )
    known = {(story, what) for story, (what, _) in DIFFERENCES.items()}
    assert found == known
