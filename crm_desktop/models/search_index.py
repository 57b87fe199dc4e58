"""The search index: what is written into it, at once for single records and behind for many."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from crm_core.catalog import CATALOG
from crm_core.entity import Entity, searchable
from crm_core.fields import Kind
from crm_core.ids import RecordId
from crm_desktop.models import pinyin
from crm_desktop.models.connection import Connection, SqlRow, SqlValue
from crm_desktop.models.search_tables import KIND_BITS, TABLES, is_current, join_some, lay_out
from crm_desktop.models.search_words import fold, words_of
from crm_desktop.models.sql import LIVE, blob, layout, quoted
from crm_desktop.models.store import GaveWay, Store

STEP_ROWS = 4_000
"""Rows indexed in one transaction: one segment of each table, and 20 MB of memory."""

CHUNK_ROWS = 50
"""Rows between two looks whether somebody else wants to write: some 3 ms."""

JOIN_PAGES = 500
CHARACTERS_PER_FIELD = 20_000
NAME_WEIGHT = 5
"""Fields from this search weight on are names, found by pinyin too."""


@dataclass(frozen=True)
class Indexed:
    """What is indexed of one kind: the columns in the order of their weight."""

    entity: Entity
    names: tuple[str, ...]
    columns: str
    spelt: frozenset[int]
    sets: frozenset[int]


@cache
def indexed_of(kind: str) -> Indexed | None:
    """What is indexed of a kind; None: nothing."""
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
    return Indexed(entity, names, columns, frozenset(spelt), frozenset(sets))


def index_now(c: Connection, records: Iterable[tuple[str, RecordId]]) -> None:
    """Index single records at once, inside the transaction that changed them."""
    if not is_current(c):
        return  # all are indexed anew behind
    for kind, record_id in records:
        words = indexed_of(kind)
        if words is None:
            continue
        sql = f"SELECT rid, deleted, {words.columns} FROM {layout(kind).table} WHERE id = ?"
        _write(c, kind, words, c.rows(sql, (blob(record_id),)))


def step(store: Store, most: int = STEP_ROWS) -> bool:
    """Index some of what waits, then join segments; whether there is more to do. For the runtime,
    when it is quiet. Raises GaveWay, with nothing done, where somebody else wanted to write."""
    with store.writing_behind() as c:
        if not is_current(c):
            lay_out(c)
        left = most - _index_dirty(c, store, most)
        for kind in CATALOG:
            if left <= 0:
                break
            left -= _index_new(c, store, kind, left)
    if left <= 0:
        _join(store)
        return True
    return _join(store)


def build(store: Store) -> None:
    """Index all that waits."""
    more = True
    while more:
        try:
            more = step(store)
        except GaveWay:
            continue


def rebuild(store: Store) -> None:
    """Throw the index away and build it anew."""
    with store.writing() as c:
        lay_out(c)
    build(store)


def is_behind(c: Connection) -> bool:
    """Whether rows wait to be indexed."""
    if not is_current(c) or c.one("SELECT 1 FROM search_dirty LIMIT 1") is not None:
        return True
    marks: dict[str, int] = dict(c.rows("SELECT kind, indexed FROM search_kind"))
    return any(
        (c.value(f"SELECT max(rid) FROM {layout(kind).table}") or 0) > marks.get(kind, 0)
        for kind in CATALOG
        if indexed_of(kind) is not None
    )


def _join(store: Store) -> bool:
    """Join some segments, each table in a transaction of its own; whether there were any."""
    joined = False
    for table in TABLES:
        with store.writing_behind() as c:
            joined |= join_some(c, table, JOIN_PAGES)
    return joined


def _index_dirty(c: Connection, store: Store, most: int) -> int:
    waiting = c.rows("SELECT kind, rid FROM search_dirty LIMIT ?", (most,))
    by_kind: dict[str, list[int]] = {}
    for kind, rid in waiting:
        by_kind.setdefault(kind, []).append(rid)
    for kind, rids in by_kind.items():
        words = indexed_of(kind) if kind in CATALOG else None
        if words is None:
            continue
        sql = f"SELECT rid, deleted, {words.columns} FROM {layout(kind).table}"
        for first in range(0, len(rids), CHUNK_ROWS):
            some = rids[first : first + CHUNK_ROWS]
            store.give_way()
            places = ",".join("?" * len(some))
            _remove(c, kind, some)
            _write(c, kind, words, c.rows(f"{sql} WHERE rid IN ({places})", some))
    c.many("DELETE FROM search_dirty WHERE kind = ? AND rid = ?", waiting)
    return len(waiting)


def _index_new(c: Connection, store: Store, kind: str, most: int) -> int:
    words = indexed_of(kind)
    if words is None:
        return 0
    mark = c.value("SELECT indexed FROM search_kind WHERE kind = ?", (kind,)) or 0
    sql = (
        f"SELECT rid, deleted, {words.columns} FROM {layout(kind).table} WHERE rid > ?"
        " ORDER BY rid LIMIT ?"
    )
    done = 0
    while done < most and (some := c.rows(sql, (mark, min(CHUNK_ROWS, most - done)))):
        store.give_way()
        _write(c, kind, words, some)
        mark = some[-1][0]
        done += len(some)
    if done:
        c.run("UPDATE search_kind SET indexed = ? WHERE kind = ?", (mark, kind))
    return done


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
    for table in TABLES:
        c.many(f"DELETE FROM {table} WHERE rowid = ?", keys)


def _write(c: Connection, kind: str, words: Indexed, found: Sequence[SqlRow]) -> None:
    number = _number(c, kind)
    texts: list[tuple[SqlValue, ...]] = []
    parts: list[tuple[SqlValue, ...]] = []
    spelt: list[tuple[SqlValue, ...]] = []
    dead: list[int] = []
    for row in found:
        if row[1] != LIVE:
            dead.append(row[0])
            continue
        key = row[0] << KIND_BITS | number
        text = fold(_text(row[2:]))
        texts.append((key, text))
        parts.append((key, text if text.isascii() else words_of(text)))
        names = [row[2 + n] for n in words.spelt if row[2 + n] and not row[2 + n].isascii()]
        if names:
            spelt.append((key, " ".join(map(pinyin.spellings, names))))
    for table, indexed in zip(TABLES, (texts, parts, spelt), strict=True):
        c.many(f"INSERT OR REPLACE INTO {table} (rowid, words) VALUES (?, ?)", indexed)
    if dead:
        _remove(c, kind, dead)


def _text(values: Iterable[str | None]) -> str:
    return "\n".join(value[:CHARACTERS_PER_FIELD] for value in values if value)
