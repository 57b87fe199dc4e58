"""Everything is received anew: from a server with another history, to which own work is offered
again and what it lost of others is kept; or after so long that its feed has forgotten what went."""

from __future__ import annotations

from crm_core.catalog import CATALOG
from crm_core.digest import version_hash
from crm_core.fields import values_in
from crm_core.ids import RecordId
from crm_core.merge import Result
from crm_core.wire import Hello
from crm_desktop.models import file_states
from crm_desktop.models.connection import Connection
from crm_desktop.models.journal import blocking, leaving, offering, rows, stubs
from crm_desktop.models.journal.rebase import WHOLE, fields_judged, rebase
from crm_desktop.models.journal.received import Receipt, salvage
from crm_desktop.models.journal.rows import Shadow
from crm_desktop.models.sql import id_of, layout, to_json
from crm_desktop.models.verdicts import parts_of

FOREVER = 1 << 62

LOST_HISTORY, BELOW_FLOOR = 1, 2
"""Why everything is received anew (`sync_state.reconcile`)."""


def begin(receipt: Receipt, hello: Hello) -> None:
    """Queue own changesets whose effect the server lost again, with their ids and bases, and
    receive everything from the beginning."""
    c = receipt.c
    lost = (*(hello.restored or ((hello.restored_at_seq, FOREVER),)), (hello.seq, FOREVER))
    found = c.rows(
        "SELECT n FROM changeset WHERE state IN ('acked', 'confirmed') AND EXISTS (SELECT 1 FROM"
        " json_each(?) WHERE ack_seq > value ->> 0 AND ack_seq <= value ->> 1) ORDER BY n",
        (to_json([[low, high] for low, high in lost]),),
    )
    for (n,) in found:
        _leave_out_what_was_decided(c, n)
        for kind, key in c.rows("SELECT DISTINCT kind, id FROM op WHERE cs = ?", (n,)):
            if kind in CATALOG and _is_here(c, kind, key):
                rows.keep_shadow(c, kind, id_of(key))
        _show_as_typed(receipt, n)
        offering.wait_again(c, n)
    c.many("UPDATE changeset SET state = 'queued', ack_seq = 0, verdict = NULL WHERE n = ?", found)
    c.many("UPDATE op SET parked = NULL, refused = NULL WHERE cs = ?", found)
    for (n,) in found:
        for kind, key in c.rows("SELECT DISTINCT kind, id FROM op WHERE cs = ?", (n,)):
            rebase(c, kind, id_of(key))
    if files := file_states.named_by_unconfirmed(c):
        file_states.send_again(c, files)
        blocking.refresh(c)
    start_over(c)
    receipt.reconciling = True


def _show_as_typed(receipt: Receipt, n: int) -> None:
    """Lay ready what this changeset made and what then left, hidden here or erased: the server that
    lost it knows nothing of it, and its author sees it, as he typed it, until it has taken it."""
    c = receipt.c
    made = c.rows("SELECT kind, id FROM op WHERE cs = ? AND op = 'insert'", (n,))
    for kind, key in made:
        if kind in CATALOG and not _is_here(c, kind, key):
            rows.set_shadow(c, kind, id_of(key), Shadow(0, False, None))
            receipt.note(kind, (id_of(key),), 1)


def _leave_out_what_was_decided(c: Connection, n: int) -> None:
    """What was refused of a changeset, and its author has decided about since, is not sent with it:
    what he sent again is a step of its own, and the rest he gave up."""
    verdict = c.value("SELECT verdict FROM changeset WHERE n = ?", (n,))
    given: dict[int, set[str]] = {}
    for part in parts_of(verdict):
        if part.result in (Result.REJECTED, Result.BLOCKED):
            given.setdefault(part.index, set()).add(part.field)
    for i in sorted(given, reverse=True):
        sql = "SELECT rid, kind, new FROM op WHERE cs = ? AND i = ? AND refused IS NULL"
        for rid, kind, new in c.rows(sql, (n, i)):
            names = {name for field in given[i] for name in fields_judged(kind, field)}
            kept = {name: value for name, value in values_in(new).items() if name not in names}
            if WHOLE not in names and kept:
                c.run("UPDATE op SET new = ? WHERE rid = ?", (to_json(kept), rid))
                continue
            c.run("DELETE FROM op WHERE rid = ?", (rid,))
            c.run("UPDATE op SET i = i - 1 WHERE cs = ? AND i > ?", (n, i))


def begin_below_floor(receipt: Receipt) -> None:
    """Receive everything from the beginning, of the history that is known here: what the server
    names no more was deleted long ago or has left. Where history was lost before, that counts."""
    c = receipt.c
    known = c.value("SELECT reconcile FROM sync_state")
    start_over(c, known or BELOW_FLOOR)
    receipt.reconciling = True
    receipt.same_history = known != LOST_HISTORY


