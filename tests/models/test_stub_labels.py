"""Where the label of a parent out of sight is read, and where it is not."""

from __future__ import annotations

import datetime as dt

import pytest

from crm_core.catalog import CATALOG
from crm_core.ids import RecordId
from crm_core.wire import Enter, PullItem, Stubs
from crm_desktop.models import agenda, complaints, labels, queries, today
from crm_desktop.models.store import Store
from crm_desktop.transfer.exporting import flat
from tests.models.support import ME, START, page, pull, row

A, T, V, P = (RecordId(f"{n:032x}") for n in (7, 20, 21, 22))


@pytest.fixture
def granted(store: Store) -> Store:
    """A task, a visit and a complaint of mine below an account out of sight."""
    day = START.date().isoformat()
    items: list[PullItem] = [
        Enter((ME,)),
        page("task", row(T, 10, (ME,), title="Call", account=A, assignee=ME, due_on=day)),
        page(
            "visit",
            row(V, 11, (ME,), account=A, owner=ME, state="planned",
                planned_start=f"{day}T10:00:00Z"),
        ),
        page(
            "complaint",
            row(P, 12, (ME,), account=A, handler=ME, subject="Broken", state="received",
                received_at=f"{day}T08:00:00Z"),
        ),
        Stubs("", {}, whole=True),
        Stubs("account", {A: "Alfreds"}),
    ]  # fmt: skip
    pull(store, 50, *items)
    return store


def test_forms_and_lists_call_the_parent_by_its_label(granted: Store) -> None:
    with granted.reader() as c:
        assert labels.titles_shown(c, (("account", A),)) == {("account", A): "Alfreds"}


def test_todays_tasks_say_where_they_belong(granted: Store) -> None:
    with granted.reader() as c:
        day = today.read_day(c, ME, START)
    assert [task.account for task in day.tasks] == ["Alfreds"]


def test_the_calendar_says_where_a_visit_goes(granted: Store) -> None:
    with granted.reader() as c:
        shown = agenda.appointments(c, START.date(), 1, zone=dt.UTC)
    assert [one.place.name for one in shown] == ["Alfreds"]


def test_a_complaint_says_whose_it_is(granted: Store) -> None:
    with granted.reader() as c:
        case = complaints.read_case(c, P)
    assert case is not None
    assert case.case.account_name == "Alfreds"
    assert case.titles[f"account/{A}"] == "Alfreds"


def test_no_export_tells_the_label(granted: Store) -> None:
    with granted.reader() as c:
        found = queries.page(c, "task", limit=10)
        (made,) = flat(c, CATALOG["task"], found.rows)
    assert "Alfreds" not in str(made)


def test_no_link_finds_the_record_by_its_label(granted: Store) -> None:
    with granted.reader() as c:
        assert labels.find_by_label(c, "account", "Alfreds") == []
