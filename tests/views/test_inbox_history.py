"""The history: every value of what was decided, filtered, written out, and taken back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QFileDialog, QLabel, QLineEdit
from pytestqt.qtbot import QtBot

from crm_core.changes import Change, Op
from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_core.wire import ChangeResult, ChangeSetResult, PushResponse
from crm_desktop.models import inbox, journal, queries
from crm_desktop.models.labels import title
from crm_desktop.models.outbox import Outbox
from crm_desktop.models.store import Store
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.panes.inbox import read as reading
from crm_desktop.views.panes.inbox.entry import Tab
from crm_desktop.views.panes.inbox.pane import InboxPane
from crm_desktop.views.panes.inbox.past import Act, PastFilter, Sort
from tests.views.company import NOW, receive
from tests.views.front import InFront

Rest = Callable[[], None]
CONFLICT = RecordId("c" * 32)


def parked(value: Value, author: RecordId, **more: Value) -> dict[str, Value]:
    at = "2026-11-19T08:00:00Z"
    return {"value": value, "author": author, "device": "T14", "authored_at": at, **more}


@pytest.fixture
def account(known: Mapping[str, list[RecordId]]) -> RecordId:
    return known["account"][0]


@pytest.fixture
def pane(
    hub: DataHub, store: Store, known: Mapping[str, list[RecordId]], in_front: InFront, rest: Rest
) -> InboxPane:
    """A history of three: a conflict that Li decided, a refused step sent again, one discarded."""
    account, (me, li) = known["account"][0], known["user"][:2]
    values: dict[str, Any] = {
        "record": f"account/{account}", "field": "phone", "why": "edit", "base": "030-1",
        "parked": [parked("030-2", me), parked("=030-3", li, stood=True)], "state": "resolved",
        "resolution": "030-2", "resolved_by": li,
    }  # fmt: skip
    receive(store, [("conflict", CONFLICT, values)])
    for name, act in (("industry", inbox.resend), ("short_name", inbox.discard)):
        change = Change("account", account, Op.SET, {name: "Bakery"})
        (cs_id,) = journal.commit(store, [change], label=f"Change: {name}").changesets
        Outbox(store).take_outbox(10, 10**6)
        part = ChangeResult(0, "", "rejected", "right.missing", params={"action": "edit"})
        Outbox(store).settle(
            PushResponse("e1", 0, (ChangeSetResult(cs_id, "rejected", 0, (part,)),), ())
        )
        act(store, cs_id)
    made = in_front(InboxPane(hub), 1100, 700)
    made.side.show_tab(Tab.HISTORY)
    rest()
    return made


def choose(pane: InboxPane, name: str, words: str) -> None:
    """Choose from one of the filter's lists as a person does."""
    (box,) = [x for x in pane.side.history.findChildren(QComboBox) if x.accessibleName() == name]
    found = box.findText(words)
    assert found > 0, [box.itemText(n) for n in range(box.count())]
    box.setCurrentIndex(found)


def titles(pane: InboxPane) -> list[str]:
    found = []
    for key in pane.side.tree.keys:
        pane.side.tree.choose(key)
        entry = pane.side.tree.entry
        assert entry is not None
        found.append(entry.second)
    return found


def test_a_decided_conflict_shows_every_value_with_its_author(pane: InboxPane) -> None:
    pane.side.tree.choose(f"d/{CONFLICT}")
    said = {label.text() for label in pane._step.findChildren(QLabel)}
    assert {"030-1", "030-2", "=030-3"} <= said
    assert any("Theirs · Li Ming" in text for text in said)
    assert any("Decided by Li Ming" in text for text in said)


