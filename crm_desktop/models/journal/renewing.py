"""Repairing single roots: what the server does not name below them goes, what it names is taken
whatever version was here. Own work lies above the rows and stays (adr/0042)."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Sequence

from crm_core.catalog import CATALOG
from crm_core.ids import RecordId
from crm_core.wire import Anew
from crm_desktop.models.connection import Connection, SqlRow
from crm_desktop.models.journal import leaving, rows
from crm_desktop.models.journal.received import Receipt
from crm_desktop.models.meta import set_meta
from crm_desktop.models.sql import blob, id_of, layout

log = logging.getLogger(__name__)

META_UNDER_REPAIR = "sync.under_repair"
"""How many roots the pull under way renews: kept until it comes to its end."""

META_REPAIRS = "sync.repairs"
"""What was repaired so far, as JSON: {"times", "roots", "everything", "last_at"}."""

_IDS_AT_ONCE = 500


def renew(receipt: Receipt, item: Anew) -> None:
    """Make way for the versions that follow. With the last line it is known what lies below these
    roots; until then it is kept with what was visited."""
    c = receipt.c
    if not is_under_repair(c):
        c.run("DELETE FROM visited")
        set_meta(c, META_UNDER_REPAIR, str(len(item.roots)))
    leaving.enter(receipt, item.roots)
    for kind, held in item.held.items():
        named = [(kind, blob(record_id)) for record_id in held]
        c.many("INSERT OR IGNORE INTO visited (kind, id) VALUES (?, ?)", named)
        if kind in CATALOG:
            _take_back(c, kind, {blob(record_id): seq for record_id, seq in held.items()})
    if item.more:
        return
    roots = [blob(root) for root in item.roots]
    for kind in CATALOG:
        for row in _unnamed(c, kind, roots):
            _remove(receipt, kind, row, frozenset(roots))
    for table in ("quarantine", "unknown_kind"):
        _forget_raw(c, table, frozenset(item.roots))


def _take_back(c: Connection, kind: str, named: dict[bytes, int]) -> None:
    """No version here may pass for newer than the one that follows."""
    lower = [(seq, key, seq) for key, seq in named.items()]
    c.many(f"UPDATE {layout(kind).table} SET seq = ? WHERE id = ? AND seq > ?", lower)
    c.many(
        "UPDATE shadow SET seq = ? WHERE kind = ? AND id = ? AND seq > ?",
        [(seq, kind, key, seq) for seq, key, _ in lower],
    )


def _unnamed(c: Connection, kind: str, roots: Sequence[bytes]) -> Iterable[SqlRow]:
    """(id, the server's seq, root) of the readable rows below roots that it does not name."""
    for start in range(0, len(roots), _IDS_AT_ONCE):
        some = roots[start : start + _IDS_AT_ONCE]
        places = ",".join("?" * len(some))
        yield from c.rows(
            f"SELECT t.id, coalesce(s.seq, t.seq), t.root FROM {layout(kind).table} t"
            " LEFT JOIN shadow s ON s.kind = ? AND s.id = t.id WHERE t.deleted <> 2"
            f" AND (t.root IN ({places}) OR (t.id IN ({places}) AND t.root IS NULL) OR t.id IN"
            f" (SELECT id FROM extra_root WHERE kind = ? AND root IN ({places})))"
            " AND NOT EXISTS (SELECT 1 FROM visited v WHERE v.kind = ? AND v.id = t.id)",
            (kind, *some, *some, kind, *some, kind),
        )


def _remove(receipt: Receipt, kind: str, row: SqlRow, roots: frozenset[bytes]) -> None:
    """The server shows no such record below these roots."""
    c = receipt.c
    key, seq, root = row
    if not seq and _is_own(c, kind, key):
        return
    others = [
        other for (other,) in c.rows(
            "SELECT e.root FROM extra_root e JOIN root r ON r.id = e.root"
            " WHERE e.kind = ? AND e.id = ?", (kind, key)
        )
    ]  # fmt: skip
    first = root or key
    if c.one("SELECT 1 FROM root WHERE id = ?", (first,)) is not None:
        others.append(first)
    kept = [other for other in others if other not in roots]
    if not kept:
        leaving.gone(receipt, kind, (id_of(key),))
        return
    c.run(f"UPDATE {layout(kind).table} SET root = ? WHERE id = ?", (kept[0], key))
    c.run("DELETE FROM extra_root WHERE kind = ? AND id = ?", (kind, key))
    c.many(
        "INSERT INTO extra_root (kind, id, root) VALUES (?, ?, ?)",
        [(kind, key, other) for other in kept[1:]],
    )


def _is_own(c: Connection, kind: str, key: bytes) -> bool:
    """Whether this device made the record and the server has not taken it."""
    return c.one(
        "SELECT 1 FROM op o JOIN changeset s ON s.n = o.cs WHERE o.kind = ? AND o.id = ?"
        " AND o.op = 'insert' AND s.state NOT IN ('confirmed', 'discarded')",
        (kind, key),
    ) is not None  # fmt: skip


def _forget_raw(c: Connection, table: str, roots: frozenset[RecordId]) -> None:
    """Rows kept raw, below these roots, that the server does not name."""
    column = "item ->> 'roots'" if table == "quarantine" else "roots"
    unnamed = c.rows(
        f"SELECT kind, id, {column} FROM {table} t WHERE NOT EXISTS"
        " (SELECT 1 FROM visited v WHERE v.kind = t.kind AND v.id = t.id)"
    )
    for kind, key, named in unnamed:
        if (frozenset(json.loads(named) if named else ()) or {id_of(key)}) <= roots:
            c.run(f"DELETE FROM {table} WHERE kind = ? AND id = ?", (kind, key))


# What was repaired


def count_held(c: Connection) -> bool:
    """Count all that is held again; whether the running digest was right."""
    counted = rows.recount(c)
    kept = rows.kept_digest(c)
    if counted != kept:
        c.run("UPDATE sync_state SET count = ?, total = ?", (counted.count, counted.total))
        log.warning("digest: %d rows counted, %d were noted", counted.count, kept.count)
    return counted == kept


def is_under_repair(c: Connection) -> bool:
    """Whether the pull under way renews roots."""
    return c.one("SELECT 1 FROM meta WHERE name = ?", (META_UNDER_REPAIR,)) is not None


def note_repair(c: Connection, now: str, taken: int) -> None:
    """A pull that renewed roots came to its end."""
    roots = int(c.value("SELECT value FROM meta WHERE name = ?", (META_UNDER_REPAIR,)) or 0)
    c.run("DELETE FROM meta WHERE name = ?", (META_UNDER_REPAIR,))
    c.run("DELETE FROM visited")
    _add(c, now, roots=roots, everything=0)
    log.warning("digest: %d roots fetched again, %d rows", roots, taken)


def note_all_fetched(c: Connection, now: str) -> None:
    """Single roots were of no help; everything is fetched again."""
    _add(c, now, roots=0, everything=1)
    log.warning("digest: everything is fetched again")


def repairs(c: Connection) -> dict[str, int | str]:
    """What was repaired since this store was made."""
    kept = c.value("SELECT value FROM meta WHERE name = ?", (META_REPAIRS,))
    none: dict[str, int | str] = {"times": 0, "roots": 0, "everything": 0, "last_at": ""}
    return {**none, **json.loads(kept)} if kept else none


def _add(c: Connection, now: str, *, roots: int, everything: int) -> None:
    before = repairs(c)
    set_meta(c, META_REPAIRS, json.dumps({
        "times": int(before["times"]) + 1,
        "roots": int(before["roots"]) + roots,
        "everything": int(before["everything"]) + everything,
        "last_at": now,
    }))  # fmt: skip
