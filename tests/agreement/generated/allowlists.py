"""Draw an allowlist over a site, as people write them: broad public patterns beside protected paths below them."""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp

from asgi_bearer import BearerMiddleware, ConfigurationError, Rule, optional, protected, public
from asgi_bearer.allowlist.rules import Access
from tests.agreement.generated.oracle import Client, Oracle
from tests.agreement.generated.sites import HOST, PARAMETER, REST, SAMPLES, Endpoint, Site
from tests.tokens import NOW, claims, issuer, sign

SCOPES = ("orders:read", "orders:write")
ROLES = ("admin", "reader")


INSTANCES_OF_TYPED_ROUTES = True
"""Whether literal rules name single paths of routes with typed parameters, as `/orders/7` of `/orders/{id:int}`."""


def _client(name: str, scopes: Sequence[str], roles: Sequence[str]) -> Client:
    token = sign(claims(scope=" ".join(scopes), roles=list(roles)))
    return Client(name, token, frozenset(scopes), frozenset(roles))


NO_TOKEN = Client("no token", None)
PLAIN = _client("a token without permissions", (), ())
SOME = (_client("a token of a reader", SCOPES[:1], ROLES[1:]), _client("a token of an admin", SCOPES[1:], ROLES[:1]))
FULL = _client("a token with all permissions", SCOPES, ROLES)


@dataclass(frozen=True, slots=True)
class Allowlist:
    rules: tuple[Rule, ...]
    unlisted: Any
    root_path: str | None
    """The server's, where it is configured; else the client is taken to have no say in it."""
    rejected: int
    """Allowlists that were drawn before and are configuration errors."""

    @property
    def oracle(self) -> Oracle:
        return Oracle(self.rules, self.unlisted)

    def guard(self, app: ASGIApp) -> BearerMiddleware:
        return BearerMiddleware(
            app,
            issuers=issuer(),
            allow=self.rules,
            unlisted=self.unlisted,
            root_path=self.root_path,
            clock=lambda: NOW,
        )

    def __str__(self) -> str:
        return (
            f"root_path={self.root_path!r}, unlisted={self.unlisted!r}, allow=[{', '.join(map(_written, self.rules))}]"
        )


def _written(rule: Rule) -> str:
    needs = f" scopes={sorted(rule.scopes)}" * bool(rule.scopes) + f" roles={rule.roles}" * bool(rule.roles)
    return f"{rule}{needs}"


async def _nothing(*_: Any) -> None:
    """An application."""


def draw_allowlist(chance: random.Random, site: Site) -> Allowlist | None:
    """One that is no configuration error and names every catch-all, mount and folder; None if none is found."""
    rejected = 0
    rules = list(_rules(chance, site))
    unlisted = chance.choice(("authenticated", "denied"))
    root_path = chance.choice((None, None, "/api", "/v1/x"))
    whole = {in_starlette_types(path) for path in site.whole}
    while rejected < _MOST_REJECTED:
        if not whole <= _named_whole(rules):
            rules = list(_rules(chance, site))
        allowlist = Allowlist(tuple(rules), unlisted, root_path, rejected)
        try:
            allowlist.guard(_nothing)
        except ConfigurationError as error:
            rejected += 1
            rules = _without_faulty(rules, str(error))
        else:
            return allowlist
    return None


_MOST_REJECTED = 40


def _named_whole(rules: Sequence[Rule]) -> set[str]:
    """Paths that are named for HTTP and for websockets, of which a public rule without methods is not."""
    for_websockets = {rule.path for rule in rules if rule.methods == frozenset(("WEBSOCKET",))}
    return {
        rule.path
        for rule in rules
        if rule.methods is None and (rule.access is Access.PROTECTED or rule.path in for_websockets)
    }


def _without_faulty(rules: list[Rule], complaint: str) -> list[Rule]:
    """A rule that names a whole mount stays if another one can go."""
    faulty = [rule for rule in rules if str(rule) in complaint]
    gone = next((rule for rule in faulty if not rule.path.endswith(REST)), (faulty or rules)[-1])
    return [rule for rule in rules if rule is not gone]