def test_whose_value_stood_is_not_made_up_where_nobody_knows(
    store: Store, account: RecordId, hub: DataHub, in_front: InFront, rest: Rest
) -> None:
    values: dict[str, Any] = {
        "record": f"account/{account}", "field": "phone", "why": "edit", "base": "030-1",
        "parked": [parked("030-2", store.identity.user), parked("030-3", RecordId(""), stood=True)],
        "state": "resolved", "resolution": "030-2", "resolved_by": RecordId("f" * 32),
    }  # fmt: skip
    receive(store, [("conflict", CONFLICT, values)])
    pane = in_front(InboxPane(hub), 1100, 700)
    pane.side.show_tab(Tab.HISTORY)
    rest()
    pane.side.tree.choose(f"d/{CONFLICT}")
    said = [label.text() for label in pane._step.findChildren(QLabel)]
    assert "Theirs · then in force" in said
    assert any(text.startswith("Decided by somebody else, ") for text in said)
    (past,) = pane.side._past
    assert past.people == ("somebody else", "Nancy Davolio"), "one is no person to filter by"


def test_a_step_whose_label_names_no_record_says_which_it_changed(
    store: Store, known: Mapping[str, list[RecordId]], hub: DataHub, in_front: InFront, rest: Rest
) -> None:
    both = known["account"][:2]
    for account in both:
        change = Change("account", account, Op.SET, {"phone": "030-9"})
        journal.commit(store, [change], label="Resolve 2 conflicts")
    with store.writing() as c:
        c.run("UPDATE changeset SET state = 'confirmed', confirmed_at = at")
        named = [title(c, "account", x) for x in both]
    pane = in_front(InboxPane(hub), 1100, 700)
    pane.side.show_tab(Tab.HISTORY)
    rest()
    said = {past.entry.second for past in pane.side._past}
    assert said == {f"Account · {name} · sent and confirmed" for name in named}


def test_a_decision_that_was_not_sent_yet_shows_what_stands_and_is_the_latest(
    pane: InboxPane, store: Store, known: Mapping[str, list[RecordId]], rest: Rest
) -> None:
    account, li = known["account"][1], known["user"][1]
    with store.reader() as c:
        row = queries.record(c, "account", account)
    assert row is not None
    receive(store, [("account", account, {**row.values, "phone": "030-9", "updated_by": li})])
    values: dict[str, Any] = {
        "record": f"account/{account}", "field": "phone", "why": "edit", "base": "030-1",
        "parked": [parked("030-2", store.identity.user)], "state": "open",
    }  # fmt: skip
    other = RecordId("d" * 32)
    receive(store, [("conflict", other, values)])
    inbox.resolve(store, other, "030-9")
    pane.refresh()
    rest()
    assert pane.side.tree.keys[0] == f"d/{other}"
    (past,) = [x for x in pane.side._past if x.entry.key == f"d/{other}"]
    assert (past.act, past.people) == (Act.THEIRS, ("Nancy Davolio", "Li Ming"))


def test_refused_work_stays_in_the_history_with_its_reason(pane: InboxPane) -> None:
    found = [x for x in titles(pane) if "refused" in x]
    assert sorted(x.rpartition("refused")[2] for x in found) == [", discarded", ", sent again"]
    pane.side.tree.choose(next(x for x in pane.side.tree.keys if x.startswith("h/")))
    assert "the server refused it" in pane._step._words.text()


@pytest.mark.parametrize(
    ("name", "words", "count"),
    [
        ("About", "Conflicts", 1),
        ("About", "Refused work", 2),
        ("Decided", "mine taken", 1),
        ("Decided", "sent again", 1),
        ("Person", "Li Ming", 1),
        ("Field", "Phone", 1),
        ("Kind of record", "Account", 3),
    ],
)
def test_the_history_is_filtered(pane: InboxPane, name: str, words: str, count: int) -> None:
    choose(pane, name, words)
    assert len(pane.side.tree.keys) == count
    pane.side.clear_filter()
    assert len(pane.side.tree.keys) == 3


def test_a_period_leaves_out_what_is_older(pane: InboxPane) -> None:
    day = NOW.astimezone().date()
    week = PastFilter(days=7)
    kept = [past for past in pane.side._past if week.takes(past, day)]
    assert {past.sort for past in kept} == {Sort.REFUSED}
    later = day + dt.timedelta(days=7)
    assert not any(week.takes(past, later) for past in pane.side._past)


