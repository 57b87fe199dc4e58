"""Supervision in the window: a lead asks for a reply, who owes it sees its clock, none closes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from crm_core.changes import Change, Op
from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_desktop.models import journal, queries
from crm_desktop.models.store import Store, new_uuid7
from crm_desktop.models.supervised import open_supervisions
from crm_desktop.runtime.hub import DataHub
from crm_desktop.runtime.lanes import Lanes
from crm_desktop.views.kit.line import LineButton
from crm_desktop.views.panes.complaints.pane import ComplaintsPane
from crm_desktop.views.panes.today.pane import TodayPane
from tests.views.company import make_store
from tests.views.front import InFront

Rest = Callable[[], None]
ME, LI, ACCOUNT, CASE, OWED, WAITED = (new_uuid7() for _ in range(6))
NOW = dt.datetime(2026, 11, 24, 8, 30, tzinfo=dt.UTC)
SOON, PAST = "2026-11-24T10:30:00Z", "2026-11-24T07:00:00Z"


def rows(role: str) -> Iterator[tuple[str, RecordId, dict[str, Value]]]:
    team = new_uuid7()
    yield "team", team, {"name": "Sales", "lead": ME if role == "lead" else LI}
    for user, login, what in ((ME, "nancy", role), (LI, "li", "rep")):
        yield "user", user, {
            "login": login, "name": login.title(), "role": what, "team": team, "active": True,
        }  # fmt: skip
    yield "account", ACCOUNT, {"name": "Hungry Owl", "owner": ME, "team": team}
    yield "complaint", CASE, {
        "account": ACCOUNT, "state": "resolved", "subject": "Mouldy", "received_at": PAST,
        "severity": "major", "remedy_sought": "Replacement", "handler": ME, "cause": "Heat",
    }  # fmt: skip
    yield "task", OWED, {
        "title": "Send prices", "account": ACCOUNT, "assignee": ME, "supervisor": LI,
        "supervised_until": SOON,
    }  # fmt: skip
    yield "task", WAITED, {
        "title": "Call", "assignee": LI, "supervisor": ME, "supervised_until": PAST,
    }  # fmt: skip


@pytest.fixture
def role() -> str:
    return "lead"


@pytest.fixture
def store(tmp_path: Path, role: str) -> Iterator[Store]:
    made = make_store(tmp_path, list(rows(role)), user=ME)
    yield made
    made.close()


@pytest.fixture
def hub(store: Store, lanes: Lanes) -> DataHub:
    return DataHub(store, lanes)


@pytest.fixture
def pane(hub: DataHub, in_front: InFront, rest: Rest) -> ComplaintsPane:
    made = in_front(ComplaintsPane(hub, now=lambda: NOW), 1104, 800)
    made.open_record(CASE)
    rest()
    return made


def values_of(store: Store, kind: str, record_id: RecordId) -> dict[str, Value]:
    with store.reader() as c:
        row = queries.record(c, kind, record_id)
    assert row is not None
    return {**row.values}


def menu_of(pane: ComplaintsPane) -> dict[str, object]:
    return {x.text(): x for x in pane.case.steps_menu((), whole=True).actions() if x.text()}


def supervise(store: Store) -> None:
    values: dict[str, Value] = {"supervisor": LI, "supervised_until": SOON}
    journal.commit(store, [Change("complaint", CASE, Op.SET, values)], label="Supervise")


def test_a_lead_supervises_a_complaint_and_proposes_himself(
    pane: ComplaintsPane, store: Store, rest: Rest
) -> None:
    pane.case.supervision_asked.emit()
    rest()
    pane.case.form.restore('{"supervised_until":"2026-11-24 18:00"}')
    pane.save()
    rest()
    values = values_of(store, "complaint", CASE)
    assert values["supervisor"] == ME
    assert "Supervised by Nancy" in pane.case.supervision.words
    assert "End the supervision" in menu_of(pane)


def test_a_complaint_that_is_supervised_asks_for_the_reply_when_it_is_closed(
    pane: ComplaintsPane, store: Store, rest: Rest
) -> None:
    supervise(store)
    pane.refresh()
    pane._load(CASE)
    rest()
    assert pane.case.supervision.words.endswith("2 h left")
    pane.case.step_asked.emit("closed")
    rest()
    pane.save()
    rest()
    assert values_of(store, "complaint", CASE)["state"] == "resolved"
    pane.case.form.editor("supervision_reply").restore("Replaced on Monday.")
    pane.save()
    rest()
    values = values_of(store, "complaint", CASE)
    assert (values["state"], values["supervision_reply"]) == ("closed", "Replaced on Monday.")


def test_the_reply_is_written_from_the_line_that_asks_for_it(
    pane: ComplaintsPane, store: Store, rest: Rest
) -> None:
    supervise(store)
    pane._load(CASE)
    rest()
    QTest.mouseClick(pane.case.supervision.reply_button, Qt.MouseButton.LeftButton)
    rest()
    pane.case.form.editor("supervision_reply").restore("Done.")
    pane.save()
    rest()
    assert "replied" in pane.case.supervision.words
    assert pane.case.supervision.words.endswith("Done.")


@pytest.mark.parametrize("role", ["rep"])
def test_who_leads_nobody_is_told_that_he_cannot_supervise(pane: ComplaintsPane) -> None:
    menu = pane.case.steps_menu((), whole=True)
    act = next(x for x in menu.actions() if x.text() == "Supervise…")
    assert not act.isEnabled()
    assert act.toolTip() == "Only who leads may supervise."


def test_the_day_shows_what_one_owes_first_then_what_one_waits_for(
    hub: DataHub, in_front: InFront, rest: Rest
) -> None:
    pane = in_front(TodayPane(hub, clock=lambda: NOW), 1104, 800)
    rest()
    lines = [x.line for x in pane._supervised.findChildren(LineButton)]
    assert [(x.title, x.right, x.tone) for x in lines] == [
        ("Send prices", "2 h left", "warn"), ("Call", "overdue 1 h 30 m", "bad"),
    ]  # fmt: skip
    assert lines[0].below == "asked by Li · Hungry Owl"
    assert pane._supervised.note.text() == "1 overdue"


def test_a_lead_keeps_seeing_what_was_replied_to_until_it_is_closed(store: Store) -> None:
    replied: dict[str, Value] = {"supervision_reply": "Sent"}
    journal.commit(store, [Change("task", WAITED, Op.SET, replied)], label="Reply")
    with store.reader() as c:
        assert [x.id for x in open_supervisions(c, ME)] == [WAITED, OWED]
    done: dict[str, Value] = {"status": "done"}
    journal.commit(store, [Change("task", WAITED, Op.SET, done)], label="Done")
    with store.reader() as c:
        assert [x.id for x in open_supervisions(c, ME)] == [OWED]
