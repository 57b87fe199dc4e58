"""Verdicts: what the server said of a push, and what becomes of the changesets."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from crm_core.ids import RecordId
from crm_core.merge import Result
from crm_core.values import instant_of
from crm_core.wire import ChangeResult, ChangeSetResult, PushResponse
from crm_desktop.models.asking import IS_ASKED
from crm_desktop.models.connection import Connection
from crm_desktop.models.journal import blocking, holding, leaving, offering
from crm_desktop.models.journal.cancelling import cancel_out
from crm_desktop.models.journal.deciding import NOT_YET_KNOWN
from crm_desktop.models.journal.following import SENT
from crm_desktop.models.journal.rebase import (
    WHOLE,
    Refusals,
    fields_judged,
    rebase,
    refusals_in,
)
from crm_desktop.models.journal.received import Receipt, receive_deleted, receive_page
from crm_desktop.models.replica import Parked, Settled, Summary
from crm_desktop.models.sql import blob, id_of

KEPT_WHATEVER_THEIR_AGE = 1000
"""The newest changesets, which no clock makes old."""

_NAMED_AT_ONCE = 500
"""Changesets named in one statement."""

_NAMES = msgspec.json.Decoder(dict[str, object])

_WAITING = ("queued", "sent", "held", "blocked", "waiting")
"""States in which a verdict is news; a repeated answer to a settled changeset changes nothing."""


def settle(receipt: Receipt, answer: PushResponse) -> Settled:
    """Write the verdicts, then the rows that came with them."""
    c = receipt.c
    news, frees = _news(c, answer)
    clean = [(n, verdict) for n, verdict in news if _is_clean(verdict)]
    unchanged = _unchanged(c, clean)
    _ack_all(c, clean)
    states = dict.fromkeys((n for n, _ in clean), "acked")
    states |= {n: _settle_one(c, n, verdict) for n, verdict in news if n not in states}
    tally = Counter(states.values())
    conflicts = sum(
        part.result == Result.CONFLICT for _, verdict in news for part in verdict.changes
    )
    for page in answer.pages:
        receive_page(receipt, page)
    for deleted in answer.deleted:
        receive_deleted(receipt, deleted)
    receipt.seq = max(receipt.seq, answer.seq)
    _tell(receipt, unchanged)
    _show_anew(receipt, [n for n in states if n not in unchanged])
    for n, verdict in news:
        if states[n] == "rejected" and offering.is_offer(c, n):
            if not _is_unknown_there(verdict):
                offering.fall_back(c, n, verdict)
        elif states[n] == "rejected":
            _orphan_out_of_sight(receipt, n)
    if frees or tally["rejected"] or tally["blocked"] or _has_refusals(c, [*states]):
        cancelled = cancel_out(c)
        _show_anew(receipt, cancelled)
        _judge_blocked(c, [*states])
        tally.subtract(states[n] for n in cancelled if states.get(n) in ("rejected", "blocked"))
    summary = Summary(outbox_changed=bool(states), conflicts_changed=conflicts > 0)
    return Settled(summary, tally["acked"], conflicts, tally["rejected"], tally["blocked"])


def _news(c: Connection, answer: PushResponse) -> tuple[list[tuple[int, ChangeSetResult]], bool]:
    """The verdicts on changesets that wait for one, by the changesets' numbers; and whether any
    was no longer to go out when its verdict came, so that others may wait for it."""
    verdicts = {blob(verdict.cs_id): verdict for verdict in answer.results}
    places = ",".join("?" * len(verdicts))
    found = c.rows(f"SELECT id, n, state FROM changeset WHERE id IN ({places})", [*verdicts])
    news = [(n, verdicts[key], state) for key, n, state in found if state in _WAITING]
    frees = any(state not in ("queued", "sent") for _, _, state in news)
    return sorted((n, verdict) for n, verdict, _ in news), frees


def _is_clean(verdict: ChangeSetResult) -> bool:
    """Whether the server took all of a changeset."""
    results = {verdict.result, *(part.result for part in verdict.changes)}
    return results <= {Result.APPLIED, Result.MERGED, Result.DUPLICATE}


def _unchanged(
    c: Connection, clean: Sequence[tuple[int, ChangeSetResult]]
) -> dict[int, ChangeSetResult]:
    """Those that were applied just now, above every version that is here: their records show what
    they showed."""
    known = c.value("SELECT seq_known FROM sync_state")
    return {n: one for n, one in clean if one.result == Result.APPLIED and one.seq > known}


def _ack_all(c: Connection, clean: Sequence[tuple[int, ChangeSetResult]]) -> None:
    c.many(
        "UPDATE op SET parked = NULL, refused = NULL WHERE cs = ?"
        " AND (parked IS NOT NULL OR refused IS NOT NULL)",
        [(n,) for n, _ in clean],
    )
    c.many(
        "UPDATE changeset SET state = 'acked', ack_seq = ?, verdict = ? WHERE n = ?",
        [(one.seq, msgspec.json.encode(one).decode(), n) for n, one in clean],
    )


def _orphan_out_of_sight(receipt: Receipt, n: int) -> None:
    """Work that was refused because its records are out of sight already is orphaned."""
    c = receipt.c
    records = c.rows("SELECT DISTINCT kind, id FROM op WHERE cs = ?", (n,))
    if all(_is_hidden(c, kind, key) for kind, key in records):
        leaving.orphan_refused(receipt, n)


def _is_unknown_there(verdict: ChangeSetResult) -> bool:
    """Whether an older server has refused: it is asked again once it was updated."""
    return all(part.code in NOT_YET_KNOWN for part in verdict.changes)


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
    """Whether no field of any change that was sent was taken."""
    for new, refused in c.rows(f"SELECT new, refused FROM op WHERE cs = ? AND {SENT}", (n,)):
        names = refusals_in(refused)
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
            parked.extend(fields_judged(kind, part.field))
        elif part.result in (Result.REJECTED, Result.BLOCKED):
            code = part.code or "record.above_refused"
            refused.update(dict.fromkeys(fields_judged(kind, part.field), (code, part.params)))
    c.run(
        "UPDATE op SET parked = ?, refused = ? WHERE cs = ? AND i = ?",
        (
            msgspec.json.encode(parked).decode() if parked else None,
            msgspec.json.encode(refused).decode() if refused else None,
            n, index,
        ),
    )  # fmt: skip


def _has_refusals(c: Connection, settled: Sequence[int]) -> bool:
    sql = "SELECT 1 FROM op WHERE refused IS NOT NULL AND cs IN ({}) LIMIT 1"
    return any(c.one(sql.format(places), some) for places, some in _in_portions(settled))


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


def _show_anew(receipt: Receipt, changesets: Sequence[int]) -> None:
    """The records of changesets whose state has changed: what they show, and whom to tell."""
    c = receipt.c
    touched: dict[str, list[RecordId]] = {}
    for places, some in _in_portions(changesets):
        found = c.rows(
            "SELECT DISTINCT o.kind, o.id, s.id IS NOT NULL FROM op o LEFT JOIN shadow s"
            f" ON s.kind = o.kind AND s.id = o.id WHERE o.cs IN ({places})",
            some,
        )
        for kind, key, shadowed in found:
            touched.setdefault(kind, []).append(id_of(key))
            if shadowed:
                rebase(c, kind, id_of(key))
    for kind, ids in touched.items():
        receipt.note(kind, ids, len(ids))


def _tell(receipt: Receipt, changesets: Iterable[int]) -> None:
    """The records of changesets that are acked now, although they show the same."""
    for places, some in _in_portions([*changesets]):
        touched: dict[str, list[RecordId]] = {}
        sql = f"SELECT DISTINCT kind, id FROM op WHERE cs IN ({places})"
        for kind, key in receipt.c.rows(sql, some):
            touched.setdefault(kind, []).append(id_of(key))
        for kind, ids in touched.items():
            receipt.note(kind, ids, len(ids))


def _in_portions(numbers: Sequence[int]) -> Iterator[tuple[str, Sequence[int]]]:
    """Portions that one statement can name, each with its `?,?,?`."""
    for first in range(0, len(numbers), _NAMED_AT_ONCE):
        some = numbers[first : first + _NAMED_AT_ONCE]
        yield ",".join("?" * len(some)), some


# The end of a pull

ANY_ACKED = "EXISTS (SELECT 1 FROM changeset WHERE state = 'acked' AND state <> 'confirmed')"
"""Whether anything waits to be confirmed."""


def confirm(receipt: Receipt, hi: int) -> bool:
    """Changesets whose effect the feed has shown leave the outbox; whether there were any."""
    c = receipt.c
    found = [row[0] for row in c.rows(
        "SELECT n FROM changeset WHERE state = 'acked' AND state <> 'confirmed' AND ack_seq <= ?",
        (hi,))]  # fmt: skip
    c.many(
        "UPDATE changeset SET state = 'confirmed', confirmed_at = ? WHERE n = ?",
        [(receipt.now, n) for n in found],
    )
    _show_anew(receipt, found)
    return bool(found)


def forget_confirmed(c: Connection, now: dt.datetime, days: int) -> None:
    """Drop confirmed changesets that are older; never one with a refused part or an offer, and
    never the newest ones: a clock that is years off must not cost what a restored server lacks.
    What was refused and discarded stands nowhere else, and is kept."""
    before = instant_of(now - dt.timedelta(days=days))
    old = c.rows(
        "SELECT n FROM changeset s WHERE state IN ('confirmed', 'handed')"
        " AND n <= (SELECT max(n) FROM changeset) - ? AND coalesce(confirmed_at, at) < ?"
        " AND NOT EXISTS (SELECT 1 FROM op WHERE cs = s.n"
        " AND (refused IS NOT NULL OR (op = 'offer' AND s.state = 'confirmed')))",
        (KEPT_WHATEVER_THEIR_AGE, before),
    )
    for table in ("op", "orphan"):
        c.many(f"DELETE FROM {table} WHERE cs = ?", old)
    c.many("DELETE FROM changeset WHERE n = ?", old)


_LYING = (
    "SELECT state, count(*) FROM changeset WHERE state <> 'confirmed' GROUP BY state"
    " UNION ALL SELECT 'refused', count(DISTINCT o.cs) FROM op o JOIN changeset s ON s.n = o.cs"
    " WHERE o.refused IS NOT NULL AND s.state IN ('acked', 'confirmed')"
    " UNION ALL SELECT 'conflict', count(DISTINCT record) FROM conflict"
    f" WHERE deleted = 0 AND coalesce(state, 'open') = 'open' AND {IS_ASKED}"
    " UNION ALL SELECT 'quarantine', count(*) FROM quarantine"
    " UNION ALL SELECT 'salvage', count(*) FROM salvage"
)
"""Changesets by their state, and what else lies here: in one question, asked after every run."""


def parked(c: Connection, user: RecordId) -> Parked:
    """How many things lie where."""
    lying = Counter[str](dict(c.rows(_LYING, (user,))))
    return Parked(
        pending=lying["queued"] + lying["sent"] + lying["waiting"],
        unconfirmed=lying["acked"],
        conflict=lying["conflict"],
        rejected=lying["rejected"] + lying["held"] + lying["refused"],
        blocked=lying["blocked"],
        orphaned=lying["orphaned"],
        quarantine=lying["quarantine"],
        salvage=lying["salvage"],
        held=_held_back(c) if lying["waiting"] else 0,
    )


def _held_back(c: Connection) -> int:
    if not holding.held(c):
        return 0
    return sum(wait.cause is blocking.Cause.HELD for wait in blocking.waits(c).values())
