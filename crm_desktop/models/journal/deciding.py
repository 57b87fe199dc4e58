"""Decisions of a person about refused work: send it again, put it right, keep or discard it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeAlias

import msgspec

from crm_core.catalog import CATALOG
from crm_core.changes import Change, Op
from crm_core.errors import NotFound, UserProblem
from crm_core.fields import Value, values_in
from crm_core.i18n import tr_noop
from crm_core.ids import ChangeSetId, RecordId
from crm_desktop.models import search
from crm_desktop.models.connection import Connection, SqlRow, savepoint
from crm_desktop.models.journal import blocking, offering, rows
from crm_desktop.models.journal.cancelling import cancel_out
from crm_desktop.models.journal.local import Intention, seen_here, write_changeset
from crm_desktop.models.journal.past import forget_past, keep_past
from crm_desktop.models.journal.rebase import rebase
from crm_desktop.models.replica import Summary
from crm_desktop.models.sql import HIDDEN, blob, id_of, to_json
from crm_desktop.models.store import Store

_DECIDABLE = ("rejected", "blocked", "held", "orphaned")


Fixes: TypeAlias = Mapping[tuple[str, RecordId], Mapping[str, Value]]
"""Values by record that a person put right before sending refused work again."""


def resend(store: Store, cs_id: ChangeSetId, fixes: Fixes | None = None) -> Summary:
    """Offer refused work again, as it is (after its reason went away) or with `fixes`, and what
    waits for it.

    The refused part of a changeset that had an effect becomes a changeset of its own.
    """
    with store.writing() as c:
        return _resend(c, store, cs_id, fixes or {})


NOT_YET_KNOWN = ("field.unknown", "kind.unknown", "op.unknown", "request.malformed")
"""Refusals of a server that is older than this client; the last two of new kinds of change."""

UNREADABLE_THERE = ("op.unknown",)
"""Refusals that end without a word: the server may be updated and its schema stay the same."""


def resend_to_newer(c: Connection, store: Store, codes: Sequence[str] = NOT_YET_KNOWN) -> Summary:
    """Offer again what the server did not know before it was updated; what cannot be offered any
    more waits for its author as before."""
    summary = Summary()
    places = ",".join("?" * len(codes))
    found = c.rows(
        "SELECT DISTINCT s.n, s.id FROM op o JOIN changeset s ON s.n = o.cs"
        " WHERE s.state IN ('rejected', 'acked', 'confirmed') AND EXISTS (SELECT 1 FROM"
        f" json_each(o.refused) WHERE value ->> 0 IN ({places})) ORDER BY s.n",
        codes,
    )
    for _, key in found:
        with suppress(UserProblem), savepoint(c):
            summary |= _resend(c, store, ChangeSetId(key.hex()), {}, decided=False)
    return summary


def _resend(
    c: Connection, store: Store, cs_id: ChangeSetId, fixes: Fixes, *, decided: bool = True
) -> Summary:
    """`decided`: by its author, who has seen by now what has come meanwhile."""
    n, state, label = _head(c, cs_id)
    if decided and _was_refused(c, n):
        keep_past(c, store, n, was_resent=True)
    if state in _DECIDABLE:
        # The server would answer a known id with the verdict it remembers.
        fresh = cs_id if state == "blocked" else ChangeSetId(store.new_id())
        c.run(
            "UPDATE changeset SET id = ?, state = 'queued', verdict = NULL WHERE n = ?",
            (blob(fresh), n),
        )
        if decided:
            seen = seen_here(c, _deleted_by(c, n))
            c.run("UPDATE changeset SET seen = ? WHERE n = ?", (seen, n))
        c.run("UPDATE op SET refused = NULL, parked = NULL WHERE cs = ?", (n,))
        c.run("DELETE FROM orphan WHERE cs = ?", (n,))
        _put_right(c, n, fixes)
        summary = _shown_again(c, n)
    else:
        changes = [_fixed(c, change, fixes) for change in _refused_changes(c, n)]
        _drop_refusals(c, n)
        meant = Intention(label, resends=0 if decided else n)
        summary = write_changeset(c, store, changes, meant)
    blocking.refresh(c)
    return summary | Summary(outbox_changed=True)


def _deleted_by(c: Connection, n: int) -> list[tuple[str, RecordId]]:
    found = c.rows("SELECT kind, id FROM op WHERE cs = ? AND op = 'delete'", (n,))
    return [(kind, id_of(key)) for kind, key in found]


def _was_refused(c: Connection, n: int) -> bool:
    sql = (
        "SELECT verdict IS NOT NULL AND (state IN ('rejected', 'held') OR EXISTS"
        " (SELECT 1 FROM op WHERE cs = n AND refused IS NOT NULL)) FROM changeset WHERE n = ?"
    )
    return bool(c.value(sql, (n,)))


def _put_right(c: Connection, n: int, fixes: Fixes) -> None:
    """Write fixes into the changes of a changeset that is about to go out under a new id."""
    for rid, kind, key, new, old in c.rows(
        "SELECT rid, kind, id, new, old FROM op WHERE cs = ? AND op IN ('insert', 'set')", (n,)
    ):
        fixed = fixes.get((kind, id_of(key)))
        if fixed is None:
            continue
        before = {**_seen(c, kind, id_of(key), fixed), **values_in(old)}
        c.run(
            "UPDATE op SET new = ?, old = ? WHERE rid = ?",
            (to_json({**values_in(new), **fixed}), to_json(before), rid),
        )


def _fixed(c: Connection, change: Change, fixes: Fixes) -> Change:
    fixed = fixes.get((change.kind, change.id))
    if fixed is None or change.op is not Op.SET:
        return change
    old = {**_seen(c, change.kind, change.id, fixed), **change.old}
    return Change(change.kind, change.id, Op.SET, {**change.new, **fixed}, old, change.base_seq)


def _seen(c: Connection, kind: str, record_id: RecordId, names: Iterable[str]) -> dict[str, Value]:
    """What the server's version holds in some fields."""
    row = rows.server_version(c, kind, record_id)
    body = row.body if row is not None and row.body is not None else {}
    return {name: body.get(name) for name in names}


