"""Numbers, days and months as words of a chart, in the language in force."""

from __future__ import annotations

import datetime as dt

from crm_core.i18n import tr_noop
from crm_desktop.i18n import language, tr
from crm_desktop.insight.chart import Chart

MONTHS = (
    tr_noop("Jan"), tr_noop("Feb"), tr_noop("Mar"), tr_noop("Apr"), tr_noop("May"), tr_noop("Jun"),
    tr_noop("Jul"), tr_noop("Aug"), tr_noop("Sep"), tr_noop("Oct"), tr_noop("Nov"), tr_noop("Dec"),
)  # fmt: skip

_LATIN_STEPS = ((1e9, "bn"), (1e6, "m"), (1e3, "k"))
_CHINESE_STEPS = {"zh_CN": ((1e8, "亿"), (1e4, "万")), "zh_TW": ((1e8, "億"), (1e4, "萬"))}
_SHORT_BELOW = 100
"""Below a hundred of a step one decimal is kept: 12.4k, but 124k."""


def month_name(day: dt.date) -> str:
    """The short name of a day's month."""
    return tr(MONTHS[day.month - 1])


def month_of_year(day: dt.date) -> str:
    """A month and its year: "Oct 2026", 2026年10月."""
    return tr("{month} {year}", month=month_name(day), year=day.year)


def day_words(day: dt.date) -> str:
    """A day: "13 Oct 2026", 2026年10月13日."""
    return tr("{day} {month} {year}", day=day.day, month=month_name(day), year=day.year)


def short(value: float) -> str:
    """A number for an axis or a label: 940, 12.4k, 124k, 1.2m; in Chinese by 万 and 亿."""
    for step, letter in _CHINESE_STEPS.get(language(), _LATIN_STEPS):
        if abs(value) >= step:
            part = value / step
            digits = f"{part:.1f}" if abs(part) < _SHORT_BELOW else f"{part:.0f}"
            return digits.removesuffix(".0") + letter
    return f"{value:.0f}" if value == int(value) else f"{value:.1f}"


def whole(value: float) -> str:
    """A whole number with its thousands set apart."""
    return f"{value:,.0f}"


def percent(share: float, decimals: int = 1) -> str:
    """A share 0…1 as per cent: "62.4 %", in Chinese without the space."""
    return tr("{number} %", number=f"{100 * share:.{decimals}f}")


def sync_words(last_sync: str, as_of: dt.date) -> str:
    """When the last synchronisation was: the time where it was today, else the day too."""
    if not last_sync:
        return tr("never synchronised")
    at = dt.datetime.fromisoformat(last_sync).astimezone()
    time = f"{at:%H:%M}"
    if at.date() == as_of:
        return tr("last sync {time}", time=time)
    return tr("last sync {day} {time}", day=day_words(at.date()), time=time)


def foot_words(chart: Chart) -> tuple[str, str, str]:
    """What stands below every chart: n, as of, last synchronisation."""
    return (
        chart.counted,
        tr("as of {day}", day=day_words(chart.as_of)),
        sync_words(chart.last_sync, chart.as_of),
    )
