"""The table that the bench prints: one promise a line, as a ratio."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

TOLERANCE = 1.15
"""A busy machine: a promise counts as missed only where it is missed by more than this."""

HEADS = ("promise", "measured", "against", "ratio", "target", "", "foreign load")


@dataclass(frozen=True, slots=True)
class Target:
    """The bound that a ratio (or a plain figure) has to keep."""

    bound: float
    at_most: bool = True

    def __str__(self) -> str:
        return f"{'≤' if self.at_most else '≥'} {self.bound:g}"

    def verdict(self, ratio: float) -> str:
        """How a ratio stands to the bound."""
        excess = ratio / self.bound if self.at_most else self.bound / ratio
        if excess <= 1:
            return "kept"
        return "close" if excess <= TOLERANCE else "MISSED"


@dataclass(frozen=True, slots=True)
class Row:
    """One line: what was measured, against what, and how far apart the two may be."""

    promise: str
    measured: str
    against: str
    ratio: float
    target: Target
    foreign: float | None

    @property
    def verdict(self) -> str:
        """Whether the promise was kept."""
        return self.target.verdict(self.ratio)

    def cells(self) -> tuple[str, ...]:
        """The line's words."""
        foreign = "–" if self.foreign is None else f"{self.foreign:.2f} cores"
        ratio = f"{self.ratio:.2f}"
        return (
            self.promise, self.measured, self.against, ratio, str(self.target), self.verdict,
            foreign,
        )  # fmt: skip


def drawn(rows: Sequence[Row]) -> str:
    """The table as text."""
    lines = [HEADS, *(row.cells() for row in rows)]
    widths = [max(len(line[n]) for line in lines) for n in range(len(HEADS))]
    made = [
        "  ".join(word.ljust(w) for word, w in zip(line, widths, strict=True)) for line in lines
    ]
    return "\n".join((made[0].rstrip(), "─" * len(made[0]), *(line.rstrip() for line in made[1:])))


def middle(figures: Sequence[float]) -> float:
    """The median."""
    return float(median(figures))


def share(figures: Sequence[float], part: float) -> float:
    """The figure below which this part of them lies."""
    return sorted(figures)[min(int(len(figures) * part), len(figures) - 1)]


def seconds(figures: Sequence[float]) -> str:
    """The median in seconds, with the range that it comes from."""
    return f"{middle(figures):.2f} s [{min(figures):.2f}–{max(figures):.2f}]"


def milliseconds(figures: Sequence[float]) -> str:
    """The median in milliseconds, with the range that it comes from."""
    return f"{middle(figures) * 1000:.1f} ms [{min(figures) * 1000:.1f}–{max(figures) * 1000:.1f}]"
