"""What others decided about values of this user, for him to be told once."""

from __future__ import annotations

from dataclasses import dataclass

from crm_core.ids import RecordId
from crm_core.merge import same
from crm_desktop.models.connection import Connection
from crm_desktop.models.inbox import ConflictRow, decided
from crm_desktop.models.store import Store
from crm_desktop.models.told import note_told, told

META_TOLD = "decided.told"
"""The ids of the decided conflicts of which a person was told, or that were there before."""

LOOKED_AT_MAX = 1000
"""The latest decisions: what nobody was told among so many is old news."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A conflict with a value of this user's, decided by somebody else; `taken`: for that value."""

    conflict: ConflictRow
    by: str
    taken: bool


def newly_decided(store: Store) -> tuple[Decision, ...]:
    """Decisions of others about values of this user, each told once for good; what had been decided
    before anybody looked is not told."""
    before = told(store, META_TOLD)
    with store.reader() as c:
        rows = decided(c, LOOKED_AT_MAX)
        fresh = [row for row in rows if before is not None and row.id not in before]
        found = tuple(x for row in fresh for x in _told(c, row, store.identity.user))
    if before is None or fresh:
        note_told(store, META_TOLD, (row.id for row in rows))
    return found


def _told(c: Connection, row: ConflictRow, me: RecordId) -> tuple[Decision, ...]:
    mine = [parked.value for parked in row.parked if parked.author == me]
    if not mine or row.resolved_by in (None, me):
        return ()
    by = c.value("SELECT name FROM user WHERE id = ?", (bytes.fromhex(row.resolved_by or ""),))
    return (Decision(row, by or "", any(same(value, row.resolution) for value in mine)),)
