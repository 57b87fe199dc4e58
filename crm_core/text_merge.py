"""Three-way merge of long text, by line and by sentence, Chinese sentences included."""

from __future__ import annotations

import re

from merge3 import Merge3

_UNIT = re.compile(r"[^\n。！？.!?]*(?:\n|[。！？]+|[.!?]+(?=\s|\Z)[ \t]*|[.!?]+)?")


def units(text: str) -> list[str]:
    """Cut text behind each line end and each sentence end; joined again it is the same text."""
    return [piece for piece in _UNIT.findall(text) if piece]


def merge_text(base: str, mine: str, theirs: str) -> str | None:
    """The text with both sides' changes to `base`, or None where they overlap."""
    if theirs in (mine, base):
        return mine
    if mine == base:
        return theirs
    merged: list[str] = []
    pieces = Merge3(units(base), units(mine), units(theirs))
    for region in pieces.merge_groups():
        if region[0] == "conflict":
            return None
        merged.extend(region[1])
    return "".join(merged)
