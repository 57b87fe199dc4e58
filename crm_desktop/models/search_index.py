"""The search index: what is written into it, at once for single records and behind for many."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from functools import cache

import msgspec

from crm_core.catalog import CATALOG
from crm_core.entity import Entity, searchable
from crm_core.fields import Kind
from crm_core.ids import RecordId
from crm_desktop.background import in_background
from crm_desktop.models import pinyin
from crm_desktop.models.connection import Connection, SqlRow
from crm_desktop.models.search_tables import (
    KIND_BITS,
    TABLES,
    begin_sweep,
    is_current,
    is_sweep_due,
    join_some,
    lay_out,
)
from crm_desktop.models.search_words import fold, words_of
from crm_desktop.models.sql import LIVE, blob, layout, quoted
from crm_desktop.models.store import GaveWay, Store

STEP_ROWS = 2_000
"""Rows indexed in one transaction: one segment of each table. What FTS5 gathers of more does not
fit into the processor's caches, and of twice as many 15 MB more are held."""

CHUNK_ROWS = 50
"""Rows between two looks whether somebody else wants to write: some 3 ms."""

JOIN_PAGES = 500
JOIN_EVERY_STEPS = 64
"""Segments are joined once everything is indexed, and before that wherever so many have gathered:
searches read a hundred of them in the same time."""

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


class Ahead:
    """What is kept between the steps of one builder: the words of the next step are made on a
    thread of their own, while SQLite takes in those of this one."""

    def __init__(self, *, for_one_step: bool = False) -> None:
        self._next: Prepared | None = None
        self._seen = -1
        self._for_one_step = for_one_step
        self._in_vain = False
        self.steps = 0

    def wait(self) -> None:
        """Until the words of the next step are made; while others may write."""
        if self._next is not None:
            wait((self._next.made,))

    def begin(self, turns: int) -> None:
        """At the start of a step, in its transaction: what was made ahead counts only where nobody
        else has had a turn to write since."""
        self.steps += 1
        if self._seen != turns:
            self.drop()
        self._seen = turns

    def drop(self) -> None:
        """Give up what was made ahead."""
        if self._next is not None:
            self._next.given_up.set()
            self._in_vain = True
        self._next = None

    def can_begin(self, rows: int, most: int) -> bool:
        """Whether a step pays that only makes words, for the next one: where there will be several,
        and the last words were not made in vain, or others' saves could hold up the index."""
        if self._for_one_step or rows <= most:
            return False
        in_vain, self._in_vain = self._in_vain, False
        return not in_vain

    def take(self, kind: str, mark: int) -> Prepared | None:
        """The words of the rows behind this mark, if they were made."""
        found = self._next
        if found is None or (found.kind, found.mark) != (kind, mark):
            return None
        self._next = None
        return found

    def prepare(self, c: Connection, kind: str, mark: int, most: int) -> bool:
        """Read the rows behind a mark and begin to make their words; whether there are any."""
        words = indexed_of(kind)
        assert words is not None
        rows = c.rows(_behind(kind, words), (mark, most))
        if not rows:
            return False
        number, given_up = _number(c, kind), threading.Event()

        def make() -> Written:
            made = Words()
            for first in range(0, len(rows), CHUNK_ROWS):
                if given_up.is_set():
                    break
                made.add(words, number, rows[first : first + CHUNK_ROWS])
                time.sleep(0)  # whoever waits for the interpreter gets it now
            return made.written()

        self.drop()
        made = in_background(make, "search-words")
        self._next = Prepared(kind, mark, rows[-1][0], len(rows), made, given_up)
        return True


@dataclass(frozen=True)
class Prepared:
    """So many rows behind a mark, up to the last, and their words as soon as they are made."""

    kind: str
    mark: int
    last: int
    rows: int
    made: Future[Written]
    given_up: threading.Event


def step(store: Store, most: int = STEP_ROWS, ahead: Ahead | None = None) -> bool:
    """Index some of what waits, or join segments; whether there is more to do. For the runtime,
    when it is quiet. `ahead`: kept by whoever takes several steps. Raises GaveWay, with nothing
    done, where somebody else wanted to write."""
    ahead = ahead or Ahead(for_one_step=True)
    ahead.wait()
    try:
        with store.writing_behind() as c:
            ahead.begin(store.turns)
            if not is_current(c):
                lay_out(c)
            left = most - _index_dirty(c, store, most)
            for kind in CATALOG:
                if left <= 0:
                    break
                left -= _index_new(c, store, kind, left, ahead)
    except BaseException:
        ahead.drop()
        raise
    if left > 0:
        return _join(store)
    if ahead.steps % JOIN_EVERY_STEPS == 0:
        _join(store)
    return True


def build(store: Store) -> None:
    """Index all that waits."""
    more, ahead = True, Ahead()
    while more:
        try:
            more = step(store, ahead=ahead)
        except GaveWay:
            continue


def rebuild(store: Store) -> None:
    """Throw the index away and build it anew."""
    with store.writing() as c:
        lay_out(c)
    build(store)


