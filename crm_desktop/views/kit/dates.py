"""Days and times as people say them in the window's language: 15 Dec, 12月15日."""

from __future__ import annotations

import datetime as dt

from PySide6.QtCore import QLocale

from crm_desktop.i18n import language, tr

_MINUTES_PER_HOUR = 60
_Format = QLocale.FormatType


def day_words(day: dt.date, *, year: bool = False) -> str:
    """A day with its short month: "15 Dec", with its `year` "15 Dec 2026"."""
    month = _locale().monthName(day.month, _Format.ShortFormat).rstrip(".")
    if year:
        return tr("{day} {month} {year}", day=day.day, month=month, year=day.year)
    return tr("{day} {month}", day=day.day, month=month)


def month_words(day: dt.date) -> str:
    """A month with its year: "Feb 2027"."""
    month = _locale().monthName(day.month, _Format.ShortFormat).rstrip(".")
    return tr("{month} {year}", month=month, year=day.year)


def weekday_words(day: dt.date) -> str:
    """The short name of the day of the week and the day of the month: "Tue 13"."""
    return tr("{weekday} {day}", weekday=_weekday(day), day=day.day)


def _weekday(day: dt.date) -> str:
    return _locale().dayName(day.isoweekday(), _Format.ShortFormat).rstrip(".")


def span_words(first: dt.date, last: dt.date) -> str:
    """A stretch of days: "12–16 October 2026", "28 September – 2 October 2026"."""
    if first == last:
        return tr("{day} {month} {year}", day=first.day, month=_month(first), year=first.year)
    if (first.year, first.month) == (last.year, last.month):
        return tr(
            "{first}–{last} {month} {year}",
            first=first.day, last=last.day, month=_month(first), year=last.year,
        )  # fmt: skip
    return tr(
        "{first} {first_month} – {last} {last_month} {year}",
        first=first.day, first_month=_month(first),
        last=last.day, last_month=_month(last), year=last.year,
    )  # fmt: skip


def period_words(first: dt.date, last: dt.date) -> str:
    """A period with short months: "1 Jul – 31 Dec 2026"."""
    start = day_words(first, year=first.year != last.year)
    return tr("{start} – {end}", start=start, end=day_words(last, year=True))


def time_words(moment: dt.datetime) -> str:
    """The time of day: "09:05"."""
    return f"{moment:%H:%M}"


def times_words(start: dt.datetime, end: dt.datetime) -> str:
    """From when to when: "09:00–09:45"."""
    return f"{start:%H:%M}–{end:%H:%M}"


def minutes_words(minutes: int) -> str:
    """A length: "45 min", "1 h 30 min"."""
    hours, rest = divmod(minutes, _MINUTES_PER_HOUR)
    if not hours:
        return tr("{minutes} min", minutes=rest)
    if not rest:
        return tr("{hours} h", hours=hours)
    return tr("{hours} h {minutes} min", hours=hours, minutes=rest)


def _month(day: dt.date) -> str:
    # Chinese says 10月 in a date; its long name, 十月, stands alone.
    how = _Format.ShortFormat if language().startswith("zh") else _Format.LongFormat
    return _locale().monthName(day.month, how)


def _locale() -> QLocale:
    return QLocale(language())
