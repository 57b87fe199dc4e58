"""Rows of which nothing is here yet, written column by column: what a first fetch consists of.

The driver binds texts, whole numbers and bytearrays at once; for None and for bytes it looks for
adapters first and fails twice, which takes longer than SQLite needs to store a column. So a
statement names the columns that occur in its rows, and ids travel as bytearrays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, lru_cache
from typing import TypeAlias

from crm_core.fields import Value
from crm_core.wire import WireRow
from crm_desktop.models.connection import Connection, SqlValue
from crm_desktop.models.sql import Write, is_blob_link, layout, quoted, to_json

STATEMENTS_KEPT = 200
"""Statements are kept by the columns they name: rows of a kind mostly fill the same ones."""

Column: TypeAlias = "Iterable[SqlValue | bytearray]"


def insert(
    c: Connection, kind: str, versions: Sequence[tuple[bytes, WireRow, bytes | None]]
) -> None:
    """Insert versions of records that have no row: each with its id, and the root that stands in
    the row (None: the record itself).

    Raises what a value that cannot be stored raises, and NotStorable where there is a row.
    """
    if not versions:
        return
    table = layout(kind)
    keys, rows, roots = zip(*versions, strict=True)
    bodies = [row.body for row in rows]
    named = set[str]().union(*bodies)
    columns: dict[str, Column] = {"id": map(bytearray, keys), "seq": [row.seq for row in rows]}
    if any(roots):
        columns["root"] = [None if root is None else bytearray(root) for root in roots]
    unknown = named.difference(table.fields)
    if unknown:
        columns["extra"] = [_extra(body, unknown) for body in bodies]
    writers = _writers(kind)
    for name in table.fields:
        if name in named:
            values = [body.get(name) for body in bodies]
            columns[name] = writers.get(name, _as_they_are)(values)
    c.many(_statement(kind, tuple(columns)), zip(*columns.values(), strict=True))  # pyright: ignore[reportArgumentType]  # bytearrays are bound as bytes are


def _extra(body: Mapping[str, Value], unknown: set[str]) -> str | None:
    """The fields that this version does not know, as JSON."""
    kept = {name: value for name, value in body.items() if name in unknown}
    return to_json(kept) if kept else None


@lru_cache(STATEMENTS_KEPT)
def _statement(kind: str, names: tuple[str, ...]) -> str:
    listed = ", ".join(map(quoted, names))
    places = ", ".join("?" * len(names))
    return f"INSERT INTO {layout(kind).table} ({listed}) VALUES ({places})"


@cache
def _writers(kind: str) -> Mapping[str, Callable[[list[Value]], Column]]:
    """How the values of a field become its column, where they are not the same."""
    table = layout(kind)
    fields = table.entity.fields
    return {fields[n].name: (_links if is_blob_link(fields[n]) else _each)(write)
            for n, write in table.writers}  # fmt: skip


def _as_they_are(values: list[Value]) -> Column:
    return values  # pyright: ignore[reportReturnType]  # what SQLite cannot bind shows when written


def _each(write: Write) -> Callable[[list[Value]], Column]:
    return lambda values: [None if value is None else write(value) for value in values]


def _links(write: Write) -> Callable[[list[Value]], Column]:
    """Ids: the same colleagues and teams are named over and over."""

    def column(values: list[Value]) -> Column:
        stored = {one: None if one is None else _blob(write(one)) for one in set(values)}
        return [stored[one] for one in values]

    return column


def _blob(stored: SqlValue) -> bytearray:
    assert isinstance(stored, bytes)
    return bytearray(stored)
