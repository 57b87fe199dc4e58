"""What a row shows: the server's version with this device's unsettled work laid on top."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import msgspec

from crm_core.catalog import CATALOG
from crm_core.changes import Change, Op, apply_locally
from crm_core.fields import Value, values_in
from crm_core.ids import RecordId
from crm_core.merge import DELETED as JUDGED_DELETED
from crm_desktop.models.connection import Connection
from crm_desktop.models.journal import rows
from crm_desktop.models.sql import DELETED, HIDDEN, LIVE, blob

UNSETTLED = ("queued", "sent", "held", "rejected", "blocked", "waiting")
"""States in which a changeset's values are shown although the server has not taken them."""

AT_REST = "('confirmed', 'orphaned', 'offered', 'handed', 'discarded')"
"""States of changesets of which nothing is laid on a row, refused parts of confirmed ones aside."""

WHOLE = ""
"""The name under which a verdict on a whole change stands beside those on its fields."""

Refusals = dict[str, tuple[str, dict[str, str]]]
"""Why a field was refused: code and what fills its sentence."""

_NAMES = msgspec.json.Decoder(list[str])
_REFUSALS = msgspec.json.Decoder(Refusals)


@dataclass(frozen=True, slots=True)
class Laid:
    """One own change as far as it is still shown; `local` are values that are never sent."""

    changeset: int
    change: Change
    local: Mapping[str, Value]


def laid(c: Connection, kind: str, record_id: RecordId, seq: int) -> Iterator[Laid]:
    """The own changes to be shown on top of the server's version `seq`, in their order."""
    found = c.rows(
        "SELECT o.cs, o.op, o.new, o.old, o.local, o.base_seq, o.parked, o.refused, s.state,"
        " s.ack_seq FROM op o JOIN changeset s ON s.n = o.cs WHERE o.kind = ? AND o.id = ?"
        f" AND o.op <> 'offer' AND (s.state NOT IN {AT_REST} OR"
        " (s.state = 'confirmed' AND o.refused IS NOT NULL)) ORDER BY o.cs, o.i",
        (kind, blob(record_id)),
    )
    for cs, op, new, old, local, base_seq, parked, refused, state, ack_seq in found:
        values = values_in(new)
        if state in UNSETTLED or ack_seq > seq:
            names = _unsettled_names(values, parked, state in UNSETTLED)
            kind_of_change, extra = Op(op), values_in(local) if local else {}
        else:
            # The rest is in the server's version; what it refused stays shown until its author
            # decides.
            names = _refused_names(values, refused)
            kind_of_change, extra = (Op.SET if op in (Op.INSERT, Op.RESTORE) else Op(op)), {}
        if names is None:
            continue
        kept = {name: value for name, value in values.items() if name in names}
        change = Change(kind, record_id, kind_of_change, kept, values_in(old), base_seq)
        yield Laid(cs, change, extra)


def _unsettled_names(
    values: Mapping[str, Value], parked: str | None, unsettled: bool
) -> set[str] | None:
    """The fields of a change that the server's version does not hold yet; None: no part of it."""
    names = set(values)
    if unsettled or not parked:
        return names
    in_conflict = _NAMES.decode(parked)
    return None if WHOLE in in_conflict else names.difference(in_conflict)


def _refused_names(values: Mapping[str, Value], refused: str | None) -> set[str] | None:
    refusals = refusals_in(refused)
    if WHOLE in refusals:
        return set(values)
    return set(refusals).intersection(values) or None


def refusals_in(refused: str | None) -> Refusals:
    """The refusals kept with a change, by the names of its fields; none where nothing is kept."""
    return _REFUSALS.decode(refused) if refused else {}


def fields_judged(kind: str, judged: str) -> tuple[str, ...]:
    """The fields that a verdict's name stands for: a group's members, or the whole change."""
    if judged in (WHOLE, JUDGED_DELETED):
        return (WHOLE,)
    entity = CATALOG.get(kind)
    return entity.groups.get(judged, (judged,)) if entity is not None else (judged,)


def rebase(c: Connection, kind: str, record_id: RecordId) -> None:
    """Write the row that a record with a shadow shows now; the shadow goes where it is not needed.

    A record that only this device knew disappears when nothing is left of it.
    """
    shadow = rows.shadow_of(c, kind, record_id)
    if shadow is None:
        return
    changes = list(laid(c, kind, record_id, shadow.seq))
    if not changes and shadow.body is None:
        _forget(c, kind, record_id)
        return
    values, deleted = dict(shadow.body or {}), shadow.deleted
    for one in changes:
        values, deleted = lay(values, deleted, one)
    key = (blob(record_id),)
    before = c.one(f"SELECT rid, root, deleted FROM {rows.layout(kind).table} WHERE id = ?", key)
    # The server names the roots of what it knows; for the rest they follow from the links.
    root = rows.local_root(c, kind, values) if not shadow.seq else before[1] if before else None
    state = DELETED if deleted else LIVE
    rows.put(c, kind, record_id, (shadow.seq, root, state), values)
    if before is not None:
        rows.mark_for_search(c, kind, (before[0],))
        if before[2] == HIDDEN:  # it had left, and is not to be erased any more
            c.run("DELETE FROM hidden WHERE kind = ? AND id = ?", (kind, *key))
    if not changes:
        c.run("DELETE FROM shadow WHERE kind = ? AND id = ?", (kind, *key))


def lay(values: dict[str, Value], deleted: bool, one: Laid) -> tuple[dict[str, Value], bool]:
    """The values and the deletion after one own change."""
    after = apply_locally(values, one.change)
    after.update(one.local)
    if one.change.op in (Op.DELETE, Op.MERGE):
        return after, True
    return after, deleted and one.change.op not in (Op.INSERT, Op.RESTORE)


def _forget(c: Connection, kind: str, record_id: RecordId) -> None:
    row = c.one(f"SELECT rid FROM {rows.layout(kind).table} WHERE id = ?", (blob(record_id),))
    if row is not None:
        rows.mark_for_search(c, kind, (row[0],))
    rows.erase(c, kind, (blob(record_id),))
