"""Sight that comes and goes: roots entered and left, records hidden and erased, work orphaned.

What left the user's sight cannot be read at once and is erased after a while; his own pending work
on it stays, as orphans.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Sequence

from crm_core.catalog import CATALOG
from crm_core.digest import version_hash
from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_core.values import instant_of
from crm_desktop.models.connection import Connection
from crm_desktop.models.journal import blocking, rows
from crm_desktop.models.journal.following import SENT
from crm_desktop.models.journal.past import copy_refused
from crm_desktop.models.journal.rebase import UNSETTLED, laid, lay, rebase
from crm_desktop.models.journal.received import Receipt
from crm_desktop.models.sql import HIDDEN, blob, from_json, id_of, layout, to_json

GRACE_HOURS = 72
"""What left is erased after this time, so that a mistaken reassignment costs no download."""

ERASE_ROWS_MAX = 50
ERASE_SHARE_MAX = 10
"""Erasing more than max(50 rows, 10 %) pauses until somebody agrees."""

ROOT = ""
"""In place of a kind, where roots are noted beside records."""

_IDS_AT_ONCE = 500


def enter(receipt: Receipt, roots: Iterable[RecordId]) -> None:
    """These roots are held from now on."""
    keys = [blob(root) for root in roots]
    receipt.c.many("INSERT OR IGNORE INTO root (id) VALUES (?)", [(key,) for key in keys])
    if receipt.reconciling:
        receipt.c.many(
            "INSERT OR IGNORE INTO visited (kind, id) VALUES (?, ?)", [(ROOT, key) for key in keys]
        )


def leave(receipt: Receipt, roots: Sequence[RecordId]) -> None:
    """Hide what hangs below these roots and below none that is still held."""
    c = receipt.c
    keys = [blob(root) for root in roots]
    c.many("DELETE FROM root WHERE id = ?", [(key,) for key in keys])
    hidden: list[tuple[str, bytes]] = []
    for kind in rows.filled(c):
        found: set[bytes] = set()
        for start in range(0, len(keys), _IDS_AT_ONCE):
            found.update(_below(c, kind, keys[start : start + _IDS_AT_ONCE]))
        own = {key for key in found if _is_only_led_there(c, kind, key, keys)}
        hidden.extend((kind, key) for key in found - own)
    take_out_of_sight(receipt, hidden)
    _drop_raw_below(receipt, roots)


def gone(receipt: Receipt, kind: str, ids: Iterable[RecordId]) -> None:
    """Hide single records that moved out of sight."""
    keys = [blob(record_id) for record_id in ids]
    if kind in CATALOG:
        take_out_of_sight(receipt, [(kind, key) for key in keys])
    for table in RAW:
        _drop_raw(receipt, table, [(kind, key) for key in keys])


RAW = {
    "quarantine": "coalesce(item -> '$.roots', '[]')",
    "unknown_kind": "roots",
}
"""The tables of versions that are kept as they came, and how each names a version's roots."""


def _drop_raw_below(receipt: Receipt, roots: Sequence[RecordId]) -> None:
    """What is kept raw below these roots and below none that is still held leaves at once: nobody
    works on it."""
    left = to_json([*roots])
    for table, named in RAW.items():
        own = f"CASE {named} WHEN '[]' THEN json_array(lower(hex(t.id))) ELSE {named} END"
        found = receipt.c.rows(
            f"SELECT kind, id FROM {table} t WHERE EXISTS (SELECT 1 FROM json_each({own}) x"
            " JOIN json_each(?) y ON x.value = y.value) AND NOT EXISTS (SELECT 1 FROM"
            f" json_each({own}) x JOIN root r ON r.id = unhex(x.value))",
            (left,),
        )
        _drop_raw(receipt, table, found)


def _drop_raw(receipt: Receipt, table: str, records: Iterable[tuple[str, bytes]]) -> None:
    c = receipt.c
    for kind, key in records:
        seq = c.value(f"SELECT seq FROM {table} WHERE kind = ? AND id = ?", (kind, key))
        if seq is not None:
            c.run(f"DELETE FROM {table} WHERE kind = ? AND id = ?", (kind, key))
            receipt.count -= 1
            receipt.total -= version_hash(kind, id_of(key), seq)


