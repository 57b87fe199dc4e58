"""What a person does about work that is on its way: hold it back, let it go, take it back, and try
again at once what could not be taken."""

from __future__ import annotations

from crm_core.catalog import CATALOG
from crm_core.errors import NotFound, UserProblem
from crm_core.i18n import tr_noop
from crm_core.ids import ChangeSetId, RecordId
from crm_desktop.models.connection import Connection
from crm_desktop.models.journal import blocking, holding, reconcile
from crm_desktop.models.journal.received import Receipt
from crm_desktop.models.journal.retrying import retry_one
from crm_desktop.models.journal.undo import Undone, undo_step
from crm_desktop.models.replica import Summary
from crm_desktop.models.sql import blob
from crm_desktop.models.store import Store


def hold_back(store: Store, kind: str, record_id: RecordId) -> Summary:
    """Keep what was and will be changed in a record on this device until it is released. What is
    on its way at this moment may arrive all the same."""
    if kind not in CATALOG:
        raise NotFound(tr_noop("There is no step {id} here."), id=record_id[:60])
    with store.writing() as c:
        holding.note_held(c, kind, record_id, store.now())
        return _judged_anew(c, kind, record_id)


def release(store: Store, kind: str, record_id: RecordId) -> Summary:
    """Let a record's changes go out again."""
    with store.writing() as c:
        holding.note_released(c, kind, record_id)
        return _judged_anew(c, kind, record_id)


def _judged_anew(c: Connection, kind: str, record_id: RecordId) -> Summary:
    blocking.refresh(c)
    return Summary(frozenset(((kind, record_id),)), outbox_changed=True)


def take_back(store: Store, cs_id: ChangeSetId, *, alone: bool = False) -> Undone:
    """Undo one step, with its batch unless `alone`; raises UserProblem."""
    with store.reader() as c:
        n = c.value("SELECT n FROM changeset WHERE id = ?", (blob(cs_id),))
    if n is None:
        raise NotFound(tr_noop("There is no step {id} here."), id=cs_id[:60])
    undone = undo_step(store, n, alone=alone)
    if undone is None:
        raise UserProblem(tr_noop("This step was taken back already, or takes another one back."))
    return undone


def retry_quarantine(store: Store, kind: str, record_id: RecordId) -> Summary:
    """Try at once to take in a version that could not be read before."""
    with store.writing() as c:
        why = int(c.value("SELECT reconcile FROM sync_state"))
        receipt = Receipt(c, store.now(), bool(why), why == reconcile.BELOW_FLOOR)
        retry_one(receipt, kind, blob(record_id))
        return receipt.close() | Summary(outbox_changed=True)
