"""What was refused to a colleague stands before his lead, who enters it in his own name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from crm_core.changes import Change, Op
from crm_core.ids import ChangeSetId, RecordId
from crm_core.wire import ChangeResult, ChangeSetResult, PushResponse, Refusal
from crm_desktop.models import journal
from crm_desktop.models.outbox import Outbox
from crm_desktop.models.store import Store
from crm_desktop.models.team_work import newly_entered, open_ones
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.panes.inbox.pane import InboxPane
from crm_desktop.views.panes.inbox.whose import Whose
from tests.views.company import receive
from tests.views.test_inbox import row_of

Rest = Callable[[], None]
Known = Mapping[str, list[RecordId]]


@pytest.fixture
def refusal(known: Known) -> Refusal:
    _, li = known["user"]
    change = Change("account", known["account"][0], Op.SET, {"phone": "030-9", "industry": "x"})
    return Refusal(
        ChangeSetId("e" * 32), li, "T14", "2026-11-19T08:00:00Z", change, 0, "phone",
        "right.missing", {"action": "edit"},
    )  # fmt: skip


@pytest.fixture
def pane(hub: DataHub, qtbot: QtBot, refusal: Refusal, rest: Rest) -> InboxPane:
    hub.ask_refusals = lambda: (refusal,)
    made = InboxPane(hub)
    qtbot.addWidget(made)
    hub.changed.connect(made.take_summary)
    made.resize(1100, 700)
    made.show()
    rest()
    return made


def keys(pane: InboxPane) -> list[str]:
    return [key for key in pane.side.tree.keys if key.startswith("r/")]


def test_it_stands_among_my_teams_and_counts_for_nobody(pane: InboxPane, rest: Rest) -> None:
    assert len(keys(pane)) == 1
    pane.side.whose.choose(Whose.MINE)
    assert keys(pane) == []
    pane.side.whose.choose(Whose.TEAM)
    assert len(keys(pane)) == 1
    assert pane._contents is not None
    assert pane._contents.waiting == 0
    pane.side.tree.choose(keys(pane)[0])
    assert pane.shown is pane._team_view
    assert pane._team_view._state.text() == "Refused to Li Ming"
    assert pane._team_view._reason.words.startswith("Li Ming was told: Your role may not")


def test_what_was_wanted_is_entered_in_the_leads_own_name(
    pane: InboxPane, store: Store, known: Known, rest: Rest
) -> None:
    pane.side.tree.choose(keys(pane)[0])
    before = row_of(store, "account", known["account"][0]).values["industry"]
    pane._press_main()
    rest()
    row = row_of(store, "account", known["account"][0])
    assert (row.values["phone"], row.values["industry"]) == ("030-9", before), "what was refused"
    (sent,) = Outbox(store).take_outbox(10, 10**6)
    assert sent.author in ("", store.identity.user)
    assert keys(pane) == []


def test_what_was_entered_and_taken_back_waits_again(
    pane: InboxPane, store: Store, hub: DataHub, rest: Rest
) -> None:
    told: list[str] = []
    pane.done.connect(told.append)
    (key,) = keys(pane)
    pane.side.tree.choose(key)
    QTest.mouseClick(pane._team_view._enter, Qt.MouseButton.LeftButton)
    rest()
    assert told == [f"Entered for Li Ming: {pane._team_view._title.text()}."]
    assert keys(pane) == []
    hub.undo()
    rest()
    assert keys(pane) == [key]


def test_who_was_done_with_it_by_a_slip_takes_that_back(pane: InboxPane, rest: Rest) -> None:
    (key,) = keys(pane)
    pane.side.tree.choose(key)
    QTest.mouseClick(pane._team_view._leave, Qt.MouseButton.LeftButton)
    rest()
    assert keys(pane) == []
    assert pane._back.bar.text == "It is left to its author."
    QTest.keyClick(pane.side.tree, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    rest()
    assert keys(pane) == [key]


def test_being_done_with_it_writes_nothing_and_lasts(
    pane: InboxPane, store: Store, rest: Rest
) -> None:
    pane.side.tree.choose(keys(pane)[0])
    pane._team_view.leave()
    rest()
    assert keys(pane) == []
    pane._team.ask()
    pane.refresh()
    rest()
    assert keys(pane) == []
    assert Outbox(store).take_outbox(10, 10**6) == ()


def test_the_author_hears_once_that_a_colleague_entered_it(store: Store, known: Known) -> None:
    account, (_, li) = known["account"][0], known["user"]
    journal.commit(store, [Change("account", account, Op.SET, {"phone": "030-9"})], label="Change")
    (sent,) = Outbox(store).take_outbox(10, 10**6)
    refused = ChangeResult(0, "phone", "rejected", "right.missing", "", {"action": "edit"})
    Outbox(store).settle(
        PushResponse("", 1, (ChangeSetResult(sent.id, "rejected", 0, (refused,)),))
    )
    assert newly_entered(store) == ()
    receive(store, [("account", account, {"name": "Alfreds", "phone": "030-9", "updated_by": li})])
    assert [x.record for x in newly_entered(store)] == [account]
    assert newly_entered(store) == ()


def test_what_has_no_sound_id_is_left_out(store: Store, refusal: Refusal) -> None:
    odd = replace(refusal, change=replace(refusal.change, id=RecordId("a\0")))
    with store.reader() as c:
        assert open_ones(c, (odd, refusal)) == (refusal,)
