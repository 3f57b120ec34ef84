"""Drive generated sites in process and hold every answer against the law."""

import asyncio
import logging
import random
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.agreement.generated.allowlists import FULL, NO_TOKEN, PLAIN, SOME, Allowlist, draw_allowlist
from tests.agreement.generated.frameworks import MAKERS, write_files
from tests.agreement.generated.oracle import Client, Oracle
from tests.agreement.generated.requests import HTTP_WEBSOCKET, aimed_requests, canonical_request
from tests.agreement.generated.sites import REST, TRAITS, UNENCODED, Draw, Endpoint, Site
from tests.agreement.generated.visits import Visit, Visits, file_in
from tests.agreement.targets import Request

Guard = Callable[[Allowlist, ASGIApp], ASGIApp]
"""Puts an allowlist in front of an app; what the tests of the harness weaken."""


@dataclass(slots=True)
class Count:
    """reached: requests that entered an endpoint. refused: answered 400, 401 or 403 before one was entered.

    canonical: endpoints that their own canonical request reached with a token that has all permissions; missed: those
    that it did not reach, though it does without the allowlist.
    """

    sites: int = 0
    rejected: int = 0
    requests: int = 0
    reached: int = 0
    refused: int = 0
    canonical: int = 0
    missed: list[str] = field(default_factory=list)
    trespasses: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def add(self, other: "Count") -> None:
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(slots=True)
class Exchange:
    """One request and what is sent back."""

    first: Message
    sent: list[Message] = field(default_factory=list)
    received: int = 0
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def receive(self) -> Message:
        self.received += 1
        if self.received == 1:
            return self.first
        if self.received == 2:
            await self.ended.wait()
        if self.first["type"] == "http.request":
            return {"type": "http.disconnect"}
        return {"type": "websocket.disconnect", "code": 1000}

    async def send(self, message: Message) -> None:
        self.sent.append(message)
        if message["type"] == "websocket.close" or (
            message["type"].endswith("response.body") and not message.get("more_body")
        ):
            self.ended.set()

    @property
    def status(self) -> int:
        """101 of an accepted websocket; 0 where nothing was sent, and of a websocket that was closed at once."""
        for message in self.sent:
            if message["type"] == "websocket.accept":
                return 101
            if "status" in message:
                status: int = message["status"]
                return status
        return 0

    def file(self) -> str | None:
        """The name of the file that was sent, if any."""
        if self.status not in (200, 206):
            return None
        body = b"".join(message.get("body", b"") for message in self.sent)
        headers = dict(self.sent[0].get("headers", ()))
        return file_in(body, headers.get(b"content-length", b""))


def scope_of(request: Request, client: Client) -> Scope:
    scope = request.scope(client.token)
    if request.method == HTTP_WEBSOCKET:
        scope["method"] = "WEBSOCKET"
    return scope


async def exchange(app: ASGIApp, scope: Scope) -> Exchange:
    first = {"type": "websocket.connect"}
    if scope["type"] == "http":
        first = {"type": "http.request", "body": b"", "more_body": False}  # type: ignore[dict-item]
    one = Exchange(first)
    async with asyncio.timeout(20):
        await app(scope, one.receive, one.send)
    return one


