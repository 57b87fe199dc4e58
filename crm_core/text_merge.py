"""Three-way merge of long text, by line and by sentence, Chinese sentences included.

As diff3 does it (Khanna, Kunal, Pierce: A Formal Investigation of Diff3, 2007): each side is a list
of replacements of the common base, and where they touch, a person decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

UNITS_MAX = 2000
"""Lines and sentences between the first and the last change: comparing takes up to their square,
and more of them changed at once are a person's affair."""

_UNIT = re.compile(
    r"""(?: [^\n。！？.!?]++ | [.!?]++(?!\s|\Z) )*+   # 3.5 and example.com end no sentence
        (?: \n | [。！？]++\n?+ | [.!?]++[ \t]*+\n?+ )?""",
    re.VERBOSE,
)


class Edit(NamedTuple):
    """Units `start` to `end` of the base become `units`; of an insertion both are the same."""

    start: int
    end: int
    units: tuple[str, ...]

    def touches(self, other: Edit) -> bool:
        """Whether both sides changed the same unit, or one put something where the other did: at
        its edge, nobody knows in which order."""
        if self.start == self.end or other.start == other.end:
            return self.start <= other.end and other.start <= self.end
        return self.start < other.end and other.start < self.end


def units(text: str) -> list[str]:
    """Cut text behind each sentence, with the end of its line where it ends one, and behind each
    line; joined again it is the same text."""
    return [piece for piece in _UNIT.findall(text) if piece]


def merge_text(base: str, mine: str, theirs: str) -> str | None:
    """The text with both sides' changes to `base`, or None where they overlap: also where units
    that read the same leave open which of them went, so that a side that arrived once more would
    change the text again."""
    merged = _merged(base, mine, theirs)
    again = (_merged(base, side, merged) for side in (mine, theirs) if merged is not None)
    return merged if all(one in (merged, None) for one in again) else None


def _merged(base: str, mine: str, theirs: str) -> str | None:
    if theirs in (mine, base):
        return mine
    if mine == base:
        return theirs
    sides = [units(text) for text in (base, mine, theirs)]
    first = _equal_at_start(sides)
    last = _equal_at_start([side[first:][::-1] for side in sides])
    before, ours, other = (side[first : len(side) - last] for side in sides)
    if max(len(before), len(ours), len(other)) > UNITS_MAX:
        return None
    merged = _both([*_edits(before, ours)], [*_edits(before, other)])
    if merged is None:
        return None
    middle = _rewritten(before, merged)
    return "".join([*sides[0][:first], *middle, *sides[0][len(sides[0]) - last :]])


def _equal_at_start(sides: list[list[str]]) -> int:
    """How many units all sides have in common at their start."""
    equal = 0
    for together in zip(*sides, strict=False):
        if len({*together}) > 1:
            break
        equal += 1
    return equal


def _edits(before: Sequence[str], after: Sequence[str]) -> Iterator[Edit]:
    """What leads from one text to the other, in the order of the base."""
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for tag, start, end, low, high in matcher.get_opcodes():
        if tag != "equal":
            yield Edit(start, end, tuple(after[low:high]))


def _both(mine: list[Edit], theirs: list[Edit]) -> list[Edit] | None:
    """The edits of both sides, those that both made once; None where two others touch."""
    common = {*mine} & {*theirs}
    alone = [edit for edit in theirs if edit not in common]
    at = 0
    for edit in mine:
        if edit in common:
            continue
        while at < len(alone) and alone[at].end < edit.start:
            at += 1
        for other in alone[at:]:
            if other.start > edit.end:
                break
            if edit.touches(other):
                return None
    return sorted([*mine, *alone])


def _rewritten(before: Sequence[str], edits: Sequence[Edit]) -> Iterator[str]:
    at = 0
    for edit in edits:
        yield from before[at : edit.start]
        yield from edit.units
        at = edit.end
    yield from before[at:]
