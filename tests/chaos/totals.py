"""What all rounds have seen, on a page that belongs into the repository: docs/soak.md.

Only what stands between the two marks is ours; the rest of the page is left as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "soak.md"
BEGIN, END = "<!-- chaos: begin -->", "<!-- chaos: end -->"
FIRST_SEED = 1
NETWORK = (
    "refuse", "lose answer", "repeat", "fail", "cut", "cut request", "delay", "repeat later",
    "network cut",
)  # fmt: skip
HEAD = (
    "| commit | minutes | rounds | edits | kills of clients | kills of servers | network faults "
    "| violations |\n|---|--:|--:|--:|--:|--:|--:|--:|"
)
_NEXT = re.compile(r"^- Next seed: ([\d,]+)$", re.MULTILINE)
_LINE = re.compile(r"^\| ([0-9a-f]+\+?|unknown) \|(.+)\|$", re.MULTILINE)


@dataclass(frozen=True)
class Line:
    """What was seen at one commit."""

    commit: str
    minutes: int = 0
    rounds: int = 0
    edits: int = 0
    client_kills: int = 0
    server_kills: int = 0
    network_faults: int = 0
    violations: int = 0

    @classmethod
    def of(cls, commit: str, minutes: float, counts: Mapping[str, int]) -> Line:
        """The line of one run."""
        names = ("rounds", "edits", "client kills", "server kills")
        faults = sum(counts.get(name, 0) for name in NETWORK)
        rounds, edits, clients, servers = (counts.get(name, 0) for name in names)
        return cls(
            commit, max(1, round(minutes)), rounds, edits, clients, servers, faults,
            counts.get("violations", 0),
        )  # fmt: skip

    def plus(self, other: Line, commit: str) -> Line:
        """Both together."""
        sums = (a + b for a, b in zip(astuple(self)[1:], astuple(other)[1:], strict=True))
        return Line(commit, *sums)


def next_seed(page: Path) -> int:
    """The first seed that no run has played yet."""
    found = _NEXT.search(_section(page))
    return int(found[1].replace(",", "")) if found else FIRST_SEED


def lines_of(page: Path) -> list[Line]:
    """What the page says of each commit."""
    return [
        Line(commit, *(int(cell.replace(",", "")) for cell in cells.split("|")))
        for commit, cells in _LINE.findall(_section(page))
    ]


def noted(page: Path, line: Line, seed: int) -> None:
    """Add a run to the page; runs at one commit share a line."""
    lines = {one.commit: one for one in lines_of(page)}
    before = lines.get(line.commit, Line(line.commit))
    lines[line.commit] = before.plus(line, line.commit)
    text = page.read_text("utf-8") if page.exists() else "# Soak\n"
    section = _written(list(lines.values()), seed)
    if BEGIN in text and END in text:
        head, _, rest = text.partition(BEGIN)
        text = head + section + rest.partition(END)[2]
    else:
        text = f"{text.rstrip()}\n\n{section}\n"
    page.write_text(text, "utf-8")


def _section(page: Path) -> str:
    text = page.read_text("utf-8") if page.exists() else ""
    return text.partition(BEGIN)[2].partition(END)[0]


def _written(lines: list[Line], seed: int) -> str:
    total = Line("")
    for one in lines:
        total = total.plus(one, "")
    rows = [_row(one.commit, one) for one in lines]
    return "\n".join(
        (
            BEGIN,
            "## Real processes",
            "",
            "What `make chaos MINUTES=n` has played so far: real clients and servers on SQLite and",
            "PostgreSQL, a bad network between them, and `kill -9` in the middle of their work",
            "(`python -m tests.chaos --seed N` plays one round again).",
            "",
            f"- Next seed: {seed:,}",
            "",
            HEAD,
            *rows,
            _row("**all**", total),
            END,
        )
    )


def _row(name: str, line: Line) -> str:
    return f"| {name} | " + " | ".join(f"{number:,}" for number in astuple(line)[1:]) + " |"
