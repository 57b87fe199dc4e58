"""Rows that are here already: only what differs is written, so that no index is touched in vain."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from crm_core.entity import searchable
from crm_desktop.models.connection import Connection, SqlRow, SqlValue
from crm_desktop.models.journal import rows
from crm_desktop.models.sql import LIVE, SYSTEM_COLUMNS, layout, quoted

WRITTEN = SYSTEM_COLUMNS[1:]
"""What of a version comes before its fields, in the order of `Layout.upsert`."""
_FIRST_FIELD = len(WRITTEN)


@dataclass(frozen=True, slots=True)
class Held:
    """A row as it lies in its table."""

    row: SqlRow

    @property
    def rid(self) -> int:
        """The number of the row in its table."""
        return self.row[0]

    @property
    def key(self) -> bytes:
        """The record."""
        return self.row[1]

    @property
    def seq(self) -> int:
        """The version."""
        return self.row[2]

    @property
    def deleted(self) -> int:
        """Live, deleted or hidden."""
        return self.row[4]

    @property
    def counted(self) -> int:
        """The seq of the version that the digest counts; 0: none."""
        return self.seq if self.deleted == LIVE else 0


def held(c: Connection, kind: str, ids: Sequence[bytes]) -> dict[bytes, Held]:
    """The rows that are here already; of an empty table none is looked for."""
    table = layout(kind)
    if c.one(f"SELECT 1 FROM {table.table} LIMIT 1") is None:
        return {}
    places = ",".join("?" * len(ids))
    return {row[1]: Held(row) for row in c.rows(f"{table.select} WHERE id IN ({places})", ids)}


def replace(
    c: Connection, kind: str, versions: Iterable[tuple[Held, tuple[SqlValue, ...]]]
) -> None:
    """Write new versions, as `Layout.upsert` takes them, over the rows that are held."""
    alike: dict[tuple[int, ...], list[list[SqlValue]]] = {}
    read_anew: list[int] = []
    for old, new in versions:
        differing = _differing(new, old.row[1:])
        values = [new[position] for position in differing]
        alike.setdefault(differing, []).append([*values, old.rid])
        if not _found_by(kind).isdisjoint(differing):
            read_anew.append(old.rid)
    for differing, found in alike.items():
        if differing:
            c.many(_update(kind, differing), found)
    rows.mark_for_search(c, kind, read_anew)


def _differing(new: tuple[SqlValue, ...], old: SqlRow) -> tuple[int, ...]:
    """The positions at which two versions differ. Mostly that is none of the fields."""
    last = len(new)
    if new[_FIRST_FIELD:] == old[_FIRST_FIELD:]:
        last = _FIRST_FIELD
    return tuple(position for position in range(last) if new[position] != old[position])


def _update(kind: str, positions: Sequence[int]) -> str:
    table = layout(kind)
    names = (*WRITTEN, *table.fields)
    settings = ", ".join(f"{quoted(names[position])} = ?" for position in positions)
    return f"UPDATE {table.table} SET {settings} WHERE rid = ?"


@cache
def _found_by(kind: str) -> frozenset[int]:
    """The positions that decide by which words a row is found."""
    table = layout(kind)
    names = {"deleted", *(field.name for field in searchable(table.entity))}
    listed = enumerate((*WRITTEN, *table.fields))
    return frozenset(position for position, name in listed if name in names)
