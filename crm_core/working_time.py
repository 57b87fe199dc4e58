"""Working time: how much of it lies between two moments, and when so much of it has passed.

A calendar is weekly hours on working days, in one zone. Which days are worked is asked of a
function, so that a country's official calendar, with its make-up days, fits in (chinese_days).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator

import msgspec

from crm_core import chinese_days

Hours = tuple[dt.time, dt.time]
"""From and until, on one day."""

CHINA = dt.timezone(dt.timedelta(hours=8), "UTC+8")
"""One zone for all of China, without summer time since 1991; so no zone database is needed."""

NINE_TO_SIX: tuple[Hours, ...] = (
    (dt.time(9), dt.time(12)),
    (dt.time(13), dt.time(18)),
)
"""Business hours unless an organisation says otherwise (domain.md §4.8): lunch does not count."""

DAYS_MAX = 20_000
"""Days looked at for one answer, about 55 years: a calendar in which nobody ever works would
otherwise be searched for ever."""

NOTHING = dt.timedelta()


class NeverWorked(ValueError):
    """So much working time does not pass within `DAYS_MAX` days."""


class WorkingCalendar(msgspec.Struct, frozen=True):
    """When is worked. `is_workday` answers for every day; `is_known` says whether it knew, or
    took weekdays for want of a published calendar."""

    hours: tuple[Hours, ...] = NINE_TO_SIX
    zone: dt.tzinfo = CHINA
    is_workday: Callable[[dt.date], bool] = chinese_days.is_workday
    is_known: Callable[[dt.date], bool] = chinese_days.is_known

    def between(self, start: dt.datetime, end: dt.datetime) -> dt.timedelta:
        """The working time from one aware moment to another; negative where `end` is earlier."""
        if end < start:
            return -self.between(end, start)
        first, last = self._day_of(start), self._day_of(end)
        total = self._worked_on(first, start, end)
        if first == last:
            return total
        whole = sum(self.is_workday(first + dt.timedelta(n)) for n in range(1, (last - first).days))
        return total + whole * self.hours_of_a_day() + self._worked_on(last, start, end)

    def after(self, start: dt.datetime, work: dt.timedelta) -> dt.datetime:
        """The first aware moment by which so much working time has passed since `start`.

        Nothing at all passes at once. Raises NeverWorked.
        """
        left = work
        if left <= NOTHING:
            return start
        for day in _days(self._day_of(start)):
            for opens, closes in self._spans(day):
                since = max(opens, start)
                if closes - since >= left:
                    return since + left
                left -= max(NOTHING, closes - since)
        raise NeverWorked(work)

    def hours_of_a_day(self) -> dt.timedelta:
        """The working time of one whole working day."""
        day = dt.date(2026, 1, 5)
        spans = (dt.datetime.combine(day, b) - dt.datetime.combine(day, a) for a, b in self.hours)
        return sum(spans, NOTHING)

    def covers(self, moment: dt.datetime) -> bool:
        """Whether the days up to this moment are those of a published calendar."""
        return self.is_known(self._day_of(moment))

    def _day_of(self, moment: dt.datetime) -> dt.date:
        return moment.astimezone(self.zone).date()

    def _worked_on(self, day: dt.date, start: dt.datetime, end: dt.datetime) -> dt.timedelta:
        within = (min(closes, end) - max(opens, start) for opens, closes in self._spans(day))
        return sum((max(NOTHING, span) for span in within), NOTHING)

    def _spans(self, day: dt.date) -> Iterator[tuple[dt.datetime, dt.datetime]]:
        if self.is_workday(day):
            for opens, closes in self.hours:
                yield self._moment(day, opens), self._moment(day, closes)

    def _moment(self, day: dt.date, time: dt.time) -> dt.datetime:
        # In UTC: differences of moments that share a zone would ignore its summer time.
        return dt.datetime.combine(day, time, self.zone).astimezone(dt.UTC)


def _days(first: dt.date) -> Iterator[dt.date]:
    for n in range(DAYS_MAX):
        yield first + dt.timedelta(n)
