"""The weeks around today as a calendar shows them: a few visits a day for everybody who sells."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import cycle

from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_core.values import instant_of
from crm_server.demo.diary import Diary
from crm_server.demo.rows import Draw, Row, is_weekend, links, past, tags
from crm_server.demo.trade import Account
from crm_server.demo.words import words_in

DAYS = 19
"""Weekdays from Monday of last week on, today not counted: nearly four weeks."""

A_DAY = (1, 3)
TODAY = ("confirmed", "planned", "confirmed", "planned")
"""The visits of today, whatever day of the week it is: whoever signs in finds a planned day."""

MINUTES = (45, 60, 75)


class Weeks:
    """The visits of a few weeks, dealt to the accounts of their owner in turn."""

    def __init__(self, accounts: Sequence[Account], diary: Diary, draw: Draw) -> None:
        self._draw = draw
        self._diary = diary
        self._by_owner: dict[RecordId, list[Account]] = defaultdict(list)
        for account in accounts:
            self._by_owner[account.owner.user].append(account)

    def rows(self) -> Iterator[Row]:
        """Everybody's weeks. A third of the accounts is left out: they wait for a visit."""
        for owner in sorted(self._by_owner):
            draw = self._draw.part(f"weeks {owner}")
            own = self._by_owner[owner]
            turn = draw.some(own, max(len(own) * 2 // 3, 1))
            accounts, number = cycle(turn), 0
            counts = [min(draw.whole(*A_DAY), len(turn)) for _ in range(DAYS)]
            for day in self._days():
                is_today = day == self._draw.today
                count = min(len(TODAY), len(turn)) if is_today else counts.pop()
                for n, start in enumerate(self._diary.fill(owner, day, count, draw)):
                    key = f"today {owner} {n}" if is_today else f"week {owner} {number}"
                    number += not is_today
                    # Each draws from a source of its own: what is past by now draws more.
                    account = next(accounts)
                    self._diary.visit(account.id, day)
                    yield self._visit(account, start, n, key)

    def _days(self) -> list[dt.date]:
        today = self._draw.today
        monday = today - dt.timedelta(today.weekday() + 7)
        days = (monday + dt.timedelta(n) for n in range(2 * DAYS))
        others = [day for day in days if day != today and not is_weekend(day)][:DAYS]
        return sorted([*others, today])

    def _visit(self, account: Account, start: dt.datetime, place: int, key: str) -> Row:
        draw, today = self._draw.part(key), self._draw.today
        end = start + dt.timedelta(minutes=draw.one(MINUTES))
        words = words_in(chinese=account.chinese)
        is_past = start.date() < today
        state = draw.one(("confirmed", "planned", "planned"))
        kind = draw.one(("direct",) * 4 + ("phone",))
        if start.date() == today:
            state, kind = TODAY[place], "direct"
        begins, ends = instant_of(draw.moment(start)), instant_of(draw.moment(end))
        values: dict[str, Value] = {
            "account": account.id, "state": "completed" if is_past else state,
            "type": kind, "owner": account.owner.user, "planned_start": begins, "planned_end": ends,
            "contacts": links(account.contacts), "site_address": account.address,
            "purpose": tags(draw.one(words.purposes)), "objectives": draw.one(words.objectives),
        }  # fmt: skip
        if is_past:
            values |= {
                "actual_start": begins, "actual_end": ends,
                "outcome": draw.one(("order", "progress", "information")),
                "result": draw.one(words.results), "next_step": draw.one(words.next_steps),
            }  # fmt: skip
        changed = min(draw.moment(end), draw.midnight())
        made = min(draw.moment(start) - dt.timedelta(10), changed)
        return Row(
            "visit", draw.id_of("visit", key), values | past(account.owner.user, made, changed)
        )
