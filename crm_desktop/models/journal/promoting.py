"""After an update: what a newer server sent before this version knew it takes its place."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from crm_core.catalog import CATALOG
from crm_core.fields import values_in
from crm_core.ids import RecordId
from crm_core.wire import Deleted, Page, WireRow, WireTombstone
from crm_desktop.models.connection import Connection, savepoint
from crm_desktop.models.journal import rows
from crm_desktop.models.journal.received import POISON, Receipt, forget_unknown, receive_page
from crm_desktop.models.sql import id_of, layout

ROWS_AT_ONCE = 1000

_ROOTS = msgspec.json.Decoder(tuple[RecordId, ...])


def promote(c: Connection, now: str) -> None:
    """Make records of the kinds, and columns of the fields, that were kept whole until now."""
    receipt = Receipt(c, now, bool(c.value("SELECT reconcile FROM sync_state")))
    for kind in CATALOG:
        for some in _portions(c, kind):
            forget_unknown(receipt, Deleted(kind, _tombstones(some)))
            receive_page(receipt, Page(kind, some))
        _fill_columns(c, kind)
    receipt.close()


def _portions(c: Connection, kind: str) -> Iterator[tuple[WireRow, ...]]:
    found = c.rows(
        "SELECT id, seq, roots, body FROM unknown_kind WHERE kind = ? ORDER BY seq", (kind,)
    )
    whole = [
        WireRow(id_of(key), seq, values_in(body), _ROOTS.decode(roots))
        for key, seq, roots, body in found
    ]
    for first in range(0, len(whole), ROWS_AT_ONCE):
        yield tuple(whole[first : first + ROWS_AT_ONCE])


def _tombstones(some: tuple[WireRow, ...]) -> tuple[WireTombstone, ...]:
    return tuple(WireTombstone(row.id, row.seq) for row in some)


def _fill_columns(c: Connection, kind: str) -> None:
    """A value that no column takes stays where it is, and is shown from there."""
    table = layout(kind)
    found = c.rows(f"SELECT id, extra FROM {table.table} WHERE extra IS NOT NULL")
    for key, extra in found:
        if values_in(extra).keys().isdisjoint(table.blank):
            continue
        row = rows.fetch(c, kind, id_of(key))
        assert row is not None
        try:
            with savepoint(c):
                rows.put(c, kind, row.id, (row.seq, row.root, row.deleted), row.values)
        except POISON:
            continue
        rows.mark_for_search(c, kind, (row.rid,))
