"""How well a record matches what was typed, judged by the record itself and not by the index."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from crm_core.fields import Value
from crm_desktop.models import pinyin
from crm_desktop.models.search_index import Indexed
from crm_desktop.models.search_words import beginnings, fold, terms_of

EXACT, BEGINNING, INITIALS, PART, ELSEWHERE, NOWHERE = range(6)

_LETTER = re.compile("[a-z0-9]")


@dataclass(frozen=True, slots=True)
class Asked:
    """What was typed, folded: as a whole, and its terms; whether letters may be pinyin; which
    short terms must begin a word, where the index was asked for the long ones only."""

    whole: str
    terms: tuple[str, ...]
    is_pinyin: bool
    beginnings: tuple[re.Pattern[str], ...]


def asked(typed: str, *, by_pinyin: bool = False, beginning: Iterable[str] = ()) -> Asked:
    """What was typed, to be compared with many records."""
    whole = fold(typed).replace('"', "")
    terms = tuple(map(fold, terms_of(typed)))
    is_pinyin = by_pinyin and _LETTER.search(whole) is not None
    return Asked(whole, terms, is_pinyin, beginnings(beginning))


def rank(words: Indexed, values: Mapping[str, Value], by: Asked) -> tuple[int, str]:
    """The best rank over the fields, and the field's name unless it is the title."""
    if by.beginnings and not _has_beginnings(values, by.beginnings):
        return NOWHERE, ""
    best, where = NOWHERE, ""
    for n, name in enumerate(words.names):
        value = values.get(name)
        if not isinstance(value, str):
            continue
        found = _of_text(fold(value), by.whole, by.terms)
        if n in words.spelt:
            if by.is_pinyin and found > INITIALS and not value.isascii():
                found = min(found, _of_pinyin(value, by.whole))
        elif EXACT < found < NOWHERE and name not in words.entity.title:
            found = ELSEWHERE
        if found < best:
            best, where = found, "" if name in words.entity.title else name
            if best == EXACT:
                break
    if best == NOWHERE and len(by.terms) > 1 and _all_somewhere(values, by.terms):
        return ELSEWHERE, ""
    return best, where


def _of_text(value: str, whole: str, terms: Sequence[str]) -> int:
    if whole in value:
        if value == whole:
            return EXACT
        return BEGINNING if value.startswith(whole) else PART
    if len(terms) == 1:
        return NOWHERE
    return PART if all(term in value for term in terms) else NOWHERE


def _of_pinyin(value: str, whole: str) -> int:
    at = pinyin.matches_at(value, whole)
    if at is None:
        return NOWHERE
    return INITIALS if at == 0 else PART


def _all_somewhere(values: Mapping[str, Value], terms: Sequence[str]) -> bool:
    everything = _everything(values)
    return all(term in everything for term in terms)


def _has_beginnings(values: Mapping[str, Value], wanted: Sequence[re.Pattern[str]]) -> bool:
    everything = _everything(values)
    return all(pattern.search(everything) for pattern in wanted)


def _everything(values: Mapping[str, Value]) -> str:
    return fold("\n".join(v for v in values.values() if isinstance(v, str)))
