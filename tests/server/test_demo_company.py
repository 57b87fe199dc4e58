"""The demo company: valid from end to end, the same every time, and shaped like the real one."""

import datetime as dt
import functools
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from crm_core.amounts import minor_units
from crm_core.catalog import CATALOG
from crm_core.complaint_clocks import (
    Case,
    ClockState,
    Reading,
    Step,
    clocks_of,
    is_open,
    pressing,
    read_clock,
)
from crm_core.ids import RecordId
from crm_core.machines import MACHINES, missing_to_start
from crm_core.recurring import Stretch, near, parse_rhythm
from crm_core.supervising import supervision_of
from crm_core.values import check_record
from crm_core.wall_time import wall_of
from crm_server.demo import Row, company, logins
from crm_server.demo.china import COMPANIES
from crm_server.demo.many import accounts
from crm_server.demo.twins import TWIN_ACCOUNTS

TODAY = dt.date(2026, 11, 22)
DAYS = (TODAY, dt.date(2026, 11, 23), dt.date(2027, 1, 1), dt.date(2028, 2, 29))
BEGINNINGS = (
    *((day, "UTC") for day in DAYS),
    (TODAY, "Asia/Shanghai"), (TODAY, "America/Los_Angeles"), (TODAY, "Pacific/Kiritimati"),
    (dt.date(2026, 2, 22), "Asia/Kathmandu"), (dt.date(2026, 10, 8), "America/Los_Angeles"),
)  # fmt: skip
"""Days and places to begin on, the two last among the long holidays of China."""


@functools.cache
def made(today: dt.date = TODAY, place: str = "UTC") -> list[Row]:
    return company(today, zone=ZoneInfo(place))


@functools.cache
def rows_of(kind: str, today: dt.date = TODAY, place: str = "UTC") -> Mapping[str, Row]:
    return {row.id: row for row in made(today, place) if row.kind == kind}


def value(kind: str, field: str) -> dict[str, object]:
    return {record: row.values.get(field) for record, row in rows_of(kind).items()}


@functools.cache
def user(login: str) -> str:
    return next(entry.user for entry in logins() if entry.login == login)


def test_it_has_the_size_of_northwind_and_some_chinese_accounts_on_top() -> None:
    counts = Counter(row.kind for row in made())
    assert counts["account"] == 91 + len(COMPANIES) + TWIN_ACCOUNTS
    assert counts["user"] == 9 + 3 == len(logins())
    assert (counts["territory"], counts["product"]) == (1 + 4 + 53, 77)
    assert (counts["order"], counts["order_line"]) == (830, 2155)
    for kind in ("visit", "complaint", "complaint_event", "plan", "task", "interaction"):
        assert counts[kind] > 10


@pytest.mark.parametrize("today", DAYS)
def test_every_record_is_valid_and_has_an_id_of_its_own(today: dt.date) -> None:
    rows = made(today)
    assert len({row.id for row in rows}) == len(rows)
    for row in rows:
        assert not check_record(CATALOG[row.kind], row.values), row


def test_every_link_leads_to_a_record_that_comes_before() -> None:
    known: set[tuple[str, object]] = set()
    for row in made():
        for field in CATALOG[row.kind].references:
            assert field.link is not None
            found = row.values.get(field.name)
            for target in found if isinstance(found, list) else [found]:
                if target and (row.kind, field.name) != ("team", "lead"):
                    assert (field.link.target, target) in known, (row, field.name)
        known.add((row.kind, row.id))


def test_every_state_can_be_reached_with_what_the_record_holds() -> None:
    for row in made():
        field = CATALOG[row.kind].state_field
        if field is None or row.values.get(field.name) in (None, "reviewed", "rejected"):
            continue
        if row.kind != "plan":  # whose states behind "submitted" another person approved
            machine = MACHINES[field.machine]
            assert missing_to_start(machine, row.values[field.name], row.values) == (), row


def test_complaints_pass_every_stage_along_the_arrows_in_order_of_time() -> None:
    events: dict[object, list[Row]] = defaultdict(list)
    for row in rows_of("complaint_event").values():
        events[row.values["complaint"]].append(row)
    machine = MACHINES["complaint"]
    for complaint, log in events.items():
        steps = sorted(log, key=lambda row: str(row.values["at"]))
        for before, after in pairwise(steps):
            assert machine.arrow(before.values["to_state"], after.values["to_state"])
        assert steps[-1].values["to_state"] == rows_of("complaint")[str(complaint)].values["state"]
    assert set(value("complaint_event", "to_state").values()) == {
        choice.code for choice in CATALOG["complaint"].by_name["state"].choices
    }


@pytest.mark.parametrize("today", DAYS)
def test_the_last_order_lies_in_last_week(today: dt.date) -> None:
    days = [str(row.values["ordered_on"]) for row in rows_of("order", today).values()]
    monday = today - dt.timedelta(today.weekday() + 7)
    assert monday <= dt.date.fromisoformat(max(days)) < monday + dt.timedelta(7)


