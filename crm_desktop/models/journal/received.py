"""The server's side of the door: versions from pulls and push answers become rows, in bulk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from crm_core.catalog import CATALOG
from crm_core.digest import Digest, version_hash
from crm_core.fields import Value
from crm_core.ids import RecordId, is_id
from crm_core.merging import MERGED_INTO
from crm_core.wire import Deleted, Page, Sums, WireRow, WireTombstone
from crm_desktop.models.connection import Connection, NotStorable, SqlValue, savepoint
from crm_desktop.models.journal import differing, first_versions
from crm_desktop.models.journal import rows as rows_
from crm_desktop.models.journal.differing import Held
from crm_desktop.models.journal.following import keep_takers
from crm_desktop.models.journal.rebase import rebase
from crm_desktop.models.journal.rows import Shadow
from crm_desktop.models.replica import Summary
from crm_desktop.models.sql import DELETED, HIDDEN, LIVE, blob, layout, to_json

NAMED_MAX = 200
"""Changed records of one kind that a summary names; of more it names the kind."""

_NEVER_SEEN = 1 << 62
"""Above every seq: what the server has not taken is in none of its versions."""

POISON = (NotStorable, ValueError, TypeError)
"""What a row that cannot be taken raises: an id that is none, a value SQLite cannot bind."""


@dataclass(slots=True)
class Receipt:
    """What one transaction has taken so far."""

    c: Connection
    now: str
    reconciling: bool = False
    same_history: bool = False
    rows: int = 0
    quarantined: int = 0
    orphaned: int = 0
    count: int = 0
    total: int = 0
    seq: int = 0
    changed: dict[str, set[RecordId]] = field(default_factory=dict[str, set[RecordId]])
    reset: set[str] = field(default_factory=set[str])
    said: Sums | None = None
    outbox_changed: bool = False
    erased: bool = False

    def note(self, kind: str, ids: Iterable[RecordId], many: int) -> None:
        """Remember whom to tell."""
        named = self.changed.setdefault(kind, set())
        if kind in self.reset or len(named) + many > NAMED_MAX:
            self.reset.add(kind)
            named.clear()
        else:
            named.update(ids)

    def close(self) -> Summary:
        """Write the running digest; what changed."""
        rows_.add_digest(self.c, Digest(self.count, self.total))
        if self.seq:
            self.c.run("UPDATE sync_state SET seq_known = max(seq_known, ?)", (self.seq,))
        pairs = ((kind, one) for kind, ids in self.changed.items() for one in ids)
        return Summary(
            frozenset(pairs), frozenset(self.reset), conflicts_changed="conflict" in self.changed,
            outbox_changed=self.outbox_changed,
        )  # fmt: skip


def receive_page(receipt: Receipt, page: Page) -> None:
    """Take the versions of one page; a poisoned row goes to quarantine and stops nothing."""
    if not page.rows:
        return
    if page.kind not in CATALOG:
        _keep_unknown(receipt, page)
        return
    _receive_or_bisect(receipt, page.kind, page.rows)


def _receive_or_bisect(receipt: Receipt, kind: str, rows: Sequence[WireRow]) -> None:
    before = (receipt.rows, receipt.count, receipt.total)
    try:
        with savepoint(receipt.c):
            _receive(receipt, kind, rows)
    except POISON as error:
        receipt.rows, receipt.count, receipt.total = before
        if len(rows) == 1:
            _quarantine(receipt, kind, rows[0], str(error))
            return
        middle = len(rows) // 2
        _receive_or_bisect(receipt, kind, rows[:middle])
        _receive_or_bisect(receipt, kind, rows[middle:])


def _receive(receipt: Receipt, kind: str, rows: Sequence[WireRow]) -> None:
    """The fast path: one statement for all rows below which no own work lies any more."""
    c, table = receipt.c, layout(kind)
    ids = [_key(row.id) for row in rows]
    held = differing.held(c, kind, ids)
    shadows = _shadows(c, kind, ids)
    worked_on = _with_own_work(c, kind, {key: row.seq for key, row in zip(ids, rows, strict=True)})
    new: list[tuple[bytes, WireRow, bytes | None]] = []
    newer: list[tuple[Held, tuple[SqlValue, ...]]] = []
    bare: list[tuple[str, bytes]] = []
    more_roots: list[tuple[str, bytes, bytes]] = []
    count = total = 0
    for key, row in zip(ids, rows, strict=True):
        old = held.get(key) if held else None
        if old is not None and _is_stale(receipt, kind, row, old):
            continue
        if key in worked_on or (old is None and key in shadows):
            _receive_below_own_work(receipt, kind, key, row)
            continue
        root = None
        if row.roots:
            root, others = _roots(key, row.roots)
            more_roots.extend((kind, key, other) for other in others)
        if old is None:
            new.append((key, row, root))
        else:
            columns, extra = table.stored(row.body)
            newer.append((old, (key, row.seq, root, LIVE, extra, *columns)))
        count += 1
        total += version_hash(kind, row.id, row.seq)
        counted = old.counted if old is not None else 0
        if key in shadows:
            counted = shadows[key]
            bare.append((kind, key))
        if counted:
            count -= 1
            total -= version_hash(kind, row.id, counted)
    first_versions.insert(c, kind, new)
    if newer:
        differing.replace(c, kind, newer)
        _after_update(c, kind, [old for old, _ in newer])
    c.many("DELETE FROM shadow WHERE kind = ? AND id = ?", bare)
    if more_roots:
        c.many("INSERT OR IGNORE INTO extra_root (kind, id, root) VALUES (?, ?, ?)", more_roots)
    receipt.count += count
    receipt.total += total
    _after_rows(receipt, kind, rows, ids)


def _key(record_id: RecordId) -> bytes:
    """An id as it is stored; raises ValueError where it is none, in whatever spelling."""
    if not is_id(record_id):
        raise ValueError(record_id[:60])
    return blob(record_id)


def _after_rows(receipt: Receipt, kind: str, rows: Sequence[WireRow], ids: Sequence[bytes]) -> None:
    receipt.rows += len(rows)
    receipt.seq = max(receipt.seq, *(row.seq for row in rows))
    receipt.note(kind, (row.id for row in rows), len(rows))
    if kind == "conflict":
        _note_records(receipt, rows)
    _visit(receipt, kind, ids)
    _leave_quarantine(receipt, kind, rows)


def _visit(receipt: Receipt, kind: str, ids: Iterable[bytes]) -> None:
    """While reconciling: the server still has these."""
    if receipt.reconciling:
        receipt.c.many(
            "INSERT OR IGNORE INTO visited (kind, id) VALUES (?, ?)", [(kind, key) for key in ids]
        )


def _shadows(c: Connection, kind: str, ids: Sequence[bytes]) -> dict[bytes, int]:
    """The server versions kept aside for these records: the seq that the digest counts, or 0."""
    if c.one("SELECT 1 FROM shadow LIMIT 1") is None:
        return {}
    places = ",".join("?" * len(ids))
    found = c.rows(
        "SELECT id, CASE WHEN deleted OR body IS NULL THEN 0 ELSE seq END FROM shadow"
        f" WHERE kind = ? AND id IN ({places})",
        (kind, *ids),
    )
    return dict(found)


def _with_own_work(c: Connection, kind: str, seqs: Mapping[bytes, int]) -> frozenset[bytes]:
    """The records of which this device shows more than the server's version with this seq: also
    where the row had left and now comes back."""
    if c.one("SELECT 1 FROM op LIMIT 1") is None:
        return frozenset()
    places = ",".join("?" * len(seqs))
    found = c.rows(
        "SELECT o.id, max(CASE WHEN s.state = 'acked' AND o.refused IS NULL THEN s.ack_seq"
        " ELSE ? END) FROM op o JOIN changeset s ON s.n = o.cs"
        f" WHERE o.kind = ? AND o.id IN ({places}) AND o.op <> 'offer'"
        " AND (s.state IN ('queued', 'sent', 'held', 'rejected', 'blocked', 'waiting', 'acked')"
        " OR (s.state = 'confirmed' AND o.refused IS NOT NULL)) GROUP BY o.id",
        (_NEVER_SEEN, kind, *seqs),
    )
    return frozenset(key for key, shown_until in found if shown_until > seqs[key])


def _is_stale(receipt: Receipt, kind: str, row: WireRow, old: Held) -> bool:
    """A late or repeated answer; in another history the server's word counts, whatever its seq."""
    if old.seq <= row.seq:
        return False
    if receipt.reconciling and not receipt.same_history:
        salvage(receipt, kind, row.id)
        return False
    return True


