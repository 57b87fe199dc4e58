"""What a withdrawn device left: its edits are put as questions to whoever may decide them now.

Nothing of it is written into a record that was there: whoever has the device may be a thief. An
edit is offered beside its field (adr/0057). A new record is taken in as it was entered; its history
names the device. Deletions, members put into sets, and records of files, whose content may never
come, stay where they were parked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import msgspec

from crm_core.catalog import CATALOG
from crm_core.changes import Change, ChangeSet, Op
from crm_core.errors import UNREADABLE
from crm_core.ids import ChangeSetId, RecordId
from crm_server.store import Tx

_FILE = "attachment"


def questions(tx: Tx, user: RecordId, body: bytes) -> tuple[ChangeSet, ...]:
    """The steps that put what was left as questions; what the server took before is none."""
    steps = [step for step in _steps(body) if step.author in ("", user)]
    found = tx.rows("SELECT cs_id FROM applied WHERE cs_id = ANY(?)", ([x.id for x in steps],))
    taken = {cs_id for (cs_id,) in found}
    return tuple(one for step in steps if step.id not in taken for one in _asked(step))


def _steps(body: bytes) -> Sequence[ChangeSet]:
    try:
        return msgspec.json.decode(body, type=list[ChangeSet])
    except UNREADABLE:
        return ()


def _asked(step: ChangeSet) -> Iterator[ChangeSet]:
    for n, change in enumerate(step.changes):
        if change.kind not in CATALOG or not change.new:
            continue
        if change.op is Op.INSERT and change.kind != _FILE:
            yield _step(step, f"{n}", change)
        elif change.op is Op.SET:
            offer = Change(change.kind, change.id, Op.OFFER, change.new, change.old)
            yield _step(step, f"{n}", offer)


def _step(step: ChangeSet, name: str, change: Change) -> ChangeSet:
    """The same intention under a name that is the same whenever it is left again."""
    named = hashlib.sha256(f"left {step.id} {name}".encode()).hexdigest()[: len(step.id)]
    return ChangeSet(
        ChangeSetId(named), (change,), at=step.at, scope_gen=step.scope_gen, schema=step.schema
    )  # fmt: skip
