"""Possible duplicates in the inbox: named with their reason, merged or told apart there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from crm_core.changes import Change, Op
from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_core.merging import UNMERGE_DAYS
from crm_desktop.models import duplicates, journal
from crm_desktop.models.store import Store
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.kit.choice import day_of
from crm_desktop.views.panes.inbox.entries import counts, groups
from crm_desktop.views.panes.inbox.entry import Entry, Tab
from crm_desktop.views.panes.inbox.pane import InboxPane
from crm_desktop.views.panes.inbox.read import read_contents
from crm_desktop.views.shell.window import Shell
from tests.views.company import receive

Rest = Callable[[], None]


@pytest.fixture
def two(store: Store) -> tuple[RecordId, RecordId]:
    made: list[RecordId] = []
    for name in ("Acme", "ACME Ltd"):
        made.append(store.new_id())
        values: dict[str, Value] = {"name": name, "phone": "030-0074321"}
        journal.commit(store, [Change("account", made[-1], Op.INSERT, values)], label="Add")
    for _ in duplicates.compare_all(store):
        pass
    return made[0], made[1]


@pytest.fixture
def pane(hub: DataHub, qtbot: QtBot, two: object, rest: Rest) -> InboxPane:
    made = InboxPane(hub)
    qtbot.addWidget(made)
    hub.changed.connect(made.take_summary)
    made.resize(1100, 700)
    made.show()
    rest()
    made.choose_first()
    rest()
    return made


def listed(store: Store) -> list[Entry]:
    with store.reader() as c:
        contents = read_contents(c, store.identity.user)
    assert counts(contents)[Tab.WAITING] == 0, "a hint never makes anybody wait"
    found = [x for x in groups(contents, Tab.WAITING) if x.name == "Possible duplicates"]
    return [entry for group in found for entry in group.entries]


def is_deleted(store: Store, record: RecordId) -> bool:
    with store.reader() as c:
        return bool(c.value("SELECT deleted FROM account WHERE id = ?", (bytes.fromhex(record),)))


def test_a_pair_stands_in_the_list_with_both_names_and_the_reason(
    store: Store, two: tuple[RecordId, RecordId]
) -> None:
    (entry,) = listed(store)
    assert entry.title == "Acme"
    assert entry.second == "ACME Ltd · same name · same phone number"


def test_a_pair_is_compared_and_merged_there_by_the_keyboard(
    pane: InboxPane, store: Store, two: tuple[RecordId, RecordId], rest: Rest
) -> None:
    assert pane.shown is pane._twin
    assert pane._twin._title.text() == "Acme and ACME Ltd"
    QTest.keyClick(pane.side.tree, Qt.Key.Key_Return)
    grid = pane._twin.comparison.grid
    assert grid is not None
    assert grid.stay_cells[0].hasFocus()
    pane._press_main()
    rest()
    assert [is_deleted(store, x) for x in two] == [False, True]
    assert listed(store) == []
    assert pane.shown is not pane._twin


def test_a_pair_that_is_told_apart_in_the_list_never_comes_back(
    pane: InboxPane, store: Store, two: tuple[RecordId, RecordId], rest: Rest
) -> None:
    (entry,) = listed(store)
    assert entry.acts == {"apart": "Not the same"}
    pane.side.tree.acted.emit(entry, "apart")
    rest()
    assert pane.shown is not pane._twin
    for _ in duplicates.compare_all(store):
        pass
    assert listed(store) == []
    QTest.keyClick(pane.side.tree, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    rest()
    assert listed(store) == [entry], "unless that was a slip"
    assert pane.shown is pane._twin


def test_the_window_offers_to_take_a_merge_back_and_stays_in_the_inbox(
    shell: Shell, store: Store, two: tuple[RecordId, RecordId], rest: Rest
) -> None:
    pane = shell.show_place("inbox")
    assert isinstance(pane, InboxPane)
    rest()
    pane.choose_first()
    rest()
    pane._press_main()
    rest()
    assert shell.undo_bar.text == "ACME Ltd was merged into Acme."
    assert shell.current is pane
    shell.undo_bar._tell_undone()
    rest()
    assert not is_deleted(store, two[1])
    assert len(listed(store)) == 1


def test_a_pair_of_colleagues_is_told_from_ones_own(store: Store) -> None:
    me, li = store.identity.user, store.new_id()
    for name, owners in (("Acme", (me, li)), ("Bolt", (li, li))):
        for owner in owners:
            receive(store, [("account", store.new_id(), {"name": name, "owner": owner})])
    for _ in duplicates.compare_all(store):
        pass
    assert {x.title: x.tone for x in listed(store)} == {"Acme": "ink2", "Bolt": "ink3"}


def confirm(store: Store, at: dt.datetime) -> None:
    """The server took all steps, which were made then."""
    with store.writing() as c:
        c.run(
            "UPDATE changeset SET state = 'confirmed', at = ?, confirmed_at = ?",
            [at.strftime("%Y-%m-%dT%H:%M:%SZ")] * 2,
        )


def test_after_thirty_days_the_history_offers_no_way_back(
    pane: InboxPane, store: Store, two: tuple[RecordId, RecordId], rest: Rest
) -> None:
    pane._press_main()
    rest()
    confirm(store, dt.datetime.now(dt.UTC) - dt.timedelta(days=UNMERGE_DAYS + 1))
    pane.refresh()
    rest()
    pane.side.show_tab(Tab.HISTORY)
    rest()
    merged = next(x for x in pane.side.tree._items() if x.text() == "Merge ACME Ltd into Acme")
    pane.side.tree.setCurrentIndex(merged.index())
    rest()
    assert pane.shown is pane._step
    assert not pane._step._unmerge.isVisible()


def test_the_history_takes_a_merge_back_and_says_until_when(
    pane: InboxPane, store: Store, two: tuple[RecordId, RecordId], rest: Rest
) -> None:
    pane._press_main()
    rest()
    today = dt.datetime.now(dt.UTC)
    confirm(store, today - dt.timedelta(days=UNMERGE_DAYS - 1))
    pane.refresh()
    rest()
    pane.side.show_tab(Tab.HISTORY)
    rest()
    merged = next(x for x in pane.side.tree._items() if x.text() == "Merge ACME Ltd into Acme")
    pane.side.tree.setCurrentIndex(merged.index())
    rest()
    assert pane.shown is pane._step
    tomorrow = day_of((today + dt.timedelta(days=1)).isoformat())
    assert f"Can be taken back until {tomorrow}" in pane._step._words.text()
    QTest.mouseClick(pane._step._unmerge, Qt.MouseButton.LeftButton)
    rest()
    assert not is_deleted(store, two[1])
