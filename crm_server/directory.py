"""Reading the directory of colleagues from the store."""

from __future__ import annotations

import json
from typing import cast

from crm_core.directory import DIRECTORY_KINDS, Directory, Values, directory_of
from crm_core.ids import ALL_ROOT, RecordId
from crm_server.store import Tx


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
