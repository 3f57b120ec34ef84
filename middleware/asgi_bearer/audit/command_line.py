"""The command line: `asgi-bearer audit module:app` and `asgi-bearer explain module:app GET /path`.

Exit codes: 0; 1 if a gate fails; 2 if there is nothing to look at.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import ConfigurationError
from .decisions import audit
from .explanation import explain
from .gates import GATES, NEED_SNAPSHOT, BadSnapshot, failures
from .loading import NotLoaded, load_app
from .report import as_document, as_text


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code."""
    parser = _parser()
    chosen = parser.parse_args(arguments)
    try:
        app = load_app(chosen.app)
        if chosen.command == "explain":
            print(explain(app, chosen.method, chosen.path, chosen.host))
            sys.stdout.flush()
            return 0
        return _audit(app, chosen)
    except BrokenPipeError:  # whoever reads the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 2
    except (NotLoaded, ConfigurationError, BadSnapshot, OSError, json.JSONDecodeError) as error:
        print(f"asgi-bearer: {error}", file=sys.stderr)
        return 2


def _audit(app: Any, chosen: argparse.Namespace) -> int:
    gates = chosen.fail_on or (["public-unlisted"] if chosen.snapshot else [])
    if any(gate in NEED_SNAPSHOT for gate in gates) and chosen.snapshot is None:
        raise NotLoaded(f"--fail-on {' and '.join(NEED_SNAPSHOT)} need --snapshot FILE; --update writes one")
    audited = audit(app)
    document = as_document(audited)
    if chosen.json:
        print(json.dumps(document, indent=2))
    else:
        print(as_text(audited, coloured=sys.stdout.isatty()))
    sys.stdout.flush()
    if not any(one.route.guards for one in audited.routes):
        print(f"asgi-bearer: there is no BearerMiddleware in {chosen.app}", file=sys.stderr)
    if chosen.snapshot and chosen.update:
        chosen.snapshot.write_text(json.dumps(document, indent=2) + "\n", "utf-8")
        return 0
    snapshot = json.loads(chosen.snapshot.read_text("utf-8")) if chosen.snapshot else None
    failed = list(failures(audited, gates, snapshot))
    for sentence in failed:
        print(f"asgi-bearer: {sentence}", file=sys.stderr)
    return 1 if failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("asgi-bearer", description="The allowlist of an app, read aloud.")
    commands = parser.add_subparsers(dest="command", required=True)
    for_audit = commands.add_parser("audit", help="every route, and the rule that decides it")
    for_audit.add_argument("app", help="module:attribute, an app or a function that makes one")
    for_audit.add_argument("--json", action="store_true", help="for machines")
    for_audit.add_argument("--snapshot", type=Path, metavar="FILE", help="what was so when it was last looked at")
    for_audit.add_argument("--update", action="store_true", help="write the snapshot instead of comparing with it")
    for_audit.add_argument(
        "--fail-on", nargs="+", choices=GATES, metavar="GATE", help=f"one or more of {', '.join(GATES)}"
    )
    for_explain = commands.add_parser("explain", help="which rule decides a request, and what it is answered")
    for_explain.add_argument("app")
    for_explain.add_argument("method", help="GET and so on, or WEBSOCKET")
    for_explain.add_argument("path", help="as in a URL, such as /orders/7")
    for_explain.add_argument("--host", default="", help="where the app tells hosts apart")
    return parser
