"""What the visits pane says of a visit: its state, whether it was missed, and all of it aloud."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from crm_core.catalog import CATALOG
from crm_desktop.dates import near_day_words, times_words, weekday_words
from crm_desktop.i18n import tr, tr_n
from crm_desktop.models.agenda import Appointment, DueAccount
from crm_desktop.views.kit.words import account_words, code_words

VISIT = CATALOG["visit"]
MISSABLE = ("planned", "confirmed")
DONE = ("completed", "reviewed")
OFF = ("cancelled", "aborted")


def is_missed(appointment: Appointment, now: dt.datetime) -> bool:
    """Whether it should have been held by now and nobody began it (derived, never stored)."""
    return appointment.state in MISSABLE and appointment.end < now


def state_words(appointment: Appointment, now: dt.datetime) -> str:
    """The state, or what came of the visit, in lower case as it stands behind a time."""
    if is_missed(appointment, now):
        return tr("not held")
    outcome = appointment.row.values.get("outcome")
    if appointment.state in DONE and isinstance(outcome, str):
        return code_words(VISIT.by_name["outcome"], outcome).lower()
    return code_words(VISIT.by_name["state"], appointment.state).lower()


def second_line(appointment: Appointment, now: dt.datetime) -> str:
    """What stands below the name: when, and how it stands."""
    times = times_words(appointment.start, appointment.end)
    return tr("{times} · {state}", times=times, state=state_words(appointment, now))


def third_line(appointment: Appointment) -> str:
    """What the visit is for, and the town."""
    objective = str(appointment.row.values.get("objectives") or "")
    return " · ".join(part for part in (objective, appointment.place.town) if part)


def spoken(appointment: Appointment, now: dt.datetime) -> str:
    """All of it for a screen reader."""
    day = weekday_words(appointment.start.date())
    parts = (
        account_words(appointment.place.name),
        day,
        second_line(appointment, now),
        third_line(appointment),
    )
    return ", ".join(part for part in parts if part)


def day_note(appointments: Sequence[Appointment], now: dt.datetime) -> tuple[str, bool]:
    """What stands below a day's name, and whether it is a warning."""
    missed = sum(is_missed(x, now) for x in appointments)
    if missed:
        return tr("{n} not held", n=missed), True
    held = [x for x in appointments if x.state in DONE]
    counted = [x for x in appointments if x.state not in OFF]
    if counted and len(held) == len(counted):
        return tr_n("{n} visit done", "{n} visits done", len(held)), False
    if not counted:
        return "", False
    return tr_n("{n} visit", "{n} visits", len(counted)), False


def lateness(due: DueAccount) -> str:
    """How late an account is, or when it is due."""
    if due.late > 0:
        return tr_n("{n} day late", "{n} days late", due.late)
    if due.late == 0:
        return tr("due today")
    return tr("due {day}", day=near_day_words(due.due))


def last_visit_words(due: DueAccount) -> str:
    """The town and the last visit."""
    last = (
        tr("last visit {day}", day=near_day_words(due.last_visit))
        if due.last_visit is not None
        else tr("never visited")
    )
    return " · ".join(part for part in (due.place.town, last) if part)


def move_words(name: str, start: dt.datetime, *, reopened: bool) -> str:
    """The line in the foot after a move."""
    when = f"{weekday_words(start.date())}, {start:%H:%M}"
    if reopened:
        return tr("Moved {name} to {when}; to be confirmed again", name=name, when=when)
    return tr("Moved {name} to {when}", name=name, when=when)
