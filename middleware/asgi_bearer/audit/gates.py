"""What CI can ask of an audit: each gate is a question whose answers, if there are any, fail the run."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .decisions import OPEN, UNGUARDED, Audit
from .report import as_document

Snapshot = Mapping[str, Any]
"""A document as `report.as_document` makes it."""


class BadSnapshot(Exception):
    """A snapshot that is no document of ours."""


def failures(audited: Audit, gates: list[str], snapshot: Snapshot | None) -> Iterator[str]:
    """A sentence for each thing that a gate doesn't let through."""
    for gate in gates:
        yield from GATES[gate](audited, snapshot or {"routes": []})


def _public_unlisted(audited: Audit, snapshot: Snapshot) -> Iterator[str]:
    known = {key for key, route in _by_key(snapshot).items() if any(_open(one) for one in (route, *_exceptions(route)))}
    for one in audited.routes:
        if one.is_open and (one.route.host, one.route.path, one.route.method) not in known:
            yield f"{_named(one.route)} is reached without a token, which the snapshot does not say"


def _changed(audited: Audit, snapshot: Snapshot) -> Iterator[str]:
    before, now = _by_key(snapshot), _by_key(as_document(audited))
    for key in sorted(before.keys() | now.keys()):
        name = f"{key[2]} {key[0]}{key[1]}"
        if key not in now:
            yield f"{name} is gone"
        elif key not in before:
            yield f"{name} is new"
        elif before[key] != now[key]:
            yield f"{name} is decided otherwise than the snapshot says"


def _unmatched_rule(audited: Audit, _snapshot: Snapshot) -> Iterator[str]:
    for rule in audited.unmatched:
        yield f"{rule} fits no route"


def _opaque(audited: Audit, _snapshot: Snapshot) -> Iterator[str]:
    for one in audited.routes:
        if one.route.opaque:
            yield f"{_named(one.route)} cannot be seen into ({one.route.opaque})"


def _unguarded(audited: Audit, _snapshot: Snapshot) -> Iterator[str]:
    for one in audited.routes:
        if one.decision.access == UNGUARDED:
            yield f"{_named(one.route)} has no BearerMiddleware in front of it"


def _mixed(audited: Audit, _snapshot: Snapshot) -> Iterator[str]:
    for one in audited.routes:
        for exception in one.exceptions:
            rules = " and ".join(exception.rules) or "unlisted"
            yield f"{_named(one.route)} is decided otherwise for {exception.host}{exception.path}: {rules}"


GATES: Mapping[str, Callable[[Audit, Snapshot], Iterator[str]]] = {
    "public-unlisted": _public_unlisted,
    "changed": _changed,
    "unmatched-rule": _unmatched_rule,
    "opaque": _opaque,
    "unguarded": _unguarded,
    "mixed": _mixed,
}
NEED_SNAPSHOT = ("public-unlisted", "changed")


def _named(route: Any) -> str:
    return f"{route.method} {route.host}{route.path}"


def _by_key(document: Snapshot) -> dict[tuple[str, str, str], Mapping[str, Any]]:
    """Raises BadSnapshot."""
    try:
        return {(route["host"], route["path"], route["method"]): route for route in document["routes"]}
    except (KeyError, TypeError) as error:
        raise BadSnapshot("the snapshot is not one that --update wrote") from error


def _exceptions(route: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    exceptions: list[Mapping[str, Any]] = route.get("exceptions", [])
    return exceptions


def _open(decided: Mapping[str, Any]) -> bool:
    return decided.get("access") in OPEN
