"""What the server did not keep of own work, as it had been erased at a person's request before its
author had heard of that: told to him once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from crm_core.catalog import CATALOG
from crm_core.erasing import ERASED
from crm_core.ids import RecordId
from crm_desktop.models.connection import Connection
from crm_desktop.models.sql import id_of
from crm_desktop.models.store import Store
from crm_desktop.models.told import note_told, told
from crm_desktop.models.verdicts import parts_of

META_TOLD = "erasing.told"
"""The ids of the changesets of which a person was told, as JSON."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """Fields of a record of which somebody's entry was not kept."""

    kind: str
    id: RecordId
    fields: tuple[str, ...]


def newly_dropped(store: Store) -> tuple[Dropped, ...]:
    """What was not kept of own steps, each told once for good."""
    before = told(store, META_TOLD) or ()
    with store.reader() as c:
        steps = c.rows(
            "SELECT id, n, verdict FROM changeset WHERE state IN ('acked', 'confirmed')"
            " AND instr(coalesce(verdict, ''), ?) ORDER BY n DESC",
            (ERASED,),
        )
        news = [(n, verdict) for key, n, verdict in steps if key.hex() not in before]
        found = [one for n, verdict in news for one in _dropped_of(c, n, verdict)]
    if news:
        note_told(store, META_TOLD, (key.hex() for key, *_ in steps))
    return tuple(found)


def _dropped_of(c: Connection, n: int, verdict: str) -> Iterator[Dropped]:
    fields: dict[int, list[str]] = {}
    for part in parts_of(verdict):
        if part.code == ERASED:
            fields.setdefault(part.index, []).append(part.field)
    for i, kind, key in c.rows("SELECT i, kind, id FROM op WHERE cs = ? ORDER BY i", (n,)):
        names = [x for x in fields.get(i, ()) if kind in CATALOG and x in CATALOG[kind].by_name]
        if names:
            yield Dropped(kind, id_of(key), tuple(names))
