"""Where things stand on a calendar's sheet: days beside each other, hours below each other.

Pure: pixels and wall time only. A visit over midnight stands in both days.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRect

from crm_core.free_time import STEP_MINUTES, snapped
from crm_desktop.models.agenda import Appointment

HOURS = 24
GUTTER = 48
HEAD = 44
_MINUTES_PER_HOUR = 60
_LEAST_HEIGHT = 20
_GAP = 3


@dataclass(frozen=True, slots=True)
class Box:
    """A piece of a visit on one day: which lane of how many it stands in."""

    appointment: Appointment
    day: int
    start: dt.datetime
    end: dt.datetime
    lane: int = 0
    lanes: int = 1


@dataclass(frozen=True, slots=True)
class Sheet:
    """The sheet's days and sizes, in pixels below the head and before scrolling."""

    first: dt.date
    days: int
    width: int
    hour: int

    @property
    def height(self) -> int:
        """The height of a whole day."""
        return self.hour * HOURS

    @property
    def last(self) -> dt.date:
        """The last day shown."""
        return self.day_of(self.days - 1)

    def day_of(self, column: int) -> dt.date:
        """The day of a column."""
        return self.first + dt.timedelta(column)

    def column(self, number: int) -> QRect:
        """The rectangle of a day."""
        inside = max(self.width - GUTTER, self.days)
        left = GUTTER + inside * number // self.days
        right = GUTTER + inside * (number + 1) // self.days
        return QRect(left, 0, right - left, self.height)

    def column_at(self, x: int) -> int:
        """The column below a point; beside the sheet, the nearest."""
        inside = max(self.width - GUTTER, self.days)
        return min(max((x - GUTTER) * self.days // inside, 0), self.days - 1)

    def y_of(self, moment: dt.datetime) -> int:
        """How far down a time of day stands."""
        return round((moment.hour + moment.minute / _MINUTES_PER_HOUR) * self.hour)

    def moment_at(self, x: int, y: int) -> dt.datetime:
        """The wall time below a point, on the nearest step."""
        return self.exact_moment_at(x, y, step=STEP_MINUTES)

    def exact_moment_at(self, x: int, y: int, *, step: int = 1) -> dt.datetime:
        """The wall time below a point."""
        minutes = min(max(y, 0), self.height) * _MINUTES_PER_HOUR / self.hour
        day = dt.datetime.combine(self.day_of(self.column_at(x)), dt.time())
        return snapped(day + dt.timedelta(minutes=minutes), step)

    def rect_of(self, box: Box) -> QRect:
        """Where a piece of a visit stands."""
        whole = self.rect_between(box.day, box.start, box.end)
        width = whole.width() / box.lanes
        left = whole.left() + round(width * box.lane)
        gap = 2 if box.lanes > 1 else 0
        return QRect(left, whole.top(), round(width) - gap, whole.height())

    def rect_between(self, column: int, start: dt.datetime, end: dt.datetime) -> QRect:
        """The place of a stretch of time in a column; it ends with its day."""
        inside = self.column(column).adjusted(_GAP, 0, -_GAP - 2, 0)
        top = self.y_of(start)
        bottom = self.height if end.date() > start.date() else self.y_of(end)
        return QRect(inside.left(), top + 1, inside.width(), max(bottom - top - 2, _LEAST_HEIGHT))

    def boxes(self, appointments: Sequence[Appointment]) -> list[Box]:
        """The pieces of all visits, those that overlap side by side."""
        made: list[Box] = []
        for column in range(self.days):
            pieces = [box for x in appointments if (box := self._piece(x, column)) is not None]
            made.extend(side_by_side(pieces))
        return made

    def _piece(self, appointment: Appointment, column: int) -> Box | None:
        midnight = dt.datetime.combine(self.day_of(column), dt.time())
        start = max(appointment.start, midnight)
        end = min(appointment.end, midnight + dt.timedelta(1))
        return Box(appointment, column, start, end) if start < end else None


def side_by_side(boxes: Sequence[Box]) -> list[Box]:
    """Give each piece of a day a lane of its own beside those that it overlaps.

    Pieces that hang together by overlaps share the width evenly; the others keep all of it.
    """
    made: list[Box] = []
    group: list[tuple[Box, int]] = []
    ends: list[dt.datetime] = []
    for box in sorted(boxes, key=lambda x: (x.start, -x.end.timestamp(), x.appointment.id)):
        if ends and box.start >= max(ends):
            made.extend(_shared(group, len(ends)))
            group, ends = [], []
        lane = next((n for n, end in enumerate(ends) if end <= box.start), len(ends))
        ends[lane : lane + 1] = [box.end]
        group.append((box, lane))
    made.extend(_shared(group, len(ends)))
    return made


def _shared(group: Sequence[tuple[Box, int]], lanes: int) -> list[Box]:
    return [Box(x.appointment, x.day, x.start, x.end, lane, lanes) for x, lane in group]