def is_behind(c: Connection) -> bool:
    """Whether rows wait to be indexed."""
    if not is_current(c) or is_sweep_due(c):
        return True
    if c.one("SELECT 1 FROM search_dirty LIMIT 1") is not None:
        return True
    marks: dict[str, int] = dict(c.rows("SELECT kind, indexed FROM search_kind"))
    return any(
        _last(c, kind) > marks.get(kind, 0) for kind in CATALOG if indexed_of(kind) is not None
    )


def _join(store: Store) -> bool:
    """Join some segments, each table in a transaction of its own; whether there were any."""
    joined = False
    with store.writing_behind() as c:
        if is_sweep_due(c):
            begin_sweep(c, JOIN_PAGES)
            joined = True
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


def _index_new(c: Connection, store: Store, kind: str, most: int, ahead: Ahead) -> int:
    """Index new rows of a kind; how many, or `most` where the next ones are being prepared."""
    words = indexed_of(kind)
    if words is None:
        return 0
    mark = c.value("SELECT indexed FROM search_kind WHERE kind = ?", (kind,)) or 0
    prepared = ahead.take(kind, mark)
    done = 0
    if prepared is not None:
        mark, done = prepared.last, prepared.rows
        has_next = ahead.prepare(c, kind, mark, most)
        _put_at_once(c, kind, prepared.made.result())
    elif ahead.can_begin(_last(c, kind) - mark, most):
        has_next = ahead.prepare(c, kind, mark, most)
    else:
        sql = _behind(kind, words)
        while done < most and (some := c.rows(sql, (mark, min(CHUNK_ROWS, most - done)))):
            store.give_way()
            _write(c, kind, words, some)
            mark = some[-1][0]
            done += len(some)
        has_next = done == most and ahead.prepare(c, kind, mark, most)
    if done:
        c.run("UPDATE search_kind SET indexed = ? WHERE kind = ?", (mark, kind))
    return most if has_next else done


def _last(c: Connection, kind: str) -> int:
    return c.value(f"SELECT max(rid) FROM {layout(kind).table}") or 0


def _behind(kind: str, words: Indexed) -> str:
    return (
        f"SELECT rid, deleted, {words.columns} FROM {layout(kind).table} WHERE rid > ?"
        " ORDER BY rid LIMIT ?"
    )


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
    """Index some rows, each by a statement of its own."""
    made = Words()
    made.add(words, _number(c, kind), found)
    for table, indexed in made.by_table():
        c.many(f"INSERT OR REPLACE INTO {table} (rowid, words) VALUES (?, ?)", indexed.items())
    if made.dead:
        _remove(c, kind, made.dead)


def _put_at_once(c: Connection, kind: str, made: Written) -> None:
    """Index many rows by one statement for each table: Python runs on elsewhere meanwhile, and
    SQLite can be interrupted between any two rows. FTS5 makes a segment of each such statement."""
    for table, indexed in zip(TABLES, made.words, strict=True):
        c.run(
            f"INSERT OR REPLACE INTO {table} (rowid, words)"
            " SELECT CAST(key AS INTEGER), value FROM json_each(CAST(? AS TEXT))",
            (indexed,),
        )
    if made.dead:
        _remove(c, kind, made.dead)


@dataclass(frozen=True)
class Written:
    """The words of many rows, for each table as a JSON object by rowid, and who is dead."""

    words: tuple[bytes, ...]
    dead: list[int]


@dataclass
class Words:
    """What is indexed of some rows: the words of each table by rowid, and who is dead."""

    texts: dict[int, str] = field(default_factory=dict[int, str])
    parts: dict[int, str] = field(default_factory=dict[int, str])
    spelt: dict[int, str] = field(default_factory=dict[int, str])
    dead: list[int] = field(default_factory=list[int])

    def add(self, words: Indexed, number: int, found: Sequence[SqlRow]) -> None:
        """The words of some rows of the kind with this number."""
        for row in found:
            if row[1] != LIVE:
                self.dead.append(row[0])
                continue
            key = row[0] << KIND_BITS | number
            text = fold(_text(row[2:]))
            self.texts[key] = text
            self.parts[key] = text if text.isascii() else words_of(text)
            names = [row[2 + n] for n in words.spelt if row[2 + n] and not row[2 + n].isascii()]
            if names:
                self.spelt[key] = " ".join(map(pinyin.spellings, names))

    def written(self) -> Written:
        """All of it in the form in which SQLite takes it in."""
        words = tuple(msgspec.json.encode(indexed) for _, indexed in self.by_table())
        return Written(words, self.dead)

    def by_table(self) -> Iterator[tuple[str, dict[int, str]]]:
        """The words that belong into each table."""
        return zip(TABLES, (self.texts, self.parts, self.spelt), strict=True)


def _text(values: Sequence[str | None]) -> str:
    """All values of a row; a short name that is a part of the name (they come first) only once."""
    some = [value for value in values if value]
    if some[1:] and _is_within(some[1], some[0]):
        del some[1]
    text = "\n".join(some)
    if len(text) <= CHARACTERS_PER_FIELD:
        return text
    return "\n".join([value[:CHARACTERS_PER_FIELD] for value in some])


def _is_within(part: str, name: str) -> bool:
    """Whether whatever finds the part finds the name too: it begins where a word begins."""
    at = name.find(part)
    if at <= 0:
        return at == 0
    before = name[at - 1]
    return pinyin.has_cjk(part[0]) or (before.isascii() and not before.isalnum())
