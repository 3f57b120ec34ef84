"""The control: Starlette 1.0.0 behind an allowlist on `request.url.path`, which the same harness must find open.

`python -m tests.agreement.control FOLDER` expects that Starlette in FOLDER (`pip install --target FOLDER --no-deps
starlette==1.0.0`), and prints how many requests got past that allowlist, and past ours on the same Starlette.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Any

App = Callable[[Any, Any, Any], Awaitable[None]]


class PathOfTheUrl:
    """An allowlist as it is often written: the path of a URL that is built from what the client says the host is."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        from starlette.requests import HTTPConnection
        from starlette.responses import PlainTextResponse

        if HTTPConnection(scope).url.path in ("/health", "/docs", "/catalogue"):
            await self.app(scope, receive, send)
        else:
            await PlainTextResponse("refused", 401)(scope, receive, send)


async def _trespasses(app: App) -> int:
    from tests.agreement.asking import ask
    from tests.agreement.site import trespass
    from tests.agreement.targets import requests

    count = 0
    for request in requests(1500):
        if request.method != "WEBSOCKET" and request.target.startswith(b"/"):
            _, answer = await ask(app, request.scope(None))
            count += trespass(answer, with_token=False)
    return count


def main() -> int:
    sys.path.insert(0, sys.argv[1])
    import starlette

    from tests.agreement.apps import guard, starlette_app

    naive = asyncio.run(_trespasses(PathOfTheUrl(starlette_app())))
    ours = asyncio.run(_trespasses(guard(starlette_app())))
    print(f"starlette {starlette.__version__}: {naive} past the path of the URL, {ours} past asgi-bearer")
    return 0 if naive and not ours else 1


if __name__ == "__main__":
    sys.exit(main())
