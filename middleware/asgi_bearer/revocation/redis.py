"""RedisRevocations: Redis or Valkey, for the processes of many machines.

What is taken back is appended to a stream, and every process reads the streams from their first entry on: the whole at
its start, then what is new as it comes, and after a break what it missed. There are a few streams, by how long their
entries live, so that each can be cut where all is dead, and ends as a whole when nothing is added any more.

A server may lose what it had: it restarts without its data or with less of them, or a replica takes over that was
behind. Its log is then shorter at its end, so who finds that the last entry it read is still there has lost nothing.
Who does not reads all again, and hands in what he knows and the server lacks.
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NamedTuple

from .follower import MAX_WAIT
from .replicated import DEFAULT_SILENCE, ReplicatedRevocations
from .revocation import Revocation, write_revocation
from .staleness import OnStale
from .store import Reading

if TYPE_CHECKING:
    from redis import Redis

_MINUTE = 60
_AGES = tuple(age * _MINUTE for age in (20, 70, 25 * 60, 31 * 24 * 60, 3660 * 24 * 60))
"""Seconds that the streams hold: for tokens of a quarter, of an hour, of a day, of a month, and for all else. The
first ones have room for the leeway."""

_BATCH = 1_000
_LOOK_AGAIN = 10.0
"""Seconds between two looks whether the server still has what was read."""
_HAND_IN_TURN = 5_000
"""Milliseconds after which another process may hand in, if the one that had the turn is gone. One that lives gives it
back as soon as it has stored what it has, or has found that nothing is left to store."""


class RedisRevocations(ReplicatedRevocations):
    """Tokens that are taken back, for all processes that use one Redis (6.2 or newer) or Valkey.

    url: such as "rediss://user:password@redis.example.com:6379/0"; whoever may write there decides which tokens are
        good.
    prefix: of its keys, some six of them; for each application or environment another.
    max_staleness: how old a process's copy may be; beyond, the server counts as lost.
    on_stale: "deny" answers 503, "allow" trusts the old copy, with a warning in the log every 30 seconds.
    clock: seconds since 1970. monotonic: seconds since whenever, that never go back.

    What the server loses is handed in again by the processes that live. That it is still there after all have stopped
    is the server's part: `appendonly yes`, and `maxmemory-policy noeviction`.
    Needs redis-py: `pip install "asgi-bearer[redis]"`.
    """

    def __init__(
        self,
        url: str,
        *,
        prefix: str = "asgi-bearer:revocations",
        max_staleness: timedelta = DEFAULT_SILENCE,
        on_stale: OnStale = "deny",
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._prefix = prefix
        seconds = max_staleness.total_seconds() if isinstance(max_staleness, timedelta) else MAX_WAIT
        store = RedisStore(url, prefix, min(MAX_WAIT, seconds / 4), clock, monotonic)
        super().__init__(store, max_staleness=max_staleness, on_stale=on_stale, clock=clock, monotonic=monotonic)

    def errors(self) -> Iterator[str]:
        yield from super().errors()
        if find_spec("redis") is None:
            yield 'RedisRevocations: it needs redis-py, which is not there; pip install "asgi-bearer[redis]"'
        if not isinstance(self._url, str) or not self._url.startswith(("redis://", "rediss://", "unix://")):
            yield 'RedisRevocations: url must be such as "rediss://redis.example.com:6379/0"'
        if not isinstance(self._prefix, str) or not self._prefix:
            yield 'RedisRevocations: prefix must be a text that is not empty, such as "orders:revocations"'


class RedisStore:
    """timeout: seconds, of a connection and of each answer."""

    name = "Redis"

    def __init__(
        self,
        url: str,
        prefix: str,
        timeout: float,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
    ) -> None:
        self.streams = tuple(f"{prefix}:{age // _MINUTE}m" for age in _AGES)
        self.turn = f"{prefix}:turn"
        self.timeout = timeout
        self.clock = clock
        self.monotonic = monotonic
        self.last_times: dict[str, int] = {}
        """Of each stream, the server's time of the last entry that was seen, in ms: never ahead of its clock."""
        self._url = url
        self._client: Redis | None = None

    def add(self, revocations: Sequence[Revocation]) -> None:
        client = self._client = self._client or self.connect()
        for start in range(0, len(revocations), _BATCH):
            pipeline = client.pipeline(transaction=False)
            for revocation in revocations[start : start + _BATCH]:
                self._append(pipeline, revocation)
            pipeline.execute()

    def reader(self) -> "RedisReader":
        return RedisReader(self)

    def connect(self, **settings: Any) -> "Redis":
        """One try for each call: who calls knows better when to try again."""
        from redis import Redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        return Redis.from_url(
            self._url,
            socket_connect_timeout=self.timeout,
            retry=Retry(NoBackoff(), 0),
            protocol=2,  # the newer one asks servers for things that only some have
            **{"socket_timeout": self.timeout, **settings},
        )

    def _append(self, pipeline: Any, revocation: Revocation) -> None:
        """What is older than the stream's age is cut off. How old is told by the server's time, not by ours."""
        age, stream = self._place(revocation)
        cut = max(0, self.last_times.get(stream, 0) - age * 1000)
        pipeline.execute_command("XADD", stream, "MINID", "~", cut, "*", "r", write_revocation(revocation))
        pipeline.execute_command("EXPIRE", stream, age)

    def _place(self, revocation: Revocation) -> tuple[int, str]:
        left = revocation.until - self.clock()
        return next(
            (place for place in zip(_AGES, self.streams, strict=True) if left < place[0]), (_AGES[-1], self.streams[-1])
        )


