"""DynamicIssuers: issuers that are found at run time, by the `iss` of a token that is not verified yet."""

import logging
import re
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from threading import Lock

import anyio

from ..errors import AuthenticationUnavailable, UnknownIssuer
from ..shared_task import SharedTask
from ..user_loader import is_async
from .issuer import Issuer
from .trusted import TrustedIssuer

_log = logging.getLogger("asgi_bearer")

_NAME = re.compile(r"[^\x00-\x1f\x7f]{1,2048}")


@dataclass(frozen=True, eq=False)
class DynamicIssuers:
    """Issuers that an async function of yours knows, such as one for each tenant.

    resolve: `async (iss) -> Issuer or None`. It is called with what an unverified token says, so it must look that up
        and never build an issuer out of it. Return the same `Issuer` while nothing changed: its keys stay fetched.
    max_issuers: in memory; the least recently used is evicted first.
    lifetime: after which `resolve` is called again, so that a removed tenant is rejected.
    timeout: of one call.
    max_lookups: at once; beyond, and if `resolve` raises or takes too long, a request gets 503.
    clock: seconds of any clock that never goes back.
    """

    resolve: Callable[[str], Awaitable[Issuer | None]]
    max_issuers: int = 1_000
    lifetime: timedelta = timedelta(minutes=10)
    timeout: timedelta = timedelta(seconds=5)
    max_lookups: int = 100
    clock: Callable[[], float] = time.monotonic

    def errors(self) -> Iterator[str]:
        """Return what is wrong, a sentence each with what to write instead."""
        if not is_async(self.resolve):
            yield "DynamicIssuers: resolve must be an async function: async (iss) -> Issuer or None"
        for name in ("max_issuers", "max_lookups"):
            if type(getattr(self, name)) is not int or getattr(self, name) <= 0:
                yield f"DynamicIssuers: {name} must be an int over 0"
        for name in ("lifetime", "timeout"):
            value = getattr(self, name)
            if not isinstance(value, timedelta) or value <= timedelta(0):
                yield f"DynamicIssuers: {name} must be a timedelta over 0, such as timedelta(minutes=10)"


class IssuerLookup:
    """What is built of `DynamicIssuers`: the issuers in memory, and the calls that are under way."""

    def __init__(self, settings: DynamicIssuers) -> None:
        self._settings = settings
        self._clock = settings.clock
        self._known: OrderedDict[str, tuple[TrustedIssuer, float]] = OrderedDict()
        self._lookups: dict[str, _Lookup] = {}
        self._lock = Lock()

    def known(self) -> tuple[TrustedIssuer, ...]:
        """Return the issuers in memory now."""
        with self._lock:
            return tuple(issuer for issuer, _ in self._known.values())

    def get(self, name: str) -> TrustedIssuer | None:
        """Return the issuer of this name, if it is in memory and need not be looked up again."""
        with self._lock:
            issuer, until = self._known.get(name, (None, 0.0))
            if issuer is None or self._clock() >= until:
                return None
            self._known.move_to_end(name)
            return issuer

    async def find(self, name: str) -> TrustedIssuer:
        """Return the issuer of this name. Raises UnknownIssuer or AuthenticationUnavailable."""
        if not _NAME.fullmatch(name):
            raise UnknownIssuer
        with self._lock:
            lookup = self._lookups.get(name)
            if lookup is None or lookup.lost_at < self._clock():
                lookup = self._look_up(name)
        with anyio.move_on_after(lookup.lost_at - self._clock()):
            await lookup.wait()
        if lookup.failed:
            raise AuthenticationUnavailable
        if lookup.found is None:
            raise UnknownIssuer
        return lookup.found

    def _look_up(self, name: str) -> "_Lookup":
        lost = [other for other, lookup in self._lookups.items() if lookup.lost_at < self._clock()]
        for other in lost:
            del self._lookups[other]
        if len(self._lookups) >= self._settings.max_lookups:
            raise AuthenticationUnavailable
        lost_at = self._clock() + self._settings.timeout.total_seconds() + 1
        lookup = self._lookups[name] = _Lookup(self, name, lost_at)
        return lookup

    async def run(self, lookup: "_Lookup") -> None:
        """Make one call, and keep what it brings."""
        try:
            with anyio.fail_after(self._settings.timeout.total_seconds()):
                issuer = await self._settings.resolve(lookup.name)
            if issuer is None or _fits(issuer, lookup.name):
                lookup.found, lookup.failed = self._trusted(issuer), False
        except Exception as error:
            _log.error("the lookup of an issuer failed: %s", type(error).__name__)
        finally:
            self._finish(lookup)

    def _trusted(self, issuer: Issuer | None) -> TrustedIssuer | None:
        if issuer is None:
            return None
        known, _ = self._known.get(issuer.name, (None, 0.0))
        return known if known is not None and known.issuer is issuer else TrustedIssuer(issuer, is_dynamic=True)

    def _finish(self, lookup: "_Lookup") -> None:
        with self._lock:
            if self._lookups.get(lookup.name) is not lookup:  # it was given up, and a later one knows better
                return
            del self._lookups[lookup.name]
            self._known.pop(lookup.name, None)
            if lookup.found is not None:
                self._known[lookup.name] = lookup.found, self._clock() + self._settings.lifetime.total_seconds()
            if len(self._known) > self._settings.max_issuers:
                self._known.popitem(last=False)


class _Lookup(SharedTask):
    """One call of `resolve`. lost_at: when nothing waits for it any more."""

    def __init__(self, issuers: IssuerLookup, name: str, lost_at: float) -> None:
        self.name = name
        self.lost_at = lost_at
        self.failed = True
        self.found: TrustedIssuer | None = None
        super().__init__(lambda: issuers.run(self))


def _fits(issuer: object, name: str) -> bool:
    if not isinstance(issuer, Issuer):
        _log.error("resolve must return an Issuer or None, not %s", type(issuer).__name__)
        return False
    if issuer.name != name:
        _log.error("resolve was called for another issuer than %r, which it returned", issuer.name)
        return False
    errors = tuple(issuer.errors())
    for error in errors:
        _log.error("%s", error)
    return not errors
