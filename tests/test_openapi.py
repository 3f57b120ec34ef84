"""The allowlist in OpenAPI documents: FastAPI's own, and one as Starlette's generator makes them."""

from copy import deepcopy
from typing import Any

import pytest
from starlette.testclient import TestClient

from asgi_bearer import protected, public
from asgi_bearer.allowlist.policy import Policy
from asgi_bearer.openapi import describe_security
from tests.openapi_page import app


def security_of(document: dict[str, Any], path: str, method: str = "get") -> Any:
    return document["paths"][path][method]["security"]


def test_FastAPIs_document_says_what_each_operation_needs() -> None:
    with TestClient(app) as client:
        document = client.get("/openapi.json").json()
        assert client.get("/profile").status_code == 401
        entered = {"username": "suman", "password": "correct horse"}
        assert client.post("/demo/register", json=entered).status_code == 201
        login = client.post("/demo/login", data={**entered, "grant_type": "password"})
        token = {"Authorization": f"Bearer {login.json()['access_token']}"}
        assert client.get("/profile", headers=token).json() == {"message": "Welcome suman"}
    flow = {"tokenUrl": "/demo/login", "scopes": {"files": "", "orders:read": ""}}
    assert document["components"]["securitySchemes"] == {"bearer": {"type": "oauth2", "flows": {"password": flow}}}
    assert security_of(document, "/health") == []
    assert security_of(document, "/catalogue") == [{}, {"bearer": []}]
    assert security_of(document, "/profile") == [{"bearer": []}]
    assert security_of(document, "/orders/{order_id}") == [{"bearer": ["orders:read"]}]
    assert security_of(document, "/orders/{order_id}", "delete") == [{"bearer": []}]
    assert security_of(document, "/files/{name}") == [{"bearer": ["files"]}]
    answers = document["paths"]["/admin/users"]["get"]["responses"]
    assert answers["403"]["description"] == "The access token lacks the role admin or owner"
    assert "401" in answers
    assert "403" not in document["paths"]["/profile"]["get"]["responses"]
    assert "401" not in document["paths"]["/health"]["get"]["responses"]


STARLETTES = {
    "openapi": "3.0.0",
    "info": {"title": "Orders", "version": "1.0"},
    "paths": {
        "/health": {"get": {"responses": {"200": {"description": "It is well"}}}},
        "/orders/{id}": {
            "get": {"responses": {"401": {"description": "mine"}}},
            "head": {},
            "summary": "Orders",
        },
        "/parts/{id}": {"parameters": [{"name": "id", "in": "path", "schema": {"format": "uuid"}}], "get": {}},
        "/odd": "not an object",
    },
}  # fmt: skip


def test_a_plain_document_is_described_without_a_login() -> None:
    before = deepcopy(STARLETTES)
    allow = [
        public("/health"),
        protected("/orders/{order:int}", scopes=["a", "b"]),
        protected("/parts/{p:uuid}", roles=["r"]),
    ]
    document = describe_security(STARLETTES, Policy(allow, "authenticated"), name="jwt")
    assert before == STARLETTES
    assert document["components"]["securitySchemes"]["jwt"] == {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
    }
    assert security_of(document, "/health") == []
    assert security_of(document, "/orders/{id}") == [{"jwt": []}]
    assert security_of(document, "/orders/{id}", "head") == [{"jwt": []}]
    answers = document["paths"]["/orders/{id}"]["get"]["responses"]
    assert answers["401"]["description"] == "mine"
    assert answers["403"]["description"] == "The access token lacks the scope a or the scope b"
    assert document["paths"]["/parts/{id}"]["get"]["responses"]["403"]["description"].endswith("the role r")
    assert document["paths"]["/odd"] == "not an object"


def test_schemes_of_the_documents_own_are_kept() -> None:
    own = {"components": {"securitySchemes": {"key": {"type": "apiKey"}}}}
    schemes = describe_security(own, Policy([], "authenticated"))["components"]["securitySchemes"]
    assert set(schemes) == {"key", "bearer"}


@pytest.mark.parametrize(("unlisted", "answers"), [("denied", {"401", "403"}), ("authenticated", {"401"})])
def test_what_is_not_listed(unlisted: Any, answers: set[str]) -> None:
    document = describe_security(STARLETTES, Policy([], unlisted))
    assert set(document["paths"]["/orders/{id}"]["head"]["responses"]) == answers


@pytest.mark.parametrize(
    "odd",
    [
        {"parameters": None},
        {"parameters": ["a text"]},
        {"parameters": [{"in": "path", "name": "id", "schema": True}]},
        {"parameters": [{"in": "path", "name": "id", "schema": {"type": ["integer", "null"]}}]},
        {"parameters": [{"$ref": "#/components/parameters/id"}]},
        {"responses": None},
        {"responses": {401: {"description": "mine"}}},
    ],
)
def test_an_odd_operation_is_described_all_the_same(odd: dict[str, Any]) -> None:
    document = describe_security({"paths": {"/o/{id}": {"get": odd}}}, Policy([], "authenticated"))
    assert security_of(document, "/o/{id}") == [{"bearer": []}]
    assert [str(status) for status in document["paths"]["/o/{id}"]["get"]["responses"]] == ["401"]


@pytest.mark.parametrize(
    "odd", [{"components": None}, {"components": {"securitySchemes": None}}, {"paths": None}, {"paths": []}]
)
def test_an_odd_document_gets_its_scheme(odd: dict[str, Any]) -> None:
    assert "bearer" in describe_security(odd, Policy([], "authenticated"))["components"]["securitySchemes"]


@pytest.mark.parametrize(("kind", "needs"), [("integer", []), ("string", [{"bearer": []}]), (None, [])])
def test_a_rule_for_some_of_a_routes_paths_does_not_open_the_route(kind: str | None, needs: list[Any]) -> None:
    schema = {"parameters": [{"in": "path", "name": "x", "schema": {"type": kind}}]} if kind else {}
    document = describe_security(
        {"paths": {"/o/{x}": {"get": schema}}}, Policy([public("/o/{x:int}")], "authenticated")
    )
    assert security_of(document, "/o/{x}") == needs
