"""Carry-over: all that is of this device alone moves into a file that was fetched beside the one in
use, and own work is laid on its rows (adr/0043)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from crm_core.catalog import CATALOG
from crm_core.digest import version_hash
from crm_core.errors import Bug
from crm_core.fields import values_in
from crm_core.i18n import tr_noop
from crm_core.ids import RecordId
from crm_core.wire import Deleted, Page, WireRow, WireTombstone
from crm_desktop.models import arriving
from crm_desktop.models.connection import Connection
from crm_desktop.models.journal import (
    erasing,
    leaving,
    masking,
    renewing,
    rows,
    settling,
    stubs,
    turns,
)
from crm_desktop.models.journal.rebase import AT_REST, rebase
from crm_desktop.models.journal.received import Receipt, receive_deleted, receive_page
from crm_desktop.models.journal.rows import Shadow
from crm_desktop.models.sql import HIDDEN, LIVE, blob, id_of, layout

CARRIED: Mapping[str, str] = {
    "meta": "sign-in, drafts, settings, what was repaired; but what tells of the rows",
    "changeset": "the journal: outbox, undo and own history",
    "op": "the journal's changes",
    "orphan": "own work whose record left",
    "salvage": "what a restored server had lost",
    "draft": "what is being typed",
    "file": "how files stand whose contents lie on this device",
    "pinned": "accounts whose files this device keeps",
    "reminded": "reminders that were put off or dismissed here",
}
"""Tables whose rows exist on this device alone, and why."""

FETCHED: Mapping[str, str] = {
    "sync_state": "how far the fetched rows reach",
    "root": "the roots fetched",
    "extra_root": "further roots of the rows fetched",
    "quarantine": "rows that could not be taken, as they were fetched",
    "unknown_kind": "rows of kinds not known here, as they were fetched",
    "shadow": "made anew, where own work is laid on the rows fetched",
    "visited": "used within one pull",
    "stub": "labels of parents out of sight, as they were fetched",
    "hidden": "what left was not fetched",
    "search_kind": "the index is built anew, since rows are numbered anew",
    "search_dirty": "as search_kind",
    "find_text": "as search_kind",
    "find_word": "as search_kind",
    "find_pinyin": "as search_kind",
}
"""Tables that are filled by fetching, beside those of the catalog's kinds, and why."""

_OF_THE_ROWS = (
    arriving.META_IN_SIGHT, arriving.META_FORMER, "search_layout", renewing.META_UNDER_REPAIR,
    turns.META_COUNTED, turns.META_CHECKED, stubs.META_STUBS, erasing.META_HEARD,
)  # fmt: skip
"""Names in `meta` that tell of the rows: those of the new file stand."""

_SHOWN = (
    "SELECT DISTINCT o.kind, o.id FROM op o JOIN changeset s ON s.n = o.cs"
    f" WHERE o.op <> 'offer' AND (s.state NOT IN {AT_REST}"
    " OR (s.state = 'confirmed' AND o.refused IS NOT NULL))"
)
_SUMS = (
    "SELECT count(*), coalesce(max(n), 0), coalesce(sum(bytes), 0) FROM changeset",
    "SELECT count(*), coalesce(max(rid), 0), coalesce(sum(length(new)), 0) FROM op",
    "SELECT count(*), coalesce(sum(length(body)), 0), 0 FROM draft",
)

_ROW = msgspec.json.Decoder(WireRow)
_IDS = msgspec.json.Decoder(tuple[RecordId, ...])


def carry_over(old: Connection, receipt: Receipt) -> None:
    """Move it, in the new file's open transaction, from a file in which nobody writes. Raises Bug
    where anything would be missing."""
    c = receipt.c
    for table in CARRIED:
        _copy(old, c, table)
    cursor = int(c.value("SELECT cursor FROM sync_state"))
    is_ahead = _bring_ahead(old, receipt, cursor)
    _lay_work(old, receipt)
    masking.free(receipt)
    settling.confirm(receipt, cursor)
    c.run(
        "UPDATE sync_state SET pull_open = ?, verified_at = ?, verified_cursor = -1,"
        " seq_known = max(seq_known, ?)",
        (int(is_ahead), *(old.one("SELECT verified_at, seq_known FROM sync_state") or ("", 0))),
    )
    _check_whole(old, c)
    erasing.apply_to_carried(receipt)


def _copy(old: Connection, new: Connection, table: str) -> None:
    unless = ""
    if table == "meta":
        unless = f" WHERE name NOT IN ({','.join('?' * len(_OF_THE_ROWS))})"
    found = old.rows(f"SELECT * FROM {table}{unless}", _OF_THE_ROWS if unless else ())
    if found:
        places = ",".join("?" * len(found[0]))
        new.many(f"INSERT OR REPLACE INTO {table} VALUES ({places})", found)


