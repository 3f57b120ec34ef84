"""An app under uvicorn as people run it: httptools, uvloop, and workers that share one socket.

A server is a fork of this process: it knows the same keys, and imports nothing again.
"""

import gc
import math
import os
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

_BACKLOG = 2048


@dataclass(frozen=True, slots=True)
class Server:
    """A running server on 127.0.0.1, and the ids of its processes."""

    port: int
    workers: Sequence[int]

    def processor_seconds(self) -> float:
        """That it has used so far, to the nanosecond; NaN where the system is not Linux."""
        try:
            used = [Path(f"/proc/{worker}/schedstat").read_text("ascii").split()[0] for worker in self.workers]
        except OSError:
            return math.nan
        return sum(map(int, used)) / 1e9


@contextmanager
def serving(build: Callable[[], ASGIApp], workers: int = 1, core: int | None = None) -> Iterator[Server]:
    """A server that ends with the context, pinned to a core where one is given."""
    context = get_context("fork")
    with socket.create_server(("127.0.0.1", 0), backlog=_BACKLOG) as listener:
        processes = [context.Process(target=_serve, args=(build, listener, core)) for _ in range(workers)]
        for process in processes:
            process.start()
        try:
            yield Server(listener.getsockname()[1], [process.pid or 0 for process in processes])
        finally:
            for process in processes:
                process.kill()  # a polite end takes each a tenth of a second
            for process in processes:
                process.join()


def _serve(build: Callable[[], ASGIApp], listener: socket.socket, core: int | None) -> None:
    if core is not None:
        os.sched_setaffinity(0, {core})
    app = build()
    gc.collect()
    gc.freeze()  # a server of its own would not have the other apps to look through
    config = uvicorn.Config(app, http="httptools", loop="uvloop", log_level="warning", access_log=False)
    uvicorn.Server(config).run(sockets=[listener])
