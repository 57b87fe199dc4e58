"""The visits of a week in wall time, and the accounts that are due."""

from __future__ import annotations

import datetime as dt
from random import Random
from zoneinfo import ZoneInfo

import pytest

from crm_core.cadence import due_on
from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_core.values import instant_of
from crm_core.wall_time import instant_at, offset_words, wall_of
from crm_core.wire import WireRow
from crm_desktop.models.agenda import (
    HORIZON_DAYS,
    USUAL_MINUTES,
    Due,
    appointments,
    due_accounts,
    usual_minutes,
)
from crm_desktop.models.store import Store
from tests.models.support import LI, ME, add, delete, first_pull, row

MONDAY = dt.date(2026, 10, 12)
SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
A = RecordId(f"{7:032x}")


@pytest.fixture(autouse=True)
def company(store: Store) -> None:
    users = [("user", row(who, n, name=name)) for n, (who, name) in
             enumerate(((ME, "Nancy"), (LI, "Li Ming")), start=1)]  # fmt: skip
    account = row(A, 3, name="Ernst Handel", grade="A", owner=ME, type="customer",
                  created_at="2026-01-05T08:00:00Z")  # fmt: skip
    first_pull(store, *users, ("account", account))


def visit(store: Store, start: str, end: str | None = None, **values: Value) -> RecordId:
    made: dict[str, Value] = {"account": A, "owner": ME, "state": "planned", **values}
    return add(store, "visit", planned_start=start, planned_end=end, **made)


def week(store: Store, **asked: object) -> list[RecordId]:
    with store.reader() as c:
        found = appointments(c, MONDAY, 5, **{"zone": SHANGHAI, **asked})  # pyright: ignore[reportArgumentType]
    return [one.id for one in found]


def test_a_week_holds_what_lies_in_its_days_by_the_clock_of_the_place(store: Store) -> None:
    visit(store, "2026-10-11T15:59:00Z", "2026-10-11T16:00:00Z")  # Sunday 23:59 there
    first = visit(store, "2026-10-11T16:00:00Z")  # Monday 00:00 there
    last = visit(store, "2026-10-16T15:59:00Z")
    visit(store, "2026-10-16T16:00:00Z")
    assert week(store) == [first, last]


def test_a_visit_that_reaches_into_the_first_day_is_shown(store: Store) -> None:
    late = visit(store, "2026-10-11T15:00:00Z", "2026-10-11T17:30:00Z")
    assert week(store) == [late]


def test_a_visitors_week_holds_what_he_makes_or_joins(store: Store) -> None:
    mine = visit(store, "2026-10-13T01:00:00Z")
    joined = visit(store, "2026-10-13T02:00:00Z", owner=LI, participants=[ME])
    others = visit(store, "2026-10-13T03:00:00Z", owner=LI)
    assert week(store, visitor=ME) == [mine, joined]
    assert week(store) == [mine, joined, others]


def test_a_deleted_visit_leaves_the_week_and_one_without_an_end_lasts_an_hour(store: Store) -> None:
    delete(store, "visit", visit(store, "2026-10-13T01:00:00Z"))
    visit(store, "2026-10-13T02:00:00Z")
    with store.reader() as c:
        (found,) = appointments(c, MONDAY, 5, zone=SHANGHAI)
    assert (found.start.hour, found.end - found.start) == (10, dt.timedelta(hours=1))
    assert (found.place.name, found.place.grade, found.state) == ("Ernst Handel", "A", "planned")


def test_wall_time_goes_there_and_back_over_a_change_of_summer_time() -> None:
    before = dt.datetime.fromisoformat("2026-10-24T09:00")
    after = before + dt.timedelta(1)
    assert instant_at(before, BERLIN) == "2026-10-24T07:00:00Z"
    assert instant_at(after, BERLIN) == "2026-10-25T08:00:00Z"
    for wall in (before, after):
        assert wall_of(instant_at(wall, BERLIN), BERLIN) == wall
    assert [offset_words(x.date(), BERLIN) for x in (before, after)] == ["UTC+2", "UTC+1"]
    assert offset_words(MONDAY, ZoneInfo("America/St_Johns")) == "UTC−2:30"
    assert offset_words(MONDAY, dt.UTC) == "UTC"


def due(store: Store, today: dt.date) -> Due:
    with store.reader() as c:
        return due_accounts(c, ME, today, zone=dt.UTC)


