"""What the watchers raise."""

from __future__ import annotations


class Violation(AssertionError):
    """An invariant of sync.md §3 does not hold, by its number."""

    def __init__(self, number: int, what: str) -> None:
        super().__init__(f"invariant {number}: {what}")
        self.number = number