def test_what_is_shown_is_written_with_every_value_and_no_formula(
    pane: InboxPane, tmp_path: Path, rest: Rest
) -> None:
    choose(pane, "About", "Conflicts")
    asked: list[Any] = []
    pane.side.export_asked.disconnect()
    pane.side.export_asked.connect(lambda _entries, past: asked.extend(past))
    pane.side._export.click()
    pane.exporting.export_past(asked, tmp_path / "history.xlsx")
    rest()
    sheet: Any = openpyxl.load_workbook(tmp_path / "history.xlsx").active
    lines = [[cell.value for cell in row] for row in sheet]
    assert lines[0][4:9] == ["Field", "Base", "Mine", "Theirs", "The result"]
    assert len(lines) == 2
    assert lines[1][5:9] == [
        "030-1", "030-2 (Nancy Davolio)", "=030-3 (Li Ming)", "030-2"
    ]  # fmt: skip
    assert sheet.cell(2, 8).data_type == "s"


@pytest.mark.parametrize(("form", "ending"), [("Excel (*.xlsx)", "xlsx"), ("CSV (*.csv)", "csv")])
def test_the_history_is_written_in_the_form_that_is_chosen(
    pane: InboxPane, qtbot: QtBot, tmp_path: Path, form: str, ending: str
) -> None:
    QTest.mouseClick(pane.side._export, Qt.MouseButton.LeftButton)
    (dialog,) = pane.findChildren(QFileDialog)
    (forms,) = [x for x in dialog.findChildren(QComboBox) if x.findText(form) >= 0]
    forms.setCurrentText(form)
    forms.textActivated.emit(form)
    line = dialog.findChild(QLineEdit)
    assert line is not None
    line.setText(str(tmp_path / "all"))
    with qtbot.waitSignal(pane.said) as told:
        QTest.keyClick(line, Qt.Key.Key_Return)
    out = tmp_path / f"all.{ending}"
    assert [*tmp_path.glob("all*")] == [out]
    assert str(out) in str(told.args)


def test_whose_role_exports_nothing_gets_no_file_and_is_told(
    pane: InboxPane, store: Store, tmp_path: Path, rest: Rest, qtbot: QtBot
) -> None:
    me = store.identity.user
    receive(store, [("user", me, {"login": "nancy", "name": "Nancy", "role": "service"})])
    with qtbot.waitSignal(pane.failed) as failed:
        pane.exporting.export_past(list(pane.side._past), tmp_path / "history.csv")
        rest()
    refusal = next(iter(failed.args or ()), None)
    assert "Your role may not do this" in str(refusal)
    assert list(tmp_path.glob("history*")) == []


def test_more_than_was_read_is_read_before_it_is_filtered(
    pane: InboxPane, monkeypatch: pytest.MonkeyPatch, rest: Rest
) -> None:
    monkeypatch.setattr(pane, "_behind", 1)
    pane.refresh()
    rest()
    assert len(pane.side.tree.keys) == 2
    choose(pane, "About", "Refused work")
    rest()
    assert len(pane.side.tree.keys) == 2
    assert pane._behind == reading.HISTORY_ALL


def test_a_decision_of_ones_own_is_taken_back_from_the_history(
    pane: InboxPane, store: Store, account: RecordId, hub: DataHub, rest: Rest
) -> None:
    other = RecordId("d" * 32)
    with store.reader() as c:
        row = queries.record(c, "account", account)
    assert row is not None
    before = row.values["website"]
    values: dict[str, Any] = {
        "record": f"account/{account}", "field": "website", "why": "edit", "base": "https://one",
        "parked": [parked("https://two", store.identity.user)], "state": "open",
    }  # fmt: skip
    receive(store, [("conflict", other, values)])
    inbox.resolve(store, other, "https://two")
    pane.refresh()
    rest()
    pane.side.tree.choose(f"d/{other}")
    assert pane._step._again.isVisible()
    QTest.mouseClick(pane._step._again, Qt.MouseButton.LeftButton)
    rest()
    with store.reader() as c:
        assert [one.id for one in inbox.conflicts(c)] == [other]
        now = queries.record(c, "account", account)
    assert now is not None
    assert now.values["website"] == before
