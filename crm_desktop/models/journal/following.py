"""What follows a merge here before the server has done it: records below the loser are shown below
the winner, in the same step, and nothing of that is sent.

The server moves everything that leads to the loser, whether it is here or not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from crm_core.catalog import CATALOG
from crm_core.changes import Change, Op
from crm_core.fields import Field, Kind, Value, values_in
from crm_core.ids import RecordId
from crm_core.merging import MERGED_INTO, led_to, taker_of
from crm_core.wire import WireTombstone
from crm_desktop.models.connection import Connection
from crm_desktop.models.journal import rows
from crm_desktop.models.sql import blob, id_of, is_blob_link, layout, to_json

SENT = "NOT (op = 'set' AND new = '{}')"
"""Which rows of `op` travel: a change without values shows something here and does no more."""

FOLLOWING_MAX = 2000
"""So many records follow at once; further ones when the server has moved them."""


def keep(c: Connection, n: int, changes: Sequence[Change]) -> list[Change]:
    """Write down with changeset `n` what its merges and their taking back let follow here."""
    found: dict[tuple[str, RecordId], dict[str, Value]] = {}
    for change in changes:
        if change.op is Op.MERGE:
            _collect(found, _following(c, change))
        elif change.op is Op.RESTORE:
            _collect(found, _following_back(c, n, change))
    first = int(c.value("SELECT max(i) FROM op WHERE cs = ?", (n,))) + 1
    shown = [Change(kind, record_id, Op.SET) for kind, record_id in found]
    c.many(
        "INSERT INTO op (cs, i, kind, id, op, new, old, local, base_seq)"
        " VALUES (?, ?, ?, ?, 'set', '{}', '{}', ?, 0)",
        [
            (n, first + at, kind, blob(record_id), to_json(found[kind, record_id]))
            for at, (kind, record_id) in enumerate(found)
        ],
    )
    return shown


_Led = tuple[str, RecordId, str, Value]
"""(kind, id, field, value) of a link as it is shown from now on."""


def _collect(found: dict[tuple[str, RecordId], dict[str, Value]], links: Iterable[_Led]) -> None:
    for kind, record_id, name, value in links:
        if len(found) < FOLLOWING_MAX or (kind, record_id) in found:
            found.setdefault((kind, record_id), {})[name] = value


def _following(c: Connection, change: Change) -> Iterator[_Led]:
    winner = taker_of(change.new)
    assert winner is not None
    for entity in CATALOG.values():
        if entity.kind == "conflict":
            continue
        for field in entity.references:
            target = field.link.target if field.link is not None else ""
            if target not in ("", change.kind) or field.name == MERGED_INTO:
                continue
            for own, value in _leading(c, entity.kind, field, change):
                led = led_to(field, value, change.kind, change.id, winner, own)
                yield entity.kind, own, field.name, led


def _leading(
    c: Connection, kind: str, field: Field, change: Change
) -> list[tuple[RecordId, Value]]:
    """The records here whose link leads to the loser, and its value. Sets follow on the server."""
    if field.kind is Kind.LINKS:
        return []
    one_kind = is_blob_link(field)
    value: Value = change.id if one_kind else f"{change.kind}/{change.id}"
    stored = blob(change.id) if one_kind else value
    rows = c.rows(
        f'SELECT id FROM {layout(kind).table} WHERE deleted = 0 AND "{field.name}" = ?'
        f" LIMIT {FOLLOWING_MAX}",
        (stored,),
    )
    return [(id_of(key), value) for (key,) in rows]


def keep_takers(
    c: Connection, kind: str, rids: set[int], tombstones: Iterable[WireTombstone]
) -> None:
    """What others merged away leads to the record in its place; `rids` are rows just deleted."""
    for one in tombstones:
        row = rows.fetch(c, kind, one.id) if one.into is not None else None
        if row is not None and row.rid in rids:
            version = (row.seq, row.root, row.deleted)
            rows.put(c, kind, row.id, version, {**row.values, MERGED_INTO: one.into})


def _following_back(c: Connection, n: int, change: Change) -> Iterator[_Led]:
    """What followed a merge made here, and stands where it followed to."""
    merge = c.one(
        "SELECT o.cs, o.new FROM op o JOIN changeset s ON s.n = o.cs WHERE o.kind = ? AND o.id = ?"
        " AND o.op = 'merge' AND o.cs < ? AND s.state <> 'discarded' ORDER BY o.cs DESC LIMIT 1",
        (change.kind, blob(change.id), n),
    )
    winner = taker_of(values_in(merge[1])) if merge is not None else None
    if merge is None or winner is None:
        return
    for kind, key, local in c.rows(
        f"SELECT kind, id, local FROM op WHERE cs = ? AND NOT {SENT}", (merge[0],)
    ):
        for name, led in values_in(local).items():
            field = CATALOG[kind].by_name[name]
            stands = c.value(
                f'SELECT "{name}" FROM {layout(kind).table} WHERE id = ? AND deleted = 0', (key,)
            )
            shown = stands.hex() if isinstance(stands, bytes) else stands
            if led is not None and shown == led:
                back = led_to(field, led, change.kind, winner, change.id, RecordId(""))
                yield kind, id_of(key), name, back
