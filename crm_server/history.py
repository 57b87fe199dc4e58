"""What history keeps of a record: what was written into it at once, by whom and when."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_server.rows import By, Key
from crm_server.store import Params, Tx

Patch = dict[str, tuple[Value, Value]]
"""For each field the value before, and the one that was written."""

_decode = msgspec.json.Decoder(Patch).decode


class Written(NamedTuple):
    """One row of `history`. `patch` is JSON, a `Patch`; `prev_seq` 0: the record was not there."""

    seq: int
    id: RecordId
    kind: str
    prev_seq: int
    cs_id: str
    actor: RecordId
    device: str
    authored_at: str
    received_at: str
    patch: str

    @property
    def by(self) -> By:
        """Who wrote it, where and when."""
        return By(self.actor, self.device, self.cs_id, self.authored_at)

    @property
    def said(self) -> Patch:
        """What was written."""
        return _decode(self.patch)


_COLUMNS = ",".join(Written._fields)
INSERT_HISTORY = f"INSERT INTO history({_COLUMNS}) VALUES ({','.join('?' * len(Written._fields))})"


def written(tx: Tx, which: str, params: Params) -> list[Written]:
    """The rows of history that a condition and an order in SQL name."""
    return [*map(Written._make, tx.rows(f"SELECT {_COLUMNS} FROM history {which}", params))]


def history_of(tx: Tx, record: Key, behind: int = 0) -> list[Written]:
    """What was written into a record behind a place of the feed, oldest first."""
    return written(tx, "WHERE kind=? AND id=? AND seq>? ORDER BY seq", (*record, behind))
