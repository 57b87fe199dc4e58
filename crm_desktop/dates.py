"""Days and moments as people say them in the language in force, and read from what they typed.

"9 Nov", 11月9日; with the year "26 Oct 2026, 08:15", 2026年10月26日 08:15.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata

from crm_core.i18n import tr_noop
from crm_desktop.i18n import language, tr

MONTHS = (
    tr_noop("Jan"), tr_noop("Feb"), tr_noop("Mar"), tr_noop("Apr"), tr_noop("May"), tr_noop("Jun"),
    tr_noop("Jul"), tr_noop("Aug"), tr_noop("Sep"), tr_noop("Oct"), tr_noop("Nov"), tr_noop("Dec"),
)  # fmt: skip

_WHOLE_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
"""Only English tells a month's short name from its long one."""

WEEKDAYS = (
    tr_noop("Mon"), tr_noop("Tue"), tr_noop("Wed"), tr_noop("Thu"), tr_noop("Fri"),
    tr_noop("Sat"), tr_noop("Sun"),
)  # fmt: skip

# Compiled when something is first typed: the window's start needs none of them.
_DAY_FIRST = r"(?P<day>\d{1,2})\.?\s*(?P<name>[A-Za-z]{3,9})\.?(?:\s+(?P<year>\d{4}))?"
_YEAR_FIRST = r"(?:(?P<year>\d{4})\s*年)?\s*(?P<month>\d{1,2})\s*月\s*(?P<day>\d{1,2})\s*[日号號]?"
_TIME = r"[\s,]+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}))?$"


# Days


def month_name(day: dt.date) -> str:
    """The short name of a day's month."""
    return tr(MONTHS[day.month - 1])


def month_words(day: dt.date) -> str:
    """A month and its year: "Oct 2026", 2026年10月."""
    return tr("{month} {year}", month=month_name(day), year=day.year)


def day_words(day: dt.date, *, year: bool = False) -> str:
    """A day with its short month: "15 Dec", with its `year` "15 Dec 2026"."""
    if year:
        return tr("{day} {month} {year}", day=day.day, month=month_name(day), year=day.year)
    return tr("{day} {month}", day=day.day, month=month_name(day))


def near_day_words(day: dt.date, today: dt.date | None = None) -> str:
    """A day as a list says it, with the year only where that is not the year of `today`."""
    return day_words(day, year=day.year != (today or _today()).year)


def weekday_words(day: dt.date) -> str:
    """The short name of the day of the week and the day of the month: "Tue 13"."""
    return tr("{weekday} {day}", weekday=tr(WEEKDAYS[day.weekday()]), day=day.day)


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


# Moments, in the wall time of this place


def time_words(moment: dt.datetime) -> str:
    """The time of day: "09:05"."""
    return f"{moment:%H:%M}"


def times_words(start: dt.datetime, end: dt.datetime) -> str:
    """From when to when: "09:00–09:45"."""
    return f"{start:%H:%M}–{end:%H:%M}"


def near_moment_words(moment: dt.datetime, today: dt.date | None = None) -> str:
    """A moment as a list says it: "12 Oct 17:42"; of another year only its day, "12 Oct 2025"."""
    day = moment.date()
    if day.year != (today or _today()).year:
        return day_words(day, year=True)
    return tr("{day} {time}", day=day_words(day), time=time_words(moment))


def moment_words(moment: dt.datetime) -> str:
    """A moment in full: "26 Oct 2026, 08:15"; with its seconds where it has any."""
    time = f"{moment:%H:%M:%S}" if moment.second else time_words(moment)
    return tr("{day}, {time}", day=day_words(moment.date(), year=True), time=time)


# What was typed


def read_day(text: str, today: dt.date | None = None) -> dt.date | None:
    """The day that words mean, in any of the languages: "9 Nov", "9 November 2026", 11月9日;
    without a year that of `today`. None where they are no such words."""
    said = unicodedata.normalize("NFKC", text).strip()
    found = re.fullmatch(_DAY_FIRST, said) or re.fullmatch(_YEAR_FIRST, said)
    if found is None:
        return None
    parts = found.groupdict()
    month = _month_named(parts["name"]) if "name" in parts else int(parts["month"])
    try:
        return dt.date(int(parts["year"] or (today or _today()).year), month, int(parts["day"]))
    except ValueError:
        return None


def read_moment(text: str, today: dt.date | None = None) -> dt.datetime | None:
    """The moment that words mean, without a zone: a day of `read_day` and a time, midnight
    where there is none. None where they are no such words."""
    said = unicodedata.normalize("NFKC", text).strip()
    time = re.search(_TIME, said)
    day = read_day(said[: time.start()] if time else said, today)
    if day is None:
        return None
    parts = time.groupdict(default="0") if time else {}
    hour, minute, second = (int(parts.get(x, 0)) for x in ("hour", "minute", "second"))
    try:
        return dt.datetime.combine(day, dt.time(hour, minute, second))
    except ValueError:
        return None


def _month_named(name: str) -> int:
    """The number of a month by the beginning of its English name; 0 for none."""
    months = (
        n for n, month in enumerate(_WHOLE_MONTHS, 1) if month.lower().startswith(name.lower())
    )
    return next(months, 0)


def _month(day: dt.date) -> str:
    return _WHOLE_MONTHS[day.month - 1] if language() == "en" else month_name(day)


def _today() -> dt.date:
    return dt.datetime.now().astimezone().date()
