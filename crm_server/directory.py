"""Reading the directory of colleagues from the store."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import cast

from crm_core.directory import DIRECTORY_KINDS, Directory, Values, directory_of
from crm_core.ids import ALL_ROOT, RecordId
from crm_server.history import history_of
from crm_server.store import Tx


def roles_before(tx: Tx, user: RecordId, since: Iterable[int], role: str) -> list[str]:
    """The roles that a user held from each of these places of the feed on; `role` is today's.
    Whoever changes his role has a new generation of keys from there on."""
    places = [*since]
    if not places:
        return []
    changes = [
        (one.seq, str(one.said["role"][0] or ""))
        for one in history_of(tx, ("user", user), min(places))
        if "role" in one.said
    ]
    return [next((was for seq, was in changes if seq > place), role) for place in places]


def load_directory(tx: Tx, seq: int) -> Directory:
    """Read the directory of this transaction's snapshot."""
    found = tx.rows(
        "SELECT r.kind, r.id, r.body::text FROM record_root rr"
        " JOIN record r ON r.id = rr.id AND r.kind = rr.kind"
        " WHERE rr.root = ? AND rr.kind = ANY(?) AND NOT r.deleted",
        (ALL_ROOT, list(DIRECTORY_KINDS)),
    )
    rows = [(kind, RecordId(rid), cast("Values", json.loads(body))) for kind, rid, body in found]
    return directory_of(seq, rows)
