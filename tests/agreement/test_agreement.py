"""Rows F15, F20 and F21, and the whole of the allowlist, in front of the routers of six frameworks."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.agreement import http2
from tests.agreement.apps import MAKERS, WITH_HOSTS, WITHOUT_SOCKETS, guard
from tests.agreement.asking import ask
from tests.agreement.run import run
from tests.agreement.servers import SERVERS, ask_all, running
from tests.agreement.site import ADMIN_HOST, ENDPOINTS, FULL_TOKEN, ON_ADMIN_HOST, PLAIN_TOKEN, SOCKETS
from tests.agreement.targets import Request, requests

pytestmark = pytest.mark.filterwarnings("ignore")  # of the frameworks

REQUESTS = 1500
"""In a test; `python -m tests.agreement` asks more."""


@pytest.mark.parametrize("framework", MAKERS)
def test_F15_no_request_gets_further_than_it_may(framework: str) -> None:
    count = run(requests(REQUESTS), [framework])[framework]
    assert count.trespasses == []
    assert count.broken == []
    assert count.reached > 200


@pytest.mark.parametrize("framework", MAKERS)
def test_every_endpoint_is_reached_by_whom_it_is_for(framework: str) -> None:
    """In its canonical form: the harness is no empty site, and no listed route is refused."""
    app = guard(MAKERS[framework]())
    right = {"anybody": None, "token": PLAIN_TOKEN, "role": FULL_TOKEN}
    for endpoint in (*ENDPOINTS, *(() if framework in WITHOUT_SOCKETS else SOCKETS)):
        for method in endpoint.methods:
            request = Request(endpoint.canonical.encode(), method)
            assert asyncio.run(ask(app, request.scope(right[endpoint.who])))[1] == endpoint.says


@pytest.mark.parametrize("framework", WITH_HOSTS)
def test_F21_a_host_that_a_rule_names_is_a_site_of_its_own(framework: str) -> None:
    app = guard(MAKERS[framework]())
    for endpoint in ON_ADMIN_HOST:
        request = Request(endpoint.canonical.encode(), host=ADMIN_HOST.encode())
        assert asyncio.run(ask(app, request.scope(None)))[0] == 401
        assert asyncio.run(ask(app, request.scope(PLAIN_TOKEN)))[0] == 403
        assert asyncio.run(ask(app, request.scope(FULL_TOKEN)))[1] == endpoint.says


@pytest.mark.parametrize("root_path", [False, True], ids=["", "F20 root path"])
@pytest.mark.parametrize("server", SERVERS)
def test_F19_F20_no_raw_request_gets_further_than_it_may(server: str, root_path: bool) -> None:
    """On a real server, over a raw socket, for all frameworks."""
    tally = ask_all(server, list(MAKERS), root_path=root_path)
    assert tally.trespasses == []
    assert tally.server_errors == []
    assert tally.reached > 200


@pytest.mark.parametrize("server", http2.SERVERS)
def test_F16_no_raw_request_over_HTTP2_gets_further_than_it_may(server: str) -> None:
    with running(server, root_path=False) as port:
        tally = http2.ask_all(port, list(MAKERS))
    assert tally.trespasses == []
    assert tally.reached > 100


def test_F1_the_harness_finds_a_hole_where_there_is_one(tmp_path: Path) -> None:
    """Starlette 1.0.0 with an allowlist on `request.url.path`, and ours on the same version."""
    if not os.environ.get("CI"):
        pytest.skip("fetches starlette 1.0.0; `CI=true make test` does that")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(tmp_path)]
    subprocess.run([*pip, "starlette==1.0.0"], check=True)
    control = [sys.executable, "-W", "ignore", "-m", "tests.agreement.control", str(tmp_path)]
    printed = subprocess.run(control, check=True, capture_output=True, text=True)
    assert printed.stdout.startswith("starlette 1.0.0: ")