def start_over(c: Connection, why: int = LOST_HISTORY) -> None:
    """Receive everything anew from cursor 0; the running digest is counted afresh."""
    held = rows.recount(c)
    c.run("DELETE FROM visited")
    stubs.forget_all(c)
    c.run(
        "UPDATE sync_state SET cursor = 0, resume = '', resume_hi = 0, reconcile = ?,"
        " count = ?, total = ?, seq_known = 0",
        (why, held.count, held.total),
    )


def begin_again(receipt: Receipt) -> None:
    """The last try broke off and nothing of it is built upon: what it named, or an answer to a
    push, may have gone since, and only what is named from now on is there."""
    receipt.c.run("DELETE FROM visited")


def end(receipt: Receipt) -> None:
    """Rows that the server did not name again are hidden, of a lost history salvaged too; nothing
    is deleted, and own work on them stays."""
    c = receipt.c
    unnamed: list[tuple[str, bytes]] = []
    for kind in rows.filled(c):
        table = layout(kind).table
        lost = c.rows(
            f"SELECT id, seq FROM {table} t WHERE seq > 0 AND deleted <> 2 AND NOT EXISTS"
            " (SELECT 1 FROM visited v WHERE v.kind = ? AND v.id = t.id)",
            (kind,),
        )
        if receipt.same_history:
            unnamed.extend((kind, key) for key, _ in lost)
            continue
        for key, seq in lost:
            _put_aside(receipt, kind, id_of(key), seq)
        _forget_hidden_versions(c, kind)
    leaving.take_out_of_sight(receipt, unnamed)
    _drop_unnamed_quarantine(receipt)
    c.run(
        "DELETE FROM root WHERE NOT EXISTS (SELECT 1 FROM visited v WHERE v.kind = ?"
        " AND v.id = root.id)",
        (leaving.ROOT,),
    )
    c.run("DELETE FROM visited")


def _put_aside(receipt: Receipt, kind: str, record_id: RecordId, seq: int) -> None:
    c = receipt.c
    shadow = rows.shadow_of(c, kind, record_id)
    row = rows.fetch(c, kind, record_id)
    assert row is not None
    was_live = row.is_live if shadow is None else not shadow.deleted
    if was_live:
        receipt.count -= 1
        receipt.total -= version_hash(kind, record_id, seq)
    receipt.note(kind, (record_id,), 1)
    if shadow is not None:
        if not _creates(c, kind, record_id):
            salvage(receipt, kind, record_id)
        rows.set_shadow(c, kind, record_id, Shadow(0, False, None))
        rebase(c, kind, record_id)
        return
    if was_live:
        salvage(receipt, kind, record_id)
    rows.hide(c, kind, row.rid, record_id, receipt.now)


def _forget_hidden_versions(c: Connection, kind: str) -> None:
    """What lies hidden is of a history that was lost: when it comes into sight again, the server's
    version is taken, though the number of the one here may be higher."""
    c.run(
        f"UPDATE {layout(kind).table} SET seq = 0"
        " WHERE id IN (SELECT id FROM hidden WHERE kind = ?)",
        (kind,),
    )


def _creates(c: Connection, kind: str, record_id: RecordId) -> bool:
    """Whether this device still offers the record's own insert."""
    return c.one(
        "SELECT 1 FROM op o JOIN changeset s ON s.n = o.cs WHERE o.kind = ? AND o.id = ?"
        " AND o.op = 'insert' AND s.state IN ('queued', 'sent', 'waiting')",
        (kind, bytes.fromhex(record_id)),
    ) is not None  # fmt: skip


def _is_here(c: Connection, kind: str, key: bytes) -> bool:
    sql = f"SELECT 1 FROM {layout(kind).table} WHERE id = ? AND deleted <> 2"
    return c.one(sql, (key,)) is not None


def _drop_unnamed_quarantine(receipt: Receipt) -> None:
    """Raw rows that the server did not name again count no longer; of a lost history they are
    salvaged too."""
    c = receipt.c
    for table, text in (("quarantine", "item"), ("unknown_kind", "body")):
        lost = c.rows(
            f"SELECT kind, id, seq, {text} FROM {table} t WHERE NOT EXISTS"
            " (SELECT 1 FROM visited v WHERE v.kind = t.kind AND v.id = t.id)"
        )
        for kind, key, seq, body in lost:
            if not receipt.same_history:
                c.run(
                    "INSERT INTO salvage (kind, id, seq, title, body, at)"
                    " VALUES (?, ?, ?, '', ?, ?)",
                    (kind, key, seq, body, receipt.now),
                )
            c.run(f"DELETE FROM {table} WHERE kind = ? AND id = ?", (kind, key))
            receipt.count -= 1
            receipt.total -= version_hash(kind, id_of(key), seq)
