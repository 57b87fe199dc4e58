"""Complaints as the board reads them: clocks, order, log; one answer for many."""

import datetime as dt

import pytest

from crm_core.changes import Change, Op
from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_core.machines import MACHINES
from crm_core.working_time import CHINA
from crm_desktop.models import complaints, journal
from crm_desktop.models.complaints import CaseRow
from crm_desktop.models.connection import Connection
from crm_desktop.models.store import Store
from tests.models.support import LI, ME, add, delete, first_pull, put, row

MONDAY = dt.datetime(2026, 10, 12, 10, tzinfo=CHINA)


@pytest.fixture
def account(store: Store) -> RecordId:
    users = row(ME, 1, name="Nancy Davolio", login="nancy"), row(LI, 2, name="Li", login="li")
    first_pull(store, *(("user", user) for user in users))
    return add(store, "account", name="Hungry Owl")


def instant(hours: float) -> str:
    moment = MONDAY + dt.timedelta(hours=hours)
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def complain(store: Store, account: RecordId, state: str = "received", **values: Value) -> RecordId:
    given = {"severity": "major", "remedy_sought": "-", "handler": ME, "cause": "-"} | values
    return add(store, "complaint", account=account, received_at=instant(0), state=state, **given)


def happen(store: Store, complaint: RecordId, hours: float, to_state: str, **more: Value) -> None:
    given = {"at": instant(hours)} | more
    add(store, "complaint_event", complaint=complaint, to_state=to_state, **given)


def open_ones(store: Store) -> dict[RecordId, CaseRow]:
    with store.reader() as c:
        return {case.id: case for case in complaints.open_cases(c)}


def test_open_complaints_come_with_their_account_and_clocks(
    store: Store, account: RecordId
) -> None:
    made = complain(store, account, "acknowledged", subject="Mouldy")
    happen(store, made, 0.7, "acknowledged")
    case = open_ones(store)[made]
    assert (case.account_name, case.subject, case.state) == ("Hungry Owl", "Mouldy", "acknowledged")
    assert (case.is_provisional, case.pending) == (True, True)
    assert case.number.startswith("CP")
    reading = case.reading(MONDAY + dt.timedelta(hours=1))
    assert reading is not None
    assert (reading.kind, reading.left) == ("assess", dt.timedelta(hours=7))


def test_what_is_over_or_deleted_is_not_open(store: Store, account: RecordId) -> None:
    closed, gone = complain(store, account, "closed"), complain(store, account)
    left = complain(store, account)
    delete(store, "complaint", gone)
    assert set(open_ones(store)) == {left}
    with store.reader() as c:
        board = complaints.read_board(c, everything=True)
    assert {case.id for case in board.recent} == {left, closed}
    assert board.total == 2


def test_a_complaint_without_a_stage_has_just_been_received(
    store: Store, account: RecordId
) -> None:
    made = add(store, "complaint", account=account, subject="No stage", received_at=instant(0))
    assert open_ones(store)[made].state == MACHINES["complaint"].initial


def test_the_least_time_left_stands_first_and_what_waits_stands_last(
    store: Store, account: RecordId
) -> None:
    relaxed = complain(store, account, severity="minor")
    waiting = complain(store, account, "waiting_customer", severity="critical")
    happen(store, waiting, 0.2, "investigating")
    happen(store, waiting, 0.3, "waiting_customer")
    urgent = complain(store, account, severity="critical")
    now = MONDAY + dt.timedelta(hours=4)
    order = complaints.in_order(open_ones(store).values(), now)
    assert [case.id for case in order] == [urgent, relaxed, waiting]