def test_an_account_is_due_a_rhythm_after_its_last_visit(store: Store) -> None:
    visit(store, "2026-09-20T08:00:00Z", state="completed", outcome="order")
    visit(store, "2026-10-01T08:00:00Z", state="completed", outcome="order", type="phone")
    (found,) = due(store, dt.date(2026, 10, 14)).accounts
    assert (found.due, found.late) == (dt.date(2026, 10, 5), 9)
    assert found.last_visit == dt.date(2026, 9, 20)
    assert due(store, dt.date(2026, 9, 20)).total == 0  # fifteen days ahead: beyond the horizon


def test_a_planned_account_is_not_in_the_list_until_the_day_is_over(store: Store) -> None:
    assert due(store, MONDAY).total == 1  # entered in January and never visited
    visit(store, "2026-10-12T06:00:00Z")
    assert due(store, MONDAY).total == 0
    assert due(store, MONDAY + dt.timedelta(1)).total == 1


def test_an_account_that_is_being_visited_is_not_in_the_list(store: Store) -> None:
    visit(store, "2026-10-12T06:00:00Z", state="in_progress")
    assert due(store, MONDAY).total == 0


@pytest.mark.parametrize(
    "values",
    [
        {"status": "closed"}, {"owner": LI}, {"type": "competitor"}, {"do_not_contact": True},
        {"stage": "disqualified"},
    ],
)  # fmt: skip
def test_some_accounts_are_never_due(store: Store, values: dict[str, Value]) -> None:
    other = row(RecordId(f"{8:032x}"), 20, name="x", created_at="2025-01-05T08:00:00Z",
                **{"owner": ME, **values})  # fmt: skip
    first_pull(store, ("account", other), hi=200)
    assert [one.place.name for one in due(store, MONDAY).accounts] == ["Ernst Handel"]


@pytest.mark.parametrize("zone", [dt.UTC, SHANGHAI, ZoneInfo("America/St_Johns")])
def test_the_file_finds_what_the_rule_says(store: Store, zone: dt.tzinfo) -> None:
    """Hours around midnight, every grade, visited and never visited: to the day in any zone."""
    dice = Random(7)
    rows: list[tuple[str, WireRow]] = []
    expected: dict[str, dt.date] = {}
    for number in range(100, 400):
        account = RecordId(f"{number:032x}")
        grade = dice.choice(("A", "B", "C", "D", None))
        entered, held = (
            dt.datetime(2026, 10, 14, tzinfo=dt.UTC) - dt.timedelta(hours=dice.randrange(0, 9500))
            for _ in range(2)
        )
        visited = dice.random() < 0.7
        rows.append(("account", row(account, number, name=f"{number}", grade=grade, owner=ME,
                                    created_at=instant_of(entered))))  # fmt: skip
        if visited:
            rows.append(("visit", row(RecordId(f"{number + 1000:032x}"), number, (account,),
                                      account=account, owner=ME, state="completed",
                                      planned_start=instant_of(held))))  # fmt: skip
        last = held.astimezone(zone).date() if visited else None
        falls = due_on(grade, last, entered.astimezone(zone).date())
        if falls is not None and falls <= MONDAY + dt.timedelta(HORIZON_DAYS):
            expected[f"{number}"] = falls
    first_pull(store, *rows, hi=2000)
    with store.reader() as c:
        everything = due_accounts(c, ME, MONDAY, zone=zone, limit=1000)
        few = due_accounts(c, ME, MONDAY, zone=zone, limit=20)
    found = {one.place.name: one.due for one in everything.accounts}
    found.pop("Ernst Handel")
    assert found == expected
    assert few.total == everything.total == len(expected) + 1
    latest = sorted(one.due for one in everything.accounts)[:20]
    assert sorted(one.due for one in few.accounts) == latest


def test_a_visit_usually_takes_as_long_as_the_middle_one_of_the_last(store: Store) -> None:
    def usual() -> int:
        with store.reader() as c:
            return usual_minutes(c, A)

    assert usual() == USUAL_MINUTES
    visit(store, "2026-10-20T02:00:00Z", "2026-10-20T06:00:00Z")  # still to come
    for day, until in ((1, "02:30"), (2, "02:40"), (5, "05:00")):
        visit(store, f"2026-10-0{day}T02:00:00Z", f"2026-10-0{day}T{until}:00Z", state="completed",
              outcome="order")  # fmt: skip
    assert usual() == 45
