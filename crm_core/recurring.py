"""Recurring tasks: on which days a series falls, and the ids of the tasks it brings.

The rule is a part of RFC 5545 §3.3.10 (domain.md §7); the days are dateutil's. A series is its
first task, which holds the rule. Each further task is a record of its own whose id follows from the
series and the day: devices that bring it independently bring the same record.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, zip_longest
from typing import Literal

import msgspec

from crm_core.errors import InvalidValue
from crm_core.fields import Value
from crm_core.i18n import tr_noop
from crm_core.ids import RecordId

INSTANCES_MAX = 730
"""Tasks of one series, the first one counted (security.md §6)."""

NEAR_DAYS = 14
"""Tasks of a series are there from so many days ago to so many ahead; the next one always is."""

INTERVAL_MAX = 99
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
WORKDAYS = WEEKDAYS[:5]

Unit = Literal["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]
_UNITS: Mapping[str, Unit] = {
    "DAILY": "DAILY", "WEEKLY": "WEEKLY", "MONTHLY": "MONTHLY", "YEARLY": "YEARLY",
}  # fmt: skip
_LAST_DAY, _MONTH_DAYS, _LAST, _FOURTH = -1, 31, -1, 4
_VERSION_8 = 0x8 << 76
_VARIANT = 0x2 << 62
_RANDOM = ~((0xF << 76) | (0x3 << 62))


class Rhythm(msgspec.Struct, frozen=True):
    """How a task recurs: every `interval` units, for a week on some `weekdays`; for a month on
    `month_day` (-1: the last), or on the `nth` (-1: the last) of the `weekdays`, which is the first
    of them to come where there are several. It ends after `until`, or with the `count`-th task."""

    unit: Unit
    interval: int = 1
    weekdays: tuple[str, ...] = ()
    month_day: int = 0
    nth: int = 0
    until: dt.date | None = None
    count: int = 0


def parse_rhythm(text: str, field: str = "recurrence") -> Rhythm:
    """The rhythm of a rule such as "FREQ=WEEKLY;BYDAY=MO,WE;COUNT=10". Raises InvalidValue."""
    pairs = (part.partition("=") for part in text.upper().split(";"))
    parts = {name: said for name, _, said in pairs}
    try:
        made = _read(parts)
    except (ValueError, KeyError) as error:
        raise InvalidValue(field, _NO_RULE, text=text[:60]) from error
    if made.count > INSTANCES_MAX:
        raise InvalidValue(
            field, tr_noop("A task recurs at most {most} times."), most=INSTANCES_MAX
        )
    if text_of(made) != text:
        raise InvalidValue(field, _NO_RULE, text=text[:60])
    return made


_NO_RULE = tr_noop("'{text}' is no rhythm that can be kept here.")


def _read(parts: Mapping[str, str]) -> Rhythm:
    unit = _UNITS[parts["FREQ"]]
    days = [day for day in parts.get("BYDAY", "").split(",") if day]
    nth = int(parts.get("BYSETPOS", "0"))
    if len(days) == 1 and len(days[0]) > len(WEEKDAYS[0]):
        nth, days = int(days[0][:-2]), [days[0][-2:]]
    until = parts.get("UNTIL")
    made = Rhythm(
        unit, int(parts.get("INTERVAL", "1")), tuple(sorted(days, key=WEEKDAYS.index)),
        int(parts.get("BYMONTHDAY", "0")), nth,
        dt.datetime.strptime(until, "%Y%m%d").date() if until else None,  # noqa: DTZ007  # a day
        int(parts.get("COUNT", "0")),
    )  # fmt: skip
    if not _is_sound(made):
        raise ValueError(made)
    return made


def _is_sound(one: Rhythm) -> bool:
    monthly = one.unit == "MONTHLY"
    return (
        1 <= one.interval <= INTERVAL_MAX
        and one.count >= 0
        and not (one.count and one.until)
        and (not one.weekdays or one.unit == "WEEKLY" or (monthly and one.nth != 0))
        and (not one.nth or (monthly and bool(one.weekdays) and _LAST <= one.nth <= _FOURTH))
        and (not one.month_day or (monthly and not one.nth))
        and _LAST_DAY <= one.month_day <= _MONTH_DAYS
    )


def text_of(rhythm: Rhythm) -> str:
    """The rule of a rhythm: the one text for it."""
    parts = [f"FREQ={rhythm.unit}"]
    if rhythm.interval > 1:
        parts.append(f"INTERVAL={rhythm.interval}")
    if len(rhythm.weekdays) == 1 and rhythm.nth:
        parts.append(f"BYDAY={rhythm.nth}{rhythm.weekdays[0]}")
    elif rhythm.weekdays:
        parts.append(f"BYDAY={','.join(rhythm.weekdays)}")
        parts += [f"BYSETPOS={rhythm.nth}"] if rhythm.nth else []
    if rhythm.month_day:
        parts.append(f"BYMONTHDAY={rhythm.month_day}")
    if rhythm.until is not None:
        parts.append(f"UNTIL={rhythm.until:%Y%m%d}")
    if rhythm.count:
        parts.append(f"COUNT={rhythm.count}")
    return ";".join(parts)


def days_of(rhythm: Rhythm, first: dt.date) -> Iterator[dt.date]:
    """The days of a series whose first task is due on `first`, that one included, in order."""
    most = min(rhythm.count or INSTANCES_MAX, INSTANCES_MAX)
    return islice(_days(rhythm, first), most)


def _days(rhythm: Rhythm, first: dt.date) -> Iterator[dt.date]:
    from dateutil import rrule  # loaded where a series is met: starting needs none of it

    yield first
    days = [getattr(rrule, day) for day in rhythm.weekdays]
    if len(days) == 1 and rhythm.nth:
        days = [days[0](rhythm.nth)]
    rule = rrule.rrule(
        getattr(rrule, rhythm.unit), dtstart=dt.datetime.combine(first, dt.time()),
        interval=rhythm.interval, byweekday=days or None, bymonthday=rhythm.month_day or None,
        bysetpos=rhythm.nth if len(days) > 1 and rhythm.nth else None,
        until=dt.datetime.combine(rhythm.until, dt.time()) if rhythm.until else None,
    )  # fmt: skip
    for moment in rule:
        if moment.date() > first:
            yield moment.date()


class Stretch(msgspec.Struct, frozen=True):
    """A part of a series: from the task due on `first` on, it follows that one's rhythm and takes
    that one's values, until the next stretch begins. `task`: that one's id."""

    task: RecordId
    first: dt.date
    rhythm: Rhythm


class Occurrence(msgspec.Struct, frozen=True):
    """A day of a series, and the stretch in which it lies."""

    day: dt.date
    stretch: Stretch


def occurrences(stretches: Sequence[Stretch]) -> Iterator[Occurrence]:
    """All days of a series, in order, the first of each stretch included."""
    ordered = sorted(stretches, key=lambda one: (one.first, one.task))
    return islice(_occurrences(ordered), INSTANCES_MAX)


def _occurrences(ordered: Sequence[Stretch]) -> Iterator[Occurrence]:
    for stretch, behind in zip_longest(ordered, ordered[1:]):
        for day in days_of(stretch.rhythm, stretch.first):
            if behind is not None and day >= behind.first:
                break
            yield Occurrence(day, stretch)


def near(stretches: Sequence[Stretch], today: dt.date) -> tuple[Occurrence, ...]:
    """The days for which tasks are to be there now: those around today, and the next one however
    far it is. The tasks with which stretches begin are there anyway."""
    earliest, latest = today - dt.timedelta(NEAR_DAYS), today + dt.timedelta(NEAR_DAYS)
    found: list[Occurrence] = []
    has_next = False
    for one in occurrences(stretches):
        if one.day > latest and has_next:
            break
        has_next = has_next or one.day > today
        if one.day >= earliest and one.day != one.stretch.first:
            found.append(one)
    return tuple(found)


def ended_before(rhythm: Rhythm, day: dt.date) -> Rhythm:
    """The same rhythm without `day` and what follows."""
    return msgspec.structs.replace(rhythm, until=day - dt.timedelta(1), count=0)


def rest_of(rhythm: Rhythm, first: dt.date, day: dt.date) -> Rhythm:
    """The rhythm of a stretch from one of its days on: the same, with so many times as are left."""
    if not rhythm.count:
        return rhythm
    past = sum(one < day for one in days_of(rhythm, first))
    return msgspec.structs.replace(rhythm, count=max(rhythm.count - past, 1))


def instance_id(series: RecordId, day: dt.date) -> RecordId:
    """The id of the task that a series brings on a day: a UUID of version 8 (RFC 9562 §5.8)."""
    made = hashlib.sha256(f"{series}/{day.isoformat()}".encode()).digest()[:16]
    bits = (int.from_bytes(made) & _RANDOM) | _VERSION_8 | _VARIANT
    return RecordId(f"{bits:032x}")


def is_brought(record_id: RecordId, new: Mapping[str, Value]) -> bool:
    """Whether a new record is one that a series brings, on whichever device: where it is there
    already, it has been brought before, and what became of it since stands."""
    series, day = new.get("series"), new.get("recurs_on")
    if not isinstance(series, str) or not isinstance(day, str):
        return False
    try:
        return record_id == instance_id(RecordId(series), dt.date.fromisoformat(day))
    except ValueError:
        return False
