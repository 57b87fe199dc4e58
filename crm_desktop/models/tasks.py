"""Tasks: how late those are that are still to be done, and who waits for a reply."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from crm_core.ids import RecordId
from crm_core.supervising import FIELDS, Supervision, supervision_of
from crm_desktop.models.connection import Connection
from crm_desktop.models.sql import blob, id_of


def days_late(c: Connection, ids: Sequence[RecordId], today: dt.date) -> Mapping[RecordId, int]:
    """For those of these tasks that are open and due before today: by how many days."""
    places = ",".join("?" * len(ids))
    rows = c.rows(
        f"SELECT id, due_on FROM task WHERE id IN ({places}) AND due_on < ?"
        " AND coalesce(status, 'open') IN ('open', 'in_progress')",
        (*(blob(one) for one in ids), today.isoformat()),
    )
    return {id_of(key): (today - dt.date.fromisoformat(due[:10])).days for key, due in rows}


def supervised(c: Connection, ids: Sequence[RecordId]) -> Mapping[RecordId, Supervision]:
    """How those of these tasks that are open are supervised."""
    places = ",".join("?" * len(ids))
    rows = c.rows(
        f"SELECT id, hex(supervisor), supervised_until, supervision_reply FROM task"
        f" WHERE id IN ({places}) AND supervisor IS NOT NULL"
        " AND coalesce(status, 'open') IN ('open', 'in_progress')",
        [blob(one) for one in ids],
    )
    made = {id_of(row[0]): supervision_of(dict(zip(FIELDS, row[1:], strict=True))) for row in rows}
    return {record_id: one for record_id, one in made.items() if one is not None}
