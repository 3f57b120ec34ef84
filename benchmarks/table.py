"""Table: figures for people, in the terminal and on a page of the documentation."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Table:
    """The first column is at the left, the others, which are figures, at the right."""

    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]

    def as_text(self) -> str:
        table = [self.heads, *self.rows]
        widths = [max(len(row[column]) for row in table) for column in range(len(self.heads))]
        lines = [f"\n{self.title}\n"]
        for first, *others in table:
            cells = [first.ljust(widths[0]), *map(str.rjust, others, widths[1:])]
            lines.append("  " + "  ".join(cells).rstrip())
        return "\n".join(lines)

    def as_markdown(self) -> str:
        """Without its title."""
        rule = ["---", *("---:" for _ in self.heads[1:])]
        return "\n".join(_lines([self.heads, rule, *self.rows]))


def _lines(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    for row in rows:
        yield "| " + " | ".join(row) + " |"
