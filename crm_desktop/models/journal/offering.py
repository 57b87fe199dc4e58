"""Hand-over: own work whose record left this user's sight is offered to whoever has it now.

The orphaned step becomes `offered` and stays as it is; a step of its own, of `offer` changes, goes
out. Refused, it makes the orphaned one wait for its author again; when all of it is decided, the
orphaned one is `handed`, and the offer's verdict says for each field what became of it. Where that
is decided no more, since the decision was taken back, it is `offered` again.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import msgspec

from crm_core.catalog import CATALOG
from crm_core.changes import EDITS, Change, Op, check_size, with_members, without_members
from crm_core.erasing import CONFLICT
from crm_core.errors import NotFound, UserProblem
from crm_core.fields import Policy, Value, values_in
from crm_core.i18n import tr_noop
from crm_core.ids import ChangeSetId, RecordId
from crm_core.merge import Result
from crm_core.wire import (
    HANDED_ASKED_MAX,
    OFFERS_ASKED_MAX,
    ChangeResult,
    ChangeSetResult,
    Outcomes,
)
from crm_desktop.i18n import tr
from crm_desktop.models.connection import Connection, SqlRow
from crm_desktop.models.journal.following import SENT
from crm_desktop.models.journal.local import Intention, write_journal
from crm_desktop.models.journal.rebase import WHOLE, refusals_in
from crm_desktop.models.journal.received import Receipt
from crm_desktop.models.replica import Summary
from crm_desktop.models.sql import blob, id_of
from crm_desktop.models.store import Store

_NO_OFFER = tr_noop("Only changed values of records that left your sight can be offered.")

WAITS, REFUSED = "offer.waits", "offer.refused"

_NEVER_ASKED = (Policy.ORDER, Policy.LWW)

ANY_OFFERED = (
    "EXISTS (SELECT 1 FROM changeset WHERE state IN ('offered', 'handed') AND state <> 'confirmed')"
)
"""Whether anything was offered that is remembered, as one column: asked before every pull."""

_OPS = (
    f"SELECT kind, id, op, new, old, base_seq, refused FROM op WHERE cs = ? AND {SENT} ORDER BY i"
)


def can_offer(c: Connection, cs_id: ChangeSetId) -> bool:
    """Whether orphaned work consists of values that somebody else can take over: not of new
    records, nor of deletions."""
    n = c.value("SELECT n FROM changeset WHERE id = ? AND state = 'orphaned'", (blob(cs_id),))
    return n is not None and bool(_offers(c.rows(_OPS, (n,)), cs_id))


def offer(store: Store, cs_id: ChangeSetId) -> Summary:
    """Offer orphaned work to whoever has its records now; raises UserProblem."""
    with store.writing() as c:
        head = c.one("SELECT n, state, label FROM changeset WHERE id = ?", (blob(cs_id),))
        if head is None:
            raise NotFound(tr_noop("There is no step {id} here."), id=cs_id[:60])
        n, state, label = head
        changes = _offers(c.rows(_OPS, (n,)), cs_id) if state == "orphaned" else ()
        if not changes:
            raise UserProblem(_NO_OFFER)
        check_size(changes)
        title = c.value("SELECT title FROM orphan WHERE cs = ? ORDER BY n LIMIT 1", (n,))
        words = tr("Offer: {title}", title=title or label)
        made = ChangeSetId(store.new_id())
        written = [(change, dict[str, Value]()) for change in changes]
        write_journal(c, store, made, store.now(), written, Intention(words, atomic=True))
        c.run("UPDATE changeset SET state = 'offered' WHERE n = ?", (n,))
        return Summary(changesets=(made,), outbox_changed=True)


def _offers(ops: Sequence[SqlRow], cs_id: ChangeSetId) -> tuple[Change, ...]:
    """One change for each record: what its author wanted against what he had seen; none where part
    of the step is no edit of values. Of a decision that is what he decided for: the question itself
    is in the hands of those who have the record."""
    made: dict[tuple[str, RecordId], Change] = {}
    for kind, key, word, new, old, base_seq, refused in ops:
        if kind == CONFLICT:
            continue
        entity, op = CATALOG.get(kind), Op(word)
        if entity is None or op not in EDITS:
            return ()
        names = refusals_in(refused)
        record = (kind, id_of(key))
        before = made.get(record) or Change(*record, Op.OFFER, {}, {}, base_seq, (cs_id,))
        wanted, seen = dict(before.new), dict(before.old)
        for name, value in values_in(new).items():
            field = entity.by_name.get(name)
            if field is None or field.authority is not None or field.policy in _NEVER_ASKED:
                continue
            if names and WHOLE not in names and name not in names:
                continue  # this part was taken
            base = values_in(old).get(name)
            seen.setdefault(name, base)
            wanted[name] = _whole(op, wanted.get(name, base), value)
        made[record] = msgspec.structs.replace(before, new=wanted, old=seen)
    return tuple(change for change in made.values() if change.new)


def _whole(op: Op, before: Value, value: Value) -> Value:
    if op is Op.ADD:
        return with_members(before, value)
    return without_members(before, value) if op is Op.REMOVE else value


# Taking an offer back, and what becomes of it


def is_offer(c: Connection, n: int) -> bool:
    """Whether a changeset offers orphaned work."""
    return c.one("SELECT 1 FROM op WHERE cs = ? AND op = 'offer'", (n,)) is not None


def withdraw(c: Connection, n: int) -> Summary:
    """Give up an offer that the server has not taken: what it spoke for waits for its author."""
    c.run("UPDATE changeset SET state = 'discarded', undone = 1 WHERE n = ?", (n,))
    c.run("UPDATE op SET refused = NULL WHERE cs = ?", (n,))
    _set_state(c, n, "offered", "orphaned")
    return Summary(outbox_changed=True)


def stand_again(c: Connection, n: int) -> None:
    """An offer that was given up is not: what it spoke for waits with it. Raises UserProblem where
    that went another way since."""
    for key in _spoken_for(c, n):
        if c.value("SELECT state FROM changeset WHERE id = ?", (key,)) != "orphaned":
            raise UserProblem(_NO_OFFER)
    c.run("UPDATE changeset SET undone = 0 WHERE n = ?", (n,))
    _set_state(c, n, "orphaned", "offered")


def fall_back(c: Connection, n: int, verdict: ChangeSetResult) -> None:
    """The server refused an offer for good: its author is asked again, and told so."""
    withdraw(c, n)
    part = ChangeResult(0, WHOLE, Result.REJECTED, REFUSED)
    said = ChangeSetResult(verdict.cs_id, Result.REJECTED, 0, (part,))
    for key in _spoken_for(c, n):
        c.run(
            "UPDATE changeset SET verdict = ? WHERE id = ?",
            (msgspec.json.encode(said).decode(), key),
        )


def asked(c: Connection) -> tuple[RecordId, ...]:
    """The offers of which the server is to say what became of them."""
    found = c.rows(
        "SELECT id FROM changeset WHERE state IN ('acked', 'confirmed')"
        " AND instr(coalesce(verdict, ''), ?) ORDER BY n LIMIT ?",
        (WAITS, OFFERS_ASKED_MAX),
    )
    return tuple(id_of(key) for (key,) in found)


def handed(c: Connection) -> tuple[RecordId, ...]:
    """The offers of which the server has said what became of them: of the newest."""
    found = c.rows(
        "SELECT DISTINCT s.n, s.id FROM changeset h JOIN op p ON p.cs = h.n"
        " JOIN op o ON o.kind = p.kind AND o.id = p.id AND o.op = 'offer'"
        " JOIN changeset s ON s.n = o.cs WHERE h.state = 'handed' AND h.state <> 'confirmed'"
        " AND instr(o.after, lower(hex(h.id))) AND s.state IN ('acked', 'confirmed')"
        " ORDER BY s.n DESC LIMIT ?",
        (HANDED_ASKED_MAX,),
    )
    return tuple(id_of(key) for _, key in found)


def take(receipt: Receipt, outcomes: Outcomes) -> None:
    """Note what became of offers; what they spoke for is in other hands, or settled, or waits
    again."""
    c = receipt.c
    for said in outcomes.results:
        n = c.value(
            "SELECT n FROM changeset WHERE id = ? AND state IN ('acked', 'confirmed')",
            (blob(said.cs_id),),
        )
        if n is None or not is_offer(c, n):
            continue
        verdict = msgspec.json.encode(said).decode()
        c.run("UPDATE changeset SET verdict = ? WHERE n = ?", (verdict, n))
        if any(part.code == WAITS for part in said.changes):
            wait_again(c, n)
        else:
            _set_state(c, n, "offered", "handed", receipt.now)
        receipt.outbox_changed = True


def wait_again(c: Connection, n: int) -> None:
    """What was decided about an offer stands no more: what it spoke for waits with it."""
    _set_state(c, n, "handed", "offered")


def _set_state(c: Connection, n: int, before: str, state: str, at: str | None = None) -> None:
    c.many(
        "UPDATE changeset SET state = ?, confirmed_at = ? WHERE id = ? AND state = ?",
        [(state, at, key, before) for key in _spoken_for(c, n)],
    )


def _spoken_for(c: Connection, n: int) -> tuple[bytes, ...]:
    """The changesets for which an offer speaks: mostly one."""
    found = c.rows("SELECT after FROM op WHERE cs = ? AND op = 'offer'", (n,))
    named = [blob(cs_id) for (after,) in found if after for cs_id in json.loads(after)]
    return tuple(dict.fromkeys(named))
