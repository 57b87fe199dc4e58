"""SQL text and row conversion from the catalog: what the run-time paths use instead of SQLAlchemy.

Names of kinds and fields reach SQL only from the catalog, quoted; values only as parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Literal, TypeAlias

import msgspec

from crm_core.catalog import entity_of, field_of
from crm_core.entity import Entity
from crm_core.fields import Field, Kind, Value
from crm_core.ids import RecordId
from crm_desktop.models.connection import SqlRow, SqlValue

LIVE, DELETED, HIDDEN = 0, 1, 2
"""States of a row's `deleted` column; hidden rows left the user's sight and are erased later."""

SYSTEM_COLUMNS = ("rid", "id", "seq", "root", "deleted", "extra")
"""What each entity's table has before the catalog's fields. `root` NULL: the record itself."""

OWN_ID = "id"
"""What a condition calls the record itself."""

Write: TypeAlias = Callable[[Value], SqlValue]
Read: TypeAlias = Callable[[SqlValue], Value]


def blob(record_id: str) -> bytes:
    """An id as it is stored."""
    return bytes.fromhex(record_id)


def to_json(value: Value) -> str:
    """A structured value as it is stored."""
    return msgspec.json.encode(value).decode()


def from_json(text: str | bytes) -> Value:
    """A structured value read back."""
    return msgspec.json.decode(text)


def _write_link(value: Value) -> SqlValue:
    if value is None:
        return None
    if not isinstance(value, str):
        raise ValueError(value)  # noqa: TRY004  # as for an id that is none
    return bytes.fromhex(value)


def _write_json(value: Value) -> SqlValue:
    return None if value is None else to_json(value)


def _read_link(stored: SqlValue) -> Value:
    return stored.hex() if isinstance(stored, bytes) else None


def _read_json(stored: SqlValue) -> Value:
    return from_json(stored) if isinstance(stored, str) else None


def _read_set(stored: SqlValue) -> Value:
    return from_json(stored) if isinstance(stored, str) else []


def _read_flag(stored: SqlValue) -> Value:
    return None if stored is None else bool(stored)


_STRUCTURED = frozenset((Kind.LINKS, Kind.TAGS, Kind.JSON))
_SETS = frozenset((Kind.LINKS, Kind.TAGS))


def is_blob_link(field: Field) -> bool:
    """Whether a field is kept as 16 bytes: a link to one known kind."""
    return field.kind is Kind.LINK and field.link is not None and bool(field.link.target)


def _writer(field: Field) -> Write | None:
    """How a value becomes a column; None where it is the same."""
    if is_blob_link(field):
        return _write_link
    return _write_json if field.kind in _STRUCTURED else None


def _reader(field: Field) -> Read | None:
    if is_blob_link(field):
        return _read_link
    if field.kind is Kind.FLAG:
        return _read_flag
    if field.kind in _SETS:
        return _read_set
    return _read_json if field.kind is Kind.JSON else None


class Layout(msgspec.Struct, frozen=True):
    """The table of one entity: its statements, and the conversion of its rows."""

    entity: Entity
    table: str
    fields: tuple[str, ...]
    blank: Mapping[str, Value]
    writers: tuple[tuple[int, Write], ...]
    readers: tuple[tuple[int, Read], ...]
    upsert: str
    select: str

    def stored(self, body: Mapping[str, Value]) -> tuple[list[SqlValue], str | None]:
        """The columns of a record in order, and its unknown fields as JSON.

        Raises ValueError where a link is no id; what SQLite cannot bind shows when written.
        """
        merged = {**self.blank, **body}
        columns: list[SqlValue] = list(merged.values())  # pyright: ignore[reportAssignmentType]  # checked on binding
        extra = None
        if len(merged) > len(self.blank):
            unknown = {name: value for name, value in body.items() if name not in self.blank}
            extra = to_json(unknown)
            del columns[len(self.blank) :]
        for position, write in self.writers:
            value = columns[position]
            if value is not None:
                columns[position] = write(value)  # pyright: ignore[reportArgumentType]  # still one of `merged`
        return columns, extra

    def values(self, stored: Sequence[SqlValue], extra: SqlValue = None) -> dict[str, Value]:
        """A record's values from its columns in order (as `column_list` names them)."""
        columns: list[Value] = list(stored)  # pyright: ignore[reportArgumentType, reportAssignmentType]  # read below
        for position, read in self.readers:
            columns[position] = read(stored[position])
        made = dict(zip(self.fields, columns, strict=True))
        if isinstance(extra, str):
            unknown = from_json(extra)
            if isinstance(unknown, dict):
                made.update(unknown)
        return made

    @property
    def column_list(self) -> str:
        """The fields' columns for a SELECT."""
        return ", ".join(quoted(name) for name in self.fields)


def quoted(name: str) -> str:
    """A name for SQL; only names of the catalog come here, and they are identifiers."""
    assert name.isidentifier(), name
    return f'"{name}"'


