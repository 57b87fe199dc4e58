"""The weeks around today as a calendar shows them: a few visits a day for everybody who sells."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Sequence

from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_core.values import instant_of
from crm_server.demo.rows import Draw, Row, links, past, tags
from crm_server.demo.trade import Account
from crm_server.demo.words import words_in

WEEKS = (-1, 0, 1, 2)
"""Last week, this one and the next two."""

HOURS = ((8, 0), (9, 30), (11, 0), (13, 30), (15, 0))
"""When visits begin, in UTC: never two at once, so that a day looks planned and not thrown."""

CHINESE_HOURS = ((1, 30), (3, 0), (5, 30), (7, 0), (8, 30))
A_DAY = (1, 3)
MINUTES = (45, 60, 75)
WORKING_DAYS = 5


class Weeks:
    """The visits of a few weeks, dealt to the accounts of their owner in turn."""

    def __init__(self, accounts: Sequence[Account], draw: Draw) -> None:
        self._draw = draw
        self._by_owner: dict[RecordId, list[Account]] = defaultdict(list)
        for account in accounts:
            self._by_owner[account.owner.user].append(account)

    def rows(self) -> Iterator[Row]:
        """Everybody's weeks. A third of the accounts is left out: they wait for a visit."""
        for owner in sorted(self._by_owner):
            draw = self._draw.part(f"weeks {owner}")
            own = self._by_owner[owner]
            turn = draw.some(own, max(len(own) * 2 // 3, 1))
            number = 0
            for day in self._days():
                for _ in range(draw.whole(*A_DAY)):
                    # Each draws from a source of its own: what is past by now draws more.
                    part = self._draw.part(f"week {owner} {number}")
                    yield self._visit(turn[number % len(turn)], day, number, part)
                    number += 1

    def _days(self) -> Iterator[dt.date]:
        monday = self._draw.today - dt.timedelta(self._draw.today.weekday())
        for week in WEEKS:
            for day in range(WORKING_DAYS):
                yield monday + dt.timedelta(7 * week + day)

    def _visit(self, account: Account, day: dt.date, number: int, draw: Draw) -> Row:
        hours = CHINESE_HOURS if account.chinese else HOURS
        hour, minute = hours[number % len(hours)]
        start = dt.datetime.combine(day, dt.time(hour, minute), dt.UTC)
        end = start + dt.timedelta(minutes=draw.one(MINUTES))
        words = words_in(chinese=account.chinese)
        is_past = day < draw.today
        state = "completed" if is_past else draw.one(("confirmed", "planned", "planned"))
        values: dict[str, Value] = {
            "account": account.id, "state": state, "type": draw.one(("direct",) * 4 + ("phone",)),
            "owner": account.owner.user, "planned_start": instant_of(start),
            "planned_end": instant_of(end), "contacts": links(account.contacts),
            "site_address": account.address, "purpose": tags(draw.one(words.purposes)),
            "objectives": draw.one(words.objectives),
        }  # fmt: skip
        if is_past:
            values |= {
                "actual_start": instant_of(start), "actual_end": instant_of(end),
                "outcome": draw.one(("order", "progress", "information")),
                "result": draw.one(words.results), "next_step": draw.one(words.next_steps),
            }  # fmt: skip
        made = start - dt.timedelta(10)
        changed = min(end, dt.datetime.combine(draw.today, dt.time(), dt.UTC))
        visit = draw.id_of("visit", f"week {account.owner.user} {number}")
        return Row("visit", visit, values | past(account.owner.user, min(made, changed), changed))
