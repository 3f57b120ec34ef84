"""Tenants: issuers that are found at run time, by the `iss` of a token that nobody has verified yet."""

import logging
import re
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from threading import Lock

import anyio

from .errors import AuthenticationUnavailable, UnknownIssuer
from .flights import Flight
from .issuers import Issuer
from .users import is_async

_log = logging.getLogger("asgi_bearer")

_NAME = re.compile(r"[^\x00-\x1f\x7f]{1,2048}")


class Tenants:
    """Issuers that an async function of yours knows, such as one for each customer.

    find: `async (iss) -> Issuer or None`. It is asked with what an unverified token says, so it must look that up and
        never build an issuer out of it. Return the same `Issuer` while nothing changed: its fetched keys live in it.
    max_issuers: kept in memory, the least recently used go first.
    lifetime: after which `find` is asked again, so that a tenant who left is refused.
    timeout: of one lookup.
    max_lookups: at once; beyond, and where `find` raises or takes too long, a request gets 503.
    """

    def __init__(
        self,
        find: Callable[[str], Awaitable[Issuer | None]],
        *,
        max_issuers: int = 1_000,
        lifetime: timedelta = timedelta(minutes=10),
        timeout: timedelta = timedelta(seconds=5),
        max_lookups: int = 100,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._find = find
        self._max_issuers = max_issuers
        self._lifetime = lifetime
        self._timeout = timeout
        self._max_lookups = max_lookups
        self._clock = clock
        self._known: OrderedDict[str, tuple[Issuer, float]] = OrderedDict()
        self._lookups: dict[str, _Lookup] = {}
        self._lock = Lock()

    def faults(self) -> Iterator[str]:
        """What is wrong, a sentence each with what to write instead."""
        if not is_async(self._find):
            yield "Tenants: find must be an async function: async (iss) -> Issuer or None"
        for name, number in (("max_issuers", self._max_issuers), ("max_lookups", self._max_lookups)):
            if type(number) is not int or number <= 0:
                yield f"Tenants: {name} must be an int over 0"
        for name, time_span in (("lifetime", self._lifetime), ("timeout", self._timeout)):
            if not isinstance(time_span, timedelta) or time_span <= timedelta(0):
                yield f"Tenants: {name} must be a timedelta over 0, such as timedelta(minutes=10)"

    def known(self) -> tuple[Issuer, ...]:
        """The issuers in memory now."""
        with self._lock:
            return tuple(issuer for issuer, _ in self._known.values())

    def get(self, name: str) -> Issuer | None:
        """The issuer of this name, if it is in memory and need not be asked for again."""
        with self._lock:
            issuer, until = self._known.get(name, (None, 0.0))
            if issuer is None or self._clock() >= until:
                return None
            self._known.move_to_end(name)
            return issuer

    async def issuer(self, name: str) -> Issuer:
        """The issuer of this name. Raises UnknownIssuer or AuthenticationUnavailable."""
        if not _NAME.fullmatch(name):
            raise UnknownIssuer
        if (issuer := self.get(name)) is not None:
            return issuer
        with self._lock:
            lookup = self._lookups.get(name)
            if lookup is None or lookup.lost_at < self._clock():
                lookup = self._look_up(name)
        with anyio.move_on_after(lookup.lost_at - self._clock()):
            await lookup.landing()
        if lookup.failed:
            raise AuthenticationUnavailable
        if lookup.found is None:
            raise UnknownIssuer
        return lookup.found

    def _look_up(self, name: str) -> "_Lookup":
        lost = [other for other, lookup in self._lookups.items() if lookup.lost_at < self._clock()]
        for other in lost:
            del self._lookups[other]
        if len(self._lookups) >= self._max_lookups:
            raise AuthenticationUnavailable
        lookup = self._lookups[name] = _Lookup(self, name, self._clock() + self._timeout.total_seconds() + 1)
        return lookup

    async def ask(self, lookup: "_Lookup") -> None:
        """One lookup, and what follows from it."""
        try:
            with anyio.fail_after(self._timeout.total_seconds()):
                issuer = await self._find(lookup.name)
            if issuer is None or _fits(issuer, lookup.name):
                lookup.found, lookup.failed = issuer, False
        except Exception as error:
            # Its text may be the client's: it was asked with what an unverified token says.
            _log.error("the lookup of a tenant's issuer failed: %s", type(error).__name__)
        finally:
            self._land(lookup)

    def _land(self, lookup: "_Lookup") -> None:
        with self._lock:
            if self._lookups.get(lookup.name) is not lookup:  # it was given up, and a later one knows better
                return
            del self._lookups[lookup.name]
            self._known.pop(lookup.name, None)
            if lookup.found is not None:
                self._known[lookup.name] = lookup.found, self._clock() + self._lifetime.total_seconds()
            if len(self._known) > self._max_issuers:
                self._known.popitem(last=False)


class _Lookup(Flight):
    """One call of `find`. lost_at: when nobody waits for it any more."""

    def __init__(self, tenants: Tenants, name: str, lost_at: float) -> None:
        self.name = name
        self.lost_at = lost_at
        self.failed = True
        self.found: Issuer | None = None
        super().__init__(lambda: tenants.ask(self))


def _fits(issuer: object, name: str) -> bool:
    if not isinstance(issuer, Issuer):
        _log.error("find must return an Issuer or None, not %s", type(issuer).__name__)
        return False
    if issuer.name != name:
        _log.error("find returned another issuer than the one that it was asked for")
        return False
    faults = tuple(issuer.faults())
    for fault in faults:
        _log.error("%s", fault)
    return not faults
