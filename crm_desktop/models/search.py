"""Search over names, notes and numbers: words, parts of words, Chinese of any length and pinyin."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from crm_core.catalog import CATALOG
from crm_core.entity import Entity, searchable
from crm_core.fields import Kind, Value
from crm_core.ids import RecordId
from crm_desktop.models import pinyin
from crm_desktop.models.connection import Connection, SqlRow, SqlValue
from crm_desktop.models.search_tables import KIND_BITS
from crm_desktop.models.sql import LIVE, blob, layout, quoted
from crm_desktop.models.store import Store

CANDIDATES_MAX = 200
"""Ranking a very common word over all its matches is what costs: the first so many are ranked."""

STEP_ROWS = 2_000
"""Rows indexed in one transaction, so that a person's own save never waits long."""

CHARACTERS_PER_FIELD = 20_000
TRIGRAM = 3
NAME_WEIGHT = 5
"""Fields from this search weight on are names, found by pinyin too."""

_AROUND_CJK = re.compile(f"(?=[{pinyin.CJK}])|(?<=[{pinyin.CJK}])")
_LETTER = re.compile("[a-z0-9]")
_TERM = re.compile(r'"([^"]+)"|(\S+)')


@dataclass(frozen=True, slots=True)
class Hit:
    """A record found; `matched` is the field in which, "" for its name."""

    kind: str
    id: RecordId
    title: str
    matched: str = ""


# The index


@dataclass(frozen=True)
class _Words:
    """What is indexed of one kind: the columns in the order of their weight."""

    entity: Entity
    names: tuple[str, ...]
    columns: str
    spelt: frozenset[int]
    sets: frozenset[int]


@cache
def _words_of(kind: str) -> _Words | None:
    entity = CATALOG[kind]
    fields = searchable(entity)
    if not fields:
        return None
    spelt = {n for n, f in enumerate(fields)
             if f.kind is Kind.PERSON_NAME or (f.search >= NAME_WEIGHT and f.kind is Kind.TEXT
                                               and "number" not in f.name)}  # fmt: skip
    sets = {n for n, field in enumerate(fields) if field.kind in (Kind.TAGS, Kind.LINKS)}
    names = tuple(field.name for field in fields)
    columns = ", ".join(quoted(name) for name in names)
    return _Words(entity, names, columns, frozenset(spelt), frozenset(sets))


def index_now(c: Connection, records: Iterable[tuple[str, RecordId]]) -> None:
    """Index single records at once, inside the transaction that changed them."""
    for kind, record_id in records:
        words = _words_of(kind)
        if words is None:
            continue
        sql = f"SELECT rid, deleted, {words.columns} FROM {layout(kind).table} WHERE id = ?"
        _write(c, kind, words, c.rows(sql, (blob(record_id),)))


def step(store: Store, most: int = STEP_ROWS) -> bool:
    """Index some of what waits; whether more is waiting. For the runtime, when it is quiet."""
    with store.writing() as c:
        left = most - _index_dirty(c, most)
        if left <= 0:
            return True
        for kind in CATALOG:
            left -= _index_new(c, kind, left)
            if left <= 0:
                return True
    return False


def build(store: Store) -> None:
    """Index all that waits."""
    while step(store, 5 * STEP_ROWS):
        pass


def rebuild(store: Store) -> None:
    """Throw the index away and build it anew."""
    with store.writing() as c:
        for table in ("find_text", "find_word", "find_pinyin"):
            c.run(f"INSERT INTO {table} ({table}) VALUES ('delete-all')")
        c.run("DELETE FROM search_dirty")
        c.run("UPDATE search_kind SET indexed = 0")
    build(store)


def is_behind(c: Connection) -> bool:
    """Whether rows wait to be indexed."""
    if c.one("SELECT 1 FROM search_dirty LIMIT 1") is not None:
        return True
    marks: dict[str, int] = dict(c.rows("SELECT kind, indexed FROM search_kind"))
    return any(
        (c.value(f"SELECT max(rid) FROM {layout(kind).table}") or 0) > marks.get(kind, 0)
        for kind in CATALOG
        if _words_of(kind) is not None
    )


def _index_dirty(c: Connection, most: int) -> int:
    waiting = c.rows("SELECT kind, rid FROM search_dirty LIMIT ?", (most,))
    by_kind: dict[str, list[int]] = {}
    for kind, rid in waiting:
        by_kind.setdefault(kind, []).append(rid)
    for kind, rids in by_kind.items():
        words = _words_of(kind) if kind in CATALOG else None
        if words is None:
            continue
        places = ",".join("?" * len(rids))
        _remove(c, kind, rids)
        sql = f"SELECT rid, deleted, {words.columns} FROM {layout(kind).table}"
        _write(c, kind, words, c.rows(f"{sql} WHERE rid IN ({places})", rids))
    c.many("DELETE FROM search_dirty WHERE kind = ? AND rid = ?", waiting)
    return len(waiting)