def _roots(key: bytes, roots: Sequence[RecordId]) -> tuple[bytes | None, list[bytes]]:
    """The root that stands in the row (None: itself), and the others."""
    blobs = [bytes.fromhex(root) for root in roots]
    if key in blobs:
        return None, [root for root in blobs if root != key]
    return blobs[0], blobs[1:]


def _after_update(c: Connection, kind: str, replaced: Sequence[Held]) -> None:
    """What hung on the former versions goes: other roots, hiding."""
    if c.one("SELECT 1 FROM extra_root LIMIT 1") is not None:
        keys = [(kind, one.key) for one in replaced]
        c.many("DELETE FROM extra_root WHERE kind = ? AND id = ?", keys)
    hidden = [(kind, one.key) for one in replaced if one.deleted == HIDDEN]
    c.many("DELETE FROM hidden WHERE kind = ? AND id = ?", hidden)


def _receive_below_own_work(receipt: Receipt, kind: str, key: bytes, row: WireRow) -> None:
    """The new server version goes below this device's unsettled changes."""
    c = receipt.c
    table = layout(kind)
    # Poison must show here as well, not when the row is next written.
    columns, _ = table.stored(row.body)
    c.one(f"SELECT {', '.join('?' * len(columns))}", columns)
    # Work in conflict is not shown any more: then the row itself is the version held so far.
    old = rows_.server_version(c, kind, row.id)
    if old is not None and old.seq and not old.deleted:
        receipt.count -= 1
        receipt.total -= version_hash(kind, row.id, old.seq)
    rows_.set_shadow(c, kind, row.id, Shadow(row.seq, False, {**row.body}))
    receipt.count += 1
    receipt.total += version_hash(kind, row.id, row.seq)
    rebase(c, kind, row.id)
    root, others = _roots(key, row.roots) if row.roots else (None, [])
    c.run(f"UPDATE {table.table} SET root = ? WHERE id = ?", (root, key))
    c.run("DELETE FROM extra_root WHERE kind = ? AND id = ?", (kind, key))
    c.many(
        "INSERT OR IGNORE INTO extra_root (kind, id, root) VALUES (?, ?, ?)",
        [(kind, key, other) for other in others],
    )


