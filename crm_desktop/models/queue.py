"""What is on its way, step by step: which record, what was changed, and what it waits for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from crm_core.catalog import CATALOG
from crm_core.changes import Op
from crm_core.fields import values_in
from crm_core.ids import ChangeSetId, RecordId
from crm_desktop.models.connection import Connection
from crm_desktop.models.journal import blocking, holding
from crm_desktop.models.journal.blocking import Cause, Wait
from crm_desktop.models.labels import titles
from crm_desktop.models.sql import id_of

__all__ = ["STEPS_MAX", "Cause", "HeldRow", "Queue", "QueueRow", "Wait", "queue", "read_queue"]

STEPS_MAX = 500
"""Steps that are listed, the oldest; more than anybody reads. What stands behind is counted."""

_STATES = ("queued", "sent", "waiting", "blocked", "acked")


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A changeset on its way. `kind`, `record`, `title`, `op` and `fields` are those of its first
    change. `wait`: what it waits for besides the network, and `upon` the name of that record.
    `together`: of how many steps of one intention it is one; `can_undo`: it can be taken back."""

    cs_id: ChangeSetId
    label: str
    at: str
    state: str
    changes: int
    kind: str
    record: RecordId
    title: str
    op: Op
    fields: tuple[str, ...]
    wait: Wait | None
    upon: str
    is_held: bool
    together: int
    can_undo: bool


@dataclass(frozen=True, slots=True)
class HeldRow:
    """A record that is held back although nothing of it waits now."""

    kind: str
    record: RecordId
    title: str
    since: str


@dataclass(frozen=True, slots=True)
class Queue:
    """What is on its way: the oldest steps, how many there are, and records held back for later."""

    rows: tuple[QueueRow, ...]
    total: int
    held: tuple[HeldRow, ...] = ()


_STEPS = (
    "SELECT s.n, s.id, s.label, s.at, s.state, (SELECT count(*) FROM op WHERE cs = s.n),"
    " o.kind, o.id, o.op, o.new, (SELECT count(*) FROM changeset b WHERE b.batch = s.batch),"
    " s.undone = 0 AND s.undoes IS NULL AND s.state <> 'blocked' AND o.op <> 'offer'"
    " FROM changeset s"
    " JOIN op o ON o.rid = (SELECT rid FROM op WHERE cs = s.n ORDER BY i LIMIT 1)"
    " WHERE s.state <> 'confirmed' AND s.state IN ({}) ORDER BY s.n LIMIT ?"
)


def read_queue(c: Connection) -> Queue:
    """What is on its way, the oldest first."""
    places = ", ".join("?" * len(_STATES))
    found = c.rows(_STEPS.format(places), (*_STATES, STEPS_MAX))
    total = c.value(
        f"SELECT count(*) FROM changeset WHERE state <> 'confirmed' AND state IN ({places})",
        _STATES,
    )
    held = holding.held(c)
    waits = blocking.waits(c)
    keys = {(kind, id_of(key)) for *_, kind, key, _, _, _, _ in found}
    keys |= {(wait.kind, wait.record) for wait in waits.values()}
    keys |= {(kind, id_of(key)) for kind, key in held}
    named = titles(c, {key for key in keys if key[0] in CATALOG})
    rows = tuple(
        _step(row, waits.get(row[0]), named, is_held=(row[6], row[7]) in held) for row in found
    )
    busy = {(row.kind, row.record) for row in rows}
    idle = tuple(
        HeldRow(kind, id_of(key), named.get((kind, id_of(key)), ""), since)
        for (kind, key), since in sorted(held.items())
        if (kind, id_of(key)) not in busy
    )
    return Queue(rows, int(total), idle)


def queue(c: Connection) -> tuple[QueueRow, ...]:
    """The steps on their way, the oldest first."""
    return read_queue(c).rows


def _step(
    row: tuple[object, ...], wait: Wait | None,
    named: Mapping[tuple[str, RecordId], str], *, is_held: bool,
) -> QueueRow:  # fmt: skip
    _, cs, label, at, state, many, kind, key, op, new, together, can_undo = row
    assert isinstance(cs, bytes)
    assert isinstance(key, bytes)
    values = values_in(str(new))
    record = id_of(key)
    return QueueRow(
        ChangeSetId(cs.hex()), str(label), str(at), str(state), int(str(many)), str(kind), record,
        named.get((str(kind), record), ""), Op(str(op)), tuple(values), wait,
        named.get((wait.kind, wait.record), "") if wait else "", is_held,
        max(1, int(str(together))), bool(can_undo),
    )  # fmt: skip
