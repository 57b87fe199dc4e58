"""Own history: what this device's journal holds of a record's changes."""

from __future__ import annotations

from collections.abc import Iterable

from crm_core.fields import values_in
from crm_core.ids import ChangeSetId, RecordId
from crm_core.wire import HistoryEntry
from crm_desktop.models.connection import Connection, SqlRow
from crm_desktop.models.sql import blob


def own_history(c: Connection, kind: str, record_id: RecordId) -> tuple[HistoryEntry, ...]:
    """Own changes of a record as the journal holds them, the newest first, field by field."""
    rows = c.rows(
        "SELECT s.ack_seq, s.at, s.author, s.device, o.op, o.new, o.old, s.id FROM op o"
        " JOIN changeset s ON s.n = o.cs WHERE o.kind = ? AND o.id = ? AND s.state <> 'discarded'"
        " AND o.op <> 'offer' ORDER BY s.n DESC, o.i",
        (kind, blob(record_id)),
    )
    return tuple(entry for row in rows for entry in _entries(row))


def _entries(row: SqlRow) -> Iterable[HistoryEntry]:
    seq, at, author, device, op, new, old, cs_id = row
    values, before = values_in(new), values_in(old)
    who, made_by = RecordId(author.hex()), ChangeSetId(cs_id.hex())
    if op in ("delete", "merge", "restore"):
        yield HistoryEntry(
            seq, at, who, device, "deleted", op == "restore", op != "restore", cs_id=made_by
        )
    for name, value in values.items():
        yield HistoryEntry(seq, at, who, device, name, before.get(name), value, cs_id=made_by)
