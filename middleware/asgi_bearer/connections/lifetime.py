"""Lifetime: what outlives its request, from when it is watched until its app and its token are through.

    PASSING ──watch──▶ WATCHED ──release──▶ RELEASED          the app returned, or everything was sent
                          │  ◀────watch────────┘               a websocket's token was renewed
                          └─────end──────▶ ENDED              the token ended: the client is told, the app gets its
                                                              disconnect, then grace, then the app is cancelled

Watched, a connection costs one timer and no task. The deadline is measured by the loop's clock from when the connection
begins to be watched: a wall clock that is set back later keeps nothing open.
"""

import math
from abc import ABC, abstractmethod
from asyncio import Task, current_task
from collections.abc import Awaitable, Callable
from contextlib import suppress
from enum import Enum, auto
from functools import partial
from typing import Any, NamedTuple

import anyio
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..errors import AuthenticationUnavailable
from ..event_loops import ScopeCall, TaskCall, set_alarm, spawn, threadsafe
from ..revocation.revocations import Revocations
from ..revocation.subscriptions import Subscription
from ..tokens.verified_token import VerifiedToken
from .close_reason import EXPIRED, MAX_AGE_REACHED, REVOKED, CloseReason, ConnectionEnded, is_disconnect
from .settings import ConnectionSettings


class State(Enum):
    """Where a connection is; see the top of this file."""

    PASSING = auto()
    WATCHED = auto()
    RELEASED = auto()
    ENDED = auto()


PASSING, WATCHED, RELEASED, ENDED = State  # to look a member up on its class costs every request 0.1 µs a time

TRANSITIONS = {
    PASSING: {WATCHED},
    WATCHED: {RELEASED, ENDED},
    RELEASED: {WATCHED},
    ENDED: set[State](),
}


class ConnectionContext(NamedTuple):
    """What all connections of a middleware have in common."""

    settings: ConnectionSettings
    realm: str
    revocations: Revocations | None
    clock: Callable[[], float]


