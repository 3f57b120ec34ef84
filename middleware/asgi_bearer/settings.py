"""What can be wrong with a `BearerAuth`, each with what to write instead."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from .allowlist.request_target import ROOT_PATH
from .allowlist.validation import rule_errors
from .connections import ConnectionSettings
from .issuers.dynamic import DynamicIssuers
from .issuers.issuer import Issuer
from .revocation.revocations import Revocations
from .tokens.cache import CacheLimits
from .user_loader import is_async

if TYPE_CHECKING:
    from .auth import BearerAuth

_REALM = re.compile(r"[\x20\x21\x23-\x5b\x5d-\x7e]+")
"""What a quoted string needs no escapes for (RFC 9110 section 5.6.4)."""

_EARLIEST_NOW = 1_000_000_000
"""Seconds since 1970, in 2001: a clock that shows less counts from elsewhere, as `time.monotonic` does."""


def as_list(value: Any) -> tuple[Any, ...]:
    """Return one thing, or the things in a list. A string is one thing, and so one error."""
    return tuple(value) if isinstance(value, Iterable) and not isinstance(value, str | bytes) else (value,)


def setting_errors(auth: "BearerAuth") -> Iterator[str]:
    """Return everything that is wrong, a sentence each with what to write instead."""
    yield from _issuer_errors(as_list(auth.issuers))
    if auth.unlisted not in ("authenticated", "denied"):
        yield f'unlisted must be "authenticated" or "denied", not {auth.unlisted!r}'
    if auth.user_loader is not None and not is_async(auth.user_loader):
        yield "user_loader must be an async function: async (Claims) -> user or None"
    yield from _clock_errors(auth.clock)
    if not isinstance(auth.realm, str) or not _REALM.fullmatch(auth.realm):
        yield "realm must be printable ASCII without quotes and backslashes, and not empty"
    if auth.root_path is not None and not (isinstance(auth.root_path, str) and ROOT_PATH.fullmatch(auth.root_path)):
        yield 'root_path must be such as "/api": a slash first and none at the end, or None'
    yield from _errors_of(auth.connections, ConnectionSettings, "connections must be ConnectionSettings(…)")
    if auth.revocations is not None:
        instead = "revocations must be Revocations(), SqliteRevocations(…) or RedisRevocations(…), or None"
        yield from _errors_of(auth.revocations, Revocations, instead)
    if auth.cache is not None:
        yield from _errors_of(auth.cache, CacheLimits, "cache must be CacheLimits(…), or None for no cache")
    yield from _seam_errors(auth)
    yield from rule_errors(as_list(auth.allow))


def _clock_errors(clock: Any) -> Iterator[str]:
    instead = "clock must be a function that returns seconds since 1970, such as time.time"
    if not callable(clock):
        yield instead
        return
    try:
        now = clock()
    except Exception as error:  # noqa: BLE001 - it is the operator's function
        yield f"{instead}; it raised {type(error).__name__}"
        return
    if type(now) not in (int, float):
        yield f"{instead}; it returned a {type(now).__name__}"
    elif not now >= _EARLIEST_NOW:
        yield f"{instead}; it returned {now!r}, which is before 2002"


def _seam_errors(auth: "BearerAuth") -> Iterator[str]:
    for name, method in (("verifiers", "verify"), ("checks", "check"), ("observers", "decided")):
        for one in as_list(getattr(auth, name)):
            if isinstance(one, type):
                yield f"{name} must be objects, and {one.__name__} is a class; write {one.__name__}(…)"
            elif not callable(getattr(one, method, None)):
                yield f"{name} must be objects with a method {method}; {type(one).__name__} has none"


def _issuer_errors(issuers: Sequence[object]) -> Iterator[str]:
    if not issuers:
        yield 'issuers must not be empty; write Issuer("https://login.example.com/", audience="orders-api")'
    names = [issuer.name for issuer in issuers if isinstance(issuer, Issuer)]
    for issuer in issuers:
        yield from _errors_of(issuer, Issuer | DynamicIssuers, _no_issuer(issuer))
    for name in sorted({str(name) for name in names if names.count(name) > 1}):
        yield f"two issuers are called {name!r}; write one with all its audiences and keys"
    if sum(isinstance(issuer, DynamicIssuers) for issuer in issuers) > 1:
        yield "there are several DynamicIssuers in issuers; write one whose function knows them all"


def _no_issuer(value: object) -> str:
    if isinstance(value, str):
        return f'{value!r} in issuers is a string; write Issuer({value!r}, audience="the name of this API")'
    if isinstance(value, type):
        return f"{value.__name__} in issuers is a class; write {value.__name__}(…)"
    return f"{type(value).__name__} in issuers is not an Issuer; write Issuer(…)"


def _errors_of(declaration: Any, kind: Any, instead: str) -> Iterator[str]:
    """What it says itself, if it is of this kind at all."""
    if isinstance(declaration, kind):
        yield from declaration.errors()
    else:
        yield instead
