"""The few numbers that stand in the rail: what is open, late or waits for a decision."""

from __future__ import annotations

import datetime as dt

import msgspec

from crm_core.complaint_clocks import ENDED
from crm_core.ids import RecordId
from crm_desktop.models.connection import Connection, SqlValue
from crm_desktop.models.sql import blob, layout

COUNTED_MAX = 1000
"""Counting stops here: "999+" says as much as the number would."""

ENDED_COMPLAINTS = tuple(sorted(ENDED))
"""Stages in which nothing is left to be done, as the board of complaints counts them."""

FINISHED_TASKS = ("done", "dropped")


class Counts(msgspec.Struct, frozen=True):
    """Complaints that are open, and own tasks whose day is past; each at most `COUNTED_MAX`."""

    complaints: int = 0
    tasks: int = 0


def counts(c: Connection, me: RecordId, today: dt.date) -> Counts:
    """What the rail says of this user's day; `today` is the local date."""
    return Counts(_open_complaints(c), _overdue_tasks(c, me, today))


def _open_complaints(c: Connection) -> int:
    places = ", ".join("?" * len(ENDED_COMPLAINTS))
    return _counted(c, "complaint", f"coalesce(state, '') NOT IN ({places})", ENDED_COMPLAINTS)


def _overdue_tasks(c: Connection, me: RecordId, today: dt.date) -> int:
    places = ", ".join("?" * len(FINISHED_TASKS))
    return _counted(
        c, "task",
        f"assignee = ? AND due_on < ? AND coalesce(status, 'open') NOT IN ({places})",
        (blob(me), today.isoformat(), *FINISHED_TASKS),
    )  # fmt: skip


def _counted(c: Connection, kind: str, where: str, parameters: tuple[SqlValue, ...]) -> int:
    table = layout(kind).table
    sql = f"SELECT count(*) FROM (SELECT 1 FROM {table} WHERE deleted = 0 AND {where} LIMIT ?)"
    return int(c.value(sql, (*parameters, COUNTED_MAX)))
