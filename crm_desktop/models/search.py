"""Search over names, notes and numbers: words, parts of words, Chinese of any length and pinyin.

The index leads to candidates (`search_index`), their rows decide (`search_ranking`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from crm_core.catalog import CATALOG
from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_desktop.models import pinyin
from crm_desktop.models.connection import Connection
from crm_desktop.models.search_index import (
    Ahead,
    Indexed,
    build,
    index_now,
    indexed_of,
    is_behind,
    rebuild,
    step,
)
from crm_desktop.models.search_ranking import NOWHERE, Asked, asked, rank
from crm_desktop.models.search_tables import KIND_BITS
from crm_desktop.models.search_words import TRIGRAM, fold, terms_of, trigram_query, word_query
from crm_desktop.models.sql import layout, quoted

__all__ = [
    "Ahead",
    "Hit",
    "build",
    "index_now",
    "is_behind",
    "rebuild",
    "search",
    "step",
    "terms_of",
]

CANDIDATES_MAX = 200
"""Ranking a very common word over all its matches is what costs: the first so many are ranked."""

ROUNDS_MAX = 5
"""Candidates share only trigrams with what was typed. Where fewer than asked for hold the whole of
it, the next ones are looked at, so many times."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A record found; `matched` is the field in which, "" for its name."""

    kind: str
    id: RecordId
    title: str
    matched: str = ""


_Ranked = tuple[tuple[int, int, str], Hit]
"""A hit behind what it is sorted by: its rank, the length of its title, the title."""


def search(
    c: Connection, text: str, kinds: Sequence[str] | None = None, limit: int = 50
) -> list[Hit]:
    """The best records for what was typed: exact, then beginning, then initials, then part."""
    typed = " ".join(text.split())
    if not typed.strip('"'):
        return []
    numbers = {n: kind for kind, n in c.rows("SELECT kind, n FROM search_kind")}
    wanted = {n: kind for n, kind in numbers.items() if kinds is None or kind in kinds}
    if not wanted:
        return []
    named = _by_name(c, typed, wanted)
    found = _Found(c, wanted, limit)
    if len(named) < limit:
        # Nothing that is found by its sound comes before a name's beginning.
        by = asked(typed, by_pinyin=True)
        for table, query in _sounds(typed):
            found.add(_match(c, table, query, wanted), by)
            if found.is_enough:
                break
    found.add(named, asked(typed))
    for table, query, by in _queries(typed):
        if found.add_all(table, query, by):
            break
    return found.best()


def _queries(typed: str) -> Iterator[tuple[str, str, Asked]]:
    """What leads to candidates, the cheap before the thorough; a later one is for where an earlier
    one had to stop short."""
    terms = terms_of(typed)
    long = [term for term in terms if len(fold(term)) >= TRIGRAM]
    short = [term for term in terms if term not in long]
    if long:
        yield "find_text", trigram_query(long), asked(typed, beginning=short)
    if short:
        # By the beginnings of all words at once: 50 ms where one of them is common.
        yield "find_word", word_query(terms), asked(typed)


class _Found:
    """Hits as they come in, each record once."""

    def __init__(self, c: Connection, wanted: Mapping[int, str], limit: int) -> None:
        self._c = c
        self._wanted = wanted
        self._limit = limit
        self._seen: set[int] = set()
        self._ranked: list[_Ranked] = []

    def add(self, keys: Sequence[int], by: Asked) -> None:
        """Those of the candidates that match."""
        fresh = [key for key in keys if key not in self._seen]
        self._seen.update(fresh)
        self._ranked += _ranked(self._c, fresh, self._wanted, by)

    @property
    def is_enough(self) -> bool:
        """Whether there are as many as asked for."""
        return len(self._ranked) >= self._limit

    def add_all(self, table: str, query: str, by: Asked) -> bool:
        """The candidates of a query, round by round; whether they are enough, or all there are."""
        after = 0
        for _ in range(ROUNDS_MAX):
            keys = _match(self._c, table, query, self._wanted, after)
            self.add(keys, by)
            if self.is_enough or len(keys) < CANDIDATES_MAX:
                return True
            after = keys[-1]
        return False

    def best(self) -> list[Hit]:
        """The best of them, in their order."""
        return [hit for _, hit in sorted(self._ranked, key=_place)[: self._limit]]


