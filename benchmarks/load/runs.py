"""Every app under uvicorn, asked in turn: how many requests a second it answers, and how long one waits.

- All servers run during the whole series; one is asked at a time. In every round each is asked once, in an order of its
  own, so that slow phases of the machine fall on all of them.
- The servers have one core and the generator has the other. With two workers all of them share both.
- A share is the median over the rounds of (requests per second / the bare app's in the same round). The target's two
  apps have a series of their own, with more rounds.
- Where others use the machine, requests per second tell of them, too. So the same is counted per second of the server's
  own processor time, in which nothing else ran.
- Throughput is taken with `CONNECTIONS` at once; what one request waits is taken with one.
- "First sight" sends 20,000 tokens in turn to a cache of 10,000; "token seen" 1,000 that it keeps.
"""

import os
import statistics
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from http.client import HTTPConnection
from pathlib import Path
from random import Random

from starlette.types import ASGIApp

from benchmarks.contenders import BARE, GUARDS, starlette
from benchmarks.contenders.guard import Guard
from benchmarks.contenders.orders import PATH
from benchmarks.load.asking import GENERATOR, OURS, Demand, Load, ask
from benchmarks.load.server import Server, serving
from benchmarks.tokens import new_tokens, seen_tokens

ALGORITHM = "HS256"
CONNECTIONS = 64
"""As many as keep the server busy while the generator has to wait for its core."""
COMPARED: Sequence[str] = (starlette.BARE, starlette.OURS_SEEN, starlette.OURS, starlette.MAIN_PEER)
"""Whose waits and workers are looked at, too."""


@dataclass(frozen=True, slots=True)
class App:
    """bare: whose requests per second its share is of."""

    name: str
    bare: str
    build: Callable[[], ASGIApp]
    tokens: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class Effort:
    """seconds: of each load, and of the one that warms an app up. pair_rounds: of the target's two apps."""

    rounds: int = 9
    seconds: float = 1
    warm_up_seconds: float = 1
    pair_rounds: int = 25
    generator: str = GENERATOR
    names: Sequence[str] | None = None
    """Of the apps; None for all."""


SMOKE = Effort(
    rounds=1,
    seconds=0.1,
    warm_up_seconds=0,
    pair_rounds=1,
    generator=OURS,
    names=(starlette.BARE, starlette.OURS_SEEN),
)


@dataclass(frozen=True, slots=True)
class Series:
    """Of each app one load a round."""

    loads: Mapping[str, Sequence[Load]]
    bare: Mapping[str, str]

    def requests_per_second(self, name: str) -> float:
        return statistics.median(load.requests_per_second for load in self.loads[name])

    def share(self, name: str) -> float:
        """Percent of the bare app's requests per second."""
        return self._share(name, lambda load: load.requests_per_second)

    def processor_share(self, name: str) -> float:
        """Percent of the bare app's requests per second of its server's processor time."""
        return self._share(name, lambda load: load.requests_per_server_second)

    def _share(self, name: str, figure: Callable[[Load], float]) -> float:
        rounds = zip(self.loads[name], self.loads[self.bare[name]], strict=True)
        return statistics.median(100 * figure(load) / figure(bare) for load, bare in rounds)

    def wait(self, name: str, percentile: str) -> float:
        """Milliseconds, the median of the rounds."""
        return statistics.median(load.waits[percentile] for load in self.loads[name])

    def failures(self, name: str) -> int:
        return sum(load.failures for load in self.loads[name])

    def generator_share(self) -> float:
        """Of its core, in percent, where it had most to do."""
        return max(statistics.median(load.generator_share for load in loads) for loads in self.loads.values())


@dataclass(frozen=True, slots=True)
class LoadRuns:
    throughput: Series
    pair: Series
    waits: Series
    workers: Mapping[int, Series]


def run_loads(effort: Effort) -> LoadRuns:
    """Raises AssertionError where one does not answer with 200."""
    apps = [app for app in _apps() if effort.names is None or app.name in effort.names]
    compared = [app for app in apps if app.name in COMPARED]
    pair = [app for app in apps if app.name in (starlette.BARE, starlette.OURS_SEEN)]
    return LoadRuns(
        _run(apps, effort, CONNECTIONS),
        _run(pair, replace(effort, rounds=effort.pair_rounds), CONNECTIONS),
        _run(compared, effort, connections=1),
        {workers: _run(compared, effort, CONNECTIONS, workers) for workers in (1, 2)},
    )


def _apps() -> Iterator[App]:
    for name, build in BARE.items():
        yield App(name, name, build, new_tokens(ALGORITHM))
    for guard in GUARDS:
        yield App(guard.name, guard.bare, _building(guard), _tokens(guard))


def _building(guard: Guard) -> Callable[[], ASGIApp]:
    return lambda: guard.build(ALGORITHM)


def _tokens(guard: Guard) -> Sequence[bytes]:
    return seen_tokens(ALGORITHM) if guard.cache == "hit" else new_tokens(ALGORITHM)


def _run(apps: Sequence[App], effort: Effort, connections: int, workers: int | None = None) -> Series:
    """Where a number of workers is given, nothing is pinned."""
    loads: dict[str, list[Load]] = {app.name: [] for app in apps}
    with ExitStack() as stack:
        server_core = stack.enter_context(_generator_core_kept()) if workers is None else None
        servers = [stack.enter_context(_Served.started(app, workers or 1, server_core)) for app in apps]
        for server in servers if effort.warm_up_seconds else ():
            server.ask(connections, effort.warm_up_seconds, effort.generator)  # its tokens are seen, its code is warm
        for number in range(effort.rounds):
            for server in Random(number).sample(servers, len(servers)):
                loads[server.app.name].append(server.ask(connections, effort.seconds, effort.generator))
    return Series(loads, {app.name: app.bare for app in apps})


class _Served:
    """An app on its server, and how many tokens were sent to it."""

    def __init__(self, app: App, server: Server, tokens: Path) -> None:
        self.app, self._server, self._tokens, self._sent = app, server, tokens, 0

    @classmethod
    @contextmanager
    def started(cls, app: App, workers: int, core: int | None) -> Iterator["_Served"]:
        with serving(app.build, workers, core) as server, tempfile.NamedTemporaryFile() as tokens:
            tokens.write(b"\n".join(app.tokens))
            tokens.flush()
            _check(app, server.port)
            yield cls(app, server, Path(tokens.name))

    def ask(self, connections: int, seconds: float, generator: str) -> Load:
        position = self._sent % len(self.app.tokens)
        load = ask(self._server, Demand(PATH, self._tokens, position, connections, seconds, generator))
        self._sent += load.requests
        return load


def _check(app: App, port: int) -> None:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", PATH, headers={"Authorization": f"Bearer {app.tokens[0].decode()}"})
    status = connection.getresponse().status
    connection.close()
    assert status == 200, f"{app.name} answers with {status}"


@contextmanager
def _generator_core_kept() -> Iterator[int | None]:
    """Keeps this process and the generators it starts on one core, where the system can; gives another for servers."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    if len(cores) < 2:
        yield None
        return
    os.sched_setaffinity(0, {cores[1]})
    try:
        yield cores[0]
    finally:
        os.sched_setaffinity(0, cores)
