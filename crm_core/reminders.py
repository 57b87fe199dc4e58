"""Reminders: when they fall due. A mark is a moment, or counts back from what it reminds of.

"-90m" and "-2h": so long before it. "d1@09:00": that many days before its day, at a time of day.
"2026-11-25T14:00": that moment. Times of day are wall time where the device is.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping

import msgspec

from crm_core.errors import InvalidValue
from crm_core.fields import Value
from crm_core.i18n import tr_noop
from crm_core.wall_time import YEARS, Zone, instant_at
from crm_core.working_time import NINE_TO_SIX, WorkingCalendar

DAY_BEGINS, DAY_ENDS = NINE_TO_SIX[0][0], NINE_TO_SIX[-1][1]
"""What is due on a day is due by the end of its working hours."""

BEFORE_MAX = dt.timedelta(days=366)
MARKS_MAX = 10

_BEFORE = re.compile(r"-([1-9]\d{0,5})([mh])")
_ON_DAY = re.compile(r"d(\d{1,3})@([01]\d|2[0-3]):([0-5]\d)")
_AT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")


class Mark(msgspec.Struct, frozen=True):
    """A mark, read: `before` so long, or `days` before at a `time`, or `at` a wall time."""

    before: dt.timedelta | None = None
    days: int = 0
    time: dt.time | None = None
    at: dt.datetime | None = None


def read_mark(text: str) -> Mark | None:
    """The mark that a text is; None for what is none."""
    if found := _BEFORE.fullmatch(text):
        amount = int(found[1])
        before = dt.timedelta(hours=amount) if found[2] == "h" else dt.timedelta(minutes=amount)
        return Mark(before=before) if before <= BEFORE_MAX else None
    if found := _ON_DAY.fullmatch(text):
        days = int(found[1])
        is_near = days <= BEFORE_MAX.days
        return Mark(days=days, time=dt.time(int(found[2]), int(found[3]))) if is_near else None
    try:
        return Mark(at=dt.datetime.fromisoformat(text)) if _AT.fullmatch(text) else None
    except ValueError:
        return None


def text_of(mark: Mark) -> str:
    """The text of a mark."""
    if mark.before is not None:
        minutes = int(mark.before.total_seconds()) // 60
        return f"-{minutes // 60}h" if minutes % 60 == 0 else f"-{minutes}m"
    if mark.time is not None:
        return f"d{mark.days}@{mark.time:%H:%M}"
    return f"{mark.at:%Y-%m-%dT%H:%M}" if mark.at is not None else ""


def check_marks(marks: Value, field: str = "reminders") -> None:
    """Raise InvalidValue for what is no list of marks."""
    members = marks if isinstance(marks, list) else []
    if len(members) > MARKS_MAX:
        raise InvalidValue(field, tr_noop("At most {most} reminders."), most=MARKS_MAX)
    for member in members:
        if read_mark(str(member)) is None:
            raise InvalidValue(
                field,
                tr_noop("'{text}' is no reminder, such as \"1 hour before\" or a day and a time."),
                text=str(member)[:60],
            )


def moments(kind: str, values: Mapping[str, Value], zone: Zone = None) -> Iterator[str]:
    """The canonical instants of a record's reminders."""
    single = values.get("remind_at")
    if isinstance(single, str) and single:
        yield single
    members = values.get("reminders")
    target = anchor(kind, values, zone)
    for member in members if isinstance(members, list) else []:
        mark = read_mark(str(member))
        found = moment_of(mark, target, zone) if mark is not None else None
        if found is not None:
            yield found


def anchor(kind: str, values: Mapping[str, Value], zone: Zone = None) -> str:
    """The canonical instant from which a record's reminders count back; "" where there is none."""
    if kind == "visit":
        start = values.get("planned_start")
        return start if isinstance(start, str) else ""
    due = values.get("due_on")
    try:
        day = dt.date.fromisoformat(str(due))
    except ValueError:
        return ""
    return instant_at(dt.datetime.combine(day, DAY_ENDS), zone) if day.year in YEARS else ""


def moment_of(mark: Mark, target: str, zone: Zone = None) -> str | None:
    """The canonical instant at which a mark falls due; None where it counts back from nothing."""
    try:
        if mark.at is not None:
            return instant_at(mark.at, zone)
        goal = dt.datetime.fromisoformat(target)
        if mark.before is not None:
            return instant_at((goal - mark.before).astimezone(dt.UTC), dt.UTC)
        day = goal.astimezone(zone).date() - dt.timedelta(mark.days)
        return instant_at(dt.datetime.combine(day, mark.time or DAY_BEGINS), zone)
    except (ValueError, OverflowError, OSError):
        return None


def next_morning(
    now: dt.datetime, calendar: WorkingCalendar, zone: Zone = None, *, limit_days: int = 60
) -> dt.datetime:
    """The wall time at which the first working day behind today's begins; tomorrow's where nobody
    works for so long."""
    today = now.astimezone(zone).date()
    begins = calendar.hours[0][0]
    for n in range(1, limit_days):
        day = today + dt.timedelta(n)
        if calendar.is_workday(day):
            return dt.datetime.combine(day, begins)
    return dt.datetime.combine(today + dt.timedelta(1), begins)