class _Place(NamedTuple):
    """The last entry that was read of a stream, and until when it must be there: while any that was read lives."""

    entry: str
    until: float


_BEGINNING = _Place("0-0", 0)


class RedisReader:
    def __init__(self, store: RedisStore) -> None:
        self._store = store
        self._places: dict[str, _Place] = {}
        self._look_again_at = 0.0
        self._turn_until = -math.inf
        self._client: Redis | None = None

    def read(self, wait: float) -> Reading:
        begins_anew = not self._places
        places = self._places or dict.fromkeys(self._store.streams, _BEGINNING)
        found = self._ask(places, 0 if begins_anew else wait)
        if self._store.monotonic() >= self._look_again_at and not self._has_all():
            self._places = {}  # the answer is forgotten too: whoever moves on with it sees no gap behind it any more
            return Reading((), is_complete=False, begins_anew=False)
        self._places = {**places, **{stream: self._move_on(stream, entries) for stream, entries in found.items()}}
        return Reading(
            [fields[1] for entries in found.values() for _, fields in entries],
            is_complete=all(len(entries) < _BATCH for entries in found.values()),
            begins_anew=begins_anew,
        )

    def resend(self, revocations: Sequence[Revocation]) -> bool:
        if self._has_turn():
            self._store.add(revocations)
            self._end_turn()
            return bool(revocations)
        if revocations:
            self._take_turn()
        return False  # what others handed in until now is to be read first

    def close(self) -> None:
        with suppress(Exception):
            self._end_turn()
        if self._client is not None:
            self._client.close()
            self._client = None

    def _has_turn(self) -> bool:
        return self._store.monotonic() < self._turn_until

    def _take_turn(self) -> None:
        asked_at = self._store.monotonic()
        if self._connection().set(self._store.turn, 1, nx=True, px=_HAND_IN_TURN):
            self._turn_until = asked_at + _HAND_IN_TURN / 1000

    def _end_turn(self) -> None:
        """Not if its time is over: it is another process's by then."""
        if self._has_turn():
            self._turn_until = -math.inf
            self._connection().delete(self._store.turn)

    def _ask(self, places: Mapping[str, _Place], wait: float) -> dict[str, list[Any]]:
        block = ("BLOCK", max(1, int(wait * 1000))) if wait else ()
        entries = [place.entry for place in places.values()]
        connection: Any = self._connection()
        answer = connection.execute_command("XREAD", "COUNT", _BATCH, *block, "STREAMS", *places, *entries)
        return {_text(stream): entries for stream, entries in dict(answer or ()).items()}

    def _move_on(self, stream: str, entries: list[Any]) -> _Place:
        name = _text(entries[-1][0])
        self._store.last_times[stream] = int(name.partition("-")[0])
        known = self._places.get(stream, _BEGINNING).until
        return _Place(name, max(known, *(_until(fields[1]) for _, fields in entries)))

    def _has_all(self) -> bool:
        """Whether the last entries that were read are still there: of all streams with tokens that live."""
        now = self._store.clock()
        pipeline: Any = self._connection().pipeline(transaction=False)
        for stream, place in self._places.items():
            if place.until > now:
                pipeline.execute_command("XRANGE", stream, place.entry, place.entry)
        self._look_again_at = self._store.monotonic() + _LOOK_AGAIN  # before it, since it may connect anew
        return all(pipeline.execute())

    def _connection(self) -> "Redis":
        if self._client is None:
            self._client = self._store.connect(
                socket_timeout=2 * self._store.timeout,  # it waits for news for less than one of the two
                redis_connect_func=self._on_connect,
            )
            self._client.set_response_callback("XREAD", _as_it_is)
        return self._client

    def _on_connect(self, connection: Any) -> None:
        """It may be another server, or one that restarted."""
        connection.on_connect()
        self._look_again_at = 0.0


def _as_it_is(answer: Any, **_: Any) -> Any:
    """redis-py's own forms of an answer differ with its version and the protocol's."""
    return answer


def _until(text: Any) -> float:
    """Of a written revocation, without reading it all, since that is done elsewhere; 0 of what is none."""
    with suppress(ValueError, IndexError):
        return float(_text(text).rsplit(",", 2)[1])
    return 0.0


def _text(octets: Any) -> str:
    return octets.decode() if isinstance(octets, bytes) else octets
