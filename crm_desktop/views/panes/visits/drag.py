"""What the pointer does with a visit: moving it, pulling one of its edges, drawing a new one."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import Enum

from crm_core.free_time import STEP_MINUTES, Span, snapped
from crm_desktop.models.agenda import COMING_STATES, Appointment

EDGE = 6
"""So near to its upper or lower edge the pointer takes hold of the edge."""

LEAST = dt.timedelta(minutes=STEP_MINUTES)


class Grip(Enum):
    """What the pointer took hold of."""

    BODY = "body"
    TOP = "top"
    BOTTOM = "bottom"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class Drag:
    """A drag from the moment `origin` below the pointer; `span` is where the visit stood."""

    grip: Grip
    span: Span
    origin: dt.datetime
    visit: str = ""


def is_movable(appointment: Appointment) -> bool:
    """Only what is still to come can be moved; what was held stays when it was."""
    return appointment.state in COMING_STATES


def dragged(drag: Drag, at: dt.datetime) -> Span:
    """Where a drag leads with the pointer above the moment `at`."""
    start, end = drag.span.start, drag.span.end
    if drag.grip is Grip.BODY:
        began = snapped(start + (at - drag.origin))
        return Span(began, began + (end - start))
    if drag.grip is Grip.TOP:
        return Span(min(snapped(at), end - LEAST), end)
    if drag.grip is Grip.BOTTOM:
        return Span(start, max(snapped(at), start + LEAST))
    first, last = sorted((snapped(drag.origin), snapped(at)))
    last = min(last, dt.datetime.combine(first.date(), dt.time()) + dt.timedelta(1))
    return Span(first, max(last, first + LEAST))


def stepped(span: Span, days: int = 0, minutes: int = 0) -> Span:
    """A span moved by whole days of the calendar and by minutes."""
    by = dt.timedelta(days=days, minutes=minutes)
    return Span(span.start + by, span.end + by)


def lengthened(span: Span, minutes: int) -> Span:
    """A span with its end moved; it keeps at least one step."""
    return Span(span.start, max(span.end + dt.timedelta(minutes=minutes), span.start + LEAST))
