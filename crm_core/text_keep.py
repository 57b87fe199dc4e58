"""Keeping everybody's words: several versions of one long text in one, and whose each piece is.

Unlike `text_merge` this never fails: where two versions changed the same sentence, both stand one
behind the other, and a person sees from the marks what came from whom.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from crm_core.text_merge import units

_STOPS_WITHOUT_SPACE = ("。", "！", "？", "\n")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text and the number of the version that brought it in (None: the base)."""

    text: str
    version: int | None = None


def marked(base: str, text: str) -> tuple[Piece, ...]:
    """One version, with what it adds to the base marked as version 0; joined it is `text`."""
    before, after = units(base), units(text)
    kept = {n for block in _equal(before, after) for n in block[1]}
    return _joined(Piece(unit, None if n in kept else 0) for n, unit in enumerate(after))


def keep_all(base: str, versions: Sequence[str]) -> tuple[Piece, ...]:
    """All that the versions add to the base, none of what any of them took away.

    Where several write at the same place, they stand in the order of `versions`; what two of them
    wrote alike stands once. Of one version nothing is lost or moved.
    """
    if len(versions) == 1:
        return marked(base, versions[0])
    before = units(base)
    added: list[list[Piece]] = [[] for _ in range(len(before) + 1)]
    dropped: set[int] = set()
    for number, text in enumerate(versions):
        after = units(text)
        for place, taken, new in _changes(before, after):
            dropped.update(taken)
            known = {piece.text.strip() for piece in added[place]}
            added[place] += [Piece(x, number) for x in new if x.strip() not in known]
    return _joined(_spaced(_woven(before, added, dropped)))


def text_of(pieces: Sequence[Piece]) -> str:
    """The whole text."""
    return "".join(piece.text for piece in pieces)


def _woven(
    before: Sequence[str], added: Sequence[Sequence[Piece]], dropped: set[int]
) -> Iterator[Piece]:
    for place, pieces in enumerate(added):
        yield from pieces
        if place < len(before) and place not in dropped:
            yield Piece(before[place])


def _changes(
    before: Sequence[str], after: Sequence[str]
) -> Iterator[tuple[int, range, Sequence[str]]]:
    """What a version does to the base: at which unit, what it takes away, what it brings."""
    for tag, i1, i2, j1, j2 in _matcher(before, after).get_opcodes():
        if tag != "equal":
            yield i1, range(i1, i2), after[j1:j2]


def _equal(before: Sequence[str], after: Sequence[str]) -> Iterator[tuple[range, range]]:
    for block in _matcher(before, after).get_matching_blocks():
        yield range(block.a, block.a + block.size), range(block.b, block.b + block.size)


def _matcher(before: Sequence[str], after: Sequence[str]) -> SequenceMatcher[str]:
    # A blank behind a sentence is no change of it: the last sentence of a text has none.
    plain = ([unit.rstrip() for unit in side] for side in (before, after))
    return SequenceMatcher(None, *plain, autojunk=False)


def _spaced(pieces: Iterator[Piece]) -> Iterator[Piece]:
    """Put apart what stood at the end of one version and goes on in another."""
    last: Piece | None = None
    for piece in pieces:
        if last is not None:
            yield Piece(last.text + _gap(last, piece), last.version)
        last = piece
    if last is not None:
        yield last


def _gap(one: Piece, other: Piece) -> str:
    if not one.text or one.text[-1].isspace() or other.text.startswith("\n"):
        return ""
    if None not in (one.version, other.version) and one.version != other.version:
        return "\n"
    return "" if one.text.endswith(_STOPS_WITHOUT_SPACE) else " "


def _joined(pieces: Iterator[Piece]) -> tuple[Piece, ...]:
    """Neighbours of one origin as one piece."""
    found: list[Piece] = []
    for piece in pieces:
        if found and found[-1].version == piece.version:
            found[-1] = Piece(found[-1].text + piece.text, piece.version)
        else:
            found.append(piece)
    return tuple(found)
