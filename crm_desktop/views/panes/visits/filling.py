"""The visits that the cadence proposes for the days shown: who, when, and what is said of them."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence

import msgspec
import uuid_utils

from crm_core.changes import Change, Op
from crm_core.fill_week import Wanted, due_by, fill
from crm_core.free_time import Span, first_gap
from crm_core.ids import RecordId
from crm_core.wall_time import Zone
from crm_desktop.dates import weekday_words
from crm_desktop.i18n import tr, tr_n
from crm_desktop.models.agenda import (
    USUAL_MINUTES,
    Appointment,
    Due,
    appointments,
    usual_minutes,
)
from crm_desktop.models.connection import Connection
from crm_desktop.views.panes.visits.acts import new_values
from crm_desktop.views.panes.visits.calendar_view import Ghost
from crm_desktop.views.panes.visits.reading import WORKING_DAYS

DAYS_AHEAD = 14
"""How far a free hour is looked for where the days shown have none."""


class Offer(msgspec.Struct, frozen=True):
    """Visits that could be planned: the accounts with where they would stand, in order of time;
    `left` counts those that are due and do not fit."""

    accounts: tuple[str, ...] = ()
    ghosts: tuple[Ghost, ...] = ()
    left: int = 0


def busy_spans(appointments: Sequence[Appointment], user: RecordId) -> list[Span]:
    """When a person is taken by visits of his own or by those he joins."""
    return [
        Span(x.start, x.end) for x in appointments if x.state != "cancelled" and _is_by(x, user)
    ]


def working_days(days: Sequence[dt.date]) -> list[dt.date]:
    """The days on which visits are proposed: no weekends, unless nothing else is shown."""
    return [day for day in days if day.weekday() < WORKING_DAYS] or [*days]


def first_opening(  # who, where, which days, from when, by which clock
    c: Connection, user: RecordId, account: RecordId | None, days: Sequence[dt.date],
    now: dt.datetime, zone: Zone,
) -> Span | None:  # fmt: skip
    """The first gap long enough for a visit to an account: in these days, and where they are full
    or over, in those from today on. `now` is wall time; None where all are full."""
    minutes = USUAL_MINUTES if account is None else usual_minutes(c, account)
    ahead = [now.date() + dt.timedelta(n) for n in range(DAYS_AHEAD)]
    for wanted in filter(None, (days, ahead)):
        length = (max(wanted) - min(wanted)).days + 1
        found = appointments(c, min(wanted), length, zone=zone, visitor=user)
        gap = first_gap(working_days(wanted), busy_spans(found, user), minutes, after=now)
        if gap is not None:
            return gap
    return None


def offer(due: Due, days: Sequence[dt.date], busy: Sequence[Span], now: dt.datetime) -> Offer:
    """What the cadence wants in these days and what fits."""
    wanted = [Wanted(str(one.id), one.due) for one in due.accounts]
    names = {str(one.id): one.place.name for one in due.accounts}
    made = fill(wanted, days, busy, USUAL_MINUTES, after=now)
    return Offer(
        tuple(one.account for one in made),
        tuple(Ghost(one.span, names[one.account]) for one in made),
        len(due_by(wanted, days)) - len(made),
    )


def offer_words(found: Offer) -> str:
    """How many and on which days: "4 visits proposed: Mon 23 (2), Tue 24, Wed 25"."""
    if not found.accounts:
        return (
            tr("There is no free hour in the days shown.")
            if found.left
            else tr("No account is due by the last of the days shown.")
        )
    days = Counter(ghost.span.start.date() for ghost in found.ghosts)
    listed = ", ".join(
        weekday_words(day) + (f" ({count})" if count > 1 else "") for day, count in days.items()
    )
    words = tr_n(
        "{n} visit proposed: {days}", "{n} visits proposed: {days}", len(found.accounts),
        days=listed,
    )  # fmt: skip
    if not found.left:
        return words
    rest = tr_n("{n} more does not fit", "{n} more do not fit", found.left)
    return f"{words} · {rest}"


def planned_words(found: Offer) -> str:
    """What planning them is called in the foot and in the menu of Undo."""
    return tr_n(
        "Plan {n} visit from the cadence", "Plan {n} visits from the cadence", len(found.accounts)
    )


def changes_of(found: Offer, owner: RecordId, zone: Zone) -> list[Change]:
    """The new visits, which become one step."""
    return [
        Change(
            "visit", RecordId(uuid_utils.uuid7().hex), Op.INSERT,
            new_values({"account": account, "type": "direct"}, ghost.span, owner, zone),
        )
        for account, ghost in zip(found.accounts, found.ghosts, strict=True)
    ]  # fmt: skip


def _is_by(appointment: Appointment, user: RecordId) -> bool:
    joined = appointment.row.values.get("participants")
    is_joined = isinstance(joined, list) and user in joined
    return is_joined or appointment.row.values.get("owner") == user
