"""What the page of the day reads."""

import datetime as dt

from crm_core.ids import RecordId
from crm_core.wire import WireRow
from crm_desktop.models.store import Store
from crm_desktop.models.today import Day, read_day
from tests.models.support import ME, add, answer, first_pull, put, row, take, verdict

NOW = dt.datetime(2026, 11, 23, 9, 0).astimezone()


def day_of(store: Store) -> Day:
    with store.reader() as c:
        return read_day(c, ME, NOW)


def moment(day: int, hour: int) -> str:
    wall = dt.datetime(2026, 11, day, hour).astimezone()
    return wall.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_stops_are_mine_of_today_in_their_order(store: Store) -> None:
    account = add(store, "account", name="One", owner=ME, phone="+43 1")
    add(store, "address", account=account, city="Graz", street="Kirchgasse 6", postcode="8010")
    person = add(store, "contact", full_name="Elfriede Kofler")
    later = add(store, "visit", account=account, owner=ME, planned_start=moment(23, 15),
                state="planned", contacts=[person])  # fmt: skip
    first = add(store, "visit", account=account, owner=ME, planned_start=moment(23, 8))
    add(store, "visit", account=account, planned_start=moment(23, 10))
    tomorrow = add(store, "visit", account=account, owner=ME, planned_start=moment(24, 8))
    day = day_of(store)
    assert [x.id for x in day.stops] == [first, later]
    assert [x.id for x in day.tomorrow] == [tomorrow]
    assert day.stops[1].people == ("Elfriede Kofler",)
    assert (day.stops[1].address, day.stops[1].phone) == ("Kirchgasse 6, 8010 Graz", "+43 1")


def test_an_open_complaint_shows_at_the_stop_and_its_clock_runs(store: Store) -> None:
    account = add(store, "account", name="One", owner=ME)
    add(store, "complaint", account=account, subject="Short delivery", handler=ME,
        received_at=moment(23, 8))  # fmt: skip
    add(store, "visit", account=account, owner=ME, planned_start=moment(23, 15))
    day = day_of(store)
    assert day.stops[0].complaint.endswith("Short delivery")
    assert [x.case.subject for x in day.clocks] == ["Short delivery"]


def test_late_tasks_come_oldest_first_and_done_ones_not(store: Store) -> None:
    for title, due, status in (
        ("today", "2026-11-23", "open"), ("late", "2026-11-19", "in_progress"),
        ("done", "2026-11-01", "done"), ("coming", "2026-11-24", "open"),
    ):  # fmt: skip
        add(store, "task", title=title, due_on=due, status=status, assignee=ME)
    add(store, "task", title="of others", due_on="2026-11-01", status="open")
    day = day_of(store)
    assert [(x.title, x.late) for x in day.tasks] == [("late", 4), ("today", 0)]
    assert day.tasks_total == 2


def test_a_day_without_anything_is_empty(store: Store) -> None:
    day = day_of(store)
    assert (day.stops, day.tomorrow, day.tasks, day.clocks) == ((),) * 4
    assert (day.decisions.conflicts, day.decisions.refused) == (0, 0)


def disputed(store: Store, seq: int, record: RecordId, field: str, author: RecordId) -> WireRow:
    """An open conflict about a field, in which a value of the author lies."""
    return row(
        store.new_id(), seq, (record,), record=f"account/{record}", field=field,
        parked=[{"author": author}],
    )  # fmt: skip


def test_refused_work_and_conflicts_wait_for_a_decision(store: Store) -> None:
    account = store.new_id()
    first_pull(
        store,
        ("account", row(account, 1, name="Hungry Owl")),
        ("conflict", disputed(store, 2, account, "phone", ME)),
        ("conflict", disputed(store, 3, account, "email", ME)),
        ("conflict", disputed(store, 4, store.new_id(), "phone", store.new_id())),
    )
    put(store, "account", account, phone="1")
    (cs,) = take(store)
    answer(store, verdict(cs, "rejected", 0, (0, "", "rejected", "access.denied")))
    decisions = day_of(store).decisions
    assert (decisions.conflicts, decisions.conflict_titles) == (1, ("Hungry Owl",))
    assert (decisions.refused, decisions.refused_titles) == (1, ("Change",))