def _below(c: Connection, kind: str, roots: Sequence[bytes]) -> Iterable[bytes]:
    table = layout(kind).table
    places = ",".join("?" * len(roots))
    found = c.rows(
        f"SELECT id FROM {table} WHERE root IN ({places}) AND deleted <> 2"
        f" UNION SELECT id FROM {table} WHERE id IN ({places}) AND root IS NULL AND deleted <> 2"
        f" UNION SELECT id FROM extra_root WHERE kind = ? AND root IN ({places})",
        (*roots, *roots, kind, *roots),
    )
    for (key,) in found:
        still = c.one(
            f"SELECT 1 FROM {table} t JOIN root r ON r.id = coalesce(t.root, t.id) WHERE t.id = ?"
            " UNION ALL SELECT 1 FROM extra_root e JOIN root r ON r.id = e.root"
            " WHERE e.kind = ? AND e.id = ?",
            (key, kind, key),
        )
        if still is None:
            yield key


def _is_only_led_there(c: Connection, kind: str, key: bytes, roots: Sequence[bytes]) -> bool:
    """Whether a record that the server does not know was entered elsewhere than below these roots,
    and only a merge that the server has not taken shows it there."""
    states = ",".join("?" * len(UNSETTLED))
    follows = c.one(
        f"SELECT 1 FROM {layout(kind).table} t JOIN op o ON o.kind = ? AND o.id = t.id"
        f" JOIN changeset s ON s.n = o.cs WHERE t.id = ? AND t.seq = 0 AND NOT {SENT}"
        f" AND s.state IN ({states})",
        (kind, key, *UNSETTLED),
    )
    if follows is None:
        return False
    entered: dict[str, Value] = {}
    for one in laid(c, kind, id_of(key), 0):
        if one.change.new:
            entered, _ = lay(entered, False, one)
    return rows.local_root(c, kind, entered) not in roots


def take_out_of_sight(receipt: Receipt, records: Sequence[tuple[str, bytes]]) -> None:
    """Hide these records at once; own work on them is orphaned."""
    c = receipt.c
    _orphan(receipt, records)
    for kind, key in records:
        table = layout(kind).table
        row = c.one(f"SELECT rid, seq, deleted FROM {table} WHERE id = ?", (key,))
        if row is None or row[2] == HIDDEN:
            continue
        shadow = rows.shadow_of(c, kind, id_of(key))
        seq, deleted = (shadow.seq, shadow.deleted) if shadow is not None else row[1:]
        _uncover(receipt, kind, key)
        if seq and not deleted:
            receipt.count -= 1
            receipt.total -= version_hash(kind, id_of(key), seq)
        rows.hide(c, kind, row[0], id_of(key), receipt.now)
        receipt.note(kind, (id_of(key),), 1)


def _uncover(receipt: Receipt, kind: str, key: bytes) -> None:
    """Take own work off a row that leaves: what is kept of it lies with the orphans."""
    c = receipt.c
    record_id = id_of(key)
    shadow = rows.shadow_of(c, kind, record_id)
    if shadow is None:
        return
    if shadow.body is not None:
        root = c.value(f"SELECT root FROM {layout(kind).table} WHERE id = ?", (key,))
        rows.put(c, kind, record_id, (shadow.seq, root, int(shadow.deleted)), shadow.body)
    c.run("DELETE FROM shadow WHERE kind = ? AND id = ?", (kind, key))


# Orphans


def _orphan(receipt: Receipt, records: Sequence[tuple[str, bytes]]) -> None:
    """Own work on records that leave: whole changesets, or the refused part of one."""
    c = receipt.c
    leaving = set(records)
    candidates: dict[int, None] = {}
    for kind, key in records:
        found = c.rows(
            "SELECT DISTINCT o.cs FROM op o JOIN changeset s ON s.n = o.cs"
            f" WHERE o.kind = ? AND o.id = ? AND o.op <> 'offer' AND {SENT} AND (s.state IN"
            " ('queued', 'sent', 'held', 'rejected', 'blocked', 'waiting')"
            " OR (o.refused IS NOT NULL AND s.state IN ('acked', 'confirmed')))",
            (kind, key),
        )
        candidates.update(dict.fromkeys(row[0] for row in found))
    for n in sorted(candidates):
        _orphan_changeset(receipt, n, leaving)
    if candidates:
        blocking.refresh(c)