class Connection(ABC):
    """One; `Stream` and `Websocket` say what is sent and received.

    What most requests never change is set on the class: to make one for each request must cost next to nothing.
    """

    _state = PASSING
    _reason: CloseReason | None = None
    """Why it ended."""
    _ends_with_token = True
    """Whether it ends at the token's end. Else nothing but a revocation ends it."""
    _sending = 0
    _waiting: frozenset[anyio.CancelScope] = frozenset()
    _call: TaskCall | ScopeCall | None = None
    _task: Task[Any] | None = None
    _subscription: Subscription | None = None
    _cancel_alarm: Callable[[], None] | None = None

    def __init__(
        self, context: ConnectionContext, token: VerifiedToken, scope: Scope, receive: Receive, send: Send
    ) -> None:
        self.scope = scope
        self._context = context
        self._token = token
        self._receive = receive
        self._send = send

    async def run(self, app: ASGIApp) -> None:
        """Call the app, and see to the end if the connection outlives its request."""
        running = app(self.scope, self.receive, self.send)
        try:
            self._task = current_task()  # the app may begin to stream in another one
        except RuntimeError:  # this is trio; to ask for it first costs more on asyncio if trio is there and not used
            self._call = ScopeCall()
            running = self._call.of(running)
        try:
            await running
        except BaseException as error:  # noqa: BLE001 - it is raised again there
            await self._finish(error)
        else:
            if self._state is not PASSING:
                await self._finish(None)

    @abstractmethod
    def receive(self) -> Awaitable[Message]:
        """What the app gets for the server's `receive`."""

    @abstractmethod
    def send(self, message: Message) -> Awaitable[None]:
        """What the app gets for the server's `send`."""

    async def _finish(self, error: BaseException | None) -> None:
        """The app is through. Raises `error` again, unless it follows from the end."""
        if self._state is WATCHED:
            self._release()
        if self._state is ENDED:
            self._app_is_done.set()
            is_ours = (self._call is not None and self._call.is_cause_of(error)) or is_disconnect(error)
            await self._is_shut_down.wait()
            if is_ours:
                return
        if error is not None:
            raise error

    @property
    def _has_ended(self) -> bool:
        """It may end while something is waited for."""
        return self._state is ENDED

    def _move_to(self, state: State) -> None:
        if state not in TRANSITIONS[self._state]:
            raise RuntimeError(f"a connection cannot go from {self._state.name} to {state.name}")
        self._state = state

    def _watch(self) -> None:
        """Watch for the end. If the token ended meanwhile, that is now, before the next message is sent."""
        self._move_to(WATCHED)
        seconds, reason = self._time_left()
        if seconds <= 0:
            self._end(reason, self._token)
        elif self._is_revoked():
            self._end(REVOKED, self._token)
        else:
            if seconds < math.inf:
                self._cancel_alarm = set_alarm(seconds, partial(self._end, reason, self._token))
            if (revocations := self._context.revocations) is not None:
                notify = threadsafe(partial(self._end, REVOKED, self._token))
                self._subscription = revocations.subscribe(self._token.identifiers, notify)

    def _restart_max_age(self) -> None:
        max_age = self._context.settings.max_age
        self._max_age_at = math.inf if max_age is None else anyio.current_time() + max_age.total_seconds()

    def _time_left(self) -> tuple[float, CloseReason]:
        if not self._ends_with_token:
            return math.inf, EXPIRED
        by_token = self._token.claims.valid_until - self._context.clock()
        by_age = self._max_age_at - anyio.current_time()
        return (by_age, MAX_AGE_REACHED) if by_age < by_token else (by_token, EXPIRED)

    def _is_revoked(self) -> bool:
        """Whether the token is known to be. What is open stays open while the store is away."""
        revocations = self._context.revocations
        try:
            return revocations is not None and revocations.is_revoked(self._token.identifiers)
        except AuthenticationUnavailable:
            return False

    def _release(self) -> None:
        """Nothing ends it any more but its app."""
        self._move_to(RELEASED)
        self._stop_watching()

    def _stop_watching(self) -> None:
        if self._cancel_alarm is not None:
            self._cancel_alarm()
            self._cancel_alarm = None
        if self._subscription is not None:
            self._subscription.cancel()
            self._subscription = None

    def _end(self, reason: CloseReason, token: VerifiedToken) -> None:
        if self._state is not WATCHED or token is not self._token:  # a call from another thread may be late
            return
        self._move_to(ENDED)
        self._stop_watching()
        self._reason = reason
        self._app_is_done, self._is_idle, self._is_shut_down = anyio.Event(), anyio.Event(), anyio.Event()
        if not self._sending:
            self._is_idle.set()
        for scope in self._waiting:
            scope.cancel()
        self._shutdown = spawn(partial(self._shut_down, reason))  # a reference, or asyncio may forget a task that runs

    async def _shut_down(self, reason: CloseReason) -> None:
        """Tell the client, when nothing is half sent; give the app time to return; then cancel it."""
        with anyio.move_on_after(self._context.settings.grace.total_seconds()):
            await self._is_idle.wait()
            with suppress(Exception):  # the client is gone, in whatever way its server says so
                await self._notify_client(reason)
            await self._app_is_done.wait()
        if not self._app_is_done.is_set():
            self._call = self._call or TaskCall(self._task)
            self._call.cancel()
        self._is_shut_down.set()

    @abstractmethod
    def _disconnect(self) -> Message:
        """What the app receives after the end."""

    @abstractmethod
    async def _notify_client(self, reason: CloseReason) -> None:
        """Tell the client, if there is something left to tell."""

    async def _receive_until_the_end(self) -> Message:
        """What the server receives, or the disconnect."""
        if not self._has_ended:
            with anyio.CancelScope() as scope:
                self._waiting |= {scope}
                try:
                    message = await self._receive()
                finally:
                    self._waiting -= {scope}
            if not self._has_ended:
                return message
        return self._disconnect()

    async def _send_unless_ended(self, message: Message) -> None:
        if self._has_ended:
            raise ConnectionEnded
        self._sending += 1
        try:
            await self._send(message)
        finally:
            self._sending -= 1
            if self._has_ended and not self._sending:
                self._is_idle.set()
