"""Positions in a list that people reorder: words between which another always fits.

Fractional indexing over the digits 0–9, A–Z, a–z, which sort by their code; a word that ends in
its lowest digit has no room before it, so none is made.
"""

from __future__ import annotations

from collections.abc import Sequence

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_BASE = len(_DIGITS)


def between(before: str | None, after: str | None) -> str | None:
    """A position after `before` and before `after` (None: the list's end).

    None where none fits, because both are equal, in the wrong order, or not ours: then the list
    has to be numbered afresh (`spread`).
    """
    low, high = before or "", after
    if not _is_ours(low) or (high is not None and (not _is_ours(high) or high <= low)):
        return None
    made = _middle(low, high)
    return made if low < made and (high is None or made < high) else None


def spread(count: int) -> list[str]:
    """So many positions in rising order with room between them all."""
    width, room = 1, _BASE - 1
    while room < count * 2:
        width += 1
        room = _BASE**width - 1
    step = max(room // (count + 1), 1)
    return [_word(step * (n + 1), width) for n in range(count)]


def _is_ours(word: str) -> bool:
    return all(character in _DIGITS for character in word)


def _middle(low: str, high: str | None) -> str:
    """Digit by digit: keep what both share, then the middle of the first pair with room."""
    made = ""
    for place in range(max(len(low), len(high or "")) + 1):
        bottom = _DIGITS.index(low[place]) if place < len(low) else 0
        top = _DIGITS.index(high[place]) if high is not None and place < len(high) else _BASE
        if top - bottom > 1:
            return made + _DIGITS[(bottom + top) // 2]
        made += _DIGITS[bottom]
        if top > bottom:
            high = None  # anything that begins like this lies below `high`
    return made + _DIGITS[_BASE // 2]


def _word(number: int, width: int) -> str:
    digits = [_DIGITS[number // _BASE**place % _BASE] for place in reversed(range(width))]
    return "".join(digits).rstrip(_DIGITS[0])


def moved(positions: Sequence[str | None], source: int, target: int) -> dict[int, str]:
    """The new positions, by the old index, that put the entry `source` at index `target` of the
    list: one where it fits, all of them where the list has to be numbered afresh."""
    order = [n for n in range(len(positions)) if n != source]
    order.insert(target, source)
    before = positions[order[target - 1]] if target else None
    after = positions[order[target + 1]] if target + 1 < len(order) else None
    gap_is_known = (not target or before) and (target + 1 >= len(order) or after)
    made = between(before, after) if gap_is_known else None
    if made is not None:
        return {source: made}
    return dict(zip(order, spread(len(order)), strict=True))
