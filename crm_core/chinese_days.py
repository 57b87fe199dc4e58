"""The days worked in China by the State Council's calendar: the one adapter of `chinesecalendar`.

The calendar is published each autumn for one year. For years beyond the package's data, weekdays
are taken as worked; `is_known` tells, so that whoever shows a moment there can say so.
"""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import NamedTuple

_SATURDAY = 5


class _Published(NamedTuple):
    first_year: int
    last_year: int
    holidays: frozenset[dt.date]
    workdays: frozenset[dt.date]
    """Saturdays and Sundays worked to make up for a holiday."""


def is_workday(day: dt.date) -> bool:
    """Whether it is worked: make-up days are, public holidays are not; weekdays where unknown."""
    published = _published()
    is_weekday = day.weekday() < _SATURDAY
    return day in published.workdays or (is_weekday and day not in published.holidays)


def is_known(day: dt.date) -> bool:
    """Whether the calendar of this day's year was published when this version was made."""
    published = _published()
    return published.first_year <= day.year <= published.last_year


def last_known_year() -> int:
    """The last year whose holidays are known."""
    return _published().last_year


@cache
def _published() -> _Published:
    # Two thousand dates: loaded by the first clock and not at start.
    from chinese_calendar import constants  # pyright: ignore[reportMissingTypeStubs]  # ships none

    holidays, workdays = frozenset(constants.holidays), frozenset(constants.workdays)
    years = [day.year for day in holidays]
    return _Published(min(years), max(years), holidays, workdays)
