"""Where a visit fits between others: the first free stretch of a person's working hours."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

STEP_MINUTES = 15
"""Visits begin on quarters of an hour."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of wall time; `end` does not belong to it."""

    start: dt.datetime
    end: dt.datetime

    def meets(self, other: Span) -> bool:
        """Whether both share some time."""
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True, slots=True)
class Hours:
    """The working hours of a day."""

    opens: dt.time = dt.time(9)
    closes: dt.time = dt.time(17, 30)


def first_gap(
    days: Sequence[dt.date],
    busy: Iterable[Span],
    minutes: int,
    *,
    after: dt.datetime,
    hours: Hours = Hours(),  # frozen
) -> Span | None:
    """The first stretch of `minutes` on these days that begins at or after a moment and meets no
    other; None where all days are full or over. Everything is wall time of one place."""
    taken = sorted(busy, key=lambda span: span.start)
    length = dt.timedelta(minutes=minutes)
    for day in days:
        closes = dt.datetime.combine(day, hours.closes)
        start = max(dt.datetime.combine(day, hours.opens), _quarter_from(after))
        while start + length <= closes:
            wanted = Span(start, start + length)
            blocking = [span.end for span in taken if span.meets(wanted)]
            if not blocking:
                return wanted
            start = _quarter_from(max(blocking))
    return None


def snapped(moment: dt.datetime, step_minutes: int = STEP_MINUTES) -> dt.datetime:
    """The nearest step of the hour."""
    midnight = dt.datetime.combine(moment.date(), dt.time())
    steps = round((moment - midnight).total_seconds() / 60 / step_minutes)
    return midnight + dt.timedelta(minutes=steps * step_minutes)


def _quarter_from(moment: dt.datetime) -> dt.datetime:
    midnight = dt.datetime.combine(moment.date(), dt.time())
    minutes = (moment - midnight).total_seconds() / 60
    return midnight + dt.timedelta(minutes=-(-minutes // STEP_MINUTES) * STEP_MINUTES)
