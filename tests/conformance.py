"""docs/conformance.md, made from the rows and from the tests that exist: `python -m tests.conformance` writes it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.conformance_rows import AGREEMENT, DIFFERENCES, NOT_APPLICABLE, READING, ROWS

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "conformance.md"

_ROW = re.compile(r"(?<![A-Za-z0-9])([A-IR]\d{1,3})(?![A-Za-z0-9])")

_HEAD = """\
# Conformance

What is done with each known fault of this kind of software (A to G, I), with each piece of a token (J), and with each
rule of its standards (R: RFC 6750, 7515, 7517, 7518, 7519, 7797, 8037, 8414, 8725 and its revision, 9068, 9110,
9111). Each row names the tests that show it. The page is made by `python -m tests.conformance`, and a test fails where
it is not up to date.

Vectors from elsewhere agree too: 401 of 401 cases of Wycheproof's JSON Web Signature suite, with the corrections that
`tests/vectors/README.md` explains (`test_wycheproof_agrees`); JSONTestSuite, none of its invalid texts accepted and
none of its valid objects refused, but for two that repeat a name (`test_JSONTestSuite_agrees`); and 1,886 published
secrets, all refused (`test_A16_R60_every_published_secret_is_refused`).

The fuzzer (`make fuzz`; `tests/fuzz/cases.py` says what a case is) last ran on 2026-11-24 for 32 minutes: 744,679 cases
with 3,349,277 requests, and no failure. Mutants: [mutants.md](mutants.md).

"""


_DIFFERENCES = """\
## Where general libraries decide otherwise

Tokens of the fuzzer, decided by us and by PyJWT and joserfc with algorithms, issuer, audience and expiry asked for.
They are general libraries and leave policy to their callers; these are all the classes in which one of them decides
otherwise than we do (`test_differences_are_known`).
"""


def names() -> Iterator[tuple[str, str]]:
    """Every test's name, with the text that names its rows: its own and its parameters' ids."""
    for path in sorted(TESTS.rglob("test_*.py")):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                ids = [
                    str(keyword.value.value)
                    for part in ast.walk(node)
                    if isinstance(part, ast.Call)
                    for keyword in part.keywords
                    if keyword.arg == "id" and isinstance(keyword.value, ast.Constant)
                ]
                yield node.name, " ".join([node.name.replace("_", " "), *ids])


def rows_shown() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, text in names():
        for row in dict.fromkeys(_ROW.findall(text)):
            found.setdefault(row, []).append(name)
    return found


def page() -> str:
    found = rows_shown()
    sections = [_HEAD, AGREEMENT]
    for title, letters in (
        ("Signature, algorithm, key", "A"),
        ("Claims and kinds of token", "B"),
        ("Parsing and resources", "C"),
        ("Keys and their sources", "D"),
        ("Caches", "E"),
        ("Paths and the allowlist", "F"),
        ("Methods, scope types, headers, hosts", "G"),
        ("Answers and logs", "I"),
    ):
        sections.append(_table(title, [(row, text, found[row]) for row, text in ROWS.items() if row[0] == letters]))
    sections.append(_table("Reading a token", [(row, text, [test]) for row, (text, test) in READING.items()]))
    sections.append(_table("Rules", [(row, text, found[row]) for row, text in ROWS.items() if row[0] == "R"]))
    lines = "".join(f"| {row} | {reason} |\n" for row, reason in NOT_APPLICABLE.items())
    decided = "".join(f"| {story} | {what} | {rule} |\n" for story, (what, rule) in DIFFERENCES.items())
    sections.append(f"{_DIFFERENCES}\n| token | we | rule |\n|---|---|---|\n{decided}")
    sections.append(f"## What does not apply\n\n| row | why |\n|---|---|\n{lines}")
    return "\n".join(sections)


def _table(title: str, rows: list[tuple[str, str, list[str]]]) -> str:
    lines = "".join(
        f"| {row} | {text} | {', '.join(f'`{test}`' for test in dict.fromkeys(tests))} |\n" for row, text, tests in rows
    )
    return f"## {title}\n\n| row | what we do | shown by |\n|---|---|---|\n{lines}"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
