"""A FastAPI app whose documentation page shows what the allowlist says, and logs in against the demo's kind of login.

`SWAGGER_UI=node_modules/swagger-ui-dist uvicorn tests.openapi_page:app` serves it, with the page's own files.
"""

import os
from typing import Any
from urllib.parse import parse_qs

from fastapi import FastAPI, HTTPException, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

from asgi_bearer import (
    BearerMiddleware,
    Issuer,
    StaticKeys,
    TokenIssuer,
    describe_security,
    optional,
    protected,
    public,
)

SECRET = "a secret of this test only, 32 bytes"
ALLOW = [
    public("/docs", methods=["GET"]),
    public("/openapi.json", methods=["GET"]),
    public("/swagger/{file:path}", methods=["GET"]),
    public("/login", methods=["POST"]),
    optional("/catalogue"),
    protected("/orders/{order_id:int}", methods=["GET"], scopes=["orders:read"]),
    protected("/files/{rest:path}", scopes=["files"]),
    protected("/admin/{rest:path}", roles=["admin", "owner"]),
]

app = FastAPI(title="Orders", docs_url=None, redoc_url=None)
app.add_middleware(
    BearerMiddleware, issuers=Issuer("page", "page", keys=StaticKeys.from_secret(SECRET)), allow=ALLOW, realm="page"
)
tokens = TokenIssuer("page", "page", SECRET)


def openapi() -> dict[str, Any]:
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, routes=app.routes)
        app.openapi_schema = describe_security(document, ALLOW, token_url="/login")
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


@app.post("/login")
async def login(request: Request) -> dict[str, str]:
    form = parse_qs((await request.body()).decode())
    if form.get("password") != ["correct horse"]:
        raise HTTPException(401, "Incorrect username or password")
    return {"access_token": tokens.issue(form["username"][0], scopes=["orders:read"]), "token_type": "bearer"}


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
