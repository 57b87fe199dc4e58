"""How often an account is to be visited, and when the next visit is due.

Source: domain.md §4.10. A grade's rhythm is kept both as the days between two visits and as the
visits of a period: the first says when the next one is due, the second what a quarter should hold.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import msgspec


class Rhythm(msgspec.Struct, frozen=True):
    """So many `visits` in a period of `period_days`, and the days from one to the next."""

    visits: int
    period_days: int
    interval_days: int


RHYTHMS: Mapping[str, Rhythm] = {
    "A": Rhythm(visits=2, period_days=30, interval_days=15),
    "B": Rhythm(visits=1, period_days=30, interval_days=30),
    "C": Rhythm(visits=1, period_days=91, interval_days=91),
    "D": Rhythm(visits=1, period_days=365, interval_days=365),
}
"""The default rhythm of each grade: twice a month, monthly, quarterly, yearly."""

UNGRADED = "D"
"""The rhythm of an account that nobody has graded yet, once it was visited."""

NEWCOMER_DAYS = 14
"""An account that was never visited is due so long after it was entered."""

HELD_STATES = frozenset(("completed", "reviewed"))
"""States of a visit that took place."""

PHONE = "phone"


def counts_as_visit(state: str | None, kind: str | None, *, phone_counts: bool = False) -> bool:
    """Whether a visit restarts the rhythm: it took place, not by phone unless policy says so."""
    return state in HELD_STATES and (phone_counts or kind != PHONE)


def interval_days(grade: str | None) -> int:
    """Days from one visit to the next for a grade."""
    return RHYTHMS.get(grade or UNGRADED, RHYTHMS[UNGRADED]).interval_days


def due_on(
    grade: str | None, last_visit_on: dt.date | None, entered_on: dt.date | None
) -> dt.date | None:
    """The day on which the next visit is due; None where nothing is known to count from."""
    if last_visit_on is not None:
        return last_visit_on + dt.timedelta(interval_days(grade))
    return None if entered_on is None else entered_on + dt.timedelta(NEWCOMER_DAYS)


def days_late(due: dt.date, today: dt.date) -> int:
    """Days since a visit was due; negative while it is still to come."""
    return (today - due).days