def test_an_orders_total_is_the_sum_of_its_lines() -> None:
    sums: Counter[object] = Counter()
    for row in rows_of("order_line").values():
        sums[row.values["order"]] += minor_units(str(row.values["amount"]))[0]
    for order, total in value("order", "total").items():
        assert minor_units(str(total)) == (sums[order], "USD")


def test_an_account_belongs_to_whoever_sold_most_to_it_and_to_his_team() -> None:
    sold: dict[object, Counter[object]] = defaultdict(Counter)
    for row in rows_of("order").values():
        cents, _ = minor_units(str(row.values["total"]))
        sold[row.values["account"]][row.values["sold_by"]] += cents
    teams = value("user", "team")
    for account, row in rows_of("account").items():
        assert row.values["team"] == teams[str(row.values["owner"])]
        if sold[account]:
            assert row.values["owner"] == sold[account].most_common(1)[0][0]


def test_fuller_leads_the_territories_and_buchanan_a_team_of_four() -> None:
    root = next(key for key, above in value("territory", "parent").items() if above is None)
    leading = {key for key, place in value("user", "territory").items() if place == root}
    assert leading == {user("fuller")}
    team = next(key for key, lead in value("team", "lead").items() if lead == user("buchanan"))
    members = {key for key, of in value("user", "team").items() if of == team}
    assert members == {user(login) for login in ("buchanan", "michael", "robert", "anne")}
    assert value("user", "manager")[user("anne")] == user("buchanan")
    assert value("user", "territory")[user("buchanan")] is None


def test_an_accounts_territory_lies_in_its_owners_region() -> None:
    above = value("territory", "parent")
    for row in rows_of("account").values():
        owner = rows_of("user")[str(row.values["owner"])].values
        if owner["role"] != "lead":
            assert above[str(row.values["territory"])] == owner["territory"]


def test_every_login_of_the_sign_in_page_exists_with_its_role() -> None:
    roles = {str(row.values["login"]): row.values["role"] for row in rows_of("user").values()}
    assert roles["nancy"] == "rep"
    assert roles["fuller"] == roles["buchanan"] == "lead"
    assert (roles["service"], roles["it"], roles["auditor"]) == ("service", "it", "auditor")
    assert {entry.login for entry in logins()} == {*roles}


def test_the_company_is_the_same_each_time_and_its_ids_on_each_day() -> None:
    assert made() == company(TODAY, zone=ZoneInfo("UTC"))
    assert made() != company(TODAY, seed=2, zone=ZoneInfo("UTC"))
    assert {row.id for row in made()} == {row.id for row in made(DAYS[1], "Asia/Shanghai")}


def test_work_is_spread_from_a_year_ago_to_four_weeks_ahead() -> None:
    days = sorted(str(start)[:10] for start in value("visit", "planned_start").values())
    assert dt.date.fromisoformat(days[0]) < TODAY - dt.timedelta(300)
    assert TODAY < dt.date.fromisoformat(days[-1]) <= TODAY + dt.timedelta(30)
    for row in rows_of("visit").values():
        if str(row.values["planned_start"])[:10] > TODAY.isoformat():
            assert row.values["state"] in ("draft", "planned", "confirmed")
        assert str(row.values["created_at"]) <= str(row.values["updated_at"])[:10] + "T23"


def walls(row: Row, place: str, *fields: str) -> list[dt.datetime]:
    found = (wall_of(str(row.values.get(name)), ZoneInfo(place)) for name in fields)
    return [one for one in found if one is not None]


@pytest.mark.parametrize(("today", "place"), BEGINNINGS)
def test_work_lies_in_the_hours_and_on_the_weekdays_of_the_place(today: dt.date, place: str):
    times = {
        "visit": ("planned_start", "planned_end", "actual_start", "actual_end"),
        "interaction": ("at",), "complaint": ("received_at",), "complaint_event": ("at",),
    }  # fmt: skip
    for kind, fields in times.items():
        for row in rows_of(kind, today, place).values():
            for wall in walls(row, place, *fields):
                assert dt.time(9) <= wall.time() <= dt.time(17, 30), (row, wall)
                assert wall.weekday() < 5 or (kind, wall.date()) == ("visit", today), (row, wall)


@pytest.mark.parametrize(("today", "place"), BEGINNINGS)
def test_whoever_signs_in_has_a_planned_day_also_on_a_sunday(today: dt.date, place: str) -> None:
    for login in ("nancy", "margaret", "fuller", "buchanan"):
        visits = [
            row for row in rows_of("visit", today, place).values()
            if row.values["owner"] == user(login)
            and [wall.date() for wall in walls(row, place, "planned_start")] == [today]
        ]  # fmt: skip
        assert len({str(row.values["account"]) for row in visits}) == 4
        states = [str(row.values["state"]) for row in visits if row.values["objectives"]]
        assert {"confirmed", "planned"} == {*states}


