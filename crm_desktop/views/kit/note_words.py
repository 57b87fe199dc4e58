"""What somebody is reminded of, in words: with what it is, or without a customer's name in it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from crm_core.i18n import tr_noop
from crm_core.reminders import next_morning
from crm_core.wall_time import wall_of
from crm_core.working_time import WorkingCalendar
from crm_desktop.dates import near_moment_words, time_words
from crm_desktop.i18n import tr, tr_n
from crm_desktop.models.reminding import Note, Why

NAMED_MAX = 3
"""So many things are told by name; of more, how many."""

SNOOZES = (5, 60)
"""Minutes for which one puts something off; the next working morning comes besides."""

MORNING = "morning"

_SAID: Mapping[tuple[Why, str], str] = {
    (Why.REMINDER, "task"): tr_noop("A task is due."),
    (Why.REMINDER, "visit"): tr_noop("A visit is coming up."),
    (Why.SUPERVISED, "task"): tr_noop("A task of yours is supervised."),
    (Why.SUPERVISED, "complaint"): tr_noop("A complaint of yours is supervised."),
    (Why.OVERDUE, "task"): tr_noop("The reply on a supervised task is overdue."),
    (Why.OVERDUE, "complaint"): tr_noop("The reply on a supervised complaint is overdue."),
    (Why.REPLIED, "task"): tr_noop("A supervised task was replied to."),
    (Why.REPLIED, "complaint"): tr_noop("A supervised complaint was replied to."),
    (Why.DECISION, "inbox"): tr_noop("Something waits for your decision."),
}


def neutral_words(notes: Sequence[Note]) -> str:
    """What is due without saying what it is: for a screen that others may see."""
    if len(notes) == 1:
        return tr(_SAID.get((notes[0].why, notes[0].kind), "A task is due."))
    return tr_n("{n} reminder is due.", "{n} reminders are due.", len(notes))


def detailed_words(notes: Sequence[Note]) -> list[str]:
    """A line for each, the first few; then how many more there are."""
    lines = [_line(note) for note in notes[:NAMED_MAX]]
    rest = len(notes) - len(lines)
    return [*lines, tr("and {n} more", n=rest)] if rest else lines


def _line(note: Note) -> str:
    about = " · ".join(part for part in (note.title, note.account) if part)
    said = tr(_SAID.get((note.why, note.kind), "A task is due."))
    if note.why is Why.DECISION or not about:
        return said
    if note.why is Why.REMINDER:
        return tr("{time}  {about}", time=_moment(note.at), about=about)
    return tr("{said} {about}", said=said, about=about)


def _moment(instant: str) -> str:
    moment = wall_of(instant)
    today = dt.datetime.now().astimezone().date()
    if moment is None:
        return instant
    return time_words(moment) if moment.date() == today else near_moment_words(moment, today)


def snooze_words(now: dt.datetime) -> list[tuple[str, str, dt.datetime]]:
    """The ways to put something off: a code, its words, and until when (aware)."""
    found: list[tuple[str, str, dt.datetime]] = []
    for minutes in SNOOZES:
        if minutes % 60:
            said = tr_n("{n} minute", "{n} minutes", minutes)
        else:
            said = tr_n("{n} hour", "{n} hours", minutes // 60)
        found.append((str(minutes), said, now + dt.timedelta(minutes=minutes)))
    morning = next_morning(now, WorkingCalendar()).astimezone()
    today, time = now.astimezone().date(), time_words(morning)
    is_tomorrow = (morning.date() - today).days == 1
    said = tr("Tomorrow {time}", time=time) if is_tomorrow else near_moment_words(morning, today)
    return [*found, (MORNING, said, morning)]
