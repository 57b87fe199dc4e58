"""What the visits pane writes: the values of a move, of a new visit and of a step. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from crm_core.fields import Value
from crm_core.free_time import Span
from crm_core.ids import RecordId
from crm_core.values import instant_of
from crm_core.wall_time import Zone, instant_at, wall_of
from crm_desktop.dates import time_words, weekday_words
from crm_desktop.i18n import tr
from crm_desktop.models.agenda import Appointment


def move_values(found: Appointment, span: Span, zone: Zone) -> dict[str, Value]:
    """What moving a visit writes. What the customer confirmed was the old time: a confirmed visit
    that begins at another time is planned again (domain.md §5.4)."""
    values = times_of(span, zone)
    if found.state == "confirmed" and span.start != found.start:
        values["state"] = "planned"
    return values


def times_of(span: Span, zone: Zone) -> dict[str, Value]:
    """A span as the two fields of a visit."""
    return {
        "planned_start": instant_at(span.start, zone), "planned_end": instant_at(span.end, zone),
    }  # fmt: skip


def laid_in_place(
    shown: Sequence[Appointment], found: Appointment, span: Span, values: Mapping[str, Value]
) -> tuple[Appointment, ...]:
    """The visits shown with one of them moved already; reading again confirms it."""
    row = replace(found.row, values={**found.row.values, **values}, pending=True)
    moved = replace(found, row=row, start=span.start, end=span.end)
    rest = [x for x in shown if x.id != found.id]
    return tuple(sorted([*rest, moved], key=lambda x: x.start))


def new_values(
    values: Mapping[str, Value], span: Span | None, owner: RecordId, zone: Zone
) -> dict[str, Value]:
    """What a new visit writes; the span counts where no time is among the values."""
    times = {} if span is None else times_of(span, zone)
    return {"state": "planned", "owner": owner, **times, **values}


def start_of(values: Mapping[str, Value], zone: Zone) -> dt.datetime:
    """When a visit with these values begins, in wall time."""
    start = wall_of(str(values["planned_start"]), zone)
    assert start is not None, "the form demands it"
    return start


def plan_words(name: str, start: dt.datetime) -> str:
    """What planning a visit is called in the foot and in the menu of Undo."""
    when = f"{weekday_words(start.date())}, {time_words(start)}"
    return tr("Plan a visit: {name}, {when}", name=name, when=when)


def step_values(state: str, values: Mapping[str, Value], now: dt.datetime) -> dict[str, Value]:
    """What a step writes: the state it leads to, what was asked for it, and when it was taken."""
    wanted: dict[str, Value] = {**values, "state": state}
    if state == "in_progress":
        wanted["actual_start"] = instant_of(now)
    elif state in ("completed", "aborted"):
        wanted["actual_end"] = instant_of(now)
    return wanted
