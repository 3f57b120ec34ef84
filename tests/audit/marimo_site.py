"""A real application with an allowlist: marimo's notebook server, `asgi-bearer audit tests.audit.marimo_site:app`."""

from marimo._server.main import create_starlette_app

from asgi_bearer import BearerMiddleware, optional, protected, public
from tests.tokens import issuer

app = BearerMiddleware(
    create_starlette_app(base_url=""),
    issuers=issuer(),
    allow=[
        public("/health"),
        public("/healthz"),
        public("/assets/{rest:path}", methods=["GET"]),
        public("/auth/login", methods=["GET", "POST"]),
        optional("/", methods=["GET"]),
        protected("/api/kernel/{rest:path}", scopes=["kernel:run"]),
        protected("/ws", methods=["WEBSOCKET"], scopes=["kernel:run"]),
        protected("/terminal/{rest:path}", roles=["owner"]),
        public("/gone", methods=["PROPFIND"]),  # a rule that no route fits any more
    ],
)
