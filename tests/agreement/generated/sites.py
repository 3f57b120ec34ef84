"""Draw a site: a table of routes as people write them, for one framework."""

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["route", "socket", "mounted app", "file"]

PARAMETER = re.compile(r"{(\w+)(?::(\w+))?}")
REST = "{rest:path}"

SAMPLES: Mapping[str, str] = {
    "str": "zeta",
    "int": "7",
    "float": "7.5",
    "uuid": "01234567-89ab-4def-8123-456789abcdef",
    "path": "zeta/eta",
    "date": "2026-11-27",
    "digits": "2026",
}
"""A value of each type. No literal segment is one of them."""


@dataclass(frozen=True, slots=True)
class Traits:
    """What a framework's router has.

    one_parameter: at each place of the tree there is one kind of parameter. ends_alike: `/a/` and `/a` are one route.
    mounts_with_root_path: mounts are found in the path with its root path, so that no app can have one where the
        server's root path is.
    """

    types: Sequence[str] = ("int", "float", "uuid")
    sockets: bool = True
    mounts: bool = True
    hosts: bool = False
    several: bool = False
    caseless: bool = False
    one_parameter: bool = False
    ends_alike: bool = False
    mounts_with_root_path: bool = False


TRAITS: Mapping[str, Traits] = {
    "starlette": Traits(hosts=True, several=True, caseless=True),
    "fastapi": Traits(hosts=True, several=True),
    "litestar": Traits(("int", "float", "uuid", "date"), one_parameter=True, ends_alike=True),
    "quart": Traits(mounts=False, several=True, caseless=True),
    "django": Traits(("int", "uuid", "digits"), sockets=False, mounts=False, several=True, caseless=True),
    "blacksheep": Traits(("int", "float", "uuid", "digits"), ends_alike=True, mounts_with_root_path=True),
}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """route: its whole path, in Starlette's syntax. converted: its values become Python's types in the handler only.

    caseless: written as a regular expression that ignores case.
    """

    name: str
    route: str
    kind: Kind = "route"
    methods: tuple[str, ...] = ("GET",)
    host: str | None = None
    converted: bool = False
    caseless: bool = False

    @property
    def parameters(self) -> list[tuple[str, str]]:
        return [(name, kind or "str") for name, kind in PARAMETER.findall(self.route)]

    @property
    def sample(self) -> str:
        """A canonical path."""
        return PARAMETER.sub(lambda parameter: SAMPLES[parameter[2] or "str"], self.route)

    def path_with(self, values: Mapping[str, object]) -> str:
        """The canonical path with these values."""
        return PARAMETER.sub(lambda one: in_plain_spelling(values[one[1]], one[2]), self.route)


def in_plain_spelling(value: object, kind: str) -> str:
    """As Starlette's convertors read it. A number that they do not read is decided as any other one."""
    if kind == "int":
        return str(value) if re.fullmatch("[0-9]+", str(value)) else "987654"
    if kind == "float":
        number = float(str(value))
        return f"{number:.20f}".rstrip("0").rstrip(".") if 0 <= number < float("inf") else "98.75"
    return str(value).lstrip("/") if kind == "path" else str(value)


@dataclass(slots=True)
class Group:
    """The site, or a part with a path of its own: included under a prefix, mounted, at a host, or a folder of files."""

    kind: Literal["include", "mount", "host", "files"] = "include"
    path: str = ""
    parts: "list[Endpoint | Group]" = field(default_factory=list)

    def endpoints(self) -> Iterator[Endpoint]:
        for part in self.parts:
            if isinstance(part, Endpoint):
                yield part
            else:
                yield from part.endpoints()


@dataclass(frozen=True, slots=True)
class Site:
    root: Group
    endpoints: Mapping[str, Endpoint]
    whole: frozenset[str]
    """Paths that some rule has to name: of catch-alls, mounts and folders."""
    traits: Traits


UNENCODED = "/!$&'()*+,=:@"
"""What stands in a path as it is (RFC 3986 section 3.3)."""

_WORDS = (
    "admin", "users", "orders", "files", "secret", "docs", "health", "page", "private", "kiosk", "site", "api", "x",
    "caf\u00e9", "stra\u00dfe", "\u0438\u043c\u044f", "a.b", "v1", "Report", "list-all", "me,you", "a b", "~k", "s@i",
)  # fmt: skip
_MOUNTS = ("mnt", "sub", "priv", "shop")
_FOLDERS = ("/static", "/assets", "/docs/s")
_FILES = ("secret.txt", "readme.txt", "a/deep.txt", "private/s.txt", "Site.txt", "k s.txt")
HOST = "admin.example.com"


