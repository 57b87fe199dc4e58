"""Reminders and rhythms in words: "1 hour before", "Every 2 weeks on Mon, Wed, until 31 Dec"."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping

from crm_core.errors import InvalidValue
from crm_core.fields import REMINDERS, RHYTHM, Field, Value
from crm_core.i18n import tr_noop
from crm_core.recurring import WEEKDAYS as CODES
from crm_core.recurring import WORKDAYS, Rhythm, parse_rhythm
from crm_core.reminders import DAY_BEGINS, Mark, read_mark, text_of
from crm_desktop.dates import WEEKDAYS, day_words, moment_words, read_moment
from crm_desktop.i18n import tr, tr_n

_HOUR, _DAY = dt.timedelta(hours=1), dt.timedelta(days=1)

NTHS: Mapping[int, str] = {
    1: tr_noop("first"), 2: tr_noop("second"), 3: tr_noop("third"), 4: tr_noop("fourth"),
    -1: tr_noop("last"),
}  # fmt: skip

_NUMBER = r"(\d{1,4})\s*"
_BEFORE = r"(?:\s*before)?"
_SPANS: tuple[tuple[str, dt.timedelta], ...] = (
    (rf"(?:提前)?\s*{_NUMBER}(?:minutes?|mins?|m|分钟|分鐘){_BEFORE}", dt.timedelta(minutes=1)),
    (rf"(?:提前)?\s*{_NUMBER}(?:hours?|h|(?:个|個)?小时|小時){_BEFORE}", _HOUR),
)
_TIME = r"(?:\s*(?:at)?\s*(\d{1,2}):(\d{2}))?"
_DAYS: tuple[tuple[str, int | None], ...] = (
    (rf"(?:on the day|当天|當天){_TIME}", 0),
    (rf"(?:the day before|前一天){_TIME}", 1),
    (rf"(?:提前)?\s*{_NUMBER}(?:days?|天){_BEFORE}{_TIME}", None),
)
"""What is typed, in any of the languages; the number of days where the words do not say it."""


def typed_words(field: Field, value: Value) -> str:
    """What a field that is typed in a form of its own holds, in one line."""
    if field.typed_as == REMINDERS:
        return ", ".join(mark_words(field, str(one)) for one in _members(value))
    return rhythm_words(str(value)) if field.typed_as == RHYTHM else str(value)


def mark_words(field: Field, code: str, *, brief: bool = False) -> str:
    """One reminder; what is none is shown as it is. `brief`: a moment as it is typed."""
    for choice in field.choices:
        if choice.code == code:
            return tr(choice.label)
    mark = read_mark(code)
    if mark is None:
        return code
    if mark.at is not None:
        return f"{mark.at:%Y-%m-%d %H:%M}" if brief else moment_words(mark.at)
    if mark.before is not None:
        hours, rest = divmod(mark.before, _HOUR)
        if not rest:
            return tr_n("{n} hour before", "{n} hours before", hours)
        return tr_n(
            "{n} minute before", "{n} minutes before", mark.before // dt.timedelta(minutes=1)
        )
    time = f"{mark.time:%H:%M}"
    if mark.days == 0:
        return tr("On the day at {time}", time=time)
    return tr_n("{n} day before at {time}", "{n} days before at {time}", mark.days, time=time)


def read_mark_words(field: Field, text: str) -> str:
    """The mark that somebody typed in words; the words themselves where they are none."""
    said = text.strip()
    for choice in field.choices:
        if said in (choice.code, choice.label, tr(choice.label)):
            return choice.code
    if read_mark(said) is not None:
        return said
    mark = _span_of(said.lower()) or _day_of(said.lower()) or _moment_of(said)
    return text_of(mark) if mark is not None else said


def _span_of(said: str) -> Mark | None:
    for pattern, unit in _SPANS:
        if found := re.fullmatch(pattern, said):
            return Mark(before=int(found[1]) * unit) if int(found[1]) else None
    return None


def _day_of(said: str) -> Mark | None:
    for pattern, days in _DAYS:
        if found := re.fullmatch(pattern, said):
            *number, hour, minute = found.groups()
            try:
                time = dt.time(int(hour), int(minute)) if hour else DAY_BEGINS
            except ValueError:
                return None
            return Mark(days=int(number[0]) if days is None else days, time=time)
    return None


def _moment_of(said: str) -> Mark | None:
    try:
        found = dt.datetime.fromisoformat(said)
    except ValueError:
        found = read_moment(said)
    if found is None or found.tzinfo is not None:
        return None
    return Mark(at=found.replace(second=0, microsecond=0))


def _members(value: Value) -> list[Value]:
    return value if isinstance(value, list) else [value]


# Rhythms


def rhythm_words(rule: str) -> str:
    """How something recurs; a rule that this version does not know is shown as it is."""
    if not rule:
        return ""
    try:
        one = parse_rhythm(rule)
    except InvalidValue:
        return rule
    return "".join(part for part in (_every(one), _on_days(one), _end(one)) if part)


def _every(one: Rhythm) -> str:
    n = one.interval
    match one.unit:
        case "DAILY":
            return tr_n("Daily", "Every {n} days", n)
        case "WEEKLY":
            return tr_n("Weekly", "Every {n} weeks", n)
        case "MONTHLY":
            return tr_n("Monthly", "Every {n} months", n)
        case "YEARLY":
            return tr_n("Yearly", "Every {n} years", n)


def _on_days(one: Rhythm) -> str:
    if one.month_day == -1:
        return tr(" on the last day")
    if one.month_day:
        return tr(" on day {day}", day=one.month_day)
    days = weekdays_words(one.weekdays)
    if one.nth:
        return tr(" on the {nth} {day}", nth=tr(NTHS[one.nth]), day=days)
    return tr(" on {days}", days=days) if days else ""


def weekdays_words(days: tuple[str, ...]) -> str:
    """Days of the week: "Mon, Wed"; "working day" for the five."""
    if days == WORKDAYS:
        return tr("working day")
    return tr(", ").join(tr(WEEKDAYS[CODES.index(day)]) for day in days)


def _end(one: Rhythm) -> str:
    if one.until is not None:
        return tr(", until {day}", day=day_words(one.until, year=True))
    return tr_n(", {n} time", ", {n} times", one.count) if one.count else ""
