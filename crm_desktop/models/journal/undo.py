"""Undo: the inverse of one's own last step, as a new step; what others changed since stays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from crm_core.catalog import CATALOG
from crm_core.changes import EDITS, Change, Op, in_bounded_steps, inverse
from crm_core.entity import Entity
from crm_core.errors import UserProblem
from crm_core.fields import Value, values_in
from crm_core.i18n import tr_noop
from crm_core.ids import ChangeSetId, RecordId
from crm_core.machines import MACHINES, missing_for
from crm_desktop.i18n import tr
from crm_desktop.models.connection import Connection
from crm_desktop.models.identity import identity_in
from crm_desktop.models.journal import offering
from crm_desktop.models.journal.local import UNASKED, Intention, write_changeset
from crm_desktop.models.journal.rebase import WHOLE, refusals_in
from crm_desktop.models.journal.validate import Draft, Drafts, advance
from crm_desktop.models.replica import Summary
from crm_desktop.models.rights import EVERYTHING, May, rights_here
from crm_desktop.models.sql import id_of
from crm_desktop.models.store import Store

Kept = tuple[str, RecordId, str]
"""A field that stays as it is: kind, record, field ("" for the whole record)."""

_UNDOABLE = (
    "state IN ('queued', 'sent', 'waiting', 'acked', 'confirmed') AND undone = 0 AND undoes IS NULL"
    f" AND coalesce(batch, '') NOT LIKE '{UNASKED}%'"
    " AND (state = 'queued' OR NOT EXISTS"
    " (SELECT 1 FROM op WHERE op.cs = changeset.n AND op.op = 'offer'))"
)


@dataclass(frozen=True, slots=True)
class Undone:
    """What an undo did. `kept` lists what stayed, because others changed it since or no step of
    the business leads back."""

    label: str
    summary: Summary
    kept: tuple[Kept, ...] = ()


def undoable(store: Store) -> str | None:
    """The words of the step that `undo` would take back; None: there is none, or this user may not
    do what would take it back (of a batch its last changeset is looked at)."""
    with store.reader() as c:
        step = c.one(f"SELECT n, label FROM changeset WHERE {_UNDOABLE} ORDER BY n DESC LIMIT 1")
        return step[1] if step is not None and _may_take_back(c, step[0]) else None


def _may_take_back(c: Connection, n: int) -> bool:
    """Whether this user may do all that takes a changeset back, as far as this device knows."""
    touched: dict[str, list[Change]] = {}
    for change in _changes_of(c, n):
        entity = CATALOG.get(change.kind)
        is_written = entity is not None and not entity.insert_only and not entity.read_only
        if is_written and change.op is not Op.OFFER:
            touched.setdefault(change.kind, []).append(change)
    rights = rights_here(c)
    for kind, changes in touched.items():
        may = rights.of_all(kind, [change.id for change in changes])
        if not all(_may_reverse(change, may.get(change.id, EVERYTHING)) for change in changes):
            return False
    return True


def _may_reverse(change: Change, may: May) -> bool:
    if change.op in (Op.INSERT, Op.RESTORE):
        return may.delete
    return all(may.changes(name) for name in change.new) if change.op in EDITS else may.edit


def undo(store: Store) -> Undone | None:
    """Take back the last step that was not taken back yet: a changeset, or a whole batch."""
    with store.reader() as c:
        n = c.value(f"SELECT n FROM changeset WHERE {_UNDOABLE} ORDER BY n DESC LIMIT 1")
    return None if n is None else undo_step(store, n)


def undo_step(store: Store, n: int, *, alone: bool = False) -> Undone | None:
    """Take back changeset `n`, with its whole batch unless `alone`; None: there is nothing of it to
    take back."""
    with store.reader() as c:
        step = c.one(f"SELECT batch, label FROM changeset WHERE n = ? AND {_UNDOABLE}", (n,))
        if step is None:
            return None
        batch, label = step
        ns = [n] if alone or batch is None else _of_batch(c, batch)
        is_offer = offering.is_offer(c, n)
    if is_offer:
        with store.writing() as c:
            return Undone(label, offering.withdraw(c, n))
    return _undo(store, ns, label)


def revert_batch(store: Store, batch: str) -> Undone:
    """Take a whole batch back, such as an import. Raises UserProblem for one that is not here."""
    with store.reader() as c:
        ns = _of_batch(c, batch)
        label = c.value("SELECT label FROM changeset WHERE batch = ? LIMIT 1", (batch,))
    if not ns:
        raise UserProblem(
            tr_noop("There is nothing to take back: the batch {batch} is not here."),
            batch=batch[:60],
        )
    return _undo(store, ns, str(label))


def _of_batch(c: Connection, batch: str) -> list[int]:
    sql = f"SELECT n FROM changeset WHERE batch = ? AND {_UNDOABLE} ORDER BY n DESC"
    return [row[0] for row in c.rows(sql, (batch,))]


def _undo(store: Store, ns: Sequence[int], label: str) -> Undone:
    """The newest changeset first; each is taken back in steps that fit a changeset."""
    batch = str(store.new_id()) if len(ns) > 1 else ""
    summary, kept, step = Summary(), list[Kept](), 0
    for n in ns:
        with store.writing() as c:
            changes, stays = _inverse_of(c, n)
            kept.extend(stays)
            resolving = any(change.kind == "conflict" for change in changes)
            undoes = ChangeSetId(c.value("SELECT id FROM changeset WHERE n = ?", (n,)).hex())
            atomic = bool(c.value("SELECT atomic FROM changeset WHERE n = ?", (n,)))
            for part in in_bounded_steps(changes):
                words = tr("Undo: {label}", label=label)
                intention = Intention(
                    words, batch, step, atomic, undoes=undoes, resolving=resolving
                )
                summary |= write_changeset(c, store, part, intention)
                step += 1
            c.run("UPDATE changeset SET undone = 1 WHERE n = ?", (n,))
    return Undone(label, summary, tuple(kept))


def _inverse_of(c: Connection, n: int) -> tuple[list[Change], list[Kept]]:
    """The changes that take a changeset back, the last one first, each judged on the record as it
    will be by then."""
    drafts, changes, kept = Drafts(c), list[Change](), list[Kept]()
    decided = list[Change]()
    for change in _changes_of(c, n):
        if change.kind == "conflict" and change.new.get("state") == "resolved":
            decided.append(change)
            continue
        entity = CATALOG.get(change.kind)
        if entity is None or entity.insert_only or entity.read_only:
            kept.append((change.kind, change.id, ""))
            continue
        draft = drafts.of(change.kind, change.id)
        current = draft.values if draft.exists else None
        taken = inverse(change, current, draft.deleted, draft.seq)
        kept.extend(taken.kept)
        for back in taken.changes:
            possible, stays = _possible(entity, back, draft)
            kept.extend(stays)
            if possible is not None and _is_taken(drafts, possible, kept):
                changes.append(possible)
    if not kept:
        changes.extend(back for change in decided for back in _asked_again(drafts, change))
    return changes, kept


def _asked_again(drafts: Drafts, closing: Change) -> Iterator[Change]:
    """A decision is taken back: its question is open again, unless it is already, or somebody else
    has decided it since."""
    conflict = drafts.of(closing.kind, closing.id)
    by = conflict.values.get("resolved_by")
    is_mine = by in (None, identity_in(drafts.c).user)  # None: the server has not heard of it yet
    if conflict.exists and conflict.values.get("state") == "resolved" and is_mine:
        new: dict[str, Value] = {"state": "open", "resolution": None}
        old = {"state": "resolved", "resolution": conflict.values.get("resolution")}
        yield Change(closing.kind, closing.id, Op.SET, new, old, conflict.seq)


def _changes_of(c: Connection, n: int) -> list[Change]:
    """What of a changeset took effect: its refused parts wait for a decision, and only that takes
    them back. Taken back here, they would be refused once more."""
    rows = c.rows(
        "SELECT kind, id, op, new, old, refused FROM op WHERE cs = ? ORDER BY i DESC", (n,)
    )
    found: list[Change] = []
    for kind, key, op, new, old, refused in rows:
        names = refusals_in(refused)
        taken = {name: value for name, value in values_in(new).items() if name not in names}
        if WHOLE not in names and (taken or not names):
            found.append(Change(kind, id_of(key), Op(op), taken, values_in(old)))
    return found


def _possible(entity: Entity, back: Change, draft: Draft) -> tuple[Change | None, list[Kept]]:
    """The change without what no step of the business leads back to."""
    state = entity.state_field
    if state is None or back.op is not Op.SET or state.name not in back.new:
        return back, []
    arrow = MACHINES[state.machine].arrow(draft.values.get(state.name), back.new[state.name])
    if arrow is not None and not missing_for(arrow, {**draft.values, **back.new}):
        return back, []
    stays = [(back.kind, back.id, state.name)]
    new = {name: value for name, value in back.new.items() if name != state.name}
    if not new:
        return None, stays
    old = {name: back.old[name] for name in new}
    return Change(back.kind, back.id, back.op, new, old, back.base_seq), stays


def _is_taken(drafts: Drafts, change: Change, kept: list[Kept]) -> bool:
    """Whether the change may be made today; what may not (a reference that is gone) stays."""
    try:
        advance(drafts, change, resolving=False)
    except UserProblem:
        kept.extend((change.kind, change.id, name) for name in change.new or ("",))
        return False
    return True