class Draw:
    """Draws one site. `chance` decides everything."""

    def __init__(self, chance: random.Random, traits: Traits) -> None:
        self.chance = chance
        self.traits = traits
        self._shapes: set[tuple[object, ...]] = set()
        self._number = 0

    def site(self) -> Site:
        root = Group(parts=list(self._routes("", self.chance.randint(3, 8))))
        root.parts += self._groups()
        _order(root)
        endpoints = {endpoint.name: endpoint for endpoint in root.endpoints()}
        whole = frozenset(_whole_paths(root))
        return Site(root, endpoints, whole, self.traits)

    def _routes(self, prefix: str, number: int, host: str | None = None) -> Iterator[Endpoint]:
        for _ in range(number):
            endpoint = self._route(prefix, host)
            if self._is_new(endpoint):
                yield endpoint
        if self.traits.sockets and self.chance.random() < 0.4:
            route = self._ended(prefix + self._path())
            socket = Endpoint(self._name(), route, "socket", ("WEBSOCKET",), host)
            if self._is_new(socket):
                yield socket

    def _route(self, prefix: str, host: str | None) -> Endpoint:
        chance = self.chance
        route = self._ended(prefix + self._path())
        methods = chance.choice((("GET",), ("GET",), ("POST",), ("GET", "POST"), ("DELETE", "PUT")))
        typed = any(kind in ("int", "float", "uuid") for _, kind in PARAMETER.findall(route))
        return Endpoint(
            self._name(),
            route,
            methods=methods,
            host=host,
            converted=typed and chance.random() < 0.4 and not route.endswith(REST),
            caseless=self.traits.caseless and "{" not in route and route.isascii() and chance.random() < 0.35,
        )

    def _path(self) -> str:
        """`/orders/{id:int}/lines`, `/{page}`, `/admin/{rest:path}`, `/r/{a}-{b}`."""
        chance = self.chance
        depth = chance.choice((1, 1, 2, 2, 2, 3))
        segments = [chance.choice(_WORDS) for _ in range(depth)]
        for place in range(depth):
            if chance.random() < (0.15 if place == 0 else 0.4):
                segments[place] = self._parameter(f"p{place}")
        if chance.random() < 0.15:
            segments[-1 if depth > 1 else depth :] = [REST]
        path = "/" + "/".join(segments)
        slash = not self.traits.ends_alike and not path.endswith(REST) and chance.random() < 0.15
        return "/" if chance.random() < 0.04 else path + "/" * slash

    def _ended(self, route: str) -> str:
        """As the router keeps it."""
        return (route.rstrip("/") or "/") if self.traits.ends_alike else route

    def _parameter(self, name: str) -> str:
        chance = self.chance
        if self.traits.several and chance.random() < 0.15:
            return chance.choice((f"{{{name}a}}-{{{name}b}}", f"{{{name}a}}.{{{name}b}}.html", f"v{{{name}}}"))
        kind = chance.choice(("str", *self.traits.types)) if chance.random() < 0.6 else "str"
        return f"{{{name}}}" if kind == "str" else f"{{{name}:{kind}}}"

    def _groups(self) -> Iterator[Group]:
        chance = self.chance
        paths = chance.sample(_MOUNTS, len(_MOUNTS))
        if chance.random() < 0.45:
            yield self._files(chance.choice(_FOLDERS))
        if chance.random() < 0.5:
            kind: Literal["mount", "include"] = "mount" if self.traits.mounts and chance.random() < 0.7 else "include"
            yield self._group(kind, f"/{paths[0]}", nested=chance.random() < 0.4)
        if self.traits.mounts and chance.random() < 0.4:
            yield Group("mount", f"/{paths[1]}", [self._whole_app(f"/{paths[1]}")])
        if self.traits.hosts and chance.random() < 0.35:
            yield Group("host", "", sorted(self._routes("", chance.randint(1, 4), HOST), key=_specificity))

    def _group(self, kind: Literal["mount", "include"], path: str, *, nested: bool) -> Group:
        group = Group(kind, path, list(self._routes(path, self.chance.randint(1, 3))))
        if nested and kind == "mount":
            inner = f"{path}/in"
            whole = self.chance.random() < 0.4
            parts: list[Endpoint | Group] = [self._whole_app(inner)] if whole else list(self._routes(inner, 2))
            group.parts.append(Group("mount", inner, parts))
        return group

    def _whole_app(self, path: str) -> Endpoint:
        return Endpoint(self._name(), f"{path}/{REST}", "mounted app", ("GET", "POST", "WEBSOCKET"))

    def _files(self, path: str) -> Group:
        names = self.chance.sample(_FILES, self.chance.randint(2, 4))
        return Group("files", path, [Endpoint(self._name(), f"{path}/{name}", "file") for name in names])

    def _name(self) -> str:
        self._number += 1
        return f"e{self._number}"

    def _is_new(self, endpoint: Endpoint) -> bool:
        """Whether no earlier endpoint has its path and one of its methods, as the router tells paths apart."""
        untyped = self.traits.one_parameter or endpoint.converted
        shape = (
            PARAMETER.sub(lambda one: "{}" if untyped or not one[2] else f"{{{one[2]}}}", endpoint.route)
            .lower()
            .rstrip("/")
        )
        keys = {(shape, method, endpoint.host) for method in endpoint.methods}
        if "GET" in endpoint.methods:
            keys |= {(shape, "WEBSOCKET", endpoint.host)}
        if self._shapes & keys:
            return False
        self._shapes |= keys
        return True


def _whole_paths(group: Group) -> Iterator[str]:
    for part in group.parts:
        if isinstance(part, Group):
            if part.kind in ("mount", "files"):
                yield f"{part.path}/{REST}"
            yield from _whole_paths(part)
        elif part.route.endswith(REST):
            yield part.route


def _order(group: Group) -> None:
    """More specific first, as users register them."""
    group.parts.sort(key=_specificity)
    for part in group.parts:
        if isinstance(part, Group) and part.kind != "host":
            _order(part)


_STRICTNESS = ("", "date", "digits", "uuid", "int", "float", "str", "path")


def _specificity(part: Endpoint | Group) -> list[tuple[int, int]]:
    if isinstance(part, Group) and part.kind == "host":
        return []
    route = part.route if isinstance(part, Endpoint) else f"{part.path}/{REST}"
    return [_rank(segment) for segment in route.split("/")[1:]]


def _rank(segment: str) -> tuple[int, int]:
    kinds = [kind or "str" for _, kind in PARAMETER.findall(segment)]
    if not kinds:
        return 0, 0
    return max(_STRICTNESS.index(kind) for kind in kinds), -len(PARAMETER.sub("", segment))
