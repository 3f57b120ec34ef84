"""Faults that an allowlist had or could have, put back one at a time in front of generated sites.

Each is a way for a request to be decided as if it were another one: the middleware is shown a disguised scope, or lacks
the rules that the fault would overlook, while the app gets the true scope. None of this touches the library's insides.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import quote

from starlette.types import ASGIApp, Receive, Scope, Send

from asgi_bearer import Rule
from tests.agreement.generated.allowlists import Allowlist
from tests.agreement.generated.running import Guard
from tests.agreement.generated.sites import PARAMETER, REST, UNENCODED

Disguise = Callable[[Scope], Scope]
Overlooks = Callable[[Rule, Scope], bool]


@dataclass(frozen=True, slots=True)
class Fault:
    """framework: one whose router makes the fault matter. first_site: where it is found by so many `requests`, seed 0.

    disguise: what the middleware sees of a scope. overlooks: whether a rule is missed for a scope.
    """

    framework: str
    disguise: Disguise = lambda scope: scope
    overlooks: Overlooks = lambda _rule, _scope: False
    first_site: int = 0
    requests: int = 400

    @property
    def guard(self) -> Guard:
        return lambda allowlist, app: Weakened(self, allowlist, app)


class Weakened:
    """The library with this fault."""

    def __init__(self, fault: Fault, allowlist: Allowlist, app: ASGIApp) -> None:
        self.fault = fault
        self.allowlist = allowlist
        self.app = app
        self._guards: dict[tuple[Rule, ...], ASGIApp] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        overlooks = self.fault.overlooks
        rules = tuple(rule for rule in self.allowlist.rules if not overlooks(rule, scope))
        if rules not in self._guards:
            self._guards[rules] = replace(self.allowlist, rules=rules).guard(self._undisguised)
        disguised = self.fault.disguise(scope)
        hidden = {name: scope[name] for name in _DISGUISED if scope.get(name) != disguised.get(name)}
        await self._guards[rules]({**disguised, "hidden": hidden}, receive, send)

    async def _undisguised(self, scope: Scope, receive: Receive, send: Send) -> None:
        hidden = scope.pop("hidden")
        await self.app({**scope, **hidden}, receive, send)


_DISGUISED = ("method", "path", "raw_path", "root_path")


def _with_path(scope: Scope, path: str) -> Scope:
    """Without a root path, which would be put before it."""
    return scope if scope["root_path"] else {**scope, "path": path, "raw_path": quote(path, safe=UNENCODED).encode()}


def _is_at(prefix: str, path: str) -> bool:
    return path.startswith(prefix) and path[len(prefix) : len(prefix) + 1] not in ("", "/")


def _needs_boundary(rule: Rule, scope: Scope) -> bool:
    """`protected("/mnt/{rest:path}")` is not asked about `/mntpage`."""
    return rule.path.endswith(REST) and _is_at(rule.path.removesuffix("/" + REST), scope["path"])


def _decoded_once(scope: Scope) -> Scope:
    """What is encoded twice is read as some text, and no router decodes it."""
    path = re.sub("%[0-9a-fA-F]{2}", "x", scope["path"])
    return scope if path == scope["path"] else _with_path(scope, path)


def _case_of_methods(scope: Scope) -> Scope:
    """`head` is a method of its own, of which no rule with methods knows."""
    method = scope.get("method", "GET")
    return scope if method == method.upper() else {**scope, "method": "BREW"}


def _keys_of_routers(scope: Scope) -> Scope:
    """So is a method by which a router keeps its websockets."""
    return {**scope, "method": "BREW"} if scope.get("method") in ("GET_WS", "websocket", "") else scope


def _one_spelling_of_numbers(rule: Rule, scope: Scope) -> bool:
    """`protected("/orders/{id:int}")` is not asked about `/orders/7.0`, nor `{id:uuid}` about `urn:uuid:…`."""
    if not re.search(":(int|float|uuid)}", rule.path):
        return False
    plain = PARAMETER.sub(lambda one: _PLAIN.get(one[2] or "str", "[^/]+"), rule.path)
    return re.fullmatch(plain, scope["path"].rstrip("/"), re.IGNORECASE) is None


_PLAIN: Mapping[str, str] = {
    "int": "[0-9]+",
    "float": r"[0-9]+(\.[0-9]+)?",
    "uuid": "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    "path": ".*",
}


def _by_text_alone(rule: Rule, scope: Scope) -> bool:
    """`protected("/orders/7")` is not asked about `/orders/07`."""
    return "{" not in rule.path and any(map(str.isdigit, rule.path)) and rule.path != scope["path"].rstrip("/")


def _without_root_path(scope: Scope) -> Scope:
    """Whatever root path comes is taken off, though the client may have chosen it."""
    root_path = scope["root_path"]
    if not scope["path"].startswith(root_path + "/"):
        return scope
    return _with_path({**scope, "root_path": ""}, scope["path"].removeprefix(root_path))


def _case_of_ascii_only(scope: Scope) -> Scope:
    """`doc\u017f` is another word than `docs`."""
    path = re.sub("[\u0130\u0131\u017f\u212a]", "x", scope["path"])
    return scope if path == scope["path"] else _with_path(scope, path)


def _exact_case(rule: Rule, scope: Scope) -> bool:
    """No rule is asked about a path in another case."""
    literal = rule.path.partition("{")[0]
    return not scope["path"].startswith(literal) and scope["path"].lower().startswith(literal.lower())


def _exact_slash(rule: Rule, scope: Scope) -> bool:
    """`protected("/admin")` is not asked about `/admin/`."""
    return scope["path"].endswith("/") and not rule.path.endswith(("/", REST))


def _no_rules_below_a_prefix(rule: Rule, scope: Scope) -> bool:
    """`protected("/static/private/s.txt")` is not asked about `/staticprivate/s.txt`."""
    return "{" not in rule.path and rule.path != scope["path"]


FAULTS: Mapping[str, Fault] = {
    "catch-alls end at a slash": Fault("blacksheep", overlooks=_needs_boundary, first_site=4),
    "mounts end at a slash": Fault("litestar", overlooks=_needs_boundary, first_site=2),
    "paths are decoded once": Fault("blacksheep", _decoded_once, first_site=3),
    "methods are upper case": Fault("quart", _case_of_methods, first_site=5),
    "views check the method as it was sent": Fault("django", _case_of_methods, first_site=15),
    "no method is BlackSheep's key for websockets": Fault("blacksheep", _keys_of_routers, first_site=14, requests=1200),
    "no method is Litestar's key for websockets": Fault("litestar", _keys_of_routers, first_site=19),
    "FastAPI reads a number as Starlette does": Fault("fastapi", overlooks=_one_spelling_of_numbers, first_site=31),
    "Litestar reads a UUID as Starlette does": Fault("litestar", overlooks=_one_spelling_of_numbers, first_site=3),
    "a number has one spelling": Fault("starlette", overlooks=_by_text_alone, first_site=12),
    "the root path is the operator's": Fault("blacksheep", _without_root_path, first_site=61),
    "only ASCII has cases": Fault("django", _case_of_ascii_only, first_site=11),
    "routes have a case": Fault("blacksheep", overlooks=_exact_case, first_site=4),
    "a slash at the end tells routes apart": Fault("litestar", overlooks=_exact_slash),
    "what is below a mount has its slash": Fault("litestar", overlooks=_no_rules_below_a_prefix),
}
"""By what somebody believed."""
