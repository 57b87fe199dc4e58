"""With which refused steps this user is not done: what his lead is shown, and what not any more."""

from __future__ import annotations

from crm_core.wire import STILL_REFUSED_MAX, StillRefused
from crm_desktop.models.sql import id_of
from crm_desktop.models.store import Store
from crm_desktop.models.told import note_told, told

META_TOLD = "refusals.told"
"""The steps that the server was told of last."""

_WAITING = (
    "SELECT id, n FROM changeset WHERE state IN ('rejected', 'held', 'blocked')"
    " AND verdict IS NOT NULL UNION SELECT s.id, s.n FROM op o JOIN changeset s ON s.n = o.cs"
    " WHERE o.refused IS NOT NULL AND s.state IN ('acked', 'confirmed') ORDER BY n"
)
_DISCARDED = "SELECT 1 FROM changeset WHERE state = 'discarded' AND verdict IS NOT NULL LIMIT 1"


def news(store: Store) -> StillRefused | None:
    """What the server is to be told; None where it knows, and where so much was refused that it is
    no use to say which."""
    known = told(store, META_TOLD)
    with store.reader() as c:
        waiting = tuple(id_of(key) for key, _ in c.rows(_WAITING))
        if known is None and not waiting and c.one(_DISCARDED) is None:
            return None
    if known == frozenset[str](waiting) or len(waiting) > STILL_REFUSED_MAX:
        return None
    return StillRefused(waiting)


def note(store: Store, said: StillRefused) -> None:
    """The server knows."""
    note_told(store, META_TOLD, said.steps)
