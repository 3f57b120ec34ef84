"""An audit as text for people and as JSON for machines and snapshots."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .decisions import Audit, AuditedRoute, Decision

_COLOURS = {"public": "33", "optional": "33", "unguarded": "31", "denied": "2", "protected": "32"}


def as_document(audited: Audit) -> dict[str, Any]:
    """An object whose `routes` is the list, one object for each route and method."""
    return {
        "routes": [
            {
                "host": one.route.host,
                "path": one.route.path,
                "method": one.route.method,
                "opaque": one.route.opaque,
                **_decision(one.decision),
                "exceptions": [
                    {"host": exception.host, "path": exception.path, **_decision(exception)}
                    for exception in one.exceptions
                ],
            }
            for one in audited.routes
        ],
        "unmatched_rules": list(audited.unmatched),
    }


def _decision(decision: Decision) -> dict[str, Any]:
    return {
        "access": decision.access,
        "scopes": list(decision.scopes),
        "roles": [list(any_of) for any_of in decision.roles],
        "rules": list(decision.rules),
    }


def as_text(audited: Audit, *, coloured: bool) -> str:
    """Aligned columns: method, path, what is needed, the rule that decides."""
    rows = [row for one in audited.routes for row in _rows(one)]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(3)]
    lines = [_line(row, widths, coloured=coloured) for row in rows]
    lines += ["", _count(audited)]
    if audited.unmatched:
        lines += ["", "Rules that no route fits:", *(f"  {rule}" for rule in audited.unmatched)]
    return "\n".join(lines)


_Row = tuple[str, str, str, str, str]
"""method, path, needs, rule, access"""


def _rows(one: AuditedRoute) -> Iterator[_Row]:
    kind = f"  [{one.route.opaque}, not seen into]" if one.route.opaque else ""
    yield one.route.method, one.route.host + one.route.path + kind, *_said(one.decision)
    for exception in one.exceptions:
        yield "", f"  but {exception.host}{exception.path}", *_said(exception)


def _said(decision: Decision) -> tuple[str, str, str]:
    rules = " and ".join(decision.rules) or ("no middleware" if decision.access == "unguarded" else "unlisted")
    return decision.demands, rules, decision.access


def _line(row: _Row, widths: Sequence[int], *, coloured: bool) -> str:
    method, path, needs, rule, access = row
    needs = needs.ljust(widths[2])
    if coloured:
        needs = f"\x1b[{_COLOURS[access]}m{needs}\x1b[0m"
    return f"{method.ljust(widths[0])}  {path.ljust(widths[1])}  {needs}  {rule}"


def _count(audited: Audit) -> str:
    numbers: Mapping[str, int] = {
        "reached without a token": sum(one.is_open for one in audited.routes),
        "not seen into": sum(bool(one.route.opaque) for one in audited.routes),
        "touched by other rules too": sum(bool(one.exceptions) for one in audited.routes),
    }
    return f"{len(audited.routes)} routes: " + ", ".join(f"{number} {what}" for what, number in numbers.items())
