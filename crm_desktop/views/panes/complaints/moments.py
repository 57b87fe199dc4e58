"""Moments as the complaints pane says them: "today 11:50", "12 Oct 14:52"."""

from __future__ import annotations

import datetime as dt

from crm_core.wall_time import moment_in
from crm_desktop.dates import near_day_words, time_words, weekday_words
from crm_desktop.i18n import tr

_NEAR_DAYS = 6
"""So far ahead a day of the week says which day is meant."""


def moment_words(moment: dt.datetime, now: dt.datetime) -> str:
    """A moment by the clock of this place."""
    local, today = moment.astimezone(), now.astimezone().date()
    time = time_words(local)
    if local.date() == today:
        return tr("today {time}", time=time)
    return tr("{day} {time}", day=_day(local.date(), today), time=time)


def instant_words(instant: str, now: dt.datetime) -> str:
    """The same of a canonical instant; "" for none."""
    moment = moment_in(instant)
    return moment_words(moment, now) if moment is not None else ""


def date_words(moment: dt.datetime, now: dt.datetime) -> str:
    """Only the day of a moment."""
    return _day(moment.astimezone().date(), now.astimezone().date())


def _day(day: dt.date, today: dt.date) -> str:
    if dt.timedelta() < day - today <= dt.timedelta(_NEAR_DAYS):
        return weekday_words(day)
    return near_day_words(day, today)
