"""The digest of all that a set of keys shows, counted once and then carried along.

A digest depends on nothing but the keys and the seq, so colleagues with the same keys share it. To
carry it from one seq to another, only the records are looked at that changed in between: what each
counted before is known from `history.prev_seq`, what it counts now from `record.vhash`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
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


class Digests:
    """The digests that this process has counted, by the keys they belong to."""

    def __init__(self) -> None:
        self._known: OrderedDict[frozenset[str], _Known] = OrderedDict()

    def of(self, tx: Tx, clock: Clock, keys: frozenset[str], *, afresh: bool = False) -> Digest:
        """The digest of every live record visible with these keys, in this snapshot. `afresh`:
        what was carried along is not believed, but counted again."""
        known = None if afresh else self._known.get(keys)
        if known is not None and known.seq < clock.gc_floor:
            known = None  # what it would be carried by may be collected
        if known is not None and known.epoch == clock.epoch and known.seq == clock.seq:
            return known.digest
        digest = None
        if known is not None and known.epoch == clock.epoch and known.seq < clock.seq:
            digest = _carry(tx, known, keys)
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


def _carry(tx: Tx, known: _Known, keys: frozenset[str]) -> Digest | None:
    ids = _changed_since(tx, known.seq, keys)
    if ids is None:
        return None
    if not ids:
        return known.digest
    before = _visible(tx, ids, keys, known.seq)
    now = _visible(tx, ids, keys, FOREVER - 1)
    first: dict[tuple[str, RecordId], int] = {}
    for kind, record_id, prev_seq in tx.rows(
        "SELECT kind,id,prev_seq FROM history WHERE id = ANY(?) AND seq > ? ORDER BY seq",
        (ids, known.seq),
    ):
        first.setdefault((kind, record_id), prev_seq)
    digest = known.digest
    for kind, record_id, seq, deleted, vhash in tx.rows(
        "SELECT kind,id,seq,deleted,vhash FROM record WHERE id = ANY(?)", (ids,)
    ):
        key = (kind, record_id)
        old_seq = (0 if deleted else seq) if seq <= known.seq else first.get(key, 0)
        if old_seq and key in before:
            digest = digest - Digest(1, version_hash(kind, record_id, old_seq))
        if not deleted and key in now:
            digest = digest + Digest(1, vhash)
    return digest


def _changed_since(tx: Tx, seq: int, keys: frozenset[str]) -> list[RecordId] | None:
    """The records whose share may differ since `seq`; None where they are too many."""
    limit = CARRIED_RECORDS_MAX + 1
    roots = changed_roots(tx, keys, seq, limit)
    if len(roots) >= limit:
        return None
    queries: tuple[tuple[str, tuple[Any, ...]], ...] = (
        ("SELECT id FROM record WHERE seq > ? LIMIT ?", (seq, limit)),
        ("SELECT id FROM record_root WHERE seq > ? LIMIT ?", (seq, limit)),
        (
            f"SELECT id FROM record_root WHERE gone_seq > ? AND gone_seq < {FOREVER} LIMIT ?",
            (seq, limit),
        ),
        ("SELECT id FROM record_root WHERE root = ANY(?) LIMIT ?", (roots, limit)),
    )
    ids: set[RecordId] = set()
    for sql, params in queries:
        found = tx.rows(sql, params)
        ids |= _ids(found)
        if len(found) >= limit or len(ids) >= limit:
            return None
    return [*ids]


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
