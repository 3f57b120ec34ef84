"""Several servers behind one name: each connection goes to the next of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from urllib.parse import urlsplit

import httpx
from anyio import BrokenResourceError, connect_tcp, create_task_group, create_tcp_listener
from anyio.abc import SocketAttribute, SocketStream
from anyio.from_thread import start_blocking_portal


@contextmanager
def round_robin(*urls: str) -> Iterator[httpx.Client]:
    """A client of all of them, which opens a connection for each request; its base URL is the common name."""
    targets = cycle([(urlsplit(url).hostname or "", urlsplit(url).port or 0) for url in urls])

    async def pass_on(client: SocketStream) -> None:
        async with client, await connect_tcp(*next(targets)) as server, create_task_group() as tasks:
            tasks.start_soon(_pump, client, server)
            tasks.start_soon(_pump, server, client)

    with start_blocking_portal() as portal:
        listening = portal.call(lambda: create_tcp_listener(local_host="127.0.0.1", backlog=256))
        name = f"http://127.0.0.1:{listening.extra(SocketAttribute.local_port)}"
        serving = portal.start_task_soon(listening.serve, pass_on)
        limits = httpx.Limits(max_keepalive_connections=0)
        with httpx.Client(base_url=name, timeout=60, trust_env=False, limits=limits) as client:
            yield client
        serving.cancel()
        portal.call(listening.aclose)


async def _pump(source: SocketStream, sink: SocketStream) -> None:
    try:
        async for octets in source:
            await sink.send(octets)
        await sink.send_eof()
    except (BrokenResourceError, OSError):
        pass  # the other one has gone