@pytest.mark.parametrize("today", DAYS)
def test_nobody_has_two_visits_at_once(today: dt.date) -> None:
    own: dict[object, list[tuple[str, str]]] = defaultdict(list)
    for row in rows_of("visit", today).values():
        times = (str(row.values["planned_start"]), str(row.values["planned_end"]))
        own[row.values["owner"]].append(times)
    for visits in own.values():
        for before, after in pairwise(sorted(visits)):
            assert before[1] <= after[0]


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="the zone of this machine cannot be set")
def test_the_place_is_that_of_the_machine_where_none_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    time.tzset()
    try:
        assert company(TODAY) == made(TODAY, "Asia/Shanghai")
    finally:
        monkeypatch.undo()
        time.tzset()


def test_nobody_comes_to_an_account_twice_a_day() -> None:
    days = Counter(
        (str(row.values["account"]), str(row.values["planned_start"])[:10])
        for row in rows_of("visit").values()
    )
    assert max(days.values()) == 1


def clocks_at(now: dt.datetime, today: dt.date, place: str) -> dict[str, list[ClockState]]:
    """How the open complaints stand, by the login of whoever answers for them."""
    steps: dict[object, list[Step]] = defaultdict(list)
    for row in rows_of("complaint_event", today, place).values():
        at = dt.datetime.fromisoformat(str(row.values["at"]))
        steps[row.values["complaint"]].append(Step(at, str(row.values["to_state"])))
    logins_of = {str(entry.user): entry.login for entry in logins()}
    accounts_of = rows_of("account", today, place)
    found: dict[str, list[ClockState]] = defaultdict(list)
    for key, row in rows_of("complaint", today, place).items():
        values, account = row.values, accounts_of[str(row.values["account"])].values
        received = dt.datetime.fromisoformat(str(values["received_at"]))
        severity, grade = str(values.get("severity") or ""), str(account["grade"])
        case = Case(received, str(values["state"]), severity, grade, steps[key])
        if is_open(case.state):
            shown: Reading | None = pressing(read_clock(clock, now) for clock in clocks_of(case))
            assert shown is not None
            handler = str(values.get("handler") or account["owner"])
            found[logins_of[handler]].append(shown.state)
    return found


@pytest.mark.parametrize("hour", [0, 9, 23])
@pytest.mark.parametrize(("today", "place"), BEGINNINGS)
def test_of_the_clocks_some_are_late_some_run_and_one_is_paused(
    today: dt.date, place: str, hour: int
) -> None:
    now = dt.datetime.combine(today, dt.time(hour, 30), ZoneInfo(place))
    states = clocks_at(now, today, place)
    assert {ClockState.BREACHED, ClockState.RUNNING, ClockState.PAUSED} <= {*states["fuller"]}
    assert {ClockState.BREACHED, ClockState.RUNNING} <= {*states["nancy"]}


def test_nancy_meets_surnames_that_are_read_in_two_ways() -> None:
    mine = {key for key, owner in value("account", "owner").items() if owner == user("nancy")}
    roles = rows_of("account_contact").values()
    people = {str(row.values["contact"]) for row in roles if row.values["account"] in mine}
    names = {str(rows_of("contact")[person].values["full_name"]) for person in people}
    assert {"曾国强", "单红", "区小明", "仇建国"} <= names


def test_any_number_of_valid_accounts_half_of_them_chinese() -> None:
    rows = [*accounts(400, owners=[(logins()[0].user, logins()[1].user)])]
    assert len({row.id for row in rows}) == 400
    assert [row.id for row in rows] == sorted(row.id for row in rows)
    assert sum("有限公司" in str(row.values["name"]) for row in rows) == 200
    assert not [row for row in rows if check_record(CATALOG["account"], row.values)]
    assert rows == [*accounts(400, owners=[(logins()[0].user, logins()[1].user)])]


@pytest.mark.parametrize(("today", "place"), BEGINNINGS)
def test_a_series_begins_soon_and_brings_more(today: dt.date, place: str) -> None:
    heads = [x.values for x in rows_of("task", today, place).values() if x.values.get("recurrence")]
    assert [x["assignee"] for x in heads] == [user("nancy"), user("fuller")]
    for head, days in zip(heads, (7, 35), strict=True):
        first = dt.date.fromisoformat(str(head["due_on"]))
        rhythm = parse_rhythm(str(head["recurrence"]))
        assert today <= first < today + dt.timedelta(days)
        assert near([Stretch(RecordId("a" * 32), first, rhythm)], first)


@pytest.mark.parametrize(("today", "place"), BEGINNINGS)
def test_who_leads_waits_for_two_replies_one_of_them_late(today: dt.date, place: str) -> None:
    now = dt.datetime.combine(today, dt.time(12), ZoneInfo(place))
    found = [x for row in rows_of("task", today, place).values()
             if (x := supervision_of(row.values)) is not None]  # fmt: skip
    assert {x.supervisor for x in found} == {user("fuller")}
    assert sorted(x.is_overdue(now) for x in found) == [False, True]