def _index_new(c: Connection, kind: str, most: int) -> int:
    words = _words_of(kind)
    if words is None:
        return 0
    mark = c.value("SELECT indexed FROM search_kind WHERE kind = ?", (kind,)) or 0
    found = c.rows(
        f"SELECT rid, deleted, {words.columns} FROM {layout(kind).table} WHERE rid > ?"
        " ORDER BY rid LIMIT ?",
        (mark, most),
    )
    if not found:
        return 0
    _write(c, kind, words, found)
    c.run("UPDATE search_kind SET indexed = ? WHERE kind = ?", (found[-1][0], kind))
    return len(found)


def _number(c: Connection, kind: str) -> int:
    """The number of a kind in the index: given once, whatever the catalog's order becomes."""
    number = c.value("SELECT n FROM search_kind WHERE kind = ?", (kind,))
    if number is None:
        number = 1 + (c.value("SELECT max(n) FROM search_kind") or 0)
        c.run("INSERT INTO search_kind (kind, n, indexed) VALUES (?, ?, 0)", (kind, number))
    return int(number)


def _remove(c: Connection, kind: str, rids: Sequence[int]) -> None:
    number = _number(c, kind)
    keys = [(rid << KIND_BITS | number,) for rid in rids]
    for table in ("find_text", "find_word", "find_pinyin"):
        c.many(f"DELETE FROM {table} WHERE rowid = ?", keys)


def _write(c: Connection, kind: str, words: _Words, found: Sequence[SqlRow]) -> None:
    number = _number(c, kind)
    texts: list[tuple[SqlValue, ...]] = []
    singles: list[tuple[SqlValue, ...]] = []
    spelt: list[tuple[SqlValue, ...]] = []
    dead: list[int] = []
    for row in found:
        if row[1] != LIVE:
            dead.append(row[0])
            continue
        key = row[0] << KIND_BITS | number
        text = _text(row[2:])
        texts.append((key, text))
        singles.append((key, text if text.isascii() else _AROUND_CJK.sub(" ", text)))
        names = [row[2 + n] for n in words.spelt if row[2 + n] and not row[2 + n].isascii()]
        if names:
            spelt.append((key, " ".join(map(pinyin.spellings, names))))
    c.many("INSERT OR REPLACE INTO find_text (rowid, words) VALUES (?, ?)", texts)
    c.many("INSERT OR REPLACE INTO find_word (rowid, words) VALUES (?, ?)", singles)
    c.many("INSERT OR REPLACE INTO find_pinyin (rowid, spellings) VALUES (?, ?)", spelt)
    if dead:
        _remove(c, kind, dead)


def _text(values: Iterable[str | None]) -> str:
    return "\n".join(value[:CHARACTERS_PER_FIELD] for value in values if value)


# Asking


def search(
    c: Connection, text: str, kinds: Sequence[str] | None = None, limit: int = 50
) -> list[Hit]:
    """The best records for what was typed: exact, then beginning, then initials, then part."""
    typed = " ".join(text.split())
    if not typed.strip('"'):
        return []
    numbers = {n: kind for kind, n in c.rows("SELECT kind, n FROM search_kind")}
    wanted = {n: kind for n, kind in numbers.items() if kinds is None or kind in kinds}
    keys = dict.fromkeys(
        [*_by_name(c, typed, wanted), *_by_words(c, typed, wanted), *_by_pinyin(c, typed, wanted)]
    )
    ranked = _ranked(c, list(keys), wanted, typed)
    return [hit for _, hit in ranked[:limit]]


def terms_of(typed: str) -> list[str]:
    """What was typed as terms that must all occur; words in double quotes are one term."""
    return [one or other for one, other in _TERM.findall(typed) if (one or other).strip('"')]


def _quoted_term(term: str) -> str:
    """A term for FTS5, in which nothing is an operator."""
    return '"' + term.replace('"', '""').replace("\0", "") + '"'


def _word_query(terms: Iterable[str]) -> str:
    """Latin terms by their beginning, Chinese ones as a phrase of single characters."""
    parts: list[str] = []
    for term in terms:
        spaced = " ".join(_AROUND_CJK.sub(" ", term).split())
        prefix = "" if pinyin.has_cjk(term[-1]) else "*"
        parts.append(_quoted_term(spaced) + prefix)
    return " AND ".join(parts)


