"""Draw requests that are aimed at one site: what its canonical requests turn into under every trick that is known."""

import random
from collections.abc import Iterator, Sequence
from urllib.parse import quote

from tests.agreement.generated.allowlists import Allowlist
from tests.agreement.generated.sites import HOST, PARAMETER, SAMPLES, UNENCODED, Endpoint, Site
from tests.agreement.targets import Request

HOSTS = (
    b"www.example.com", HOST.encode(), HOST.upper().encode(), HOST.encode() + b":8000", HOST.encode() + b".",
    b"Admin.example.com", b"", b"[::1]", b"x@" + HOST.encode(), b"h/health?x=", b"h#", HOST.encode() + b"/",
    b" " + HOST.encode(), b"admin_example_com", b"h:80:80", "adm\u0131n.example.com".encode(),
    b"adm%C4%B1n.example.com",
)  # fmt: skip
HTTP_WEBSOCKET = "WEBSOCKET, in HTTP"
"""A request in HTTP may have this method, which otherwise stands for a websocket here."""

METHODS = (
    HTTP_WEBSOCKET,
    "GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "get", "Get", "post", "delete", "head", "options",
    "WEBSOCKET", "WEBSOCKET", "websocket", "websocket", "WebSocket", "asgi", "GET_WS", "GET_WS", "ws", "", "",
    "PROPFIND", "TRACE", "CONNECT", "GET ", "GET\x00", "G\u0117T", "\u017fEARCH", "\uff27\uff25\uff34", "*", "M-SEARCH",
    "QUERY",
)  # fmt: skip
_PAIRS = {
    "i": "\u0131\u0130", "I": "\u0131\u0130", "s": "\u017f", "S": "\u017f", "k": "\u212a", "K": "\u212a",
    "\u00df": "\u1e9e", "\u00e9": "\u00c9", "\u0438": "\u0418", "a": "\uff41", "/": "\uff0f",
}  # fmt: skip
"""Characters that some case folding takes for another one."""

_INSERTS = (
    b"/", b"/", b"//", b"/.", b"/..", b"/./", b"/../", b".", b"..", b";", b";x=1", b"\\", b"%2f", b"%2F", b"%252f",
    b"%255c", b"%5c", b"%2e", b"%2e%2e/", b"%252e%252e/", b"%00", b"%2500", b"%0a", b"%0d", b"%0d%0a", b"%20", b"%09",
    b"%0b", b"%85", b"%c2%85", b"%c2%a0", b"%e2%80%a8", b"%ff", b"%c0%af", b"%ef%bc%8f", b"%7f", b"#", b"#/page",
    b"%23", b"%2523", b"?", b"?/page", b"%3f", b"%253f", b"%3b", b"%253b", b"%25", b"%2525", b"*", b"%2a", b"+", b"%2b",
    b"~", b":", b"@", b"%40", b"&", b"=", b"%", b"%zz", b"%u002f", b"x", b"7", b"-", b"\xc3\xa9", b"%c3%a9", b"\xff",
    b"%e2%80%8b", b"%cc%81", b".html", b".txt",
)  # fmt: skip
_STARTS = (
    b"http://h",
    b"https://h:80",
    b"h",
    b"/",
    b".",
    b"/.",
    b"/..",
    b"/%2e",
    b"*",
    b"\\",
    b"%2f",
    b"%252f",
    b"/x/..",
)

_SPELLINGS = {
    "int": ("7.0", "+7", "+07.0", "07", "1_0", "1_0.0", "-7", " 7", "7 ", "\u0667", "\uff17", "7e0", "7.", "007",
            "0x7"),
    "float": ("7", "+7.5", "07.50", "7.5e0", "1_0.5", ".5", "7.", "nan", "inf", "-0", "1e3", " 7.5", "\u0667.5",
              "75e-1"),
    "uuid": (
        "urn:uuid:01234567-89ab-4def-8123-456789abcdef",
        "{01234567-89ab-4def-8123-456789abcdef}",
        "0123456789ab4def8123456789abcdef",
        "01234567-89AB-4DEF-8123-456789ABCDEF",
        "0-1-2-3-456789ab4def8123456789abcdef",
        "0123456789ab4def8123456789abcd_f",
        "uuid:0123456789ab4def8123456789abcdef",
        "0x23456789ab4def8123456789abcdef",
        " 123456789ab4def8123456789abcdef",
        "+123456789ab4def8123456789abcdef",
    ),
    "date": ("20261127", "1795737600", "2026-11-27T00:00:00", "2026-11-27T00:00:00Z", "1795737600.0"),
    "digits": ("\u0662\u0660\u0662\u0666", "\uff12\uff10\uff12\uff16", "2026", "0000"),
    "path": ("", "zeta", "/zeta", "zeta/", "zeta//eta", "./zeta", "zeta/../eta", "secret", "users/s.txt", "zeta/eta"),
    "str": ("zeta", "7", "secret", "admin", "kiosk", "a-b", "a.b", "%", "a%20b", "ZETA", "\u017fecret", "k\u0131osk"),
}  # fmt: skip


def aimed_requests(chance: random.Random, site: Site, allowlist: Allowlist, number: int) -> Iterator[Request]:
    aim = _Aim(chance, site, allowlist)
    for _ in range(number):
        yield aim.request()


def canonical_request(endpoint: Endpoint, method: str | None = None) -> Request:
    host = HOSTS[0] if endpoint.host is None else endpoint.host.encode()
    return Request(quote(endpoint.sample, safe=UNENCODED).encode(), method or endpoint.methods[0], host=host)


