"""The numbers of the rail: open complaints, own late tasks, never more than are counted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import pytest

from crm_core.ids import RecordId
from crm_desktop.models import counts
from crm_desktop.models.complaints import open_cases
from crm_desktop.models.counts import Counts
from crm_desktop.models.store import Store
from tests.models.support import first_pull, row

TODAY = dt.date(2026, 10, 13)
OTHER = RecordId("b" * 32)
ACCOUNT = RecordId("a" * 32)


def have(store: Store, kind: str, *bodies: Mapping[str, str | None]) -> None:
    """These records of one account have come from the server."""
    records = [
        (kind, row(RecordId(f"{n:032x}"), n, (ACCOUNT,), **body))
        for n, body in enumerate(bodies, start=2)
    ]
    first_pull(store, ("account", row(ACCOUNT, 1, name="Alfreds")), *records)


def counted(store: Store) -> Counts:
    with store.reader() as c:
        return counts.counts(c, store.identity.user, TODAY)


def test_complaints_count_while_they_stand_on_the_board(store: Store) -> None:
    states = (None, "received", "waiting_customer", "reopened", "resolved", "closed", "rejected")
    have(store, "complaint", *({"state": state} for state in states))
    with store.reader() as c:
        assert counts.counts(c, store.identity.user, TODAY).complaints == len(open_cases(c)) == 5


@pytest.mark.parametrize(
    ("values", "number"),
    [
        ({"due_on": "2026-10-12"}, 1),
        ({"due_on": "2026-10-13"}, 0),
        ({"due_on": "2026-10-12", "status": "done"}, 0),
        ({"due_on": "2026-10-12", "status": "in_progress"}, 1),
        ({"due_on": "2026-10-12", "assignee": OTHER}, 0),
        ({}, 0),
    ],
)
def test_an_own_task_is_late_the_day_after_its_day(
    store: Store, values: dict[str, str | None], number: int
) -> None:
    have(store, "task", {"title": "Call", "assignee": store.identity.user, **values})
    assert counted(store).tasks == number


def test_counting_stops_where_nobody_reads_on(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counts, "COUNTED_MAX", 2)
    have(store, "complaint", *[{"subject": "Late"}] * 5)
    assert counted(store).complaints == 2