def _note_records(receipt: Receipt, rows: Iterable[WireRow]) -> None:
    """A conflict changes the badge of its record."""
    for row in rows:
        record = row.body.get("record")
        kind, slash, record_id = record.partition("/") if isinstance(record, str) else ("", "", "")
        if slash:
            receipt.note(kind, (RecordId(record_id),), 1)


# Deletions


def receive_deleted(receipt: Receipt, deleted: Deleted) -> None:
    """Mark records that the server deleted; own changes to them stay in the outbox."""
    kind, tombstones = deleted.kind, deleted.rows
    if kind not in CATALOG:
        forget_unknown(receipt, deleted)
        return
    if not tombstones:
        return
    c = receipt.c
    ids = [blob(one.id) for one in tombstones]
    held, shadows = differing.held(c, kind, ids), _shadows(c, kind, ids)
    dead: list[tuple[int, int, int]] = []
    for key, tombstone in zip(ids, tombstones, strict=True):
        old = held.get(key)
        is_newer_here = not receipt.reconciling or receipt.same_history
        if old is None or (old.seq > tombstone.seq and is_newer_here):
            continue
        if key in shadows:
            _delete_below_own_work(receipt, kind, tombstone, shadows[key])
            continue
        _uncount(receipt, kind, tombstone.id, old.counted)
        state = HIDDEN if old.deleted == HIDDEN else DELETED
        dead.append((state, tombstone.seq, old.rid))
    c.many(f"UPDATE {layout(kind).table} SET deleted = ?, seq = ? WHERE rid = ?", dead)
    keep_takers(c, kind, {rid for _, _, rid in dead}, tombstones)
    rows_.mark_for_search(c, kind, [rid for _, _, rid in dead])
    _leave_quarantine(receipt, kind, tombstones)
    _visit(receipt, kind, held)
    receipt.seq = max(receipt.seq, *(one.seq for one in tombstones))
    receipt.rows += len(tombstones)
    receipt.note(kind, (one.id for one in tombstones), len(tombstones))


def _delete_below_own_work(
    receipt: Receipt, kind: str, tombstone: WireTombstone, counted: int
) -> None:
    c = receipt.c
    shadow = rows_.shadow_of(c, kind, tombstone.id)
    assert shadow is not None
    _uncount(receipt, kind, tombstone.id, counted)
    body = shadow.body
    if body is not None and tombstone.into is not None:
        body = {**body, MERGED_INTO: tombstone.into}
    rows_.set_shadow(c, kind, tombstone.id, Shadow(tombstone.seq, True, body))
    rebase(c, kind, tombstone.id)


