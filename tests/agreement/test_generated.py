"""Rows F15 and F20 over generated sites, and what the generator is worth: it finds every fault that is put back."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from asgi_bearer import Rule, protected, public
from tests.agreement.faults import FAULTS
from tests.agreement.generated.allowlists import FULL, NO_TOKEN, PLAIN, Allowlist
from tests.agreement.generated.oracle import Client
from tests.agreement.generated.running import Run, guard_with_library, run_sites
from tests.agreement.generated.sites import TRAITS, Endpoint, Group, Site
from tests.agreement.targets import Request

pytestmark = pytest.mark.filterwarnings("ignore")  # of the frameworks

SITES, REQUESTS = 12, 300
"""In a test; `python -m tests.agreement` asks more."""

ROLE = ["admin"]


@pytest.mark.parametrize("framework", TRAITS)
def test_F15_no_endpoint_of_a_generated_site_is_reached_against_its_own_rule(framework: str) -> None:
    count = run_sites(framework, range(SITES), REQUESTS)
    assert count.trespasses == []
    assert count.broken == []
    assert count.missed == []
    assert count.canonical > 60
    assert count.reached > 150


@pytest.mark.parametrize("name", FAULTS)
def test_the_generator_finds_a_fault_that_is_put_back(name: str) -> None:
    fault = FAULTS[name]
    site = range(fault.first_site, fault.first_site + 1)
    assert run_sites(fault.framework, site, fault.requests, guard=fault.guard).trespasses
    assert run_sites(fault.framework, site, fault.requests).trespasses == []


def _trespasses(
    framework: str,
    folder: Path,
    parts: Sequence[Endpoint | Group],
    rules: Sequence[Rule],
    request: Request,
    *,
    client: Client = NO_TOKEN,
    root_path: str | None = None,
) -> Sequence[str]:
    """Of one request to a site with these parts; each part is reached by its own request."""
    root = Group(parts=list(parts))
    site = Site(root, {one.name: one for one in root.endpoints()}, frozenset(), TRAITS[framework])
    allowlist = Allowlist(tuple(rules), "authenticated", root_path, rejected=0)
    run = Run(framework, site, allowlist, folder, guard_with_library)

    async def ask() -> None:
        await run.try_canonical_requests()
        await run.try_request(request, client)

    asyncio.run(ask())
    assert run.count.missed == []
    assert run.count.canonical == sum(len(one.methods) for one in site.endpoints.values())
    return run.count.trespasses


CATCH_ALL = Endpoint("e1", "/admin/{rest:path}")
FOLDER = Group(
    "files", "/static", [Endpoint("e1", "/static/secret.txt", "file"), Endpoint("e2", "/static/a.txt", "file")]
)
MOUNT = Group("mount", "/mnt", [Endpoint("e1", "/mnt/secret")])
WHOLE_APP = Group("mount", "/mnt", [Endpoint("e1", "/mnt/{rest:path}", "mounted app", ("GET", "POST"))])


def test_a_catch_all_without_a_boundary_needs_what_its_rule_asks_for(tmp_path: Path) -> None:
    rules = [protected("/admin/{rest:path}", roles=ROLE), public("/{page}")]
    assert not _trespasses("blacksheep", tmp_path, [CATCH_ALL], rules, Request(b"/adminusers"))


@pytest.mark.parametrize("framework", ["blacksheep", "litestar"])
@pytest.mark.parametrize("target", [b"/mntsecret", b"/mnt-secret", b"/mnt.x", b"/mnt%EF%BC%8Fx"])
def test_a_mount_without_a_boundary_needs_what_its_rule_asks_for(framework: str, target: bytes, tmp_path: Path) -> None:
    rules = [protected("/mnt/{rest:path}", roles=ROLE), public("/{page}")]
    assert not _trespasses(framework, tmp_path, [WHOLE_APP], rules, Request(target))


@pytest.mark.parametrize("framework", ["blacksheep", "litestar"])
def test_a_file_below_a_public_folder_needs_what_its_own_rule_asks_for(framework: str, tmp_path: Path) -> None:
    rules = [public("/static/{rest:path}"), protected("/static/secret.txt", roles=ROLE), public("/{page}")]
    assert not _trespasses(framework, tmp_path, [FOLDER], rules, Request(b"/staticsecret.txt"))


@pytest.mark.parametrize("framework", ["blacksheep", "litestar"])
def test_a_page_below_a_mount_needs_what_its_own_rule_asks_for(framework: str, tmp_path: Path) -> None:
    rules = [protected("/mnt/{rest:path}"), protected("/mnt/secret", roles=ROLE), public("/{page}")]
    assert not _trespasses(framework, tmp_path, [MOUNT], rules, Request(b"/mntsecret"), client=PLAIN)


@pytest.mark.parametrize("target", [b"/files/%2573ecret", b"/files/s%2565cret", b"/files/%25%37%33ecret"])
def test_a_name_that_is_encoded_twice_is_no_other_name(target: bytes, tmp_path: Path) -> None:
    rules = [public("/files/{name}"), protected("/files/secret", roles=ROLE)]
    assert not _trespasses("blacksheep", tmp_path, [Endpoint("e1", "/files/{name}")], rules, Request(target))


@pytest.mark.parametrize("framework", ["quart", "django"])
@pytest.mark.parametrize("method", ["head", "get", "Get"])
def test_a_method_in_lower_case_needs_what_the_rule_asks_for(framework: str, method: str, tmp_path: Path) -> None:
    rules = [protected("/reports/{name}", methods=["GET"], roles=ROLE)]
    endpoint = Endpoint("e1", "/reports/{name}")
    assert not _trespasses(framework, tmp_path, [endpoint], rules, Request(b"/reports/may", method), client=PLAIN)


@pytest.mark.parametrize(
    ("framework", "method"), [("blacksheep", "GET_WS"), ("litestar", "websocket"), ("litestar", "")]
)
def test_a_key_of_the_router_is_no_way_into_a_websocket(framework: str, method: str, tmp_path: Path) -> None:
    rules = [public("/{page}"), protected("/ws", methods=["WEBSOCKET"], roles=ROLE)]
    socket = Endpoint("e1", "/ws", "socket", ("WEBSOCKET",))
    assert not _trespasses(framework, tmp_path, [socket], rules, Request(b"/ws", method))


@pytest.mark.parametrize(
    ("framework", "kind", "value"),
    [
        ("fastapi", "int", b"7.0"),
        ("fastapi", "int", b"+07.0"),
        ("fastapi", "int", b"1_0.0"),
        ("fastapi", "float", b"7e0"),
        ("litestar", "uuid", b"urn:uuid:01234567-89ab-4def-8123-456789abcdef"),
        ("litestar", "uuid", b"%7B01234567-89ab-4def-8123-456789abcdef%7D"),
        ("litestar", "uuid", b"0x23456789ab4def8123456789abcdef"),
        ("quart", "int", b"%D9%A7"),
    ],
)
def test_another_spelling_of_a_value_needs_what_the_rule_asks_for(
    framework: str, kind: str, value: bytes, tmp_path: Path
) -> None:
    rules = [protected(f"/orders/{{id:{kind}}}", roles=ROLE), public("/{a}/{b}")]
    endpoint = Endpoint("e1", f"/orders/{{id:{kind}}}", converted=framework == "fastapi")
    assert not _trespasses(framework, tmp_path, [endpoint], rules, Request(b"/orders/" + value))


@pytest.mark.parametrize(
    ("framework", "kind", "named", "value"),
    [
        ("starlette", "int", "7", b"07"),
        ("starlette", "float", "7.5", b"07.50"),
        ("fastapi", "int", "7", b"007"),
        ("django", "int", "7", b"07"),
        ("quart", "float", "7.5", b"%D9%A7.5"),
        ("blacksheep", "int", "7", b"07"),
        ("litestar", "uuid", "01234567-89ab-4def-8123-456789abcdef", b"0123456789ab4def8123456789abcdef"),
        ("litestar", "date", "2026-11-27", b"1795737600"),
    ],
)
def test_another_spelling_of_a_value_that_a_literal_rule_names_needs_what_it_asks_for(
    framework: str, kind: str, named: str, value: bytes, tmp_path: Path
) -> None:
    rules = [protected(f"/orders/{named}", roles=ROLE), public("/orders/{id}")]
    endpoint = Endpoint("e1", f"/orders/{{id:{kind}}}", converted=framework == "blacksheep")
    assert not _trespasses(framework, tmp_path, [endpoint], rules, Request(b"/orders/" + value))


def test_a_root_path_that_the_client_chose_is_rejected(tmp_path: Path) -> None:
    rules = [protected("/mnt/{rest:path}", roles=ROLE), public("/{page}")]
    request = Request(b"/page", root_path="/mnt")
    assert not _trespasses("blacksheep", tmp_path, [WHOLE_APP], rules, request, root_path="/api")


@pytest.mark.parametrize("framework", ["starlette", "quart", "django"])
@pytest.mark.parametrize("target", [b"/doc%C5%BF", b"/%E2%84%AAiosk", b"/k%C4%B1osk", b"/k%C4%B0osk"])
def test_a_letter_that_is_the_same_without_case_needs_what_the_rule_asks_for(
    framework: str, target: bytes, tmp_path: Path
) -> None:
    parts = [Endpoint("e1", "/docs", caseless=True), Endpoint("e2", "/kiosk", caseless=True)]
    rules = [protected("/docs", roles=ROLE), protected("/kiosk", roles=ROLE), public("/{page}")]
    assert not _trespasses(framework, tmp_path, parts, rules, Request(target))


def test_a_dot_behind_a_mount_is_no_dot_segment(tmp_path: Path) -> None:
    rules = [protected("/static/{rest:path}"), protected("/static/secret.txt", roles=ROLE)]
    request = Request(b"/static./secret.txt")
    parts = [Group("files", "/static", [*FOLDER.parts[:1], Endpoint("e3", "/static/b.txt", "file")])]
    assert not _trespasses("litestar", tmp_path, parts, rules, request, client=PLAIN)


def test_octets_beyond_ASCII_in_a_target_are_no_other_name(tmp_path: Path) -> None:
    rules = [public("/admin/{rest:path}"), protected("/admin/caf\u00e9", roles=ROLE)]
    assert not _trespasses("blacksheep", tmp_path, [CATCH_ALL], rules, Request(b"/admin/caf\xc3\xa9"))


def test_the_harness_sees_an_endpoint_that_is_reached() -> None:
    """With a token that has all permissions, and no weakness of ours."""
    count = run_sites("starlette", range(2), 50, guard=lambda _allowlist, app: app)
    assert count.trespasses
    assert FULL.token
