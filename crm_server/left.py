"""What a withdrawn device left: its edits are put as questions to whoever may decide them now.

Nothing of it is written into a record that was there: whoever has the device may be a thief. An
edit is offered beside its field (adr/0057), a set with the members put in or taken out as one; and
whether a record is to be deleted is asked. A new record is taken in as it was entered; its history
names the device. The record of a file is, once its content has come; until then it stays parked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from crm_core.brought import without_merges
from crm_core.catalog import CATALOG
from crm_core.changes import Change, ChangeSet, Op, with_members, without_members
from crm_core.errors import UNREADABLE
from crm_core.fields import Value, values_in
from crm_core.ids import ChangeSetId, RecordId
from crm_core.merge import DELETED
from crm_server.rows import Key
from crm_server.store import Tx

_FILE = "attachment"
_OF_SETS = {Op.ADD: with_members, Op.REMOVE: without_members}


def questions(tx: Tx, user: RecordId, body: bytes) -> tuple[ChangeSet, ...]:
    """The steps that put what was left as questions; what the server took before is none, nor is a
    merge, and what that would have brought into another record is not asked there."""
    left = msgspec.to_builtins([*_not_taken(tx, user, body)])
    steps = msgspec.convert([*without_merges(left)], list[ChangeSet])
    wanted: dict[Key, dict[str, Value]] = {}
    return tuple(one for step in steps for one in _asked(tx, user, step, wanted))


def files(tx: Tx, user: RecordId, body: bytes, sha256: str) -> tuple[ChangeSet, ...]:
    """The steps that take in the records of a file whose content has come, of what was left."""
    return tuple(
        _step(step, f"{n}", change)
        for step in _not_taken(tx, user, body)
        for n, change in enumerate(step.changes)
        if _names(change, sha256)
    )


def missing(tx: Tx, user: RecordId, bodies: Iterable[bytes]) -> int:
    """How many files are named by what was left, and did not come."""
    named = {
        str(change.new.get("sha256"))
        for body in bodies
        for step in _not_taken(tx, user, body)
        for change in step.changes
        if change.kind == _FILE and change.op is Op.INSERT and change.new.get("sha256")
    }
    found = tx.rows(
        "SELECT hash FROM blob_holder WHERE user_id=? AND hash = ANY(?)", (user, sorted(named))
    )
    return len(named - {sha256 for (sha256,) in found})


def _names(change: Change, sha256: str) -> bool:
    is_file = change.kind == _FILE and change.op is Op.INSERT
    return is_file and change.new.get("sha256") == sha256


def _not_taken(tx: Tx, user: RecordId, body: bytes) -> Iterator[ChangeSet]:
    steps = [step for step in _steps(body) if step.author in ("", user)]
    found = tx.rows("SELECT cs_id FROM applied WHERE cs_id = ANY(?)", ([x.id for x in steps],))
    taken = {cs_id for (cs_id,) in found}
    return (step for step in steps if step.id not in taken)


def _steps(body: bytes) -> Sequence[ChangeSet]:
    try:
        return msgspec.json.decode(body, type=list[ChangeSet])
    except UNREADABLE:
        return ()


def _asked(
    tx: Tx, user: RecordId, step: ChangeSet, wanted: dict[Key, dict[str, Value]]
) -> Iterator[ChangeSet]:
    for n, change in enumerate(step.changes):
        if change.kind not in CATALOG:
            continue
        new = _wanted(tx, change, wanted.setdefault((change.kind, change.id), {}))
        if change.op is Op.INSERT:
            if change.kind != _FILE or _is_here(tx, user, change):
                yield _step(step, f"{n}", change)
        elif new:
            old = {name: value for name, value in change.old.items() if name in new}
            offer = Change(change.kind, change.id, Op.OFFER, new, old)
            yield _step(step, f"{n}", offer)


def _wanted(tx: Tx, change: Change, before: dict[str, Value]) -> dict[str, Value]:
    """What a step wants of a record, above what was wanted `before` it, as values that can lie
    beside its fields."""
    if change.op is Op.DELETE:
        return {DELETED: True}
    new: dict[str, Value] = {}
    if change.op in (Op.INSERT, Op.SET, Op.RESTORE):
        new = {**change.new}
    elif change.op in _OF_SETS:
        for name, members in change.new.items():
            stood = before[name] if name in before else _standing(tx, change, name)
            made = _OF_SETS[change.op](stood, members)
            if made != with_members(stood, []):
                new[name] = [*made]
    before.update(new)
    return new


def _standing(tx: Tx, change: Change, name: str) -> Value:
    found = tx.row("SELECT body::text FROM record WHERE id=? AND kind=?", (change.id, change.kind))
    return values_in(found[0]).get(name) if found is not None else None


def _is_here(tx: Tx, user: RecordId, change: Change) -> bool:
    """Whether a file's content was sent by the one who attached it."""
    sql = "SELECT 1 FROM blob_holder WHERE hash=? AND user_id=?"
    return tx.row(sql, (str(change.new.get("sha256")), user)) is not None


def _step(step: ChangeSet, name: str, change: Change) -> ChangeSet:
    """The same intention under a name that is the same whenever it is left again."""
    named = hashlib.sha256(f"left {step.id} {name}".encode()).hexdigest()[: len(step.id)]
    return ChangeSet(
        ChangeSetId(named), (change,), at=step.at, scope_gen=step.scope_gen, schema=step.schema,
        order=step.order,
    )  # fmt: skip