def _place(one: _Ranked) -> tuple[int, int, str]:
    return one[0]


def _sounds(typed: str) -> Iterator[tuple[str, str]]:
    """What leads to names by their pinyin: spelt out as typed, before what it may be short for."""
    plain = pinyin.plain(typed).replace('"', "")
    letters = "".join(re.findall("[a-z0-9]+", plain))
    if not letters:
        return
    if letters != plain:
        # Mixed, as in "重q": the characters lead to the candidates.
        yield "find_word", word_query(re.findall(f"[{pinyin.CJK}]+", plain))
        return
    spelt = dict.fromkeys(word[: pinyin.LETTERS_MAX] for word in pinyin.initials_of(plain))
    spelt.pop(plain[: pinyin.LETTERS_MAX], None)
    for words in ([plain[: pinyin.LETTERS_MAX]], spelt):
        yield "find_pinyin", " OR ".join(f'"{word}"*' for word in words)


def _match(
    c: Connection, table: str, query: str, wanted: Mapping[int, str], after: int = 0
) -> list[int]:
    if not query:
        return []
    places = ",".join(map(str, wanted))
    found = c.rows(
        f"SELECT rowid FROM {table} WHERE {table} MATCH ? AND rowid > ?"
        f" AND (rowid & 255) IN ({places}) ORDER BY rowid LIMIT ?",
        (query, after, CANDIDATES_MAX),
    )
    return [row[0] for row in found]


def _by_name(c: Connection, typed: str, wanted: Mapping[int, str]) -> list[int]:
    """Names that begin with what was typed, along the index of their list: never cut off by the
    cap on candidates."""
    found: list[int] = []
    for number, kind in wanted.items():
        entity = CATALOG.get(kind)
        if entity is None or entity.sort != entity.title[0]:
            continue
        column = f"{quoted(entity.sort)} COLLATE NOCASE"
        rids = c.rows(
            f"SELECT rid FROM {layout(kind).table} WHERE deleted = 0 AND {column} >= ?"
            f" AND {column} < ? ORDER BY {column}, rid LIMIT 50",
            (typed, typed + "\U0010ffff"),
        )
        found.extend(row[0] << KIND_BITS | number for row in rids)
    return found


def _ranked(
    c: Connection, keys: Sequence[int], wanted: Mapping[int, str], by: Asked
) -> list[_Ranked]:
    by_kind: dict[str, list[int]] = {}
    for key in keys:
        kind = wanted.get(key & (1 << KIND_BITS) - 1)
        if kind is not None and kind in CATALOG:
            by_kind.setdefault(kind, []).append(key >> KIND_BITS)
    found: list[_Ranked] = []
    for kind, rids in by_kind.items():
        words = indexed_of(kind)
        if words is not None:
            found.extend(_ranked_rows(c, kind, words, rids, by))
    return found


def _ranked_rows(
    c: Connection, kind: str, words: Indexed, rids: Sequence[int], by: Asked
) -> Iterator[_Ranked]:
    titles = [name for name in words.entity.title if name not in words.names]
    columns = ", ".join([words.columns, *(quoted(name) for name in titles)])
    names = (*words.names, *titles)
    places = ",".join("?" * len(rids))
    rows = c.rows(
        f"SELECT id, {columns} FROM {layout(kind).table} WHERE rid IN ({places}) AND deleted = 0",
        rids,
    )
    for row in rows:
        values: dict[str, Value] = dict(zip(names, row[1:], strict=True))
        place, field = rank(words, values, by)
        if place < NOWHERE:
            title = words.entity.name_of(values)
            yield (place, len(title), title), Hit(kind, RecordId(row[0].hex()), title, field)
