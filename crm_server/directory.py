"""Reading the directory of colleagues from the store."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import cast

import msgspec

from crm_core.directory import DIRECTORY_KINDS, Directory, Values, directory_of
from crm_core.fields import Value
from crm_core.ids import ALL_ROOT, RecordId
from crm_server.store import Tx

_decode_patch = msgspec.json.Decoder(dict[str, tuple[Value, Value]]).decode


def roles_before(tx: Tx, user: RecordId, since: Iterable[int], role: str) -> list[str]:
    """The roles that a user held from each of these places of the feed on; `role` is today's.
    Whoever changes his role has a new generation of keys from there on."""
    places = [*since]
    if not places:
        return []
    changes = [
        (seq, str(_decode_patch(patch)["role"][0] or ""))
        for seq, patch in tx.rows(
            "SELECT seq,patch FROM history WHERE id=? AND kind='user' AND seq>? ORDER BY seq",
            (user, min(places)),
        )
        if "role" in _decode_patch(patch)
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
