"""Paths that stand for all paths of a route."""

import pytest

from asgi_bearer.allowlist.examples import common_example, example


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/a", "/a"),
        ("/a/{x}/{y:int}", "/a/anything/7"),
        ("/{f:float}/{u:uuid}", "/7/00000000-0000-4000-8000-000000000007"),
        ("/a/{rest:path}", "/a/any/path"),
        ("/a/{x}.{y}", "/a/anything.anything"),
    ],
)
def test_a_sample_is_one_of_a_routes_paths(path: str, text: str) -> None:
    assert example(path) == text


@pytest.mark.parametrize(
    ("path", "other", "text"),
    [
        ("/a", "/a", "/a"),
        ("/a", "/b", None),
        ("/a/{x}", "/a/b", "/a/b"),
        ("/{x}/b", "/a/{y}", "/a/b"),
        ("/{x}", "/{y:int}", "/7"),
        ("/{x:uuid}", "/{y}", "/00000000-0000-4000-8000-000000000007"),
        ("/{x:uuid}", "/{y:int}", None),
        ("/{x}", "/{y}", "/anything"),
        ("/a/{rest:path}", "/a/b/{x:int}", "/a/b/7"),
        ("/a/b", "/{rest:path}", "/a/b"),
        ("/a/{rest:path}", "/b/{rest:path}", None),
        ("/a/{rest:path}/z", "/a/b/z", None),  # not found, though there is one
        ("/a/b/z", "/a/{rest:path}/z", None),
        ("/a/b", "/a", None),
    ],
)
def test_two_paths_meet(path: str, other: str, text: str | None) -> None:
    assert common_example(path, other) == text
