"""What a change of people, teams or territories does to scope."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import replace

from crm_core.catalog import CATALOG
from crm_core.directory import Directory
from crm_core.ids import RecordId
from crm_server.directory import load_directory
from crm_server.rows import By
from crm_server.service import Service
from crm_server.store import Clock, Tx
from crm_server.work import Work


def settle_directory(service: Service, tx: Tx, clock: Clock, before: Directory) -> Clock:
    """Bring keys of users and of what hangs on them up to the directory just written."""
    now = load_directory(tx, clock.seq)
    work = Work(tx, clock, now, service.now, service.new_id)
    _follow_people(work, before, now)
    _follow_territories(work, before, now)
    work.flush()
    seq = work.seq if work.seq != clock.seq else work.next_seq()
    moved = {
        user for user, person in now.users.items()
        if user in before.users and before.users[user].role != person.role
    }  # fmt: skip
    _new_generations(tx, now, seq, service.now, moved)
    return replace(clock, seq=seq, directory_seq=seq)


def _new_generations(
    tx: Tx, directory: Directory, seq: int, at: str, moved: Collection[RecordId]
) -> None:
    """A user whose keys or role changed gets a new scope generation."""
    last: dict[str, tuple[int, str]] = {}
    for user, gen, keys in tx.rows("SELECT user_id,gen,keys FROM user_scope ORDER BY gen"):
        last[user] = (gen, keys)
    fresh: list[tuple[object, ...]] = []
    for user in directory.users:
        keys = json.dumps(sorted(directory.rights(user)[2]))
        gen, known = last.get(user, (0, ""))
        if keys != known or user in moved:
            fresh.append((user, gen + 1, seq, at, keys))
    tx.many("INSERT INTO user_scope(user_id,gen,seq,at,keys) VALUES (?,?,?,?,?)", fresh)


def _follow_people(work: Work, before: Directory, now: Directory) -> None:
    """An account's team is its owner's; what stands alone hangs on its author's place."""
    for user, person in now.users.items():
        old = before.users.get(user)
        if old is None or (old.team, old.territory) == (person.team, person.territory):
            continue
        for account in _referring(work, user, "account", "owner"):
            row = work.row("account", account)
            if row is not None and row.values.get("team") != person.team:
                by = By(person.id, at=work.now)
                work.put(
                    CATALOG["account"], account, {"team": person.team}, by, deleted=row.deleted
                )
        _rescope_authored(work, user)


def _rescope_authored(work: Work, user: RecordId) -> None:
    """Records of a user that are their own root, found by their root's key."""
    found = work.tx.rows(
        "SELECT r.kind, r.id FROM root_scope rs JOIN record r ON r.id = rs.root"
        " WHERE rs.key = ? AND r.kind <> 'account' AND r.kind <> 'user'",
        (f"user:{user}",),
    )
    work.prefetch((kind, RecordId(record_id)) for kind, record_id in found)
    for kind, record_id in found:
        row = work.row(kind, record_id)
        if row is not None:
            work.rescope(CATALOG[kind], row)


def _follow_territories(work: Work, before: Directory, now: Directory) -> None:
    """A territory that moved in the tree takes its accounts to other ancestors."""
    territories = {*before.parents, *now.parents}
    moved = [x for x in territories if before.lineage(x) != now.lineage(x)]
    for territory in moved:
        for account in _referring(work, territory, "account", "territory"):
            row = work.row("account", account)
            if row is not None:
                work.rekey_account(row)


def _referring(work: Work, target: RecordId, kind: str, field: str) -> Iterable[RecordId]:
    found = work.tx.rows(
        "SELECT id FROM ref WHERE target=? AND kind=? AND field=?", (target, kind, field)
    )
    ids = [RecordId(record_id) for (record_id,) in found]
    work.prefetch((kind, record_id) for record_id in ids)
    work.prefetch_children(ids)
    return ids
