"""Who has time when: visits of one person never overlap, so that a day looks planned."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict

from crm_core.ids import RecordId
from crm_server.demo.rows import Draw, is_weekend

BEGINNINGS = (dt.time(9), dt.time(10, 30), dt.time(13), dt.time(14, 30), dt.time(16))
"""When visits begin, in wall time: none of ninety minutes reaches into the next or the evening."""


class Diary:
    """The beginnings of visits that are taken, by person and day."""

    def __init__(self, today: dt.date) -> None:
        self._today = today
        self._taken: dict[tuple[RecordId, dt.date], set[dt.time]] = defaultdict(set)
        self._visited: set[tuple[RecordId, dt.date]] = set()

    def fill(self, user: RecordId, day: dt.date, count: int, draw: Draw) -> list[dt.datetime]:
        """Beginnings of so many visits on an empty day, in order, in wall time."""
        chosen = sorted(draw.some(BEGINNINGS, count))
        self._taken[user, day].update(chosen)
        return [dt.datetime.combine(day, beginning) for beginning in chosen]

    def visit(self, account: RecordId, day: dt.date) -> None:
        """An account is visited on a day: nobody comes twice."""
        self._visited.add((account, day))

    def place(self, user: RecordId, account: RecordId, day: dt.date, draw: Draw) -> dt.datetime:
        """The beginning of a visit on a weekday, in wall time; where that day is full, or the
        account has its visit, on the next one away from today, so that what is past stays past."""
        away = dt.timedelta(1 if day > self._today else -1)
        while (
            is_weekend(day)
            or (account, day) in self._visited
            or not (free := self._free(user, day))
        ):
            day += away
        self.visit(account, day)
        (beginning,) = draw.some(free, 1)
        self._taken[user, day].add(beginning)
        return dt.datetime.combine(day, beginning)

    def _free(self, user: RecordId, day: dt.date) -> list[dt.time]:
        return [one for one in BEGINNINGS if one not in self._taken[user, day]]
