"""Verdicts: what the server said of a push, and what becomes of the changesets."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence

import msgspec

from crm_core.catalog import CATALOG
from crm_core.ids import RecordId
from crm_core.merge import DELETED, Result
from crm_core.values import instant_of
from crm_core.wire import ChangeResult, ChangeSetResult, PushResponse
from crm_desktop.models.connection import Connection
from crm_desktop.models.journal import blocking, leaving
from crm_desktop.models.journal.rebase import WHOLE, Refusals, rebase
from crm_desktop.models.journal.received import Receipt, receive_deleted, receive_page
from crm_desktop.models.replica import Parked, Settled, Summary
from crm_desktop.models.sql import blob, id_of

KEPT_WHATEVER_THEIR_AGE = 1000
"""The newest changesets, which no clock makes old."""

_NAMES = msgspec.json.Decoder(dict[str, object])

_WAITING = ("queued", "sent", "held", "blocked")
"""States in which a verdict is news; a repeated answer to a settled changeset changes nothing."""


def settle(receipt: Receipt, answer: PushResponse) -> Settled:
    """Write the verdicts, then the rows that came with them."""
    c = receipt.c
    settled: list[int] = []
    tally: Counter[str] = Counter()
    conflicts = 0
    for verdict in answer.results:
        head = c.one("SELECT n, state FROM changeset WHERE id = ?", (blob(verdict.cs_id),))
        if head is None or head[1] not in _WAITING:
            continue
        state = _settle_one(c, head[0], verdict)
        tally[state] += 1
        conflicts += sum(part.result == Result.CONFLICT for part in verdict.changes)
        settled.append(head[0])
    for page in answer.pages:
        receive_page(receipt, page)
    for deleted in answer.deleted:
        receive_deleted(receipt, deleted)
    receipt.seq = max(receipt.seq, answer.seq)
    touched = _records_of(c, settled)
    for kind, record_id in touched:
        rebase(c, kind, record_id)
        receipt.note(kind, (record_id,), 1)
    for n in settled:
        _orphan_out_of_sight(receipt, n)
    if tally["rejected"] or tally["blocked"] or _has_refusals(c, settled):
        _judge_blocked(c, settled)
    summary = Summary(outbox_changed=bool(settled), conflicts_changed=conflicts > 0)
    return Settled(summary, tally["acked"], conflicts, tally["rejected"], tally["blocked"])


def _orphan_out_of_sight(receipt: Receipt, n: int) -> None:
    """Work that was refused because its records are out of sight already is orphaned."""
    c = receipt.c
    if c.value("SELECT state FROM changeset WHERE n = ?", (n,)) != "rejected":
        return
    records = c.rows("SELECT DISTINCT kind, id FROM op WHERE cs = ?", (n,))
    if all(_is_hidden(c, kind, key) for kind, key in records):
        leaving.orphan_refused(receipt, n)


def _is_hidden(c: Connection, kind: str, key: bytes) -> bool:
    sql = "SELECT 1 FROM hidden WHERE kind = ? AND id = ?"
    return c.one(sql, (kind, key)) is not None


def _settle_one(c: Connection, n: int, verdict: ChangeSetResult) -> str:
    """The new state of a changeset. One that had any effect is acked; what was refused of it is
    noted with its changes."""
    parts: dict[int, list[ChangeResult]] = {}
    for part in verdict.changes:
        parts.setdefault(part.index, []).append(part)
    for index, results in parts.items():
        _note_parts(c, n, index, results)
    state = _state_of(c, n, verdict)
    c.run(
        "UPDATE changeset SET state = ?, ack_seq = ?, verdict = ? WHERE n = ?",
        (state, verdict.seq, msgspec.json.encode(verdict).decode(), n),
    )
    return state


def _state_of(c: Connection, n: int, verdict: ChangeSetResult) -> str:
    """By its parts alone: a repeated answer says `duplicate` and repeats them."""
    bad = {part.result for part in verdict.changes} & {Result.REJECTED, Result.BLOCKED}
    if verdict.result in (Result.REJECTED, Result.BLOCKED):
        bad.add(verdict.result)
    if not bad:
        return "acked"
    atomic = bool(c.value("SELECT atomic FROM changeset WHERE n = ?", (n,)))
    if verdict.seq and not atomic and not _is_refused_whole(c, n):
        return "acked"
    return "rejected" if Result.REJECTED in bad else "blocked"


def _is_refused_whole(c: Connection, n: int) -> bool:
    """Whether no field of any change was taken."""
    for new, refused in c.rows("SELECT new, refused FROM op WHERE cs = ?", (n,)):
        names = _NAMES.decode(refused) if refused else {}
        if WHOLE not in names and (not names or _NAMES.decode(new).keys() - names.keys()):
            return False
    return True


def _note_parts(c: Connection, n: int, index: int, results: Sequence[ChangeResult]) -> None:
    """Keep with a change which of its fields lie in conflict and which were refused."""
    kind = c.value("SELECT kind FROM op WHERE cs = ? AND i = ?", (n, index))
    if kind is None:
        return
    parked: list[str] = []
    refused: Refusals = {}
    for part in results:
        if part.result == Result.CONFLICT:
            parked.extend(_fields(kind, part.field))
        elif part.result in (Result.REJECTED, Result.BLOCKED):
            code = part.code or "record.above_refused"
            refused.update(dict.fromkeys(_fields(kind, part.field), (code, part.params)))
    c.run(
        "UPDATE op SET parked = ?, refused = ? WHERE cs = ? AND i = ?",
        (
            msgspec.json.encode(parked).decode() if parked else None,
            msgspec.json.encode(refused).decode() if refused else None,
            n, index,
        ),
    )  # fmt: skip


def _fields(kind: str, judged: str) -> tuple[str, ...]:
    """The fields that a verdict's name stands for: a group's members, or the whole change."""
    if judged in (WHOLE, DELETED):
        return (WHOLE,)
    entity = CATALOG.get(kind)
    return entity.groups.get(judged, (judged,)) if entity is not None else (judged,)


def _has_refusals(c: Connection, settled: Sequence[int]) -> bool:
    sql = "SELECT 1 FROM op WHERE cs = ? AND refused IS NOT NULL"
    return any(c.one(sql, (n,)) is not None for n in settled)


def _judge_blocked(c: Connection, settled: Sequence[int]) -> None:
    """Block what builds on a refusal. What the server called blocked without a reason that is
    known here is refused, so that it cannot be offered for ever."""
    said_blocked = [
        n for n in settled
        if c.value("SELECT state FROM changeset WHERE n = ?", (n,)) == "blocked"
    ]  # fmt: skip
    blocking.refresh(c)
    for n in said_blocked:
        c.run("UPDATE changeset SET state = 'rejected' WHERE n = ? AND state = 'queued'", (n,))


def _records_of(c: Connection, changesets: Sequence[int]) -> list[tuple[str, RecordId]]:
    found: dict[tuple[str, RecordId], None] = {}
    for n in changesets:
        for kind, key in c.rows("SELECT kind, id FROM op WHERE cs = ?", (n,)):
            found[kind, id_of(key)] = None
    return list(found)


# The end of a pull


def confirm(receipt: Receipt, hi: int) -> bool:
    """Changesets whose effect the feed has shown leave the outbox; whether there were any."""
    c = receipt.c
    found = [row[0] for row in c.rows(
        "SELECT n FROM changeset WHERE state = 'acked' AND ack_seq <= ?", (hi,))]  # fmt: skip
    c.many(
        "UPDATE changeset SET state = 'confirmed', confirmed_at = ? WHERE n = ?",
        [(receipt.now, n) for n in found],
    )
    for kind, record_id in _records_of(c, found):
        rebase(c, kind, record_id)
        receipt.note(kind, (record_id,), 1)
    return bool(found)


def forget_confirmed(c: Connection, now: dt.datetime, days: int) -> None:
    """Drop confirmed and discarded changesets that are older; never one with a refused part, and
    never the newest ones: a clock that is years off must not cost what a restored server lacks."""
    before = instant_of(now - dt.timedelta(days=days))
    old = c.rows(
        "SELECT n FROM changeset s WHERE state IN ('confirmed', 'discarded')"
        " AND n <= (SELECT max(n) FROM changeset) - ? AND coalesce(confirmed_at, at) < ?"
        " AND NOT EXISTS (SELECT 1 FROM op WHERE cs = s.n AND refused IS NOT NULL)",
        (KEPT_WHATEVER_THEIR_AGE, before),
    )
    c.many("DELETE FROM op WHERE cs = ?", old)
    c.many("DELETE FROM changeset WHERE n = ?", old)


def parked(c: Connection, user: RecordId) -> Parked:
    """How many things lie where."""
    states: dict[str, int] = dict(
        c.rows("SELECT state, count(*) FROM changeset WHERE state <> 'confirmed' GROUP BY state")
    )
    refused = c.value(
        "SELECT count(DISTINCT o.cs) FROM op o JOIN changeset s ON s.n = o.cs"
        " WHERE o.refused IS NOT NULL AND s.state IN ('acked', 'confirmed')"
    )
    conflicts = c.value(
        "SELECT count(*) FROM conflict WHERE deleted = 0 AND coalesce(state, 'open') = 'open'"
        " AND EXISTS (SELECT 1 FROM json_each(CASE json_type(parked) WHEN 'array' THEN parked"
        " ELSE '[]' END) WHERE type = 'object' AND value ->> 'author' = ?)",
        (user,),
    )
    return Parked(
        pending=states.get("queued", 0) + states.get("sent", 0),
        unconfirmed=states.get("acked", 0),
        conflict=conflicts,
        rejected=states.get("rejected", 0) + states.get("held", 0) + refused,
        blocked=states.get("blocked", 0),
        orphaned=states.get("orphaned", 0),
        quarantine=c.value("SELECT count(*) FROM quarantine"),
        salvage=c.value("SELECT count(*) FROM salvage"),
    )