def discard(store: Store, cs_id: ChangeSetId) -> Summary:
    """Take refused, blocked, held or orphaned work back for good: the only way it ever goes."""
    with store.writing() as c:
        n, state, _ = _head(c, cs_id)
        if state not in _DECIDABLE:
            keep_past(c, store, n)
        return _discard(c, n, state)


@dataclass(frozen=True, slots=True)
class WayBack:
    """What a discarded step was before: enough to take it back while nothing else has moved."""

    cs_id: ChangeSetId
    state: str
    refusals: tuple[SqlRow, ...] = ()
    orphans: tuple[SqlRow, ...] = ()
    above: tuple[int, ...] = ()
    past: int = 0


def discard_for_now(store: Store, cs_id: ChangeSetId) -> tuple[Summary, WayBack]:
    """Discard as `discard` does, and hand over the way back."""
    with store.writing() as c:
        n, state, _ = _head(c, cs_id)
        back = WayBack(
            cs_id,
            state,
            tuple(c.rows("SELECT refused, rid FROM op WHERE cs = ? AND refused IS NOT NULL", (n,))),
            tuple(c.rows(f"SELECT {_ORPHAN} FROM orphan WHERE cs = ?", (n,))),
            tuple(hanging_on(c, n)) if state in _DECIDABLE else (),
            keep_past(c, store, n) if state not in _DECIDABLE else 0,
        )
        return _discard(c, n, state), back


_ORPHAN = "cs, kind, id, title, base, mine, at"


def take_discard_back(store: Store, back: WayBack) -> Summary:
    """What was discarded waits for a decision again, as it did; raises NotFound, and UserProblem
    where the rest of the step goes out once more, without what was given up, or where what an
    offer spoke for went another way."""
    with store.writing() as c:
        n, state, _ = _head(c, back.cs_id, anything=True)
        if back.past and state in ("queued", "sent"):
            raise UserProblem(tr_noop("Nothing of this step was refused."))
        if state == "discarded" and offering.is_offer(c, n):
            offering.stand_again(c, n)
        if back.state in _DECIDABLE and state == "discarded":
            c.run("UPDATE changeset SET state = ? WHERE n = ?", (back.state, n))
        c.many("UPDATE op SET refused = ? WHERE rid = ?", back.refusals)
        forget_past(c, back.past)
        places = ", ".join("?" * len(_ORPHAN.split(",")))
        c.many(f"INSERT INTO orphan ({_ORPHAN}) VALUES ({places})", back.orphans)
        for other in back.above:
            c.run(
                "UPDATE changeset SET state = 'queued' WHERE n = ? AND state = 'rejected'", (other,)
            )
        summary = _shown_again(c, n)
        blocking.refresh(c)
        return summary | Summary(outbox_changed=True)


def keep_as_draft(store: Store, cs_id: ChangeSetId) -> tuple[Summary, Mapping[str, Value]]:
    """Take refused work off the record and return its values, for the form's draft."""
    with store.writing() as c:
        n, state, _ = _head(c, cs_id)
        values: dict[str, Value] = {}
        ops = c.rows("SELECT new, refused FROM op WHERE cs = ? ORDER BY i", (n,))
        for new, refused in ops:
            if state in _DECIDABLE or refused:
                values.update(values_in(new))
        return _discard(c, n, state), values


def hold(store: Store, cs_id: ChangeSetId) -> Summary:
    """Keep a changeset from going out until it is sent again."""
    with store.writing() as c:
        n, state, _ = _head(c, cs_id, anything=True)
        if state not in ("queued", "waiting", "blocked", "rejected"):
            raise UserProblem(tr_noop("This step is on its way and cannot be held back."))
        c.run("UPDATE changeset SET state = 'held' WHERE n = ?", (n,))
        blocking.refresh(c)
        return Summary(changesets=(cs_id,), outbox_changed=True)


