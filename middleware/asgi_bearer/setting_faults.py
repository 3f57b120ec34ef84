"""What can be wrong with a `BearerMiddleware`, but for its rules, each with what to write instead."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from .allowlist.request_target import ROOT_PATH
from .connections import ConnectionRules
from .issuers import Issuer
from .revocations import Revocations
from .seen_tokens import CacheLimits
from .tenants import Tenants
from .users import is_async
from .verification import Limits

_REALM = re.compile(r"[\x20\x21\x23-\x5b\x5d-\x7e]+")
"""What a quoted string needs no escapes for (RFC 9110 section 5.6.4)."""


def setting_faults(
    issuers: Sequence[object],
    *,
    unlisted: object,
    user_loader: object,
    realm: object,
    limits: object,
    revocations: object,
    connections: object,
    clock: object,
    cache: object,
    root_path: object,
) -> Iterator[str]:
    """Everything that is wrong with them, a sentence each with what to write instead."""
    yield from _issuer_faults(issuers)
    if unlisted not in ("authenticated", "denied"):
        yield f'unlisted must be "authenticated" or "denied", not {unlisted!r}'
    if user_loader is not None and not is_async(user_loader):
        yield "user_loader must be an async function: async (Claims) -> user or None"
    if not callable(clock):
        yield "clock must be a function that returns seconds since 1970, such as time.time"
    if not isinstance(realm, str) or not _REALM.fullmatch(realm):
        yield "realm must be printable ASCII without quotes and backslashes, and not empty"
    if root_path is not None and not (isinstance(root_path, str) and ROOT_PATH.fullmatch(root_path)):
        yield 'root_path must be such as "/api": a slash first and none at the end, or None'
    yield from _faults_of(limits, Limits, "limits must be Limits(…)")
    yield from _faults_of(connections, ConnectionRules, "connections must be ConnectionRules(…)")
    if revocations is not None:
        instead = "revocations must be Revocations(), SqliteRevocations(…) or RedisRevocations(…), or None"
        yield from _faults_of(revocations, Revocations, instead)
    if cache is not None:
        yield from _faults_of(cache, CacheLimits, "cache must be CacheLimits(…), or None for no cache")


def _issuer_faults(issuers: Sequence[object]) -> Iterator[str]:
    if not issuers:
        yield 'issuers must not be empty; write Issuer("https://login.example.com/", audience="orders-api")'
    names = [issuer.name for issuer in issuers if isinstance(issuer, Issuer)]
    for issuer in issuers:
        instead = f"{type(issuer).__name__} in issuers is not an Issuer; write Issuer(…)"
        yield from _faults_of(issuer, Issuer | Tenants, instead)
    for name in sorted({str(name) for name in names if names.count(name) > 1}):
        yield f"two issuers are called {name!r}; write one with all its audiences and keys"
    if sum(isinstance(issuer, Tenants) for issuer in issuers) > 1:
        yield "there are several Tenants in issuers; write one whose function knows them all"


def _faults_of(declaration: Any, kind: Any, instead: str) -> Iterator[str]:
    """What it says itself, if it is of this kind at all."""
    if isinstance(declaration, kind):
        yield from declaration.faults()
    else:
        yield instead