def _by_words(c: Connection, typed: str, wanted: Mapping[int, str]) -> list[int]:
    terms = terms_of(typed)
    if all(len(term) >= TRIGRAM for term in terms):
        return _match(c, "find_text", " AND ".join(map(_quoted_term, terms)), wanted)
    return _match(c, "find_word", _word_query(terms), wanted)


def _by_pinyin(c: Connection, typed: str, wanted: Mapping[int, str]) -> list[int]:
    plain = typed.lower().replace(" ", "").replace("'", "").replace('"', "")
    letters = "".join(re.findall("[a-z0-9]+", plain))
    if not letters:
        return []
    if letters != plain:
        # Mixed, as in "重q": the characters lead to the candidates.
        characters = re.findall(f"[{pinyin.CJK}]+", plain)
        found = _match(c, "find_word", _word_query(characters), wanted) if characters else []
    else:
        words = dict.fromkeys((plain, *pinyin.initials_of(plain)))
        query = " OR ".join(f"{_quoted_term(word)}*" for word in words)
        found = _match(c, "find_pinyin", query, wanted)
    return found


def _match(c: Connection, table: str, query: str, wanted: Mapping[int, str]) -> list[int]:
    if not query or not wanted:
        return []
    places = ",".join(map(str, wanted))
    found = c.rows(
        f"SELECT rowid FROM {table} WHERE {table} MATCH ? AND (rowid & 255) IN ({places}) LIMIT ?",
        (query, CANDIDATES_MAX),
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


EXACT, BEGINNING, INITIALS, PART, ELSEWHERE, NOWHERE = range(6)


def _ranked(
    c: Connection, keys: Sequence[int], wanted: Mapping[int, str], typed: str
) -> list[tuple[tuple[int, int, str], Hit]]:
    by_kind: dict[str, list[int]] = {}
    for key in keys:
        kind = wanted.get(key & (1 << KIND_BITS) - 1)
        if kind is not None and kind in CATALOG:
            by_kind.setdefault(kind, []).append(key >> KIND_BITS)
    found: list[tuple[tuple[int, int, str], Hit]] = []
    for kind, rids in by_kind.items():
        words = _words_of(kind)
        if words is not None:
            found.extend(_ranked_rows(c, kind, words, rids, typed))
    return sorted(found, key=lambda one: one[0])


def _ranked_rows(
    c: Connection, kind: str, words: _Words, rids: Sequence[int], typed: str
) -> Iterable[tuple[tuple[int, int, str], Hit]]:
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
        rank, field = _rank(words, values, typed)
        if rank < NOWHERE:
            title = words.entity.name_of(values)
            hit = Hit(kind, RecordId(row[0].hex()), title, field)
            yield (rank, len(title), title), hit


def _rank(words: _Words, values: Mapping[str, Value], typed: str) -> tuple[int, str]:
    """The best rank over the fields, and the field's name unless it is the title."""
    folded = fold(typed).replace('"', "")
    terms = [fold(term) for term in terms_of(typed)]
    letters = _LETTER.search(folded) is not None
    best = (NOWHERE, "")
    for n, name in enumerate(words.names):
        value = values.get(name)
        if not isinstance(value, str):
            continue
        rank = _rank_of_text(fold(value), folded, terms)
        if n in words.spelt:
            if rank > INITIALS and letters and not value.isascii():
                rank = min(rank, _rank_of_pinyin(value, folded))
        elif rank is not EXACT and rank is not NOWHERE and name not in words.entity.title:
            rank = ELSEWHERE
        if rank < best[0]:
            best = (rank, "" if name in words.entity.title else name)
    if best[0] == NOWHERE and len(terms) > 1 and _all_somewhere(values, terms):
        return ELSEWHERE, ""
    return best


def fold(text: str) -> str:
    """Text without capitals and accents, as the index sees it."""
    if text.isascii():
        return text.lower()
    parts = unicodedata.normalize("NFD", text.casefold())
    return "".join(part for part in parts if not unicodedata.combining(part))


def _rank_of_text(value: str, folded: str, terms: Sequence[str]) -> int:
    if value == folded:
        return EXACT
    if value.startswith(folded):
        return BEGINNING
    return PART if all(term in value for term in terms) else NOWHERE


def _rank_of_pinyin(value: str, folded: str) -> int:
    at = pinyin.matches_at(value, folded)
    if at is None:
        return NOWHERE
    return INITIALS if at == 0 else PART


def _all_somewhere(values: Mapping[str, Value], terms: Iterable[str]) -> bool:
    everything = fold("\n".join(v for v in values.values() if isinstance(v, str)))
    return all(term in everything for term in terms)
