"""Reads: single records and windows of lists. All take a connection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import msgspec

from crm_core.catalog import entity_of, field_of
from crm_core.entity import Entity
from crm_core.fields import Field, Value
from crm_core.ids import RecordId
from crm_desktop.models.connection import Connection, SqlRow, SqlValue
from crm_desktop.models.sql import (
    DELETED,
    Where,
    blob,
    conditions,
    id_of,
    is_blob_link,
    layout,
    quoted,
    sort_term,
    split,
)  # fmt: skip

PAGE_ROWS = 256
FOUND_MAX = 500
"""Records that a list narrowed by search shows: the best ones."""

COUNTED_MAX = 20_000
"""Up to so many rows a list's length is counted; above it is estimated."""

SAMPLE_ROWS = 500
"""Rows that stand for a very long list: places found by them are right within a few percent."""


class Key(msgspec.Struct, frozen=True):
    """Where a row stands in a list: its sort value as stored, then its row number."""

    value: SqlValue
    rid: int


class Row(msgspec.Struct, frozen=True):
    """A record as it is shown here. `pending`: own work on it is not settled; `refused`: some of
    that was refused; `conflict`: a person has to decide something about it."""

    kind: str
    id: RecordId
    seq: int
    deleted: bool
    values: Mapping[str, Value]
    pending: bool = False
    conflict: bool = False
    refused: bool = False
    key: Key | None = None


class Spot(msgspec.Struct, frozen=True):
    """Where a record stands in a list: its key, and about how many rows come before it."""

    key: Key
    before: int


class Page(msgspec.Struct, frozen=True):
    """Some rows of a list; `more`: there are further ones in the direction that was read."""

    rows: tuple[Row, ...]
    first: Key | None = None
    last: Key | None = None
    more: bool = False


# Single records


def record(c: Connection, kind: str, record_id: RecordId) -> Row | None:
    """A record, also a deleted one; None where there is none or it is out of sight."""
    table = layout(kind)
    row = c.one(f"{table.select} WHERE id = ? AND deleted <> 2", (blob(record_id),))
    if row is None:
        return None
    return _badged(c, kind, [_row(kind, row)])[0]


def _row(kind: str, row: SqlRow, key: Key | None = None) -> Row:
    system, fields = split(row)
    values = layout(kind).values(fields, system[5])
    return Row(kind, id_of(system[1]), system[2], system[4] == DELETED, values, key=key)


def _badged(c: Connection, kind: str, rows: Sequence[Row]) -> list[Row]:
    """The rows with what the journal and the inbox say of them: two look-ups for all."""
    ids = [blob(row.id) for row in rows]
    places = ",".join("?" * len(ids))
    shadowed = {row[0] for row in c.rows(
        f"SELECT id FROM shadow WHERE kind = ? AND id IN ({places})", (kind, *ids))}  # fmt: skip
    refused = {row[0] for row in c.rows(
        "SELECT o.id FROM op o JOIN changeset s ON s.n = o.cs WHERE o.kind = ?"
        f" AND o.id IN ({places}) AND o.op <> 'offer' AND (s.state IN ('rejected', 'held') OR"
        " (o.refused IS NOT NULL AND s.state IN ('acked', 'confirmed')))", (kind, *ids),
    )} if shadowed else set[bytes]()  # fmt: skip
    links = [f"{kind}/{row.id}" for row in rows]
    open_ones = {row[0] for row in c.rows(
        f"SELECT record FROM conflict WHERE record IN ({places}) AND deleted = 0"
        " AND coalesce(state, 'open') = 'open'", links,
    )}  # fmt: skip
    if not shadowed and not open_ones:
        return list(rows)
    return [
        Row(
            row.kind, row.id, row.seq, row.deleted, row.values, pending=key in shadowed,
            conflict=link in open_ones, refused=key in refused, key=row.key,
        )
        for row, key, link in zip(rows, ids, links, strict=True)
    ]  # fmt: skip


# Lists


class _List(msgspec.Struct, frozen=True):
    """A list as it is asked for: which rows, in which order."""

    entity: Entity
    field: Field
    descending: bool
    where: str
    parameters: tuple[SqlValue, ...]

    @property
    def term(self) -> str:
        return sort_term(self.field)

    def order(self, *, backwards: bool) -> str:
        way = "DESC" if self.descending != backwards else "ASC"
        return f"ORDER BY {self.term} {way}, rid {way}"


def _list(
    kind: str, where: Sequence[Where], sort: str | None, *, descending: bool, deleted: bool = False
) -> _List:
    entity = entity_of(kind)
    field = field_of(entity, sort or entity.sort)
    sql, parameters = conditions(entity, where)
    state = int(deleted)
    return _List(entity, field, descending, f"deleted = {state}{sql}", tuple(parameters))


