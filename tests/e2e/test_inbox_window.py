"""The inbox in a real window over a real server process: all kinds of what waits, decisions for
many at once, taken back before and after a synchronisation, and work that is held back."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QPlainTextEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from crm_core.ids import ChangeSetId
from crm_desktop import profile
from crm_desktop.models import duplicates
from crm_desktop.models.outbox import Outbox
from crm_desktop.models.store import Store
from crm_desktop.runtime.hub import DataHub
from crm_desktop.runtime.lanes import Lanes
from crm_desktop.runtime.privacy import PrivacyDesk
from crm_desktop.sync.runner import Run, Runner
from crm_desktop.views.kit.choice_row import ChoiceRow
from crm_desktop.views.panes.inbox.entry import Tab
from crm_desktop.views.panes.inbox.pane import InboxPane
from crm_desktop.views.panes.inbox.past import Act, Sort
from crm_desktop.views.panes.inbox.read import read_parts
from crm_desktop.views.shell.window import Shell
from tests.e2e.people import WAITS_FOR_YOU, Desk, World, cheap_machine
from tests.e2e.processes import PASSPHRASE

KINDS = ("Conflicts", "Rejected", "Orphaned", "Quarantine", "Possible duplicates")


@dataclass(frozen=True)
class Window:
    """Somebody's window: the inbox in front, one synchronisation, and waiting for rest."""

    shell: Shell
    inbox: InboxPane
    store: Store
    sync: Callable[[], Run]
    rest: Callable[[], None]

    def groups(self) -> list[str]:
        """The groups of the list."""
        model = self.inbox.side.tree.model()
        return [str(model.index(n, 0).data()) for n in range(model.rowCount())]

    def choose(self, record: str) -> None:
        """Go to the entry of a record."""
        self.inbox.side.tree.choose(next(key for key in self.inbox.side.tree.keys if record in key))
        self.rest()

    def take(self, row: ChoiceRow, *, mine: bool) -> None:
        """Click on a side."""
        for cell, side in zip(row.cells, row.decision.sides, strict=True):
            if side.is_mine is mine:
                QTest.mouseClick(cell, Qt.MouseButton.LeftButton)

    def press(self, view: QWidget, words: str) -> None:
        """Press a button."""
        buttons = [x for x in view.findChildren(QPushButton) if x.isVisible()]
        (found,) = [x for x in buttons if x.text() == words]
        QTest.mouseClick(found, Qt.MouseButton.LeftButton)
        self.rest()

    def undo(self) -> None:
        """Ctrl+Z."""
        self.inbox.side.tree.setFocus()
        QTest.keyClick(self.inbox.side.tree, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        self.rest()


@contextmanager
def window_of(desk: Desk, qtbot: QtBot) -> Iterator[Window]:
    """The window of a desk."""
    lanes = Lanes()
    with pytest.MonkeyPatch.context() as patch, closing(lanes):
        patch.setattr(profile, "this_machine", cheap_machine)
        with closing(profile.open_profile(desk.profile, PASSPHRASE)) as opened:
            hub = DataHub(opened.store, lanes, ask_history=opened.session.history)
            hub.privacy = PrivacyDesk(lambda: opened.session, lanes, hub)
            hub.ask_refusals = opened.session.refusals
            shell = Shell(hub)
            qtbot.addWidget(shell)
            shell.resize(1280, 800)
            shell.show()
            qtbot.waitExposed(shell)
            shell.activateWindow()

            def rest() -> None:
                qtbot.waitUntil(lambda: lanes.is_idle, timeout=20_000)

            def sync() -> Run:
                run = Runner(Outbox(opened.store), opened.session, announce=hub.announce).run()
                rest()
                return run

            rest()
            inbox = shell.show_place("inbox")
            assert isinstance(inbox, InboxPane)
            rest()
            yield Window(shell, inbox, opened.store, sync, rest)


def disputes(rep: Desk, lead: Desk, names: Sequence[str], **fields: str) -> list[str]:
    """Accounts in which both wrote these fields, the rep's values parked; their ids."""
    first = dict.fromkeys(fields, "030-1")
    made = [rep.add("account", name=name, **first) for name in names]
    rep.sync()
    lead.sync()
    for account in made:
        lead.set("account", account, **{name: f"{value}9" for name, value in fields.items()})
        rep.set("account", account, **fields)
    lead.sync()
    rep.sync(code=WAITS_FOR_YOU)
    return made


def value_there(lead: Desk, account: str, name: str = "phone") -> str:
    """What another device has after its next synchronisation."""
    lead.sync()
    return lead.show("account", account)[name]


def said_of_last_step(store: Store) -> list[str]:
    """What the queue says that the last step changes."""
    with store.reader() as c:
        last = c.value("SELECT id FROM changeset ORDER BY n DESC LIMIT 1")
        return [one.part.title for one in read_parts(c, ChangeSetId(last.hex()))]


# All kinds


@dataclass(frozen=True)
class Stocked:
    """Somebody in whose inbox there is one of each kind."""

    rep: Desk
    lead: Desk


def stocked_with_all(world: World) -> Stocked:
    """One of each kind, each by what people did and a server process answered."""
    rep, lead, successor = world.people("rep", "lead", "rep")
    _ = disputes(rep, lead, ["Hungry Owl All-Night Grocers"], phone="030-2", industry="Bakery")
    refused = rep.add("account", name="Bólido Comidas preparadas")
    leaving = rep.add("account", name="Around the Horn", phone="030-1")
    damaged = rep.add("account", name="Ernst Handel")
    for number in ("1", "2"):
        rep.add("account", name=f"杭州曾氏精密机械有限公司{number}"[:12], phone="0571-8888 7777")
    rep.sync(code=WAITS_FOR_YOU)
    lead.sync()
    rep.set("account", refused, owner=successor.login)
    rep.set("account", leaving, phone="030-2", industry="Retail")
    lead.set("account", leaving, owner=successor.login)
    lead.set("account", damaged, industry="Trade")
    lead.sync()
    damage(world, damaged)
    rep.sync(code=WAITS_FOR_YOU)
    return Stocked(rep, lead)


def damage(world: World, account: str) -> None:
    """Somebody's hand in the server's database: a value that no client can hold."""
    (file,) = world.server.data.glob("*.sqlite")
    with closing(sqlite3.connect(file)) as c:
        (body,) = c.execute("SELECT body FROM record WHERE id = ?", (account,)).fetchone()
        broken = json.dumps({**json.loads(body), "owner": "nobody"})
        c.execute("UPDATE record SET body = ? WHERE id = ?", (broken, account))
        c.commit()


@pytest.mark.parametrize("store", ["sqlite"])
def test_each_kind_of_what_waits_comes_by_real_traffic_and_stands_in_the_inbox(
    own_world: World, qtbot: QtBot
) -> None:
    stocked = stocked_with_all(own_world)
    with window_of(stocked.rep, qtbot) as window:
        for _ in duplicates.compare_all(window.store):
            pass
        window.inbox.refresh()
        window.rest()
        assert [name for name in KINDS if name not in window.groups()] == []
        for key in window.inbox.side.tree.keys:
            window.inbox.side.tree.choose(key)
            window.rest()
            assert window.inbox.shown is not window.inbox._nothing


# Decisions for many, and taking them back


def test_one_decision_for_all_is_taken_back_by_one_key_before_and_after_it_was_sent(
    world: World, qtbot: QtBot
) -> None:
    rep, lead = world.people("rep", "lead")
    first, second = disputes(rep, lead, ["Alfreds", "Berglunds"], phone="030-2")
    with window_of(rep, qtbot) as window:
        window.choose(first)
        (row,) = window.inbox.dispute.rows
        window.take(row, mine=True)
        assert row.for_all.text() == "Mine for all 2 in Phone"
        row.for_all.click()
        window.inbox.dispute.apply()
        window.rest()
        assert "Conflicts" not in window.groups()
        assert said_of_last_step(window.store) in (
            ["Alfreds", "Alfreds · Phone"], ["Berglunds", "Berglunds · Phone"],
        )  # fmt: skip
        window.undo()
        assert len([key for key in window.inbox.side.tree.keys if key.startswith("c/")]) == 2
        window.choose(first)
        (row,) = window.inbox.dispute.rows
        assert not row.is_decided, "nothing is preselected, nor what was taken back"
        window.take(row, mine=True)
        row.for_all.click()
        window.inbox.dispute.apply()
        window.rest()
        window.sync()
        assert [value_there(lead, x) for x in (first, second)] == ["030-2", "030-2"]
        assert lead.json("conflicts") == []
        window.undo()
        assert len([key for key in window.inbox.side.tree.keys if key.startswith("c/")]) == 2
        window.sync()
        assert [value_there(lead, x) for x in (first, second)] == ["030-29", "030-29"]
        found = {row["record"].rpartition("/")[2]: row for row in lead.json("conflicts")}
        assert {x["parked"][0]["value"] for x in found.values()} == {"030-2"}
        assert found.keys() == {first, second}


def test_a_third_value_and_both_texts_reach_everybody(world: World, qtbot: QtBot) -> None:
    rep, lead = world.people("rep", "lead")
    (account,) = disputes(rep, lead, ["Alfreds"], phone="030-2", description="030-1. Mine.")
    with window_of(rep, qtbot) as window:
        window.choose(account)
        rows = {row.decision.conflict.field: row for row in window.inbox.dispute.rows}
        rows["phone"].result_cell.missing.click()
        (editor,) = rows["phone"].result_cell.editors
        QTest.keyClicks(editor.widget, "030-77")
        for cell in rows["description"].cells:
            QTest.mouseClick(cell, Qt.MouseButton.LeftButton)
        (text,) = rows["description"].result_cell.editors
        assert isinstance(text.widget, QPlainTextEdit)
        window.inbox.dispute.apply()
        window.rest()
        window.sync()
        assert value_there(lead, account) == "030-77"
        said = value_there(lead, account, "description")
        assert "Mine." in said
        assert "Mine.9" in said
        window.inbox.side.show_tab(Tab.HISTORY)
        window.rest()
        window.choose("d/")
        assert "Decided by" in window.inbox._step._words.text()
    with window_of(lead, qtbot) as window:
        window.inbox.side.show_tab(Tab.HISTORY)
        window.rest()
        of_rep = [past for past in window.inbox.side._past if past.act is not Act.SENT]
        assert {(past.sort, past.act) for past in of_rep} == {
            (Sort.CONFLICT, Act.OTHER), (Sort.CONFLICT, Act.BOTH)
        }  # fmt: skip
        said = {rep.login.casefold(), lead.login.casefold()}
        assert {name.casefold() for past in of_rep for name in past.people} == said


def test_bringing_a_deleted_record_back_is_taken_back_too(world: World, qtbot: QtBot) -> None:
    rep, lead = world.people("rep", "lead")
    account = rep.add("account", name="Alfreds", phone="030-1")
    rep.sync()
    lead.sync()
    rep.set("account", account, phone="030-2")
    lead.run("delete", "account", account)
    lead.sync()
    rep.sync(code=WAITS_FOR_YOU)
    with window_of(rep, qtbot) as window:
        window.choose(account)
        (row,) = window.inbox.dispute.rows
        window.take(row, mine=True)
        window.inbox.dispute.apply()
        window.rest()
        window.sync()
        assert value_there(lead, account) == "030-2"
        window.undo()
        window.sync()
        lead.sync()
        assert account not in lead.ids("account")
        window.choose(account)
        (row,) = window.inbox.dispute.rows
        assert [side.value for side in row.decision.mine] == [{"phone": "030-2"}]


# Held back


def test_a_record_held_back_stays_here_over_a_restart_and_everything_else_goes(
    world: World, qtbot: QtBot
) -> None:
    rep, lead = world.people("rep", "lead")
    held, other = (rep.add("account", name=name, phone="030-1") for name in ("Alfreds", "B"))
    rep.sync()
    for account in (held, other):
        rep.set("account", account, phone="030-2")
    with window_of(rep, qtbot) as window:
        window.inbox.show_queue()
        window.rest()
        window.inbox.side.tree.choose_first()
        window.rest()
        window.press(window.inbox._queue, "Hold back")
        assert window.groups() == ["Held back by you", "Waits to be sent"]
    rep.set("account", held, industry="Bakery")
    rep.sync()
    assert value_there(lead, other) == "030-2"
    assert value_there(lead, held) == "030-1"
    status = rep.status()
    assert (status["state"], status["pending"]) == ("waiting", 2)
    with window_of(rep, qtbot) as window:
        window.inbox.show_queue()
        window.rest()
        window.press(window.inbox._queue, "Let it go")
        assert window.sync().report.verified
    assert (value_there(lead, held), value_there(lead, held, "industry")) == ("030-2", "Bakery")
    assert rep.status()["state"] == "up_to_date"


# Whatever else the inbox offers, by its buttons, until the server has it


@pytest.mark.parametrize("store", ["sqlite"])
def test_what_is_put_right_and_sent_again_is_taken_by_the_server(
    world: World, qtbot: QtBot
) -> None:
    rep, lead = world.people("rep", "lead")
    account = rep.add("account", name="Alfreds")
    visit = rep.add(
        "visit", account=account, objectives="Listen", planned_start="2026-11-20T09:00:00Z",
        planned_end="2026-11-20T10:00:00Z", state="planned",
    )  # fmt: skip
    rep.set("visit", visit, state="in_progress", outcome="no_result")
    rep.sync()
    lead.sync()
    rep.set("visit", visit, state="completed")
    lead.set("visit", visit, outcome="")
    lead.sync()
    rep.sync(code=WAITS_FOR_YOU)
    with window_of(rep, qtbot) as window:
        assert window.groups() == ["Rejected"]
        window.choose(visit)
        window.press(window.inbox.stuck, "Fix and resend")
        window.sync()
        assert window.groups() == ["Rejected"], "nothing was put right"
        window.choose(visit)
        QTest.keyClick(window.inbox.side.tree, Qt.Key.Key_Return)
        outcome = window.inbox.focusWidget()
        assert isinstance(outcome, QComboBox)
        QTest.keyClick(outcome, Qt.Key.Key_Down)
        wanted = outcome.currentText()
        window.press(window.inbox.stuck, "Fix and resend")
        assert window.shell.undo_bar.text == "It waits to be sent again."
        assert window.sync().report.verified
        assert window.groups() == []
    lead.sync()
    shown = lead.show("visit", visit)
    assert (shown["state"], shown["outcome"]) == ("completed", wanted.lower())


@pytest.mark.parametrize("store", ["sqlite"])
def test_work_is_offered_in_one_window_and_taken_over_in_the_new_owners(
    world: World, qtbot: QtBot
) -> None:
    rep, successor, lead = world.people("rep", "rep", "lead")
    account = rep.add("account", name="Around the Horn", phone="030-1", industry="food")
    rep.sync()
    lead.sync()
    rep.set("account", account, phone="030-2", industry="Retail")
    lead.set("account", account, owner=successor.login)
    lead.sync()
    rep.sync(code=WAITS_FOR_YOU)
    with window_of(rep, qtbot) as window:
        assert window.groups() == ["Orphaned"]
        window.choose(account)
        window.press(window.inbox.stuck, "Offer to the new owner")
        assert window.groups() == ["Offered by you"]
        window.sync()
    successor.sync(code=WAITS_FOR_YOU)
    with window_of(successor, qtbot) as window:
        assert window.groups() == ["Offered to you"]
        window.choose(account)
        rows = {row.decision.conflict.field: row for row in window.inbox.dispute.rows}
        window.take(rows["phone"], mine=False)
        window.take(rows["industry"], mine=True)
        window.press(window.inbox.dispute, "Apply 2")
        assert window.shell.undo_bar.text == "Decided: Around the Horn."
        assert window.groups() == []
        window.sync()
    assert (value_there(lead, account), value_there(lead, account, "industry")) == ("030-2", "food")
    rep.sync()
    with window_of(rep, qtbot) as window:
        assert window.groups() == []


@pytest.mark.parametrize("store", ["sqlite"])
def test_two_that_look_like_one_are_merged_taken_apart_again_and_told_apart(
    world: World, qtbot: QtBot
) -> None:
    rep, lead = world.people("rep", "lead")
    for name in ("Acme", "ACME Ltd"):
        rep.add("account", name=name, phone="030-0074321")
    rep.sync()
    with window_of(rep, qtbot) as window:
        for _ in duplicates.compare_all(window.store):
            pass
        window.inbox.refresh()
        window.rest()
        window.choose("t/")
        window.press(window.inbox._twin, "Merge")
        window.sync()
        lead.sync()
        assert len(lead.ids("account")) == 1
        window.inbox.side.show_tab(Tab.HISTORY)
        window.rest()
        window.inbox.side.tree.choose_first()
        window.rest()
        window.press(window.inbox._step, "Take the merge back")
        window.sync()
        lead.sync()
        assert len(lead.ids("account")) == 2
        window.inbox.side.show_tab(Tab.WAITING)
        window.rest()
        window.choose("t/")
        window.press(window.inbox._twin, "Not the same")
        assert window.groups() == []
        window.undo()
        assert window.groups() == ["Possible duplicates"]


@pytest.mark.parametrize("store", ["sqlite"])
def test_a_lead_enters_what_was_refused_and_takes_it_back(world: World, qtbot: QtBot) -> None:
    rep, successor, lead = world.people("rep", "rep", "lead")
    account = rep.add("account", name="Around the Horn")
    rep.sync()
    lead.sync()
    rep.set("account", account, owner=successor.login)
    rep.sync(code=WAITS_FOR_YOU)
    with window_of(lead, qtbot) as window:
        for _ in range(2):
            window.choose("r/")
            window.press(window.inbox._team_view, "Enter it in my name")
            assert window.groups() == []
            window.undo()
            assert window.groups() == ["Refused to your team"]
        window.press(window.inbox._team_view, "Enter it in my name")
        assert window.sync().report.verified
    successor.sync()
    assert account in successor.ids("account")
