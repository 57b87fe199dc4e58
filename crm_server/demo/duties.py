"""What comes round again, and what somebody waits for: series of tasks, and supervised ones."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence

from crm_core.fields import Value
from crm_core.recurring import WORKDAYS, Rhythm, days_of, text_of
from crm_core.values import instant_of
from crm_server.demo.people import People
from crm_server.demo.rows import Draw, Row, is_weekend, past, weekday_before
from crm_server.demo.trade import Account
from crm_server.demo.words import words_in

SERIES: Mapping[str, tuple[str, Rhythm]] = {
    "nancy": ("Report the week's visits and orders", Rhythm("WEEKLY", weekdays=("MO",))),
    "fuller": (
        "Go through the territory's figures",
        Rhythm("MONTHLY", weekdays=WORKDAYS, nth=-1),
    ),
}
"""What each does every Monday, and on the last working day of the month."""

EVENING = dt.time(17)
REMINDED = "d0@09:00"
"""At nine on the day it is due."""


class Duties:
    """A series of a rep and one of Fuller, and what Fuller supervises."""

    def __init__(self, accounts: Sequence[Account], people: People, draw: Draw) -> None:
        self._accounts = accounts
        self._people = people
        self._draw = draw.part("duties")

    def rows(self) -> Iterator[Row]:
        """All of it."""
        for login, (title, rhythm) in SERIES.items():
            yield self._series(login, title, rhythm)
        for login, number in (("nancy", 0), ("janet", 1)):
            yield self._supervised(login, number)

    def _series(self, login: str, title: str, rhythm: Rhythm) -> Row:
        """The first task, due soon; those behind it are brought by the device of whoever does
        them."""
        draw, user = self._draw, self._people.user(login)
        yesterday = draw.today - dt.timedelta(1)
        first = next(x for x in days_of(rhythm, yesterday) if x > yesterday)
        values: dict[str, Value] = {
            "title": title, "assignee": user, "status": "open",
            "priority": "normal", "due_on": first.isoformat(), "recurrence": text_of(rhythm),
            "recurs_on": first.isoformat(), "reminders": [REMINDED],
        }  # fmt: skip
        made = draw.at(weekday_before(draw.today))
        return Row("task", draw.id_of("task", f"series {login}"), values | past(user, made))

    def _supervised(self, login: str, number: int) -> Row:
        """A task of a rep on which Fuller wants a reply: from the first by the next working day,
        from the second it was due on the last one."""
        draw, fuller = self._draw, self._people.user("fuller")
        user = self._people.user(login)
        account = next(x for x in self._accounts if x.owner.user == user)
        day = _weekday_after(draw.today) if number == 0 else weekday_before(draw.today)
        made = draw.at(weekday_before(weekday_before(weekday_before(draw.today))))
        values: dict[str, Value] = {
            "title": words_in(chinese=account.chinese).supervised[number], "account": account.id,
            "status": "open", "priority": "high", "due_on": day.isoformat(), "assignee": user,
            "watchers": [fuller], "supervisor": fuller,
            "supervised_until": instant_of(draw.moment(dt.datetime.combine(day, EVENING))),
        }  # fmt: skip
        return Row("task", draw.id_of("task", f"supervised {login}"), values | past(fuller, made))


def _weekday_after(day: dt.date) -> dt.date:
    after = day + dt.timedelta(1)
    while is_weekend(after):
        after += dt.timedelta(1)
    return after
