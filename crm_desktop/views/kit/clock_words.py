"""Clocks and working time in words, for whoever shows one: "1 h 10 m left", "Breached 20 m"."""

from __future__ import annotations

import datetime as dt

from crm_core.complaint_clocks import ClockKind, ClockState, Reading
from crm_core.i18n import tr_noop
from crm_core.working_time import WorkingCalendar
from crm_desktop.i18n import tr

_DAYS_FROM = 2
"""From so many working days on, hours alone say too little."""

KINDS = {
    ClockKind.ACKNOWLEDGE: tr_noop("Acknowledge"),
    ClockKind.ASSESS: tr_noop("Assess"),
    ClockKind.ANSWER: tr_noop("First answer"),
    ClockKind.RESOLVE: tr_noop("Resolve"),
}


def clock_words(reading: Reading) -> str:
    """How a clock stands, as a list says it."""
    if reading.state is ClockState.PAUSED:
        return tr("Paused")
    if reading.state is ClockState.BREACHED:
        return tr("Breached {time}", time=time_words(-reading.left))
    if reading.state is ClockState.DONE:
        return tr("Done in {time}", time=_span_words(reading.worked))
    if reading.state is ClockState.NOT_NEEDED:
        return tr("Not needed")
    return tr("{time} left", time=time_words(reading.left))


def time_words(work: dt.timedelta) -> str:
    """Working time in short: minutes, hours and minutes, or working days and hours."""
    minutes = int(work.total_seconds()) // 60
    per_day = int(WorkingCalendar().hours_of_a_day().total_seconds()) // 60
    if minutes >= _DAYS_FROM * per_day:
        days, hours = minutes // per_day, minutes % per_day // 60
        if not hours:
            return tr("{days} d", days=days)
        return tr("{days} d {hours} h", days=days, hours=hours)
    hours, rest = divmod(minutes, 60)
    if not hours:
        return tr("{minutes} m", minutes=rest)
    if not rest:
        return tr("{hours} h", hours=hours)
    return tr("{hours} h {minutes} m", hours=hours, minutes=rest)


def _span_words(work: dt.timedelta) -> str:
    """The same where nothing but minutes is meant by minutes."""
    minutes = int(work.total_seconds()) // 60
    return tr("{minutes} min", minutes=minutes) if minutes < 60 else time_words(work)  # noqa: PLR2004  # an hour
