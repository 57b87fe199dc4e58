"""What stands below every chart, in the language in force."""

from __future__ import annotations

import datetime as dt

from crm_desktop.dates import day_words, time_words
from crm_desktop.i18n import tr
from crm_desktop.insight.chart import Chart


def sync_words(last_sync: str, as_of: dt.date) -> str:
    """When the last synchronisation was: the time where it was today, else the day too."""
    if not last_sync:
        return tr("never synchronised")
    at = dt.datetime.fromisoformat(last_sync).astimezone()
    time = time_words(at)
    if at.date() == as_of:
        return tr("last sync {time}", time=time)
    return tr("last sync {day} {time}", day=day_words(at.date(), year=True), time=time)


def foot_words(chart: Chart) -> tuple[str, str, str]:
    """What stands below every chart: n, as of, last synchronisation."""
    return (
        chart.counted,
        tr("as of {day}", day=day_words(chart.as_of, year=True)),
        sync_words(chart.last_sync, chart.as_of),
    )