class _Aim:
    def __init__(self, chance: random.Random, site: Site, allowlist: Allowlist) -> None:
        self.chance = chance
        rules = allowlist.rules
        self._endpoints = list(site.endpoints.values())
        self._paths = [endpoint.sample for endpoint in self._endpoints] + [_sample(rule.path) for rule in rules]
        self._literal = [rule.path for rule in rules if "{" not in rule.path]
        self._root_paths = self._possible_root_paths(site, allowlist.root_path)
        self._has_hosts = any(endpoint.host for endpoint in self._endpoints)

    def request(self) -> Request:
        chance = self.chance
        endpoint = chance.choice(self._endpoints)
        path = self._path(endpoint)
        target = quote(path, safe=chance.choice(("/", UNENCODED))).encode()
        for _ in range(chance.choice((0, 1, 1, 1, 1, 2, 2, 3))):
            target = self._changed(target)
        method = chance.choice(endpoint.methods) if chance.random() < 0.75 else chance.choice(METHODS)
        at_host = endpoint.host is not None and chance.random() < 0.7
        host = HOST.encode() if at_host else HOSTS[0]
        if chance.random() < (0.3 if self._has_hosts else 0.03):
            host = chance.choice(HOSTS)
        root_path = chance.choice(self._root_paths) if chance.random() < 0.15 else ""
        return Request(target, method, root_path, bool(root_path) and chance.random() < 0.5, host)

    def _path(self, endpoint: Endpoint) -> str:
        """A decoded path of the endpoint's: its sample, or other spellings of its parameters; or one of a rule."""
        chance = self.chance
        roll = chance.random()
        if roll < 0.15:
            return chance.choice(self._paths)
        if roll < 0.3 and self._literal:
            return chance.choice(self._literal)
        if roll < 0.75 and "{" in endpoint.route:
            return PARAMETER.sub(lambda one: chance.choice(_SPELLINGS[one[2] or "str"]), endpoint.route)
        return endpoint.sample

    def _changed(self, target: bytes) -> bytes:
        tricks = (
            self._without_boundary, self._without_boundary, self._insert, self._insert, self._encode, self._encode,
            self._encode, self._change_case, self._fold, self._fold, self._join, self._cut, self._slash,
            self._start, self._decode,
        )  # fmt: skip
        return self.chance.choice(tricks)(target)

    def _without_boundary(self, target: bytes) -> bytes:
        """`/admin/users` → `/adminusers`."""
        places = [place for place, octet in enumerate(target) if octet == ord("/") and place]
        if not places:
            return target + quote(self.chance.choice(self._paths)[1:]).encode()
        place = self.chance.choice(places)
        return target[:place] + self.chance.choice((b"", b"", b"x", b"-", b".")) + target[place + 1 :]

    def _insert(self, target: bytes) -> bytes:
        place = self.chance.choice((len(target), self.chance.randint(0, len(target)), target.rfind(b"/") + 1, 1))
        return target[:place] + self.chance.choice(_INSERTS) + target[place:]

    def _encode(self, target: bytes) -> bytes:
        """Some octets percent-encoded that need not be, up to three times."""
        percent = self.chance.choice((b"%", b"%", b"%25", b"%25", b"%2525"))
        form = self.chance.choice((b"%02X", b"%02x"))
        share = self.chance.choice((0.1, 0.3, 1))
        return b"".join(
            percent + form % octet if self.chance.random() < share and octet not in b"/%" else bytes([octet])
            for octet in target
        )

    def _change_case(self, target: bytes) -> bytes:
        place = self.chance.randrange(len(target) + 1)
        one = target[:place] + target[place:].swapcase()
        return self.chance.choice((target.upper(), target.title(), target.swapcase(), one))

    def _fold(self, target: bytes) -> bytes:
        """One character for another that is the same without regard to case."""
        places = [place for place, octet in enumerate(target) if chr(octet) in _PAIRS]
        if not places:
            return target
        place = self.chance.choice(places)
        other = quote(self.chance.choice(_PAIRS[chr(target[place])])).encode()
        return target[:place] + other + target[place + 1 :]

    def _join(self, target: bytes) -> bytes:
        other = quote(self.chance.choice(self._paths)).encode()
        glue = self.chance.choice((b"", b"/..", b"/", b"?", b"#", b";"))
        return self.chance.choice((target + glue + other, other + glue + target))

    def _cut(self, target: bytes) -> bytes:
        return target[: self.chance.randint(0, len(target))] + self.chance.choice((b"", b"/", b"//"))

    def _slash(self, target: bytes) -> bytes:
        return target[:-1] if target.endswith(b"/") else target + b"/"

    def _start(self, target: bytes) -> bytes:
        return self.chance.choice(_STARTS) + target

    def _decode(self, target: bytes) -> bytes:
        """Octets that a browser would have encoded."""
        return target.replace(b"%20", b" ").replace(b"%C3%A9", b"\xc3\xa9").replace(b"%2B", b"+").replace(b"%40", b"@")

    def _possible_root_paths(self, site: Site, configured: str | None) -> Sequence[str]:
        own = [path.rpartition("/")[0] for path in self._paths] + self._paths
        own += [path.partition("/{")[0] for path in site.whole] * 3
        plain = ["/api", "/api/", "/v1/x", "/", "//", "h", "/caf\u00e9", "/adm", "/mn", *[configured or ""] * len(own)]
        if configured is None and site.traits.mounts_with_root_path:
            mounts = tuple(path.partition("/{")[0] for path in site.whole)
            own = [path for path in own if not path.startswith(mounts)]
        return [path for path in (*plain, *own) if path]


def _sample(path: str) -> str:
    return PARAMETER.sub(lambda parameter: SAMPLES[parameter[2] or "str"], path)
