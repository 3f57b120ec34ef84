"""Connection: what outlives its request, from when it begins to last until its app and its token are through.

                    begin                     end                        finish
    app called ──────▶ held ─────────────────▶ over ────────────────────▶ the app returned
                        │  alarm: the deadline   │  receive: a disconnect    │
                        │  watch: taken back     │  send: ConnectionEnded    │
                        └── nothing is polled    └── a farewell to the client, then grace, then the app is cancelled

Held, a connection costs one timer and no task. The deadline is measured by the loop's clock from when the connection
begins to be held: a wall clock that is set back later keeps nothing open.
"""

import math
from abc import ABC, abstractmethod
from asyncio import Task, current_task
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple

import anyio
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..errors import AuthenticationUnavailable
from ..event_loops import ScopeCall, TaskCall, set_alarm, spawn, threadsafe
from ..revocations import Revocations
from ..revocations.watches import Watch
from ..seen_tokens import VerifiedToken
from .connection_rules import ConnectionRules
from .endings import AGED, EXPIRED, REVOKED, ConnectionEnded, Ending, is_disconnect


def _nothing() -> None:
    """There is no alarm to call off."""


class Terms(NamedTuple):
    """What all connections of a middleware have in common."""

    rules: ConnectionRules
    realm: str
    revocations: Revocations | None
    clock: Callable[[], float]


class Connection(ABC):
    """One; `Stream` and `Socket` say what is sent and received.

    What most requests never change is set on the class: to make one for each request must cost next to nothing.
    """

    has_begun = _is_held = False
    _ends_with_token = True
    """Whether it ends at the token's end. Else nothing but a revocation ends it."""
    _ending: Ending | None = None
    _sending = 0
    _waiting: frozenset[anyio.CancelScope] = frozenset()
    _call: TaskCall | ScopeCall | None = None
    _task: Task[Any] | None = None
    _watch: Watch | None = None

    def __init__(self, terms: Terms, token: VerifiedToken, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self._terms = terms
        self._token = token
        self._receive = receive
        self._send = send

    def call(self, app: ASGIApp) -> Awaitable[None]:
        """The app's call, to be awaited; then `finish`, where the connection has begun or something was raised."""
        running = app(self.scope, self.receive, self.send)
        try:
            self._task = current_task()  # the app may begin to stream in another one
        except RuntimeError:  # this is trio; to ask for it first costs 0.4 µs of 5 where it is there and not used
            self._call = ScopeCall()
            return self._call.of(running)
        return running

    @abstractmethod
    def receive(self) -> Awaitable[Message]:
        """What the app gets for the server's `receive`."""

    @abstractmethod
    def send(self, message: Message) -> Awaitable[None]:
        """What the app gets for the server's `send`."""

    async def finish(self, error: BaseException | None) -> None:
        """The app is through. Raises `error` again, unless it follows from the end."""
        if self._is_held:
            self._release()
        if self._ending is not None:
            self._app_is_done.set()
            is_ours = (self._call is not None and self._call.is_cause_of(error)) or is_disconnect(error)
            await self._has_parted.wait()
            if is_ours:
                return
        if error is not None:
            raise error

    def _hold(self) -> None:
        self.has_begun = True
        self._restart_max_age()
        self._set_end()

    def _restart_max_age(self) -> None:
        max_age = self._terms.rules.max_age
        self._max_age_at = math.inf if max_age is None else anyio.current_time() + max_age.total_seconds()

    def _set_end(self) -> None:
        """Watch for the end. If the token ended meanwhile, that is now, before the next message is sent."""
        self._is_held = True
        self._call_off, self._watch = _nothing, None
        seconds, ending = self._time_left()
        if seconds <= 0:
            self._end(ending, self._token)
        elif self._is_revoked():
            self._end(REVOKED, self._token)
        else:
            if seconds < math.inf:
                self._call_off = set_alarm(seconds, partial(self._end, ending, self._token))
            if (revocations := self._terms.revocations) and (marks := self._token.marks):
                self._watch = revocations.watch(marks, threadsafe(partial(self._end, REVOKED, self._token)))

    def _time_left(self) -> tuple[float, Ending]:
        if not self._ends_with_token:
            return math.inf, EXPIRED
        by_token = self._token.claims.valid_until - self._terms.clock()
        by_age = self._max_age_at - anyio.current_time()
        return (by_age, AGED) if by_age < by_token else (by_token, EXPIRED)

    def _is_revoked(self) -> bool:
        """Whether the token is known to be. What is open stays open while the store is away."""
        revocations, marks = self._terms.revocations, self._token.marks
        try:
            return bool(revocations and marks and revocations.is_revoked(marks))
        except AuthenticationUnavailable:
            return False

    def _release(self) -> None:
        """Nothing ends it any more but its app."""
        self._is_held = False
        self._call_off()
        if self._watch is not None:
            self._watch.cancel()

    def _end(self, ending: Ending, token: VerifiedToken) -> None:
        if not self._is_held or token is not self._token:  # a call from another thread comes when it comes
            return
        self._release()
        self._ending = ending
        self._app_is_done, self._is_idle, self._has_parted = anyio.Event(), anyio.Event(), anyio.Event()
        if not self._sending:
            self._is_idle.set()
        for scope in self._waiting:
            scope.cancel()
        self._farewell = spawn(partial(self._part, ending))  # a reference, or asyncio may forget a task that runs

    async def _part(self, ending: Ending) -> None:
        """Tell the client, when nothing is half sent; give the app time to return; then cancel it."""
        with anyio.move_on_after(self._terms.rules.grace.total_seconds()):
            await self._is_idle.wait()
            with suppress(Exception):  # the client is gone, in whatever way its server says so
                await self._say_farewell(ending)
            await self._app_is_done.wait()
        if not self._app_is_done.is_set():
            self._call = self._call or TaskCall(self._task)
            self._call.cancel()
        self._has_parted.set()

    @abstractmethod
    def _disconnect(self) -> Message:
        """What the app receives after the end."""

    @abstractmethod
    async def _say_farewell(self, ending: Ending) -> None:
        """Tell the client, where there is something left to tell."""

    async def _receive_until_the_end(self) -> Message:
        """What the server receives, or the disconnect."""
        if self._ending is None:
            with anyio.CancelScope() as scope:
                self._waiting |= {scope}
                try:
                    message = await self._receive()
                finally:
                    self._waiting -= {scope}
            if self._ending is None:
                return message
        return self._disconnect()

    async def _send_unless_ended(self, message: Message) -> None:
        if self._ending is not None:
            raise ConnectionEnded
        self._sending += 1
        try:
            await self._send(message)
        finally:
            self._sending -= 1
            if self._ending is not None and not self._sending:
                self._is_idle.set()
