"""A FastAPI app whose documentation page shows what the allowlist says, and logs in at the demo's `/login`.

`SWAGGER_UI=tests/node_modules/swagger-ui-dist uvicorn tests.openapi_page:app` serves it, with the page's own files.
"""

import os
import tempfile
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

from asgi_bearer import BearerAuth, Issuer, StaticKeys, optional, protected, public
from demo.app import AUDIENCE, ISSUER, make_app

SECRET = "a secret of this test only, 32 bytes"
ALLOW = [
    public("/docs", methods=["GET"]),
    public("/openapi.json", methods=["GET"]),
    public("/swagger/{file:path}", methods=["GET"]),
    public("/demo/register", methods=["POST"]),
    public("/demo/login", methods=["POST"]),
    public("/health"),
    optional("/catalogue"),
    protected("/orders/{order_id:int}", methods=["GET"], scopes=["orders:read"]),
    protected("/files/{rest:path}", scopes=["files"]),
    protected("/admin/{rest:path}", roles=["admin", "owner"]),
]

app = FastAPI(title="Orders", docs_url=None, redoc_url=None)
auth = BearerAuth(Issuer(ISSUER, AUDIENCE, keys=StaticKeys.from_secret(SECRET)), allow=ALLOW, realm="page")
app.add_middleware(auth)
database = Path(os.environ.get("DEMO_DATABASE") or Path(tempfile.mkdtemp()) / "demo.sqlite3")
app.mount("/demo", make_app(database, SECRET, bcrypt_cost=4).app)  # the demo's endpoints without its allowlist


def openapi() -> dict[str, Any]:
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, routes=app.routes)
        app.openapi_schema = auth.describe(document, token_url="/demo/login")
    return app.openapi_schema


app.openapi = openapi  # type: ignore[method-assign]


@app.get("/docs", include_in_schema=False)
def docs() -> HTMLResponse:
    return get_swagger_ui_html(
        openapi_url="/openapi.json",
        title=app.title,
        swagger_js_url="/swagger/swagger-ui-bundle.js",
        swagger_css_url="/swagger/swagger-ui.css",
        swagger_favicon_url="",
    )


if directory := os.environ.get("SWAGGER_UI"):
    app.mount("/swagger", StaticFiles(directory=directory))


@app.get("/health")
def health() -> str:
    return "well"


@app.get("/profile")
def profile(request: Request) -> dict[str, str]:
    return {"message": f"Welcome {request.state.user}"}


@app.get("/catalogue")
def catalogue() -> list[str]:
    return ["apples"]


@app.get("/orders/{order_id}")
def order(order_id: int) -> int:
    return order_id


@app.delete("/orders/{order_id}")
def cancel(order_id: int) -> int:
    return order_id


@app.get("/files/{name:path}")
def file(name: str) -> str:
    return name


@app.get("/admin/users")
def users() -> list[str]:
    return []
