"""What the colleagues did and plan to do: visits, interactions, tasks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_core.values import instant_of
from crm_server.demo.diary import Diary
from crm_server.demo.people import People
from crm_server.demo.rows import (
    CLOSES,
    Draw,
    Row,
    links,
    past,
    tags,
    weekday_before,
    without_empty,
)
from crm_server.demo.trade import Account
from crm_server.demo.words import words_in

A_YEAR_AGO, FOUR_WEEKS_AHEAD = -364, 28
VISITS_A_YEAR = {"A": 11, "B": 6, "C": 3, "D": 1}
INTERACTIONS_A_YEAR = {"A": 8, "B": 5, "C": 2, "D": 1}
TASKS = {"A": 4, "B": 2, "C": 1, "D": 1}
VISIT_MINUTES = (30, 45, 60, 90)
PAST_STATES = (
    ("completed",) * 11 + ("reviewed",) * 5 + ("cancelled", "cancelled", "aborted", "planned")
)
COMING_STATES = ("planned", "planned", "confirmed", "draft")
TASK_STATES_DUE = ("done", "done", "done", "open", "dropped")
TASK_STATES_COMING = ("open", "open", "open", "in_progress")


class FieldWork:
    """Visits, interactions and tasks on all accounts."""

    def __init__(
        self, accounts: Sequence[Account], people: People, diary: Diary, draw: Draw
    ) -> None:
        self._accounts = accounts
        self._people = people
        self._diary = diary
        self._draw = draw

    def rows(self) -> Iterator[Row]:
        """Everything, account by account."""
        for account in self._accounts:
            draw = self._draw.part(f"visits {account.key}")
            for number in range(VISITS_A_YEAR[account.grade] + 1):
                yield from self._visit(account, number, draw)
            draw = self._draw.part(f"interactions {account.key}")
            for number in range(INTERACTIONS_A_YEAR[account.grade]):
                yield self._interaction(account, number, draw)
            draw = self._draw.part(f"tasks {account.key}")
            for number in range(TASKS[account.grade]):
                yield self._task(account, number, draw)

    def _visit(self, account: Account, number: int, draw: Draw) -> Iterator[Row]:
        # Not everywhere: some accounts wait for a visit that nobody has planned.
        is_coming = draw.chance(0.5 if number == 0 else 0.05)
        day = draw.day(1, FOUR_WEEKS_AHEAD) if is_coming else draw.day(A_YEAR_AGO, -1)
        hour = draw.part(f"hour {account.key}-{number}")  # how much it draws depends on the day
        start = self._diary.place(account.owner.user, account.id, day, hour)
        state = draw.one(COMING_STATES if day > draw.today else PAST_STATES)
        visit = draw.id_of("visit", f"{account.key}-{number}")
        values = self._visit_values(account, state, start, draw)
        made = draw.moment(start) - dt.timedelta(draw.whole(3, 20))
        changed = min(draw.moment(start), draw.midnight())
        stamps = past(account.owner.user, min(made, changed), changed)
        yield Row("visit", visit, values | stamps)
        if state in ("completed", "reviewed") and draw.chance(0.7):
            yield self._visited(account, visit, values, draw)

    def _visit_values(
        self, account: Account, state: str, start: dt.datetime, draw: Draw
    ) -> dict[str, Value]:
        words = words_in(chinese=account.chinese)
        length = dt.timedelta(minutes=draw.one(VISIT_MINUTES))
        values: dict[str, Value] = {
            "account": account.id, "state": state, "type": draw.one(("direct",) * 5 + ("walk",)),
            "owner": account.owner.user, "planned_start": instant_of(draw.moment(start)),
            "planned_end": instant_of(draw.moment(start + length)),
            "contacts": links(account.contacts), "site_address": account.address,
            "purpose": tags(draw.one(words.purposes)), "objectives": draw.one(words.objectives),
        }  # fmt: skip
        if state in ("completed", "reviewed", "aborted"):
            began = start + dt.timedelta(minutes=draw.whole(0, 15))
            ended = min(began + length, dt.datetime.combine(start, CLOSES))
            values["actual_start"] = instant_of(draw.moment(began))
            values["actual_end"] = instant_of(draw.moment(ended))
        if state in ("completed", "reviewed"):
            values["outcome"] = draw.one(
                ("order", "progress", "progress", "information", "no_result")
            )
            values["result"] = draw.one(words.results)
            values["next_step"] = draw.one(words.next_steps)
            values["cost"] = f"{draw.whole(5, 60)}.{'50' if draw.chance(0.5) else '00'}USD"
        if state in ("cancelled", "aborted"):
            values["reason"] = draw.one(words.cancelled)
        return values

    def _visited(
        self,
        account: Account,
        visit: RecordId,
        visited: dict[str, Value],
        draw: Draw,
    ) -> Row:
        """The visit told in the seven dimensions of an interaction."""
        words = words_in(chinese=account.chinese)
        minutes = draw.one(VISIT_MINUTES)
        values = {
            "account": account.id, "contact": account.contacts[0],
            "subject": visited["objectives"], "medium": "visit", "direction": "out",
            "at": visited["planned_start"], "duration": minutes,
            "who_ours": links([account.owner.user]), "who_theirs": links(account.contacts),
            "topics": visited["purpose"],
            "content": visited["result"], "information_exchanged": draw.one(words.information),
            "consensus": draw.one(words.consensus), "next_step_ours": visited["next_step"],
            "next_step_theirs": draw.one(words.their_steps),
            "cost_time": minutes + draw.one((20, 40, 60)), "cost_money": visited["cost"],
            "sentiment": draw.one(("good", "good", "neutral", "bad")), "visit": visit,
        }  # fmt: skip
        told = dt.datetime.fromisoformat(str(visited["actual_end"]))
        stamps = past(account.owner.user, told)
        return Row("interaction", draw.id_of("interaction", visit), values | stamps)

    def _interaction(self, account: Account, number: int, draw: Draw) -> Row:
        words = words_in(chinese=account.chinese)
        at = draw.at(draw.day(A_YEAR_AGO, -1))
        media = ("wechat", "wechat", "phone") if account.chinese else ("phone", "phone", "email")
        values = {
            "account": account.id, "contact": draw.one(account.contacts),
            "subject": draw.one(words.subjects), "medium": draw.one(media),
            "direction": draw.one(("in", "out")), "at": instant_of(at),
            "duration": draw.whole(3, 25), "who_ours": links([account.owner.user]),
            "content": draw.one(words.information), "next_step_ours": draw.one(words.next_steps),
            "sentiment": draw.one(("good", "neutral", "neutral")),
        }  # fmt: skip
        key = f"{account.key}-{number}"
        return Row(
            "interaction", draw.id_of("interaction", key), values | past(account.owner.user, at)
        )

    def _task(self, account: Account, number: int, draw: Draw) -> Row:
        due = draw.day(-30, FOUR_WEEKS_AHEAD)
        states = TASK_STATES_COMING if due >= draw.today else TASK_STATES_DUE
        from_the_lead = draw.chance(0.2)
        author = self._people.user("fuller") if from_the_lead else account.owner.user
        watchers = {author} - {account.owner.user}
        values = {
            "title": draw.one(words_in(chinese=account.chinese).tasks), "account": account.id,
            "status": draw.one(states), "priority": draw.one(("high", "normal", "normal", "low")),
            "due_on": due.isoformat(), "assignee": account.owner.user, "watchers": links(watchers),
        }  # fmt: skip
        made = min(draw.at(due) - dt.timedelta(14), draw.at(weekday_before(draw.today)))
        task = draw.id_of("task", f"{account.key}-{number}")
        return Row("task", task, without_empty(values) | past(author, made))