def test_a_complaint_without_a_handler_is_its_accounts_owners(
    store: Store, account: RecordId
) -> None:
    mine, waiting = complain(store, account, handler=None), complain(store, account)
    put(store, "complaint", waiting, state="acknowledged")
    happen(store, waiting, 0.5, "acknowledged")
    lis = complain(store, account, handler=LI)
    now = MONDAY + dt.timedelta(hours=1)
    with store.reader() as c:
        found = complaints.pressing_of(c, ME, now, 5)
        assert [one.case.id for one in complaints.pressing_of(c, LI, now, 5)] == [lis]
        assert len(complaints.pressing_of(c, ME, now, 1)) == 1
    assert [one.case.id for one in found] == [mine, waiting]
    assert found[0].reading.left == dt.timedelta(hours=3)


def test_the_log_is_read_with_names_the_newest_first(store: Store, account: RecordId) -> None:
    made = complain(store, account, "acknowledged")
    happen(store, made, 0, "received")
    happen(store, made, 1, "acknowledged", customer_visible=True)
    add(store, "complaint_event", complaint=made, at=instant(2), comment="The cooler stood open")
    with store.reader() as c:
        detail = complaints.read_case(c, made)
    assert detail is not None
    assert [event.to_state for event in detail.events] == ["", "acknowledged", "received"]
    assert detail.events[0].comment == "The cooler stood open"
    assert {event.author for event in detail.events} == {"Nancy Davolio"}
    assert detail.titles[f"account/{account}"] == "Hungry Owl"
    assert detail.titles[f"user/{ME}"] == "Nancy Davolio"


def test_a_complaint_that_is_not_here_has_no_detail(store: Store, account: RecordId) -> None:
    with store.reader() as c:
        assert complaints.read_case(c, store.new_id()) is None


def test_a_closed_complaint_can_be_looked_at_too(store: Store, account: RecordId) -> None:
    closed = complain(store, account, "closed")
    with store.reader() as c:
        detail = complaints.read_case(c, closed)
    assert detail is not None
    assert (detail.case.state, detail.case.id) == ("closed", closed)


def test_taking_a_pause_back_lets_the_clock_run_again(store: Store, account: RecordId) -> None:
    made = complain(store, account, "investigating")
    happen(store, made, 0.5, "investigating")
    event = Change("complaint_event", store.new_id(), Op.INSERT, {
        "complaint": made, "at": instant(1), "to_state": "waiting_customer"})  # fmt: skip
    step = Change("complaint", made, Op.SET, {"state": "waiting_customer"},
                  {"state": "investigating"})  # fmt: skip
    journal.commit(store, [step, event], label="Pause", atomic=True)
    now = MONDAY + dt.timedelta(days=60)
    paused = open_ones(store)[made].reading(now)
    journal.undo(store)
    running = open_ones(store)[made].reading(now)
    assert paused is not None
    assert running is not None
    assert (paused.state, running.state) == ("paused", "breached")


def test_many_complaints_cost_no_more_queries_than_one(
    store: Store, account: RecordId, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked() -> int:
        asked_for: list[str] = []
        rows = Connection.rows

        def count(c: Connection, sql: str, parameters=()):
            asked_for.append(sql)
            return rows(c, sql, parameters)

        with monkeypatch.context() as patch:
            patch.setattr(Connection, "rows", count)
            open_ones(store)
        return len(asked_for)

    first = complain(store, account)
    once = asked()
    for _ in range(20):
        happen(store, complain(store, account), 1, "acknowledged")
    put(store, "complaint", first, subject="Again")
    assert asked() == once == 2


@pytest.mark.parametrize("slip", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_from_a_year_with_which_no_clock_reckons_nothing_is_counted(
    store: Store, account: RecordId, slip: str
) -> None:
    given: dict[str, Value] = {"severity": "major", "handler": ME}
    made = add(store, "complaint", account=account, received_at=slip, **given)
    happen(store, made, 0, "acknowledged", at=slip)
    case = open_ones(store)[made]
    assert case.received_at == slip
    assert {clock.stopped_at for clock in case.clocks} == {None}
    now = dt.datetime.fromisoformat(store.now())
    assert all(abs(x.worked) < dt.timedelta(hours=1) for x in case.readings(now))
