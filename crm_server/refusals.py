"""What was refused to colleagues and still waits for them: for whoever leads them.

A refusal waits while the server remembers it: what its author sends again and gets through is none
any more. A lead reads what he may change himself, and nothing of a record that he does not see.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec
from msgspec.structs import replace

from crm_core.catalog import CATALOG
from crm_core.changes import Change, ChangeSet, Op
from crm_core.directory import Directory
from crm_core.erasing import without
from crm_core.errors import UNREADABLE
from crm_core.ids import RecordId
from crm_core.masks import Masks, masks_in
from crm_core.merge import Result
from crm_core.roles import Action, Level, Matrix, reach
from crm_core.scope import Holder, keys_held, parse_target
from crm_core.wire import ChangeResult, ChangeSetResult, Refusal, StillRefused
from crm_server.pushing import PARKED
from crm_server.service import Service
from crm_server.standing import Principal
from crm_server.store import Tx
from crm_server.work import Work

REFUSALS_MAX = 200
"""Refused steps that are looked at, the latest first."""

_DONE = "discarded,"
"""Stands before the codes of a step with which its author is done."""

_STEP = msgspec.json.Decoder(ChangeSet)
_RESULT = msgspec.json.Decoder(ChangeSetResult)

_Waiting = Mapping[tuple[str, str, str, str], str]
"""The values that wait, by kind, id, field ("" a whole new record) and author."""


def refusals_of_team(service: Service, who: Principal) -> tuple[Refusal, ...]:
    """What waits for those whom a user leads, the latest first; nothing for anybody else."""
    with service.store.read() as tx:
        clock = tx.clock()
        directory = service.directory(tx, clock)
        matrix, holder, keys = directory.rights(who.user)
        led = _led(directory, holder)
        if not led:
            return ()
        masks = masks_in(keys)
        work, waiting = service.work(tx, clock), _waiting(tx, led)
        found = tx.rows(
            "SELECT p.device,p.author,p.received_at,p.payload,a.result FROM parked p"
            " JOIN applied a ON a.cs_id = p.id WHERE p.author = ANY(?) AND p.why <> ?"
            " AND p.why NOT LIKE ? ORDER BY p.received_at DESC, p.id LIMIT ?",
            (led, PARKED, f"{_DONE}%", REFUSALS_MAX),
        )
        return tuple(
            Refusal(step.id, RecordId(author), device, at, _received(change, masks), part.index,
                    part.field, part.code, part.params)
            for device, author, at, payload, result in found
            for step, part, change in _refused(bytes(payload), result)
            if _waits(waiting, author, part, change) and _may(matrix, change.kind)
            and _sees(work, keys, change) and part.field not in masks.get(change.kind, ())
        )  # fmt: skip


def _received(change: Change, masks: Masks) -> Change:
    """A change without what is withheld from whoever leads."""
    gone = masks.get(change.kind)
    if not gone:
        return change
    return replace(change, new=without(change.new, gone), old=without(change.old, gone))


def note_still_refused(service: Service, who: Principal, told: StillRefused) -> None:
    """Note with which refused steps of his device somebody is done: they ask his lead no more,
    unless he takes that back."""
    waiting = set(told.steps)
    with service.store.note() as tx:
        found = tx.rows(
            "SELECT id,why FROM parked WHERE device=? AND author=? AND why<>?",
            (who.device, who.user, PARKED),
        )
        tx.many(
            "UPDATE parked SET why=? WHERE id=?",
            [
                (_DONE + why if step not in waiting else why.removeprefix(_DONE), step)
                for step, why in found
                if why.startswith(_DONE) is (step in waiting)
            ],
        )


def _led(directory: Directory, holder: Holder) -> list[RecordId]:
    """The colleagues of whoever leads the team he is in, teams or a territory; himself never."""
    if holder.level < Level.TERRITORY:
        return []
    ahead = {key for key in keys_held(holder) if key.startswith(("team:", "territory:"))}
    return [
        user
        for user in directory.users
        if user != holder.user
        and ahead & directory.keys_of_values("account", _as_owned(directory, user))
    ]


def _as_owned(directory: Directory, user: RecordId) -> dict[str, str | None]:
    return {"owner": user, "territory": directory.territory_of(user)}


def _waiting(tx: Tx, authors: list[RecordId]) -> _Waiting:
    rows = tx.rows(
        "SELECT kind,id,field,author,value FROM refused WHERE author = ANY(?)", (authors,)
    )
    return {(kind, record, field, author): value for kind, record, field, author, value in rows}


def _refused(payload: bytes, result: str) -> Iterator[tuple[ChangeSet, ChangeResult, Change]]:
    try:
        step, said = _STEP.decode(payload), _RESULT.decode(result)
    except UNREADABLE:
        return
    for part in said.changes:
        if part.result == Result.REJECTED and 0 <= part.index < len(step.changes):
            yield step, part, step.changes[part.index]


def _waits(waiting: _Waiting, author: str, part: ChangeResult, change: Change) -> bool:
    if part.field in change.new:
        kept = waiting.get((change.kind, change.id, part.field, author))
        return kept == repr(change.new[part.field])
    return change.op is Op.INSERT and (change.kind, change.id, "", author) in waiting


def _may(matrix: Matrix, kind: str) -> bool:
    return kind in CATALOG and reach(matrix, kind, Action.EDIT) >= Level.TERRITORY


def _sees(work: Work, keys: frozenset[str], change: Change) -> bool:
    """Whether the record is in sight; of a new one whatever it was to hang on."""
    if work.row(change.kind, change.id) is not None:
        return not keys.isdisjoint(work.keys_at(change.kind, change.id))
    for field in CATALOG[change.kind].root_links:
        above = parse_target(field.link.target if field.link else "", change.new.get(field.name))
        if above is not None and (
            work.row(*above) is None or keys.isdisjoint(work.keys_at(*above))
        ):
            return False
    return change.op is Op.INSERT
