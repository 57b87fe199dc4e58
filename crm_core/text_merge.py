"""Three-way merge of long text, by line and by sentence, Chinese sentences included."""

from __future__ import annotations

import re

from merge3 import Merge3

UNITS_MAX = 2000
"""Lines and sentences between the first and the last change: comparing takes up to their square,
and more of them changed at once are a person's affair."""

_UNIT = re.compile(
    r"""(?: [^\n。！？.!?]++ | [.!?]++(?!\s|\Z) )*+   # 3.5 and example.com end no sentence
        (?: \n | [。！？]++ | [.!?]++[ \t]*+ )?""",
    re.VERBOSE,
)


def units(text: str) -> list[str]:
    """Cut text behind each line end and each sentence end; joined again it is the same text."""
    return [piece for piece in _UNIT.findall(text) if piece]


def merge_text(base: str, mine: str, theirs: str) -> str | None:
    """The text with both sides' changes to `base`, or None where they overlap."""
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
    merged = sides[0][:first]
    for region in Merge3(before, ours, other).merge_groups():
        if region[0] == "conflict":
            return None
        merged.extend(region[1])
    return "".join(merged + sides[0][len(sides[0]) - last :])


def _equal_at_start(sides: list[list[str]]) -> int:
    """How many units all sides have in common at their start."""
    equal = 0
    for together in zip(*sides, strict=False):
        if len({*together}) > 1:
            break
        equal += 1
    return equal
