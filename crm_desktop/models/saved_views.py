"""Reads the saved views of a kind and how many records each shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from crm_core.ids import RecordId
from crm_desktop.models import queries
from crm_desktop.models.connection import Connection
from crm_desktop.models.queries import Row
from crm_desktop.models.sql import Where

VIEWS_MAX = 200
"""Saved views of one kind that are read: more are no tabs any more."""

COUNTED_ROWS_MAX = 200_000
"""Above it the matches of a view are not counted: that would read the whole list for a number."""


def views_of(c: Connection, kind: str, me: RecordId) -> tuple[Row, ...]:
    """The views of a kind that are this user's own or shared, in their order."""
    rows = queries.page(c, "saved_view", where=(Where("entity", "=", kind),), limit=VIEWS_MAX).rows
    return tuple(x for x in rows if x.values.get("shared") or is_own(x, me))


def is_own(row: Row, me: RecordId) -> bool:
    """Whether this user made the view."""
    return row.values.get("created_by") in (None, me)


def counts(c: Connection, kind: str, asked: Mapping[str, Sequence[Where]]) -> dict[str, int | None]:
    """How many records each of some lists has, by its name; None where it is not counted."""
    whole = queries.count_estimate(c, kind)
    return {
        name: whole if not where else _matching(c, kind, where, whole)
        for name, where in asked.items()
    }


def _matching(c: Connection, kind: str, where: Sequence[Where], whole: int) -> int | None:
    return None if whole > COUNTED_ROWS_MAX else queries.count_estimate(c, kind, where=where)