def page(  # noqa: PLR0913  # each says one thing of the list that is asked for
    c: Connection, kind: str, *, where: Sequence[Where] = (), search: str = "",
    sort: str | None = None, descending: bool = False, after: Key | None = None,
    before: Key | None = None, start: Key | None = None, limit: int = PAGE_ROWS,
    fields: Sequence[str] | None = None, deleted: bool = False,
) -> Page:  # fmt: skip
    """One window of a list, in the list's order whichever way it was read.

    `after` and `before` exclude their key, `start` includes it. With `search` the best matches
    come in one page, best first unless `sort` is given. `fields` limits what is read; `deleted`
    lists the deleted records instead.
    """
    asked = _list(kind, where, sort, descending=descending, deleted=deleted)
    if search.strip():
        return _found(c, kind, asked, search, ranked=sort is None, limit=limit)
    columns = _columns(kind, fields)
    backwards = before is not None
    key = before or after or start
    found: list[SqlRow] = []
    for condition, parameters in _segments(asked, key, backwards, inclusive=start is not None):
        rest = limit + 1 - len(found)
        found.extend(
            c.rows(
                f"SELECT rid, id, seq, root, deleted, extra, {columns}, {asked.term}"
                f" FROM {layout(kind).table} WHERE {asked.where}{condition}"
                f" {asked.order(backwards=backwards)} LIMIT ?",
                (*asked.parameters, *parameters, rest),
            )
        )
        if len(found) > limit:
            break
    more = len(found) > limit
    kept = found[:limit]
    if backwards:
        kept.reverse()
    return _page(c, kind, kept, fields, more=more)


def _columns(kind: str, fields: Sequence[str] | None) -> str:
    if fields is None:
        return layout(kind).column_list
    return ", ".join(quoted(field_of(entity_of(kind), name).name) for name in fields)


def _page(
    c: Connection, kind: str, found: Sequence[SqlRow], fields: Sequence[str] | None, *, more: bool
) -> Page:
    if not found:
        return Page((), more=more)
    if fields is None:
        rows = [_row(kind, row[:-1], Key(row[-1], row[0])) for row in found]
    else:
        rows = [_narrow_row(kind, tuple(fields), row) for row in found]
    return Page(tuple(_badged(c, kind, rows)), rows[0].key, rows[-1].key, more)


def _narrow_row(kind: str, fields: tuple[str, ...], row: SqlRow) -> Row:
    system, stored = split(row[:-1])
    columns = list(stored)
    for position, read in _readers(kind, fields):
        columns[position] = read(stored[position])
    values = dict(zip(fields, columns, strict=True))
    key = Key(row[-1], row[0])
    return Row(kind, id_of(system[1]), system[2], system[4] == DELETED, values, key=key)


@cache
def _readers(kind: str, fields: tuple[str, ...]):
    table = layout(kind)
    by_name = {table.fields[position]: read for position, read in table.readers}
    return tuple((n, by_name[name]) for n, name in enumerate(fields) if name in by_name)


def _segments(
    asked: _List, key: Key | None, backwards: bool, *, inclusive: bool
) -> list[tuple[str, tuple[SqlValue, ...]]]:
    """The stretches of the index behind a key, each one search in it (a comparison of pairs
    would scan): the same value, then the further ones. SQLite puts NULL first."""
    if key is None:
        return [("", ())]
    rising = asked.descending == backwards
    term, way = asked.term, ">" if rising else "<"
    equal = f"{way}=" if inclusive else way
    if key.value is None:
        same = (f" AND {term} IS NULL AND rid {equal} ?", (key.rid,))
        return [same, (f" AND {term} IS NOT NULL", ())] if rising else [same]
    same = (f" AND {term} = ? AND rid {equal} ?", (key.value, key.rid))
    further = (f" AND {term} {way} ?", (key.value,))
    return [same, further] if rising else [same, further, (f" AND {term} IS NULL", ())]


def _found(c: Connection, kind: str, asked: _List, text: str, *, ranked: bool, limit: int) -> Page:
    # Not needed for the first list on the screen, which must be quick.
    from crm_desktop.models import search

    hits = search.search(c, text, (kind,), FOUND_MAX)
    if not hits:
        return Page(())
    ids = [blob(hit.id) for hit in hits]
    places = ",".join("?" * len(ids))
    found = c.rows(
        f"SELECT rid, id, seq, root, deleted, extra, {layout(kind).column_list}, {asked.term}"
        f" FROM {layout(kind).table} WHERE {asked.where} AND id IN ({places})"
        f" {asked.order(backwards=False)}",
        (*asked.parameters, *ids),
    )
    if ranked:
        place = {record_id: n for n, record_id in enumerate(ids)}
        found.sort(key=lambda row: place[row[1]])
    return _page(c, kind, found[:limit], None, more=False)


