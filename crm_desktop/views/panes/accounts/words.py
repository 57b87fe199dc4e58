"""What the list and the card of accounts say: days, visits, attitudes, entries of the timeline."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from crm_core.cadence import RHYTHMS, due_on
from crm_core.catalog import CATALOG
from crm_core.i18n import tr_noop
from crm_core.wall_time import wall_of
from crm_desktop.dates import day_words, month_words, time_words
from crm_desktop.i18n import tr, tr_n
from crm_desktop.models.timeline import Entry
from crm_desktop.models.visit_dates import VisitDates
from crm_desktop.views.kit.money import stored_money_words
from crm_desktop.views.kit.words import code_words


@dataclass(frozen=True, slots=True)
class NextVisit:
    """The day of the next visit. Not `is_planned`: the day it is due by its rhythm; `late` days
    that it should have been."""

    day: dt.date
    is_planned: bool
    late: int = 0


def next_visit(
    dates: VisitDates, grade: str | None, entered_on: dt.date | None, today: dt.date
) -> NextVisit | None:
    """When an account is visited next, or should be; None where nothing says."""
    planned = local_day(dates.next)
    if planned is not None:
        return NextVisit(planned, is_planned=True)
    due = due_on(grade, local_day(dates.last), entered_on)
    if due is None:
        return None
    return NextVisit(due, is_planned=False, late=max(0, (today - due).days))


def local_day(instant: str) -> dt.date | None:
    """The day of a moment here, of a plain day itself; None for neither."""
    if "T" in instant:
        wall = wall_of(instant)
        return wall.date() if wall is not None else None
    try:
        return dt.date.fromisoformat(instant[:10]) if instant else None
    except ValueError:
        return None


def short_day(day: dt.date | None, today: dt.date) -> str:
    """A day with its month, and with its year where that is another one and far off."""
    if day is None:
        return ""
    far = day.year != today.year and (day > today or (today - day).days > HALF_A_YEAR)
    return day_words(day, year=far)


HALF_A_YEAR = 182
HORIZON_DAYS = 60


def next_visit_words(visit: NextVisit | None, today: dt.date) -> str:
    """The next visit in a column."""
    if visit is None:
        return ""
    if visit.late:
        return tr("overdue")
    return column_day(visit.day, today)


def column_day(day: dt.date, today: dt.date) -> str:
    """A day in a narrow column: far off in another year its month, for the day has no room."""
    far = HORIZON_DAYS if day > today else HALF_A_YEAR
    is_far = day.year != today.year and abs((day - today).days) > far
    return month_words(day) if is_far else day_words(day)


def next_visit_sentence(visit: NextVisit | None, today: dt.date) -> str:
    """The next visit where there is room to say what sort of day that is."""
    if visit is None:
        return tr("none planned")
    day = short_day(visit.day, today)
    if visit.is_planned:
        return day
    if visit.late:
        return tr("due since {day}", day=day)
    return tr("due {day}", day=day)


def due_words(day: dt.date | None, today: dt.date) -> str:
    """When a task is due, or how late it is; "" without a day."""
    if day is None:
        return ""
    late = (today - day).days
    if late > 0:
        return tr_n("{n} day late", "{n} days late", late)
    return tr("due {day}", day=short_day(day, today)) if late else tr("due today")


_RHYTHM_WORDS: Mapping[str, str] = {
    "A": tr_noop("2 a month"),
    "B": tr_noop("1 a month"),
    "C": tr_noop("1 a quarter"),
    "D": tr_noop("1 a year"),
}


def rhythm_words(grade: str, visit: NextVisit | None) -> str:
    """How often the grade is to be visited, and whether that is kept."""
    rhythm = _RHYTHM_WORDS.get(grade)
    if rhythm is None or grade not in RHYTHMS:
        return tr("no rhythm without a grade")
    if visit is not None and visit.late:
        return tr_n(
            "{rhythm}, {n} day late", "{rhythm}, {n} days late", visit.late, rhythm=tr(rhythm)
        )
    return tr("{rhythm}, on time", rhythm=tr(rhythm))


@dataclass(frozen=True, slots=True)
class Attitude:
    """How somebody stands to us: its mark, its colour and its word."""

    shape: str
    token: str
    words: str


_ATTITUDES: Mapping[int | None, Attitude] = {
    2: Attitude("dot", "good", tr_noop("advocate")),
    1: Attitude("dot", "good", tr_noop("supporter")),
    0: Attitude("ring", "control", tr_noop("neutral")),
    -1: Attitude("diamond", "bad", tr_noop("critic")),
    -2: Attitude("diamond", "bad", tr_noop("opponent")),
    None: Attitude("dashed_ring", "control", tr_noop("not known")),
}


def attitude_of(value: int | None) -> Attitude:
    """The mark and word of an attitude; what lies beyond two counts as two."""
    return _ATTITUDES[None if value is None else max(-2, min(2, value))]


# The timeline

_ICONS: Mapping[str, str] = {
    "visit": "visits",
    "complaint": "complaints",
    "order": "order",
}
_MEDIUM_ICONS: Mapping[str, str] = {
    "phone": "phone",
    "email": "mail",
    "wechat": "chat",
    "visit": "visits",
    "meeting": "users",
    "event": "calendar",
    "letter": "doc",
}


def entry_icon(entry: Entry) -> str:
    """The icon of an entry."""
    return _ICONS.get(entry.kind) or _MEDIUM_ICONS.get(entry.code, "note")


def entry_words(entry: Entry) -> str:
    """What happened, in one line."""
    return _ENTRY_WORDS[entry.kind](entry)


def _interaction_words(entry: Entry) -> str:
    medium = _code("interaction", "medium", entry.code) or tr("Interaction")
    about = entry.title or _first_line(entry.more)
    return tr("{what}: {about}", what=medium, about=about) if about else medium


def _visit_words(entry: Entry) -> str:
    about = _first_line(entry.more) or entry.title
    if entry.code in ("completed", "reviewed"):
        what = tr("Visit")
    else:
        what = tr("Visit {state}", state=_code("visit", "state", entry.code).lower())
    return tr("{what}: {about}", what=what, about=about) if about else what


def _complaint_words(entry: Entry) -> str:
    number, _, subject = entry.title.partition("\n")
    state = _code("complaint", "state", entry.code or "received").lower()
    named = " ".join(part for part in (number, subject) if part) or tr("Complaint")
    return tr("{complaint}: {state}", complaint=named, state=state)


def _order_words(entry: Entry) -> str:
    words = tr("Order {number}", number=entry.title)
    return f"{words} · {stored_money_words(entry.more)}" if entry.more else words


_ENTRY_WORDS = {
    "interaction": _interaction_words,
    "visit": _visit_words,
    "complaint": _complaint_words,
    "order": _order_words,
}


def entry_when(entry: Entry, today: dt.date) -> str:
    """When it happened: today with its time, else the day."""
    day = local_day(entry.at)
    if day == today:
        wall = wall_of(entry.at) if "T" in entry.at else None
        return tr("today {time}", time=time_words(wall)) if wall is not None else tr("today")
    return short_day(day, today)


def _code(kind: str, field: str, code: str) -> str:
    return code_words(CATALOG[kind].by_name[field], code) if code else ""


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0]