def _check_whole(old: Connection, new: Connection) -> None:
    if any(old.one(sql) != new.one(sql) for sql in _SUMS):
        raise Bug(tr_noop("Own work would be missing in the new file; the former one stays."))


# Versions of push answers that are newer than what was fetched


def _bring_ahead(old: Connection, receipt: Receipt, cursor: int) -> bool:
    """Whether there were any: a version that was seen once is not taken back."""
    found = False
    for kind in rows.filled(old):
        keys = old.rows(
            f"SELECT t.id, t.root FROM {layout(kind).table} t LEFT JOIN shadow s ON s.kind = ?"
            " AND s.id = t.id WHERE t.deleted <> 2 AND coalesce(s.seq, t.seq) > ?",
            (kind, cursor),
        )
        for key, root in keys:
            found = True
            _bring(old, receipt, kind, key, root)
    for kind, row in _raw_ahead(old, cursor):
        found = True
        receive_page(receipt, Page(kind, (row,)))
    return found


def _bring(old: Connection, receipt: Receipt, kind: str, key: bytes, root: bytes | None) -> None:
    record_id = id_of(key)
    version = rows.server_version(old, kind, record_id)
    if version is None:
        return
    if version.deleted or version.body is None:
        receive_deleted(receipt, Deleted(kind, (WireTombstone(record_id, version.seq),)))
        return
    row = WireRow(record_id, version.seq, version.body, _roots(old, kind, key, root))
    receive_page(receipt, Page(kind, (row,)))


def _roots(old: Connection, kind: str, key: bytes, root: bytes | None) -> tuple[RecordId, ...]:
    more = old.rows("SELECT root FROM extra_root WHERE kind = ? AND id = ?", (kind, key))
    if root is None and not more:
        return ()
    return (id_of(root or key), *(id_of(other) for (other,) in more))


def _raw_ahead(old: Connection, cursor: int) -> Iterator[tuple[str, WireRow]]:
    for kind, item in old.rows("SELECT kind, item FROM quarantine WHERE seq > ?", (cursor,)):
        yield kind, _ROW.decode(item)
    for kind, key, seq, roots, body in old.rows(
        "SELECT kind, id, seq, roots, body FROM unknown_kind WHERE seq > ?", (cursor,)
    ):
        yield kind, WireRow(id_of(key), seq, values_in(body), _IDS.decode(roots or "[]"))


# Own work


def _lay_work(old: Connection, receipt: Receipt) -> None:
    """Show own work on the rows fetched. What was not fetched is gone, or out of sight."""
    c = receipt.c
    left: list[tuple[str, bytes]] = []
    for kind, key in c.rows(_SHOWN):
        if kind not in CATALOG:
            continue
        record_id = id_of(key)
        row = rows.fetch(c, kind, record_id)
        if row is None:
            is_in_sight = _lay_without_row(old, receipt, kind, record_id)
        else:
            is_in_sight = row.deleted != HIDDEN
            if not is_in_sight:  # it left while the rest was fetched; the work on it leaves now
                c.run("DELETE FROM hidden WHERE kind = ? AND id = ?", (kind, key))
                _put(receipt, kind, record_id, Shadow(row.seq, False, row.values), row.root)
        if not is_in_sight:
            left.append((kind, key))
        rows.keep_shadow(c, kind, record_id)
        rebase(c, kind, record_id)
    leaving.take_out_of_sight(receipt, left)


def _lay_without_row(old: Connection, receipt: Receipt, kind: str, record_id: RecordId) -> bool:
    """Prepare the place of a record that was not fetched; False: it left this user's sight."""
    c, key = receipt.c, blob(record_id)
    known = rows.fetch(old, kind, record_id)
    version = rows.server_version(old, kind, record_id)
    if known is None or version is None or not version.seq or version.body is None:
        # Only this device knows it, or it had left before: what is laid on nothing.
        return known is None or known.deleted != HIDDEN
    roots = [known.root or key, *map(blob, _roots(old, kind, key, known.root))]
    places = ",".join("?" * len(roots))
    if c.one(f"SELECT 1 FROM root WHERE id IN ({places})", roots) is not None:
        # Its root is here and it is not: it was deleted.
        rows.put(c, kind, record_id, (version.seq, known.root, LIVE), version.body)
        rows.set_shadow(c, kind, record_id, Shadow(version.seq, True, version.body))
        return True
    _put(receipt, kind, record_id, version, known.root)
    return False


def _put(
    receipt: Receipt, kind: str, record_id: RecordId, version: Shadow, root: bytes | None
) -> None:
    """A version that is about to leave with the work on it."""
    assert version.body is not None
    rows.put(receipt.c, kind, record_id, (version.seq, root, LIVE), version.body)
    if version.seq:
        receipt.count += 1
        receipt.total += version_hash(kind, record_id, version.seq)