def _orphan_changeset(receipt: Receipt, n: int, leaving: set[tuple[str, bytes]]) -> None:
    c = receipt.c
    state, atomic = c.one("SELECT state, atomic FROM changeset WHERE n = ?", (n,)) or ("", 0)
    if state in ("acked", "confirmed"):
        n = _part_off(receipt, n)
    ops = c.rows(
        f"SELECT kind, id, new, old, refused FROM op WHERE cs = ? AND {SENT} ORDER BY i", (n,)
    )
    unsettled = state in UNSETTLED
    stays = [op for op in ops if (op[0], op[1]) not in leaving]
    if unsettled and stays and not atomic:
        # The part in sight still goes out; the server refuses the other, which is orphaned then.
        return
    for kind, key, new, old, refused in ops:
        if (kind, key) in leaving and (unsettled or refused):
            title = _title(c, kind, key)
            c.run(
                "INSERT INTO orphan (cs, kind, id, title, base, mine, at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (n, kind, key, title, old, new, receipt.now),
            )
    c.run("UPDATE changeset SET state = 'orphaned' WHERE n = ?", (n,))
    for kind, key in c.rows("SELECT DISTINCT kind, id FROM op WHERE cs = ?", (n,)):
        if kind in CATALOG and (kind, key) not in leaving:  # in sight, and as the server has it
            rebase(c, kind, id_of(key))
            receipt.note(kind, (id_of(key),), 1)
    receipt.orphaned += 1


def _part_off(receipt: Receipt, n: int) -> int:
    """The refused part of a step that had an effect, as a step of its own: the rest of it is sent
    again to a server that loses it."""
    c = receipt.c
    name = f"orphaned {c.value('SELECT lower(hex(id)) FROM changeset WHERE n = ?', (n,))}"
    name += f" {c.value('SELECT max(n) FROM changeset')}"
    apart = RecordId(hashlib.sha256(name.encode()).hexdigest()[:32])
    made = copy_refused(c, n, apart, receipt.now)
    c.run("UPDATE op SET refused = NULL WHERE cs = ?", (n,))
    return made


def _title(c: Connection, kind: str, key: bytes) -> str:
    row = rows.fetch(c, kind, id_of(key))
    return CATALOG[kind].name_of(row.values) if row is not None else ""


def orphaned_values(base: str | None, mine: str | None) -> tuple[Value, Value]:
    """The two sides of an orphan as they were kept."""
    return (from_json(base) if base else None), (from_json(mine) if mine else None)


def orphan_refused(receipt: Receipt, n: int) -> None:
    """A whole changeset was refused because its record is no longer in sight."""
    c = receipt.c
    ops = c.rows("SELECT kind, id FROM op WHERE cs = ?", (n,))
    _orphan_changeset(receipt, n, {(kind, key) for kind, key in ops})


# Erasing


def erase_hidden(c: Connection, now: dt.datetime, *, agreed: bool = False) -> int:
    """Erase what has been out of sight longer than the grace; -n: paused, n rows would go."""
    grace = dt.timedelta(hours=GRACE_HOURS)
    before, impossible = instant_of(now - grace), instant_of(now + grace)
    # A moment that lies ahead was written by a clock that was wrong.
    due = c.rows("SELECT kind, id FROM hidden WHERE at < ? OR at > ?", (before, impossible))
    if not due:
        return 0
    if not agreed and len(due) > max(ERASE_ROWS_MAX, _rows_held(c) * ERASE_SHARE_MAX // 100):
        return -len(due)
    by_kind: dict[str, list[bytes]] = {}
    for kind, key in due:
        by_kind.setdefault(kind, []).append(key)
    for kind, keys in by_kind.items():
        rids = c.rows(
            f"SELECT rid FROM {layout(kind).table} WHERE id IN (SELECT unhex(value) FROM"
            " json_each(?))", (to_json([key.hex() for key in keys]),),
        )  # fmt: skip
        rows.mark_for_search(c, kind, [row[0] for row in rids])
        rows.erase(c, kind, keys)
    return len(due)


def _rows_held(c: Connection) -> int:
    return int(c.value("SELECT count FROM sync_state")) or 0
