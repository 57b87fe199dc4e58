"""Verifying a store: what must agree with what (`crm-server check`)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from crm_core.ids import ALL_ROOT
from crm_server.directory import load_directory
from crm_server.recounting import Recount
from crm_server.store import ServerStore, Tx
from crm_server.tables import FOREVER

_ABOVE = "(SELECT seq FROM clock)"
_HERE = "EXISTS (SELECT 1 FROM record r WHERE r.id = {} AND r.kind = {})"
_USER = "'user'"

_FEED = (
    *(
        (f"seqs of {table} above the clock", f"SELECT count(*) FROM {table} WHERE {seq} > {_ABOVE}")
        for table, seq in (
            ("record", "seq"), ("history", "seq"), ("applied", "seq"), ("record_root", "seq"),
            ("root_scope", "seq"), ("user_scope", "seq"), ("collected", "seq"),
            ("device", "delivered"),
        )
    ),
    (
        "ends of stays above the clock",
        "SELECT (SELECT count(*) FROM record_root"
        f" WHERE gone_seq > {_ABOVE} AND gone_seq < {FOREVER}) + (SELECT count(*) FROM root_scope"
        f" WHERE gone_seq > {_ABOVE} AND gone_seq < {FOREVER})",
    ),
    (
        "records whose latest change their history does not have",
        "SELECT count(*) FROM record r JOIN (SELECT kind, id, max(seq) AS latest FROM history"
        " GROUP BY kind, id) h ON h.kind = r.kind AND h.id = r.id WHERE h.latest <> r.seq",
    ),
    (
        "changes that follow on none",
        "SELECT count(*) FROM (SELECT prev_seq, lag(seq) OVER (PARTITION BY id, kind ORDER BY seq)"
        " AS before FROM history) h WHERE before IS NOT NULL AND prev_seq NOT IN (0, before)",
    ),
    (
        "changes of records that are gone",
        "SELECT count(*) FROM (SELECT kind, id, max(seq) AS latest FROM history"
        " GROUP BY kind, id) h WHERE h.latest > (SELECT gc_floor FROM clock)"
        f" AND NOT {_HERE.format('h.id', 'h.kind')}",
    ),
    (
        "changes of changesets that nobody sent",
        "SELECT count(*) FROM history h WHERE h.cs_id <> ''"
        " AND NOT EXISTS (SELECT 1 FROM applied a WHERE a.cs_id = h.cs_id)",
    ),
)  # fmt: skip
"""The feed and its history: a version that another does not lead to is a gap."""

_ORPHANS = (
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
        "places of no record",
        f"SELECT count(*) FROM record_root rr WHERE rr.gone_seq = {FOREVER}"
        f" AND NOT {_HERE.format('rr.id', 'rr.kind')}",
    ),
    (
        "keys of no record",
        f"SELECT count(*) FROM root_scope rs WHERE rs.gone_seq = {FOREVER}"
        f" AND rs.root <> '{ALL_ROOT}'"
        " AND NOT EXISTS (SELECT 1 FROM record r WHERE r.id = rs.root)",
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
    *(
        (f"{what} of nobody", f"SELECT count(*) FROM {table} x"
         f" WHERE NOT {_HERE.format('x.user_id', _USER)}")
        for table, what in (("device", "devices"), ("credential", "logins"), ("token", "tokens"))
    ),
    (
        "marks of no device",
        "SELECT count(*) FROM reached x WHERE NOT EXISTS (SELECT 1 FROM device d"
        " WHERE d.id = x.device)",
    ),
)  # fmt: skip
"""Rows that belong to something that is not there."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a check found."""

    records: int
    seq: int
    problems: tuple[str, ...]


def check_store(store: ServerStore) -> Report:
    """Compare the tables of an organisation with each other, in one snapshot."""
    try:
        return _checked(store)
    except sqlite3.DatabaseError as error:  # a page that cannot be read
        return Report(0, 0, (f"SQLite: {error}",))


def _checked(store: ServerStore) -> Report:
    with store.read() as tx:
        clock = tx.clock()
        problems = [*_integrity(tx, postgres=store.postgres)]
        for what, sql in (*_FEED, *_ORPHANS):
            found = tx.row(sql)
            if found and found[0]:
                problems.append(f"{found[0]} {what}")
        recount = Recount(tx, clock, load_directory(tx, clock.directory_seq))
        problems += recount.problems()
        return Report(recount.records, clock.seq, tuple(problems))


def _integrity(tx: Tx, *, postgres: bool) -> Iterator[str]:
    """What the database itself says of its files and indexes."""
    if not postgres:
        state = tx.row("PRAGMA integrity_check")
        if state is None or state[0] != "ok":
            yield f"SQLite: {state[0] if state else '?'}"
        return
    for (name,) in tx.rows(
        "SELECT i.indexrelid::regclass::text FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid"
        " WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())"
        " AND NOT (i.indisvalid AND i.indisready)"
    ):
        yield f"the index {name} is not valid"
