"""Verifying a store: what must agree with what."""

from __future__ import annotations

from dataclasses import dataclass

from crm_core.digest import version_hash
from crm_server.store import ServerStore, Tx
from crm_server.tables import FOREVER

_COUNTS = (
    (
        "versions above the clock",
        "SELECT count(*) FROM record WHERE seq > (SELECT seq FROM clock)",
    ),
    (
        "records without a root",
        "SELECT count(*) FROM record r WHERE NOT EXISTS (SELECT 1 FROM record_root rr"
        f" WHERE rr.id = r.id AND rr.kind = r.kind AND rr.gone_seq = {FOREVER})",
    ),
    (
        "roots that nobody can see",
        f"SELECT count(DISTINCT rr.root) FROM record_root rr WHERE rr.gone_seq = {FOREVER}"
        " AND NOT EXISTS (SELECT 1 FROM root_scope rs WHERE rs.root = rr.root"
        f" AND rs.gone_seq = {FOREVER})",
    ),
    (
        "references to nothing",
        "SELECT count(*) FROM ref f"
        " WHERE NOT EXISTS (SELECT 1 FROM record r WHERE r.id = f.target)",
    ),
    (
        "unique keys of nothing",
        "SELECT count(*) FROM unique_key u WHERE NOT EXISTS (SELECT 1 FROM record r"
        " WHERE r.id = u.id AND r.kind = u.kind AND NOT r.deleted)",
    ),
)


@dataclass(frozen=True, slots=True)
class Report:
    """What a check found."""

    records: int
    seq: int
    problems: tuple[str, ...]


def check_store(store: ServerStore) -> Report:
    """Compare the tables of an organisation with each other, in one snapshot."""
    with store.read() as tx:
        problems = [
            f"{found[0]} {what}" for what, sql in _COUNTS if (found := tx.row(sql)) and found[0]
        ]
        if not store.postgres:
            state = tx.row("PRAGMA integrity_check")
            if state is None or state[0] != "ok":
                problems.append(f"SQLite: {state[0] if state else '?'}")
        records, wrong = _check_hashes(tx)
        if wrong:
            problems.append(f"{wrong} wrong version hashes")
        return Report(records, tx.clock().seq, tuple(problems))


def _check_hashes(tx: Tx) -> tuple[int, int]:
    rows = tx.rows("SELECT kind,id,seq,vhash FROM record")
    wrong = sum(1 for kind, rid, seq, vhash in rows if version_hash(kind, rid, seq) != vhash)
    return len(rows), wrong
