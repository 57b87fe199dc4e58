"""What stands over a chart before a number is known: its title and its filter line."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import TypeAlias

from crm_core.i18n import tr_noop
from crm_desktop.dates import day_words, month_name, month_words
from crm_desktop.i18n import tr
from crm_desktop.insight.question import month_start, quarter_start

MONTHS = 12
"""The window of everything that is told by month or "since"."""

TITLES: Mapping[str, str] = {
    "revenue": tr_noop("Revenue by month"),
    "revenue-by-grade": tr_noop("Revenue by grade"),
    "pyramid": tr_noop("Revenue pyramid"),
    "abc": tr_noop("ABC curve"),
    "rfm": tr_noop("Recency and frequency"),
    "lifecycle": tr_noop("Lifecycle"),
    "cohorts": tr_noop("Cohort retention"),
    "visit-coverage": tr_noop("Visit coverage"),
    "visit-frequency": tr_noop("Visit frequency"),
    "plan-adherence": tr_noop("Plan adherence"),
    "visit-outcomes": tr_noop("Visit outcomes"),
    "complaint-causes": tr_noop("Complaint causes"),
    "complaint-stages": tr_noop("Time in each stage"),
    "complaint-flow": tr_noop("Complaints received and resolved"),
}


def title(name: str) -> str:
    """The title of a chart of `names.REPORTS`."""
    return tr(TITLES[name])


def filter_line(name: str, as_of: dt.date, filters: str) -> str:
    """Which records and which days a chart is over; `filters` are the words of a `Question`."""
    return _LINES[name](as_of, filters or tr("all accounts"))


# Windows


def year_so_far(as_of: dt.date) -> tuple[dt.date, ...]:
    """The complete months of this year; in January all of last year's."""
    after = month_start(as_of)
    first = dt.date(month_start(after, -1).year, 1, 1)
    return tuple(month_start(first, n) for n in range(after.month - 1 or MONTHS))


def last_months(as_of: dt.date) -> tuple[dt.date, ...]:
    """The last twelve complete months."""
    after = month_start(as_of)
    return tuple(month_start(after, n - MONTHS) for n in range(MONTHS))


def last_quarter(as_of: dt.date) -> tuple[dt.date, dt.date]:
    """The last complete quarter: its first day, and the first day after it."""
    return quarter_start(as_of, -1), quarter_start(as_of)


def since(as_of: dt.date) -> dt.date:
    """The first of the month that lies twelve months back."""
    return month_start(as_of, -MONTHS)


# Lines

_Line: TypeAlias = Callable[[dt.date, str], str]


def _quarter_words(as_of: dt.date) -> str:
    first, _ = last_quarter(as_of)
    return tr("quarter {n} of {year}", n=(first.month - 1) // 3 + 1, year=first.year)


def _revenue(as_of: dt.date, whose: str) -> str:
    months = year_so_far(as_of)
    return tr("Net revenue by month · {whose} · {first} to {last}", whose=whose,
              first=month_name(months[0]), last=month_name(months[-1]))  # fmt: skip


def _by_grade(as_of: dt.date, whose: str) -> str:
    months = last_months(as_of)
    return tr("Net revenue by month and grade · {whose} · {first} to {last}", whose=whose,
              first=month_words(months[0]), last=month_words(months[-1]))  # fmt: skip


def _coverage(as_of: dt.date, whose: str) -> str:
    return tr("Accounts visited at least once · grades A, B · {whose} · {quarter}", whose=whose,
              quarter=_quarter_words(as_of))  # fmt: skip


def _frequency(as_of: dt.date, whose: str) -> str:
    return tr("Visits made against the cadence · grades A, B, C · {whose} · {quarter}",
              whose=whose, quarter=_quarter_words(as_of))  # fmt: skip


def _adherence(as_of: dt.date, whose: str) -> str:
    months = last_months(as_of)
    return tr("Planned visits kept, by month · {whose} · {first} to {last}", whose=whose,
              first=month_words(months[0]), last=month_words(months[-1]))  # fmt: skip


def _flow(as_of: dt.date, whose: str) -> str:
    months = last_months(as_of)
    return tr("By month · {whose} · {first} to {last}", whose=whose,
              first=month_words(months[0]), last=month_words(months[-1]))  # fmt: skip


def _only_whose(template: str) -> _Line:
    return lambda _as_of, whose: tr(template, whose=whose)


def _since(template: str) -> _Line:
    return lambda as_of, whose: tr(template, whose=whose, first=day_words(since(as_of), year=True))


_LINES: Mapping[str, _Line] = {
    "revenue": _revenue,
    "revenue-by-grade": _by_grade,
    "pyramid": _only_whose(tr_noop("Pyramid 1 / 19 / 30 / 50 % · {whose} · 12 months")),
    "abc": _only_whose(tr_noop("Cumulated revenue over accounts · {whose} · 12 months")),
    "rfm": _only_whose(tr_noop("Accounts by RFM scores · {whose} · 24 months")),
    "lifecycle": _only_whose(tr_noop("Accounts by stage, today and three months ago · {whose}")),
    "cohorts": _only_whose(
        tr_noop("Share that ordered again, by month of first order · {whose}")
    ),
    "visit-coverage": _coverage,
    "visit-frequency": _frequency,
    "plan-adherence": _adherence,
    "visit-outcomes": _since(tr_noop("Completed visits by outcome · {whose} · since {first}")),
    "complaint-causes": _since(tr_noop("Complaints by cause · {whose} · since {first}")),
    "complaint-stages": _since(tr_noop("Median days in a stage · {whose} · since {first}")),
    "complaint-flow": _flow,
}  # fmt: skip