def _rules(chance: random.Random, site: Site) -> Iterator[Rule]:
    for path in sorted(site.whole):
        yield from _whole(chance, in_starlette_types(path))
    for endpoint in site.endpoints.values():
        if chance.random() < 0.7:
            yield from _for_endpoint(chance, endpoint)
    for _ in range(chance.choice((0, 1, 1, 2))):
        yield _broad(chance)
    for endpoint in chance.sample(list(site.endpoints.values()), 2):
        yield _beside(chance, endpoint)
    if any(endpoint.host for endpoint in site.endpoints.values()) and chance.random() < 0.8:
        yield _some(chance, f"/{REST}", None, HOST, opening=False)


def _whole(chance: random.Random, path: str) -> Iterator[Rule]:
    opening = bool(_literal_start(path)) and chance.random() < 0.4
    yield _some(chance, path, None, None, opening=opening)
    if opening:
        yield _some(chance, path, ["WEBSOCKET"], None, opening=chance.random() < 0.3)


def _literal_start(path: str) -> str:
    return re.sub(r"[/{}]", "", PARAMETER.sub("", path.partition(REST)[0]))


def _for_endpoint(chance: random.Random, endpoint: Endpoint) -> Iterator[Rule]:
    """Its route, or something wider; and sometimes one path of it that is for others."""
    path = in_starlette_types(endpoint.route)
    methods = _methods(chance, endpoint)
    opening = chance.random() < 0.5
    if chance.random() < 0.2 and not path.endswith(REST):
        path = _wider(chance, path)
    if opening and path.endswith(REST) and not _literal_start(path):
        opening = False
    yield _some(chance, path, methods, endpoint.host, opening=opening)
    typed = any(kind not in ("str", "path") for _, kind in endpoint.parameters)
    if "{" in endpoint.route and chance.random() < 0.5 and (INSTANCES_OF_TYPED_ROUTES or not typed):
        yield _some(chance, _instance(chance, endpoint), methods, endpoint.host, opening=not opening)


def in_starlette_types(route: str) -> str:
    """A parameter of a type that only the framework has is written without its type."""
    return re.sub(r":(date|digits)}", "}", route)


def _wider(chance: random.Random, path: str) -> str:
    head, _, _ = path.rstrip("/").rpartition("/")
    return f"{head}/{{any}}" if chance.random() < 0.6 or not head else f"{head}/{REST}"


def _instance(chance: random.Random, endpoint: Endpoint) -> str:
    """A literal path that is one of the endpoint's."""

    def value(parameter: re.Match[str]) -> str:
        kind = parameter[2] or "str"
        words = {
            "str": ("secret", "admin", "kiosk", "me"),
            "path": ("secret", "users/s.txt", "admin"),
            "int": ("7", "70"),
        }
        return chance.choice(words.get(kind, (SAMPLES[kind],)))

    return PARAMETER.sub(value, endpoint.route)


def _broad(chance: random.Random) -> Rule:
    path = chance.choice(
        ("/{page}", "/{page}", "/{page}", "/{a}/{b}", "/{a}/{b}", "/docs/{page}", "/{a}-{b}", "/{n:int}")
    )
    return _some(chance, path, chance.choice((None, None, ["GET"], ["POST"])), None, opening=chance.random() < 0.85)


def _beside(chance: random.Random, endpoint: Endpoint) -> Rule:
    """A pattern whose parameters are untyped where the endpoint's are typed, or literal."""
    segments = PARAMETER.sub("{p}", endpoint.route).split("/")
    place = chance.randrange(1, len(segments))
    segments[place] = "{p}" if chance.random() < 0.5 else segments[place]
    path = "/".join(segment.replace("{p}", f"{{p{number}}}", 1) for number, segment in enumerate(segments))
    path = path.replace("{p}", "x")
    return _some(chance, path, _methods(chance, endpoint), endpoint.host, opening=chance.random() < 0.8)


def _methods(chance: random.Random, endpoint: Endpoint) -> list[str] | None:
    methods = ["GET"] if endpoint.kind == "file" else list(endpoint.methods)
    if endpoint.kind == "socket":
        return methods
    return chance.choice((None, None, methods, methods[:1], [*methods, "PATCH"]))


def _some(chance: random.Random, path: str, methods: list[str] | None, host: str | None, *, opening: bool) -> Rule:
    if opening:
        return chance.choice((public, public, optional))(path, methods, host=host)
    needs = chance.choice((0, 1, 1, 2, 3))
    scopes = [chance.choice(SCOPES)] if needs & 1 else []
    roles = chance.sample(ROLES, chance.choice((1, 1, 2))) if needs & 2 else []
    return protected(path, methods, scopes, roles, host=host)