def _uncount(receipt: Receipt, kind: str, record_id: RecordId, seq: int) -> None:
    """A version leaves the digest; 0: none of this record was in it."""
    if seq:
        receipt.count -= 1
        receipt.total -= version_hash(kind, record_id, seq)


# What cannot be taken, or is not known here


def _quarantine(receipt: Receipt, kind: str, row: WireRow, reason: str) -> None:
    c = receipt.c
    if not is_id(row.id):
        return
    _leave_quarantine(receipt, kind, (row,))
    held = rows_.fetch(c, kind, row.id)
    version = rows_.server_version(c, kind, row.id)
    if held is not None and version is not None and version.seq and not version.deleted:
        # The older version stays readable; for the digest the new one counts.
        receipt.count -= 1
        receipt.total -= version_hash(kind, row.id, version.seq)
        c.run(f"UPDATE {layout(kind).table} SET seq = 0 WHERE rid = ?", (held.rid,))
        c.run("UPDATE shadow SET seq = 0 WHERE kind = ? AND id = ?", (kind, blob(row.id)))
    c.run(
        "INSERT INTO quarantine (kind, id, seq, item, reason, at) VALUES (?, ?, ?, ?, ?, ?)",
        (kind, blob(row.id), row.seq, msgspec.json.encode(row).decode(), reason[:500],
         receipt.now),
    )  # fmt: skip
    receipt.count += 1
    receipt.total += version_hash(kind, row.id, row.seq)
    receipt.quarantined += 1
    _visit(receipt, kind, (blob(row.id),))


def _leave_quarantine(receipt: Receipt, kind: str, rows: Iterable[WireRow | WireTombstone]) -> None:
    """A newer version of a quarantined row was taken (or deleted): the raw one goes."""
    c = receipt.c
    waiting = dict(c.rows("SELECT id, seq FROM quarantine WHERE kind = ?", (kind,)))
    if not waiting:
        return
    for row in rows:
        seq = waiting.get(blob(row.id))
        if seq is not None:
            c.run("DELETE FROM quarantine WHERE kind = ? AND id = ?", (kind, blob(row.id)))
            receipt.count -= 1
            receipt.total -= version_hash(kind, row.id, seq)


def _keep_unknown(receipt: Receipt, page: Page) -> None:
    """A kind of a newer server is stored whole."""
    for row in page.rows:
        if not is_id(row.id):
            continue
        forget_unknown(receipt, Deleted(page.kind, (WireTombstone(row.id, row.seq),)))
        body: dict[str, Value] = row.body
        receipt.c.run(
            "INSERT INTO unknown_kind (kind, id, seq, roots, body) VALUES (?, ?, ?, ?, ?)",
            (page.kind, blob(row.id), row.seq, to_json([*row.roots]), to_json(body)),
        )
        _visit(receipt, page.kind, (blob(row.id),))
        receipt.count += 1
        receipt.total += version_hash(page.kind, row.id, row.seq)
        receipt.seq = max(receipt.seq, row.seq)
    receipt.rows += len(page.rows)


def forget_unknown(receipt: Receipt, deleted: Deleted) -> None:
    """Take versions of a kind that was unknown here out of the file."""
    c = receipt.c
    for one in deleted.rows:
        key = (deleted.kind, blob(one.id))
        seq = c.value("SELECT seq FROM unknown_kind WHERE kind = ? AND id = ?", key)
        if seq is not None:
            c.run("DELETE FROM unknown_kind WHERE kind = ? AND id = ?", key)
            receipt.count -= 1
            receipt.total -= version_hash(deleted.kind, one.id, seq)
        receipt.seq = max(receipt.seq, one.seq)


def salvage(receipt: Receipt, kind: str, record_id: RecordId) -> None:
    """Keep a copy of a version that the server lost and somebody else wrote."""
    c = receipt.c
    version = rows_.server_version(c, kind, record_id)
    if version is None or version.body is None:
        return
    c.run(
        "INSERT INTO salvage (kind, id, seq, title, body, at) VALUES (?, ?, ?, ?, ?, ?)",
        (kind, blob(record_id), version.seq, CATALOG[kind].name_of(version.body),
         to_json(version.body), receipt.now),
    )  # fmt: skip
