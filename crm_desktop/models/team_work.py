"""What was refused to colleagues whom this user leads: entered in his own name, or left."""

from __future__ import annotations

from collections.abc import Iterable

from crm_core.catalog import CATALOG
from crm_core.changes import Change, Op, difference
from crm_core.fields import Value
from crm_core.ids import is_id
from crm_core.merge import same
from crm_core.wire import Refusal
from crm_desktop.i18n import tr
from crm_desktop.models import journal
from crm_desktop.models.connection import Connection
from crm_desktop.models.inbox import StuckRow, stuck
from crm_desktop.models.journal.rows import fetch_live, server_version
from crm_desktop.models.replica import Summary
from crm_desktop.models.store import Store
from crm_desktop.models.told import note_told, told

_DONE = "team.done."
META_TOLD = "team.told"
"""The refused steps of which a person was told that somebody else entered them, as JSON."""


def key_of(refusal: Refusal) -> str:
    """The name of one refused change."""
    return f"{refusal.cs_id}.{refusal.index}.{refusal.field}"


def open_ones(c: Connection, refusals: Iterable[Refusal]) -> tuple[Refusal, ...]:
    """Those with which this user is not done, of sound ids and kinds that are known here. What he
    entered and took back is open again."""
    rows = c.rows(
        "SELECT name FROM meta WHERE substr(name, 1, ?) = ? AND NOT EXISTS ("
        "SELECT 1 FROM changeset WHERE lower(hex(id)) = value AND undone = 1)",
        (len(_DONE), _DONE),
    )
    done = {name.removeprefix(_DONE) for (name,) in rows}
    return tuple(
        x for x in refusals
        if key_of(x) not in done and x.change.kind in CATALOG and is_id(x.change.id)
    )  # fmt: skip


def wanted_by(refusal: Refusal) -> dict[str, Value]:
    """The values that were refused, of the fields that people fill in."""
    entity, new = CATALOG[refusal.change.kind], refusal.change.new
    names = (refusal.field,) if refusal.field in new else tuple(new)
    editable = {x.name for x in entity.editable} | {refusal.field}
    return {name: new[name] for name in names if name in entity.by_name and name in editable}


def enter(store: Store, refusal: Refusal, who: str) -> Summary:
    """Write what was refused to a colleague in this user's own name, on what stands now. Raises
    UserProblem where he may not either, and NotFound where the record is not here."""
    change, wanted = refusal.change, wanted_by(refusal)
    entity = CATALOG[change.kind]
    if change.op is Op.INSERT:
        changes = (Change(change.kind, store.new_id(), Op.INSERT, wanted),)
        title = entity.name_of(wanted)
    else:
        with store.reader() as c:
            row = fetch_live(c, change.kind, change.id)
        changes = difference(entity, change.id, row.values, wanted, row.seq)
        title = entity.name_of(row.values)
    label = tr("Entered for {who}: {title}", who=who, title=title)
    summary = journal.commit(store, changes, label=label) if changes else Summary()
    by = summary.changesets[0] if summary.changesets else store.now()
    store.set_meta(_DONE + key_of(refusal), by)
    return summary | Summary(outbox_changed=True)


def leave(store: Store, refusal: Refusal) -> None:
    """Be done with it; its author keeps it."""
    store.set_meta(_DONE + key_of(refusal), store.now())


def take_leaving_back(store: Store, refusal: Refusal) -> None:
    """It waits for this user again."""
    store.set_meta(_DONE + key_of(refusal), None)


def newly_entered(store: Store) -> tuple[StuckRow, ...]:
    """Own refused work that stands on the server by somebody else's hand, each told once."""
    with store.reader() as c:
        refused = [x for x in stuck(c) if x.state == "rejected" and x.op is Op.SET]
        found = tuple(x for x in refused if _stands(c, x, store.identity.user))
    if not found:
        return ()
    before = told(store, META_TOLD) or ()
    names = {f"{x.cs_id}.{x.record}.{x.field}": x for x in found}
    fresh = tuple(x for name, x in names.items() if name not in before)
    if fresh:
        note_told(store, META_TOLD, names)
    return fresh


def _stands(c: Connection, row: StuckRow, me: str) -> bool:
    agreed = server_version(c, row.kind, row.record)
    if agreed is None or agreed.deleted or agreed.body is None or not row.mine:
        return False
    body = agreed.body
    by = body.get("updated_by")
    is_so = all(same(body.get(name), value) for name, value in row.mine.items())
    return is_so and by not in (None, me)
