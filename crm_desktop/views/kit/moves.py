"""What has to move when a list was read again: as little as possible."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from crm_desktop.models.queries import Row


def longest_in_order(old: Sequence[str], new: Sequence[str]) -> set[str]:
    """The most ids that stand in both lists in the same order: those need not move.

    Longest increasing subsequence by patience sorting, O(n log n).
    """
    place = {record_id: n for n, record_id in enumerate(new)}
    both = [record_id for record_id in old if record_id in place]
    tails: list[int] = []
    ends: list[str] = []
    previous: dict[str, str] = {}
    for record_id in both:
        at = bisect_left(tails, place[record_id])
        if at:
            previous[record_id] = ends[at - 1]
        tails[at : at + 1] = [place[record_id]]
        ends[at : at + 1] = [record_id]
    found: set[str] = set()
    step = ends[-1] if ends else None
    while step is not None:
        found.add(step)
        step = previous.get(step)
    return found


def runs_going(rows: Sequence[Row], staying: set[str]) -> list[tuple[int, int]]:
    """First and last index of each stretch of rows that go."""
    runs: list[tuple[int, int]] = []
    for n, row in enumerate(rows):
        if row.id in staying:
            continue
        if runs and runs[-1][1] == n - 1:
            runs[-1] = (runs[-1][0], n)
        else:
            runs.append((n, n))
    return runs
