"""The site: its endpoints, its allowlist, and what its endpoints say."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from asgi_bearer import Rule, optional, protected, public
from tests.tokens import claims, sign

For = Literal["anybody", "token", "role"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """path: in Starlette's syntax. canonical: a request for it. says: its answer, which names who may reach it."""

    path: str
    canonical: str
    who: For
    methods: tuple[str, ...] = ("GET", "POST")

    @property
    def says(self) -> str:
        return f"<{self.who}> {self.path} {'+'.join(self.methods)}"


ENDPOINTS: Sequence[Endpoint] = (
    Endpoint("/", "/", "token"),
    Endpoint("/health", "/health", "anybody"),
    Endpoint("/docs", "/docs", "anybody", ("GET",)),
    Endpoint("/catalogue", "/catalogue", "anybody"),
    Endpoint("/caf\u00e9", "/caf%C3%A9", "anybody"),
    Endpoint("/login", "/login", "anybody", ("POST",)),
    Endpoint("/login", "/login", "token", ("GET",)),
    Endpoint("/static/{rest:path}", "/static/css/site.css", "anybody"),
    Endpoint("/tags/{name}", "/tags/c%2B%2B", "anybody"),
    Endpoint("/orders/help", "/orders/help", "anybody"),
    Endpoint("/orders/{id:int}", "/orders/7", "role"),
    Endpoint("/orders/{id:int}/lines", "/orders/7/lines", "token"),
    Endpoint("/reports/{name}", "/reports/may", "role"),
    Endpoint("/admin", "/admin", "role"),
    Endpoint("/admin/users", "/admin/users", "role"),
    Endpoint("/admin/users/{id:int}", "/admin/users/7", "role"),
    Endpoint("/profile", "/profile", "token"),
    Endpoint("/health/admin", "/health/admin", "token"),
    Endpoint("/public-admin", "/public-admin", "token"),
    Endpoint("/user/x.css", "/user/x.css", "token"),
    Endpoint("/mnt/health", "/mnt/health", "token"),
    Endpoint("/mnt/admin", "/mnt/admin", "token"),
    Endpoint("/{section}/catalogue", "/any/catalogue", "token"),
    Endpoint("/{page}", "/any", "token"),
)

SOCKETS: Sequence[Endpoint] = (
    Endpoint("/ws", "/ws", "token", ("WEBSOCKET",)),
    Endpoint("/health", "/health", "token", ("WEBSOCKET",)),
    Endpoint("/feed", "/feed", "anybody", ("WEBSOCKET",)),
    Endpoint("/admin/ws", "/admin/ws", "role", ("WEBSOCKET",)),
)

ADMIN_HOST = "admin.example.com"
ON_ADMIN_HOST: Sequence[Endpoint] = (
    Endpoint("/health", "/health", "role"),
    Endpoint("/docs", "/docs", "role"),
)

ALLOW: Sequence[Rule] = (
    public("/health"),
    public("/docs", methods=["GET"]),
    optional("/catalogue"),
    public("/caf\u00e9"),
    public("/login", methods=["POST"]),
    public("/static/{rest:path}"),
    public("/tags/{name}"),
    public("/orders/help"),
    public("/feed", methods=["WEBSOCKET"]),
    protected("/orders/{id:int}", scopes=["orders:write"]),
    protected("/reports/{name}", methods=["GET", "POST"], roles=["reader"]),
    protected("/admin", roles=["admin"]),
    protected("/admin/{rest:path}", roles=["admin"]),
    protected("/{rest:path}", host=ADMIN_HOST, roles=["admin"]),
)

PLAIN_TOKEN = sign(claims(scope="profile", roles=[]))
"""Good, and without any of the scopes and roles above."""

FULL_TOKEN = sign(claims(scope="orders:write", roles=["reader", "admin"]))


def trespass(answer: str, *, with_token: bool) -> bool:
    """Whether the answer is of an endpoint that the request had no right to."""
    return "<role>" in answer or ("<token>" in answer and not with_token)