def set_aside(store: Store, cs_id: ChangeSetId) -> Summary:
    """Keep refused work as a draft: it stays in the inbox and in sight, and nothing of it goes out
    before it is sent again. The refused part of a step becomes a step of its own.
    """
    with store.writing() as c:
        n, state, label = _head(c, cs_id)
        if state in _DECIDABLE:
            c.run("UPDATE changeset SET state = 'held' WHERE n = ?", (n,))
            summary = Summary(changesets=(cs_id,))
        else:
            changes = _refused_changes(c, n)
            _drop_refusals(c, n)
            summary = write_changeset(c, store, changes, Intention(label))
            made = [(blob(one),) for one in summary.changesets]
            c.many("UPDATE changeset SET state = 'held' WHERE id = ?", made)
        blocking.refresh(c)
        return summary | Summary(outbox_changed=True)


def _head(c: Connection, cs_id: ChangeSetId, *, anything: bool = False) -> tuple[int, str, str]:
    head = c.one("SELECT n, state, label FROM changeset WHERE id = ?", (blob(cs_id),))
    if head is None:
        raise NotFound(tr_noop("There is no step {id} here."), id=cs_id[:60])
    refused = c.one("SELECT 1 FROM op WHERE cs = ? AND refused IS NOT NULL", (head[0],))
    if not anything and head[1] not in _DECIDABLE and refused is None:
        raise UserProblem(tr_noop("Nothing of this step was refused."))
    return head[0], head[1], head[2]


def _discard(c: Connection, n: int, state: str) -> Summary:
    if offering.is_offer(c, n):
        return offering.withdraw(c, n)
    if state in _DECIDABLE:
        c.run("UPDATE changeset SET state = 'discarded' WHERE n = ?", (n,))
        c.run("DELETE FROM orphan WHERE cs = ?", (n,))
    else:
        _drop_refusals(c, n)
    summary = _shown_again(c, n)
    if state in _DECIDABLE:
        _reject_what_hung_on(c, n)
    for other in cancel_out(c):
        summary |= _shown_again(c, other)
    blocking.refresh(c)
    return summary | Summary(outbox_changed=True)


def _drop_refusals(c: Connection, n: int) -> None:
    c.run("UPDATE op SET refused = NULL WHERE cs = ?", (n,))


def _reject_what_hung_on(c: Connection, n: int) -> None:
    """Below a discarded insert nothing can exist: what was entered there waits for its own
    decision, it is not thrown away with it."""
    for other in hanging_on(c, n):
        c.run("UPDATE changeset SET state = 'rejected' WHERE n = ?", (other,))


def hanging_on(c: Connection, n: int) -> list[int]:
    """The blocked changesets that build on a record which changeset `n` inserted."""
    gone = set(c.rows("SELECT kind, id FROM op WHERE cs = ? AND op = 'insert'", (n,)))
    if not gone:
        return []
    later = c.rows("SELECT n FROM changeset WHERE state = 'blocked' AND n > ?", (n,))
    return [other for (other,) in later if blocking.builds_on(c, other, gone)]


def _refused_changes(c: Connection, n: int) -> list[Change]:
    """The refused parts of a changeset as changes of what their author saw: they are shown above
    whatever has come since."""
    found: list[Change] = []
    ops = c.rows(
        "SELECT kind, id, op, new, old, refused, base_seq FROM op WHERE cs = ?"
        " AND refused IS NOT NULL", (n,)
    )  # fmt: skip
    for kind, key, op, new, old, refused, base in ops:
        names = msgspec.json.decode(refused, type=dict[str, object])
        mine, saw = values_in(new), values_in(old)
        kept = {name: mine[name] for name in mine if name in names or "" in names}
        wanted = Op.SET if op in ("insert", "restore") else Op(op)
        before = {name: saw.get(name) for name in kept}
        found.append(Change(kind, id_of(key), wanted, kept, before, base))
    return found


def _shown_again(c: Connection, n: int) -> Summary:
    """Write the rows of a changeset as they are shown now."""
    touched: dict[tuple[str, RecordId], None] = {}
    for kind, key in c.rows("SELECT kind, id FROM op WHERE cs = ?", (n,)):
        if kind in CATALOG:
            touched[kind, id_of(key)] = None
    for kind, record_id in touched:
        row = rows.fetch(c, kind, record_id)
        # What is out of sight stays so; its work goes out all the same.
        if row is None or row.deleted != HIDDEN:
            rows.keep_shadow(c, kind, record_id)
            rebase(c, kind, record_id)
    search.index_now(c, touched)
    cs_id = ChangeSetId(c.value("SELECT id FROM changeset WHERE n = ?", (n,)).hex())
    return Summary(frozenset(touched), changesets=(cs_id,))
