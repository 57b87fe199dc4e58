"""The digest of all that a set of keys shows, counted once and then carried along.

A digest depends on nothing but the keys and the seq, so colleagues with the same keys share it. To
carry it from one seq to another, only the records are looked at that changed in between: what each
counted before is known from `history.prev_seq`, what it counts now from `record.vhash`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crm_core.digest import Digest, version_hash
from crm_core.ids import RecordId
from crm_server.sight import changed_roots
from crm_server.store import Clock, Tx
from crm_server.tables import FOREVER

REMEMBERED_MAX = 256
CARRIED_RECORDS_MAX = 5000
"""Above this many changed records counting anew is cheaper than carrying."""


@dataclass(frozen=True, slots=True)
class _Known:
    epoch: str
    seq: int
    digest: Digest


Earlier = Mapping[tuple[str, RecordId], list[tuple[int, int]]]
"""Of each record (kind, id) its changes: their seq, and that of the live version before, or 0."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What a pull has read already: the records (kind, id, seq, deleted) in sight that changed
    `since` a place of the feed from which on nothing came into sight or left it."""

    since: int
    changed: Sequence[tuple[str, RecordId, int, bool]]
    earlier: Callable[[], Earlier] | None = None
    """The history since then where it was asked for already; older changes may be among it."""


class Digests:
    """The digests that this process has counted, by the keys they belong to."""

    def __init__(self) -> None:
        self._known: OrderedDict[frozenset[str], _Known] = OrderedDict()

    def of(
        self, tx: Tx, clock: Clock, keys: frozenset[str], *, afresh: bool = False,
        heard: Heard | None = None,
    ) -> Digest:  # fmt: skip
        """The digest of every live record visible with these keys, in this snapshot. `afresh`:
        what was carried along is not believed, but counted again."""
        known = None if afresh else self._known.get(keys)
        if known is not None and known.seq < clock.gc_floor:
            known = None  # what it would be carried by may be collected
        if known is not None and known.epoch == clock.epoch and known.seq == clock.seq:
            return known.digest
        digest = None
        if known is not None and known.epoch == clock.epoch and known.seq < clock.seq:
            if heard is not None and heard.since <= known.seq:
                digest = _carry_heard(tx, known, heard)
            else:
                digest = _carry(tx, clock, known, keys)
        if digest is None:
            digest = count(tx, keys)
        self._known[keys] = _Known(clock.epoch, clock.seq, digest)
        self._known.move_to_end(keys)
        while len(self._known) > REMEMBERED_MAX:
            self._known.popitem(last=False)
        return digest


def count(tx: Tx, keys: frozenset[str]) -> Digest:
    """Count every visible live record once."""
    found = tx.row(
        "SELECT count(*), sum(vhash) FROM (SELECT DISTINCT r.id, r.kind, r.vhash"
        " FROM root_scope rs JOIN record_root rr ON rr.root = rs.root"
        " JOIN record r ON r.id = rr.id AND r.kind = rr.kind"
        " WHERE rs.key = ANY(?) AND rs.gone_seq = ? AND rr.gone_seq = ? AND NOT r.deleted) shown",
        ([*keys], FOREVER, FOREVER),
    )
    assert found is not None
    return Digest(int(found[0]), int(found[1] or 0))


def _carry(tx: Tx, clock: Clock, known: _Known, keys: frozenset[str]) -> Digest | None:
    """The digest of today from that of an earlier place of the feed; None where so much happened
    since that counting is cheaper."""
    if clock.seq - known.seq > CARRIED_RECORDS_MAX + known.digest.count:
        return None
    moved = _moved_since(tx, known.seq, keys)
    changed = tx.rows(
        _CHANGED, (known.seq, known.seq, FOREVER, [*keys], FOREVER, CARRIED_RECORDS_MAX + 1)
    )
    if moved is None or len(changed) > CARRIED_RECORDS_MAX:
        return None
    digest = known.digest
    for kind, record_id, deleted, vhash, first in changed:
        if record_id in moved:
            continue  # what did not move is in sight now exactly as it was
        if first:
            digest = digest - Digest(1, version_hash(kind, record_id, first))
        if not deleted:
            digest = digest + Digest(1, vhash)
    return _carry_moved(tx, digest, moved, known.seq, keys) if moved else digest


def _carry_heard(tx: Tx, known: _Known, heard: Heard) -> Digest:
    changed = [row for row in heard.changed if row[2] > known.seq]
    if heard.earlier is not None:
        earlier = heard.earlier()
    else:
        earlier = by_record(
            tx.rows(
                "SELECT seq,kind,id,prev_seq FROM history WHERE id = ANY(?) AND seq > ?",
                ([record_id for _, record_id, _, _ in changed], known.seq),
            )
        )
    digest = known.digest
    for kind, record_id, seq, deleted in changed:
        since = [x for x in earlier.get((kind, record_id), ()) if x[0] > known.seq]
        before = min(since)[1] if since else 0
        if before:
            digest = digest - Digest(1, version_hash(kind, record_id, before))
        if not deleted:
            digest = digest + Digest(1, version_hash(kind, record_id, seq))
    return digest


def by_record(history: Iterable[tuple[Any, ...]]) -> Earlier:
    """The changes of rows (seq, kind, id, version before) by the record that changed."""
    found: dict[tuple[str, RecordId], list[tuple[int, int]]] = {}
    for seq, kind, record_id, prev_seq in history:
        found.setdefault((kind, record_id), []).append((seq, prev_seq))
    return found


_FIRST = (
    "(SELECT h.prev_seq FROM history h WHERE h.id = r.id AND h.kind = r.kind AND h.seq > ?"
    " ORDER BY h.seq LIMIT 1)"
)
"""The live version that was there before the first change since; 0 or nothing where none was."""

_CHANGED = (
    f"SELECT r.kind, r.id, r.deleted, r.vhash, {_FIRST} FROM record r WHERE r.seq > ?"
    " AND EXISTS (SELECT 1 FROM record_root rr JOIN root_scope rs ON rs.root = rr.root"
    " WHERE rr.id = r.id AND rr.kind = r.kind AND rr.gone_seq = ?"
    " AND rs.key = ANY(?) AND rs.gone_seq = ?) LIMIT ?"
)


def _carry_moved(
    tx: Tx, digest: Digest, moved: set[RecordId], since: int, keys: frozenset[str]
) -> Digest:
    ids = [*moved]
    before = _visible(tx, ids, keys, since)
    now = _visible(tx, ids, keys, FOREVER - 1)
    for kind, record_id, seq, deleted, vhash, first in tx.rows(
        f"SELECT r.kind, r.id, r.seq, r.deleted, r.vhash, {_FIRST} FROM record r"
        " WHERE r.id = ANY(?)",
        (since, ids),
    ):
        old_seq = (0 if deleted else seq) if seq <= since else first
        if old_seq and (kind, record_id) in before:
            digest = digest - Digest(1, version_hash(kind, record_id, old_seq))
        if not deleted and (kind, record_id) in now:
            digest = digest + Digest(1, vhash)
    return digest


def _moved_since(tx: Tx, since: int, keys: frozenset[str]) -> set[RecordId] | None:
    """The records that hang below other roots than at that place of the feed, or below roots with
    other keys, where these keys show one or have shown it; None where they are too many."""
    limit = CARRIED_RECORDS_MAX + 1
    roots = changed_roots(tx, keys, since, limit)
    shown = (
        " AND EXISTS (SELECT 1 FROM root_scope rs"
        " WHERE rs.root = rr.root AND rs.key = ANY(?) AND rs.gone_seq > ?)"
    )
    found = tx.rows(
        f"SELECT rr.id FROM record_root rr WHERE rr.seq > ?{shown}"
        " UNION ALL SELECT rr.id FROM record_root rr"
        f" WHERE rr.gone_seq > ? AND rr.gone_seq < {FOREVER}{shown} LIMIT ?",
        (since, [*keys], since, since, [*keys], since, limit),
    )
    if roots and len(roots) < limit:
        found += tx.rows("SELECT id FROM record_root WHERE root = ANY(?) LIMIT ?", (roots, limit))
    return None if max(len(roots), len(found)) >= limit else _ids(found)


def _ids(rows: Iterable[tuple[Any, ...]]) -> set[RecordId]:
    return {RecordId(row[0]) for row in rows}


def _visible(
    tx: Tx, ids: list[RecordId], keys: frozenset[str], at: int
) -> set[tuple[str, RecordId]]:
    found = tx.rows(
        "SELECT DISTINCT rr.kind, rr.id FROM record_root rr"
        " JOIN root_scope rs ON rs.root = rr.root"
        " WHERE rr.id = ANY(?) AND rr.seq <= ? AND rr.gone_seq > ?"
        " AND rs.key = ANY(?) AND rs.seq <= ? AND rs.gone_seq > ?",
        (ids, at, at, [*keys], at, at),
    )
    return {(kind, RecordId(record_id)) for kind, record_id in found}
