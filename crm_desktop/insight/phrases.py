"""What stands below every chart, in the language in force."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from crm_core.i18n import tr_noop
from crm_desktop.dates import day_words, time_words
from crm_desktop.i18n import tr
from crm_desktop.insight.chart import Chart

_ORDERS = tr_noop("The orders on this computer: account, day of the order, total.")
_VISITS = tr_noop("The visits on this computer: account, kind, state, planned and actual start.")
_SEEN = tr_noop(
    "The accounts on this computer with their owner and grade, and their visits: kind, state, "
    "planned and actual start."
)
_STAGES = tr_noop("The complaints on this computer, and the log of their stages.")
SOURCES: Mapping[str, str] = {
    "revenue": _ORDERS,
    "revenue-by-grade": tr_noop(
        "The orders on this computer: account, day of the order, total; the grade of the account."
    ),
    "pyramid": _ORDERS,
    "abc": _ORDERS,
    "rfm": _ORDERS,
    "lifecycle": tr_noop(
        "The customers and prospects on this computer, and their orders: day of the order, total."
    ),
    "cohorts": _ORDERS,
    "visit-coverage": _SEEN,
    "visit-frequency": _SEEN,
    "plan-adherence": _VISITS,
    "visit-outcomes": tr_noop(
        "The visits on this computer: account, state, outcome, planned start."
    ),
    "complaint-causes": tr_noop(
        "The complaints on this computer: account, cause, state, moment of receipt."
    ),
    "complaint-stages": _STAGES,
    "complaint-flow": _STAGES,
}
"""Which records and fields each chart is made of."""

METHODS: Mapping[str, str] = {
    "pyramid": tr_noop("Method: Zeithaml, Rust and Lemon, California Management Review, 2001."),
    "rfm": tr_noop("Method: Hughes, Strategic Database Marketing, 1994."),
    "lifecycle": tr_noop("Method: stages after Dwyer, Schurr and Oh, Journal of Marketing, 1987."),
}
"""Where a chart's rule was published; the others are plain counting."""


@dataclass(frozen=True, slots=True)
class Told:
    """A part of an explanation."""

    heading: str
    words: str


def explained(chart: Chart) -> tuple[Told, ...]:
    """How a chart is computed, what it is made of, and what it is over."""
    method = METHODS.get(chart.name)
    return (
        Told(
            tr("How it is computed"),
            "\n".join((*chart.explain, *((tr(method),) if method else ()))),
        ),
        Told(tr("What it is made of"), tr(SOURCES[chart.name])),
        Told(tr("What it is over"), " · ".join((chart.filters, *foot_words(chart)))),
    )


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
