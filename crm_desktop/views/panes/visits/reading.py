"""What the visits pane reads for the days it shows, and how many days that are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import msgspec

from crm_core.ids import RecordId
from crm_core.roles import Action
from crm_core.wall_time import Zone
from crm_desktop.models.agenda import Appointment, Due, appointments, due_accounts
from crm_desktop.models.connection import Connection
from crm_desktop.models.rights import may
from crm_desktop.views.kit.source import titles_of

WEEK_DAYS, WORKING_DAYS = 7, 5


class Asked(msgspec.Struct, frozen=True):
    """Which days, for whom; `today` is his day in `zone`."""

    first: dt.date
    days: int
    user: RecordId
    today: dt.date
    zone: Zone
    only_mine: bool


class Shown(msgspec.Struct, frozen=True):
    """What was read for the days shown."""

    appointments: tuple[Appointment, ...]
    due: Due
    titles: Mapping[str, str]
    may_review: bool


def read_shown(c: Connection, asked: Asked) -> Shown:
    """The visits of the days, the accounts that are due, and what the card needs to know."""
    visitor = asked.user if asked.only_mine else None
    found = appointments(c, asked.first, asked.days, zone=asked.zone, visitor=visitor)
    keys = {f"account/{x.row.values.get('account')}" for x in found}
    return Shown(
        found, due_accounts(c, asked.user, asked.today, zone=asked.zone),
        titles_of(c, sorted(keys)), may(c, asked.user, "visit", Action.APPROVE),
    )  # fmt: skip


def monday_of(day: dt.date) -> dt.date:
    """The first day of a day's week."""
    return day - dt.timedelta(day.weekday())


def days_of_week(monday: dt.date, found: Sequence[Appointment], today: dt.date) -> int:
    """Weekends are shown where something lies in them, or they are today."""
    saturday = monday + dt.timedelta(WORKING_DAYS)
    busy = any(x.end > dt.datetime.combine(saturday, dt.time()) for x in found)
    is_weekend = saturday <= today < monday + dt.timedelta(WEEK_DAYS)
    return WEEK_DAYS if busy or is_weekend else WORKING_DAYS