class Run:
    """One site in one framework behind one allowlist."""

    def __init__(self, framework: str, site: Site, allowlist: Allowlist, folder: Path, guard: Guard) -> None:
        self.framework = framework
        self.site = site
        self.allowlist = allowlist
        self.oracle: Oracle = allowlist.oracle
        self.visits = Visits()
        write_files(site, folder)
        self.app = MAKERS[framework](site, folder, self.visits)
        self.guarded = guard(allowlist, self._enter)
        self._entered: Scope | None = None
        self.count = Count(sites=1, rejected=allowlist.rejected)
        self._hosts = {rule.host for rule in allowlist.rules}

    async def _enter(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The app, remembering what it was asked."""
        self._entered = dict(scope)
        await self.app(scope, receive, send)

    async def ask(self, app: ASGIApp, request: Request, client: Client) -> tuple[int, list[Visit]]:
        self.visits.made.clear()
        one = await exchange(app, scope_of(request, client))
        made = list(self.visits.made)
        if (name := one.file()) is not None and name in self.site.endpoints and not made:
            made.append(Visit(self.site.endpoints[name], {}))
        return one.status, made

    async def try_request(self, request: Request, client: Client) -> None:
        """Count it, and whether it went further than it may."""
        self.count.requests += 1
        self._entered = None
        status, made = 0, list[Visit]()
        try:
            status, made = await self.ask(self.guarded, request, client)
        except Exception as error:
            made = list(self.visits.made)
            if not await self._fails_itself():
                self.count.broken.append(f"{self._told(request, client)}: {error!r}")
        if status >= 500 and not await self._fails_itself():
            self.count.broken.append(f"{self._told(request, client)}: {status}")
        self.count.reached += bool(made)
        self.count.refused += not made and status in (400, 401, 403)
        for visit in made:
            if not self.may(client, request, visit):
                self.count.trespasses.append(
                    f"{self._told(request, client)} reached {visit.endpoint.methods} {visit.endpoint.route} "
                    f"with {dict(visit.values)}; {self.allowlist}"
                )

    def _told(self, request: Request, client: Client) -> str:
        return f"{self.framework}, {client.name}: {request}"

    async def _fails_itself(self) -> bool:
        """Whether the app fails likewise without us, at what it got."""
        if self._entered is None:
            return False
        try:
            one = await exchange(self.app, dict(self._entered))
        except Exception:
            return True
        return one.status >= 500

    def may(self, client: Client, request: Request, visit: Visit) -> bool:
        """The law."""
        endpoint = visit.endpoint
        methods = canonical_methods(endpoint, request)
        path = endpoint.path_with(visit.values)
        host = self._named(endpoint.host)
        empty_rest = endpoint.route.endswith(REST) and visit.values.get("rest") in ("", "/")
        if any(self.oracle.requirement(one, path, host, empty_rest=empty_rest).admits(client) for one in methods):
            return True
        literal = plain_path(request)
        host = self._named(request.host.split(b":")[0].decode("latin-1"))
        return literal is not None and any(
            self.oracle.names(method, literal, host) and self.oracle.requirement(method, literal, host).admits(client)
            for method in methods
        )

    def _named(self, host: str | None) -> str:
        """The host, or "" for one that no rule names."""
        return host if host and host in self._hosts else ""

    async def try_canonical_requests(self) -> None:
        """Every endpoint is reached by the request that it is for: the harness is no empty site."""
        for endpoint in self.site.endpoints.values():
            for method in endpoint.methods:
                request = canonical_request(endpoint, method)
                if not await self._reaches(self.app, request, endpoint):
                    continue  # another route hides it
                requirement = self.oracle.requirement(method, endpoint.sample, self._named(endpoint.host))
                if not requirement.admits(FULL):
                    continue  # unlisted="denied"
                if await self._reaches(self.guarded, request, endpoint):
                    self.count.canonical += 1
                else:
                    self.count.missed.append(f"{self._told(request, FULL)}; {self.allowlist}")

    async def _reaches(self, app: ASGIApp, request: Request, endpoint: Endpoint) -> bool:
        try:
            _, made = await self.ask(app, request, FULL)
        except Exception:
            return False
        return any(visit.endpoint is endpoint for visit in made)


def canonical_methods(endpoint: Endpoint, request: Request) -> tuple[str, ...]:
    """What the router took the method for, as far as the endpoint tells; else any of its own."""
    if endpoint.kind == "socket":
        return ("WEBSOCKET",)
    method = canonical_method(request.method)
    takes_any = endpoint.kind in ("mounted app", "file")
    return (method,) if takes_any or method in endpoint.methods else endpoint.methods


def canonical_method(method: str) -> str:
    if method == "WEBSOCKET":
        return method
    upper = method.upper()
    return {"HEAD": "GET", "WEBSOCKET": HTTP_WEBSOCKET}.get(upper, upper)


def plain_path(request: Request) -> str | None:
    """The decoded path of a request whose target is in plain spelling."""
    target = request.target.decode("latin-1").partition("?")[0]
    path = unquote(target)
    if target not in (path, quote(path), quote(path, safe=UNENCODED)):
        return None
    root_path = request.root_path.rstrip("/")
    return path.removeprefix(root_path) if path.startswith(root_path + "/") else path


def guard_with_library(allowlist: Allowlist, app: ASGIApp) -> ASGIApp:
    return allowlist.guard(app)


def run_sites(framework: str, numbers: range, requests: int, seed: int = 0, guard: Guard = guard_with_library) -> Count:
    """So many requests to each of these sites. A site and its requests depend on seed, framework and number only."""
    logging.disable()  # frameworks tell of every path that is not found
    try:
        return asyncio.run(_run_sites(framework, numbers, requests, seed, guard))
    finally:
        logging.disable(logging.NOTSET)


async def _run_sites(framework: str, numbers: range, requests: int, seed: int, guard: Guard) -> Count:
    total = Count()
    for number in numbers:
        chance = random.Random(f"{seed} {framework} {number}")
        site, allowlist = draw(chance, framework)
        with tempfile.TemporaryDirectory() as folder:
            run = Run(framework, site, allowlist, Path(folder), guard)
            await run.try_canonical_requests()
            for request in _for(framework, chance, run, requests):
                await run.try_request(request, _client(chance))
        marked = f"site {number}: "
        run.count.trespasses = [marked + line for line in run.count.trespasses]
        run.count.broken = [marked + line for line in run.count.broken]
        run.count.missed = [marked + line for line in run.count.missed]
        total.add(run.count)
    return total


def draw(chance: random.Random, framework: str) -> tuple[Site, Allowlist]:
    while True:
        site = Draw(chance, TRAITS[framework]).site()
        if allowlist := draw_allowlist(chance, site):
            return site, allowlist


def _for(framework: str, chance: random.Random, run: Run, number: int) -> Iterator[Request]:
    for request in aimed_requests(chance, run.site, run.allowlist, number):
        if TRAITS[framework].sockets or request.method != "WEBSOCKET":
            yield request


def _client(chance: random.Random) -> Client:
    roll = chance.random()
    return NO_TOKEN if roll < 0.55 else PLAIN if roll < 0.8 else chance.choice(SOME)