def jump(  # noqa: PLR0913  # as for page
    c: Connection, kind: str, fraction: float, *, where: Sequence[Where] = (), search: str = "",
    sort: str | None = None, descending: bool = False,
) -> Key | None:  # fmt: skip
    """The key of the row at a fraction of a list (0.0 the first, 1.0 the last), for the scroll
    bar: a walk along the index from the nearer end, or an estimate in a very long list."""
    if search.strip():
        return None
    asked = _list(kind, where, sort, descending=descending)
    many = count_estimate(c, kind, where=where)
    if many > COUNTED_MAX and not where and 0.0 < fraction < 1.0:
        return _sampled(c, kind, asked, fraction, many)
    backwards = fraction > 0.5  # noqa: PLR2004  # the middle
    offset = int(max(0, many - 1) * min(1.0, 1 - fraction if backwards else max(0.0, fraction)))
    sql = (
        f"SELECT {asked.term}, rid FROM {layout(kind).table} WHERE {asked.where}"
        f" {asked.order(backwards=backwards)} LIMIT 1 OFFSET ?"
    )
    row = c.one(sql, (*asked.parameters, offset))
    if row is None:
        row = c.one(sql.replace("LIMIT 1 OFFSET ?", "LIMIT 1"), asked.parameters)
    return Key(row[0], row[1]) if row is not None else None


def _sampled(c: Connection, kind: str, asked: _List, fraction: float, highest: int) -> Key | None:
    """About where a fraction of a very long list lies: a walk along the index would read half of
    it, so rows at even distances by number are put in the list's order instead."""
    rids = _even_rids(highest)
    places = ",".join("?" * len(rids))
    found = c.rows(
        f"SELECT {asked.term}, rid FROM {layout(kind).table} WHERE {asked.where}"
        f" AND rid IN ({places}) {asked.order(backwards=False)}",
        (*asked.parameters, *rids),
    )
    if not found:
        return None
    value, rid = found[int(fraction * (len(found) - 1))]
    return Key(value, rid)


def spot(
    c: Connection, kind: str, record_id: RecordId, *, where: Sequence[Where] = (),
    sort: str | None = None, descending: bool = False,
) -> Spot | None:  # fmt: skip
    """Where a record stands in a list; None where it is not in it."""
    asked = _list(kind, where, sort, descending=descending)
    row = c.one(
        f"SELECT {asked.term}, rid FROM {layout(kind).table} WHERE {asked.where} AND id = ?",
        (*asked.parameters, blob(record_id)),
    )
    if row is None:
        return None
    key = Key(row[0], row[1])
    return Spot(key, _count_before(c, kind, asked, key))


def _count_before(c: Connection, kind: str, asked: _List, key: Key) -> int:
    """How many rows of a list come before a key: counted over the first `COUNTED_MAX` rows of the
    table that do, beyond them estimated."""
    table = layout(kind).table
    walked = met = 0
    for condition, parameters in _segments(asked, key, backwards=True, inclusive=False):
        row = c.one(
            "SELECT count(*), coalesce(sum(fits), 0) FROM"
            f" (SELECT ({asked.where}) AS fits FROM {table} WHERE deleted = 0{condition} LIMIT ?)",
            (*asked.parameters, *parameters, COUNTED_MAX - walked),
        )
        assert row is not None
        walked, met = walked + row[0], met + row[1]
    if walked < COUNTED_MAX:
        return met
    highest = int(c.value(f"SELECT max(rid) FROM {table}") or 0)
    return round(met / walked * _share_before(c, kind, asked, key, highest) * highest)


def _share_before(c: Connection, kind: str, asked: _List, key: Key, highest: int) -> float:
    """The share of a very long table that comes before a key, by rows at even distances."""
    rids = _even_rids(highest)
    among = f"deleted = 0 AND rid IN ({','.join('?' * len(rids))})"
    table = layout(kind).table
    every = int(c.value(f"SELECT count(*) FROM {table} WHERE {among}", rids) or 0)
    before = sum(
        int(c.value(f"SELECT count(*) FROM {table} WHERE {among}{part}", (*rids, *parameters)) or 0)
        for part, parameters in _segments(asked, key, backwards=True, inclusive=False)
    )
    return before / max(every, 1)


def _even_rids(highest: int) -> list[int]:
    return [1 + n * (highest - 1) // (SAMPLE_ROWS - 1) for n in range(SAMPLE_ROWS)]


def count_estimate(c: Connection, kind: str, *, where: Sequence[Where] = ()) -> int:
    """About how many rows a list has: counted where that is quick, else the highest row number."""
    asked = _list(kind, where, None, descending=False)
    table = layout(kind).table
    highest = int(c.value(f"SELECT max(rid) FROM {table}") or 0)
    if highest > COUNTED_MAX and not where:
        return highest
    counted = c.value(
        f"SELECT count(*) FROM (SELECT 1 FROM {table} WHERE {asked.where} LIMIT ?)",
        (*asked.parameters, COUNTED_MAX),
    )
    return highest if counted == COUNTED_MAX else int(counted)


def below(
    c: Connection, kind: str, record_id: RecordId, child_kind: str, via: str,
    limit: int = PAGE_ROWS,
) -> tuple[Row, ...]:  # fmt: skip
    """The records of a kind that lead to this one by their field `via`."""
    field = field_of(entity_of(child_kind), via)
    value: Value = str(record_id) if is_blob_link(field) else f"{kind}/{record_id}"
    return page(c, child_kind, where=(Where(via, "=", value),), limit=limit).rows