@cache
def layout(kind: str) -> Layout:
    """The layout of a kind's table; raises NotFound for a kind that is not in the catalog."""
    entity = entity_of(kind)
    fields = entity.fields
    names = tuple(field.name for field in fields)
    system = ("id", "seq", "root", "deleted", "extra")
    columns = ", ".join(quoted(name) for name in (*system, *names))
    places = ", ".join("?" * (len(system) + len(names)))
    updates = ", ".join(f"{quoted(name)}=excluded.{quoted(name)}" for name in (*system[1:], *names))
    table = quoted(kind)
    listed = ", ".join(quoted(name) for name in names)
    return Layout(
        entity=entity,
        table=table,
        fields=names,
        blank=dict.fromkeys(names),
        writers=tuple((n, w) for n, f in enumerate(fields) if (w := _writer(f)) is not None),
        readers=tuple((n, r) for n, f in enumerate(fields) if (r := _reader(f)) is not None),
        upsert=f"INSERT INTO {table} ({columns}) VALUES ({places})"
        f" ON CONFLICT(id) DO UPDATE SET {updates}",
        select=f"SELECT rid, id, seq, root, deleted, extra, {listed} FROM {table}",
    )


Operator: TypeAlias = Literal[
    "=", "!=", "<", "<=", ">", ">=", "in", "contains", "starts", "empty", "filled"
]


class Where(msgspec.Struct, frozen=True):
    """One condition on a field: `in` takes a list, `contains` looks for a part of the text or a
    member of the set, `empty` and `filled` take nothing. The field "id" is the record's own."""

    field: str
    op: Operator = "="
    value: Value = None


def conditions(entity: Entity, where: Iterable[Where]) -> tuple[str, list[SqlValue]]:
    """The SQL of conditions joined by AND ("" for none), and its parameters."""
    parts: list[str] = []
    parameters: list[SqlValue] = []
    for condition in where:
        if condition.field == OWN_ID:
            part, values = _among(quoted(OWN_ID), condition)
        else:
            part, values = _condition(field_of(entity, condition.field), condition)
        parts.append(part)
        parameters.extend(values)
    return "".join(f" AND {part}" for part in parts), parameters


def _among(column: str, where: Where) -> tuple[str, list[SqlValue]]:
    """One of these ids, in one parameter: a chart may name more than SQLite takes parameters."""
    members: Value = where.value if isinstance(where.value, list) else [where.value]
    return f"{column} IN (SELECT unhex(value) FROM json_each(?))", [to_json(members)]


def _condition(field: Field, where: Where) -> tuple[str, list[SqlValue]]:
    column = quoted(field.name)
    if where.op in ("empty", "filled"):
        nothing = f"({column} IS NULL OR {column} IN ('', '[]'))"
        return (nothing if where.op == "empty" else f"NOT {nothing}"), []
    if where.op in ("contains", "starts"):
        return _part_of_text(field, column, where)
    write = _writer(field) or _as_it_is
    if where.op == "in":
        if is_blob_link(field):
            return _among(column, where)
        members = where.value if isinstance(where.value, list) else [where.value]
        return f"{column} IN ({', '.join('?' * len(members))})", [write(m) for m in members]
    if where.value is None:
        return f"{column} IS {'NULL' if where.op == '=' else 'NOT NULL'}", []
    if where.op == "!=":
        return f"{column} IS NOT ?", [write(where.value)]
    return f"{sort_term(field)} {where.op} {_bound(field)}", [write(where.value)]


def _as_it_is(value: Value) -> SqlValue:
    assert not isinstance(value, (list, dict))
    return value


def _part_of_text(field: Field, column: str, where: Where) -> tuple[str, list[SqlValue]]:
    text = str(where.value)
    if field.kind in _SETS:
        return f"EXISTS (SELECT 1 FROM json_each({column}) WHERE value = ?)", [text]
    pattern = f"{like_escaped(text)}%"
    return f"{column} LIKE ? ESCAPE '\\'", [pattern if where.op == "starts" else f"%{pattern}"]


def like_escaped(text: str) -> str:
    """Text for LIKE … ESCAPE '\\', in which no character stands for another."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


_NUMBERS_AS_TEXT = frozenset((Kind.DECIMAL, Kind.MONEY))
_WORDS = frozenset(
    (Kind.TEXT, Kind.NOTE, Kind.PERSON_NAME, Kind.ADDRESS_PART, Kind.EMAIL, Kind.PHONE, Kind.URL)
)


def sort_term(field: Field) -> str:
    """What a list is ordered by: numbers by size, words without regard to capitals."""
    column = quoted(field.name)
    if field.kind in _NUMBERS_AS_TEXT:
        return f"CAST({column} AS REAL)"
    return f"{column} COLLATE NOCASE" if field.kind in _WORDS else column


def _bound(field: Field) -> str:
    return "CAST(? AS REAL)" if field.kind in _NUMBERS_AS_TEXT else "?"


def id_of(stored: SqlValue) -> RecordId:
    """An id read back."""
    assert isinstance(stored, bytes)
    return RecordId(stored.hex())


def split(row: SqlRow) -> tuple[SqlRow, SqlRow]:
    """The system columns and the fields' columns of a row of `Layout.select`."""
    return row[: len(SYSTEM_COLUMNS)], row[len(SYSTEM_COLUMNS) :]
