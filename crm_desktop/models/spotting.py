"""Why a name was found: which characters were meant by what was typed, and how they sound."""

from __future__ import annotations

from dataclasses import dataclass

from crm_desktop.models import pinyin
from crm_desktop.models.search_words import fold, terms_of


@dataclass(frozen=True, slots=True)
class Spot:
    """The stretches of a text that were meant (first, behind the last), and the pinyin by which,
    with its tones; "" where the letters or characters themselves were typed."""

    stretches: tuple[tuple[int, int], ...] = ()
    reading: str = ""


def spot(text: str, typed: str) -> Spot:
    """Where `typed` is in a text: as it stands there, capitals and accents aside, or by pinyin."""
    folded, places = _folded(text)
    whole = fold(typed.strip().strip('"'))
    for terms in ([whole], [fold(term) for term in terms_of(typed)]):
        found = [_place(folded, places, term) for term in terms if term]
        if found and None not in found:
            return Spot(tuple(sorted(x for x in found if x is not None)))
    return _by_pinyin(text, typed) if pinyin.has_cjk(text) else Spot()


def _folded(text: str) -> tuple[str, list[int]]:
    """The text as the index sees it, and for each of its characters where it stood."""
    parts = [fold(character) for character in text]
    return "".join(parts), [n for n, part in enumerate(parts) for _ in part]


def _place(folded: str, places: list[int], term: str) -> tuple[int, int] | None:
    at = folded.find(term)
    return None if at < 0 else (places[at], places[at + len(term) - 1] + 1)


def _by_pinyin(text: str, typed: str) -> Spot:
    found = pinyin.match(text, typed)
    if found is None:
        return Spot()
    start, taken = found
    spans = pinyin.spans(text)[start : start + len(taken)]
    sounds = [
        pinyin.toned(text[first:behind], reading)
        for (first, behind), reading in zip(spans, taken, strict=True)
        if pinyin.has_cjk(text[first:behind]) and reading != text[first:behind]
    ]
    return Spot(_joined(spans), " ".join(filter(None, sounds)))


def _joined(spans: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
    """Stretches that touch as one."""
    made: list[tuple[int, int]] = []
    for first, behind in spans:
        if made and made[-1][1] == first:
            made[-1] = (made[-1][0], behind)
        else:
            made.append((first, behind))
    return tuple(made)
