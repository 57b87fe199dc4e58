"""What somebody types in the inbox stays his: with another entry, a sync, a failure, a crash."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit

from crm_core.changes import Change, Op
from crm_core.errors import CrmError
from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_core.wire import ChangeResult, ChangeSetResult, HistoryEntry, PushResponse
from crm_desktop.models import journal, queries
from crm_desktop.models.outbox import Outbox
from crm_desktop.models.store import Store
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.kit.choice_row import ChoiceRow
from crm_desktop.views.panes.inbox.pane import InboxPane
from tests.views.company import receive
from tests.views.front import InFront

Rest = Callable[[], None]
Open = Callable[[], InboxPane]
CONFLICT, OTHER = RecordId("c" * 32), RecordId("d" * 32)
BACK = "What you typed here and did not save is back."


@pytest.fixture
def accounts(known: Mapping[str, list[RecordId]]) -> list[RecordId]:
    return known["account"]


@pytest.fixture
def open_inbox(hub: DataHub, in_front: InFront) -> Open:
    return lambda: in_front(InboxPane(hub), 1100, 700)


def park(
    store: Store, account: RecordId, field: str, value: Value, *, conflict: RecordId = CONFLICT
) -> None:
    """A conflict about a value of one's own, as the server sends it."""
    receive(store, [("conflict", conflict, question(account, field, value, store.identity.user))])


def question(account: RecordId, field: str, value: Value, author: RecordId) -> dict[str, Value]:
    parked: dict[str, Value] = {
        "value": value, "author": author, "device": "T14", "authored_at": "2026-11-19T08:00:00Z",
    }  # fmt: skip
    return {
        "record": f"account/{account}", "field": field, "why": "edit", "base": "1",
        "parked": [parked], "state": "open",
    }  # fmt: skip


def refuse(store: Store, account: RecordId, **values: Value) -> None:
    """Work of one's own that the server does not take."""
    journal.commit(store, [Change("account", account, Op.SET, values)], label="Change: Alfreds")
    outbox = Outbox(store)
    refused = tuple(
        ChangeSetResult(cs.id, "rejected", 0, (ChangeResult(0, "", "rejected", "right.missing"),))
        for cs in outbox.take_outbox(10, 10**6)
    )
    outbox.settle(PushResponse("", 1, refused))


def value_of(store: Store, account: RecordId, field: str) -> Value:
    with store.reader() as c:
        row = queries.record(c, "account", account)
    assert row is not None
    return row.values[field]


def type_result(row: ChoiceRow, words: str) -> None:
    QTest.keyClicks(row.result_cell.missing, words[0])
    QTest.keyClicks(row.result_cell.editors[0].widget, words[1:])


def typed(pane: InboxPane) -> str:
    (row,) = pane.dispute.rows
    return row.result_cell.editors[0].typed()


def kill(pane: InboxPane, hub: DataHub, rest: Rest) -> None:
    """What is left of a window when its process dies later than a draft takes."""
    for draft in (pane._deciding.result, pane._deciding.fix):
        draft.flush()
    rest()
    hub.changed.disconnect(pane.take_summary)
    pane.close()


def test_a_result_is_typed_on_while_another_side_comes(
    open_inbox: Open, store: Store, accounts: list[RecordId], rest: Rest
) -> None:
    park(store, accounts[0], "industry", "Bakery")
    pane = open_inbox()
    type_result(pane.dispute.rows[0], "Bakery and mi")
    with store.reader() as c:
        values = queries.record(c, "account", accounts[0])
    assert values is not None
    receive(store, [("account", accounts[0], {**values.values, "industry": "Dairy"})])
    pane.refresh()
    rest()
    (row,) = pane.dispute.rows
    assert "Dairy" in [side.value for side in row.decision.sides]
    assert typed(pane) == "Bakery and mi"
    at_work = pane.window().focusWidget()
    assert isinstance(at_work, QLineEdit)
    QTest.keyClicks(at_work, "ll")
    pane.dispute.apply()
    rest()
    assert value_of(store, accounts[0], "industry") == "Bakery and mill"


def test_a_result_is_typed_on_while_the_history_says_who_wrote_what_stands(
    open_inbox: Open, store: Store, known: Mapping[str, list[RecordId]], rest: Rest
) -> None:
    account, (me, li) = known["account"][0], known["user"]
    receive(store, [("account", account, {"name": "Alfreds", "phone": "5", "updated_by": li})])
    receive(store, [("conflict", CONFLICT, question(account, "phone", "2", li))])
    pane = open_inbox()
    type_result(pane.dispute.rows[0], "030-3")
    shown = pane.dispute.dispute
    assert shown is not None
    entry = HistoryEntry(7, "2026-11-19T07:00:00Z", me, "x", "phone", "1", "5", "", "e" * 32)
    pane._show_history(shown, (entry,))
    rest()
    assert [len(row.decision.mine) for row in pane.dispute.rows] == [1]
    assert typed(pane) == "030-3"


def test_a_result_that_was_not_written_is_still_there(
    open_inbox: Open, hub: DataHub, store: Store, accounts: list[RecordId], rest: Rest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    park(store, accounts[0], "phone", "030-2")
    pane = open_inbox()
    type_result(pane.dispute.rows[0], "030-3")
    monkeypatch.setattr(
        hub, "write", lambda *_given, failed, **_more: failed(CrmError("The disk is full."))
    )
    pane.dispute.apply()
    park(store, accounts[1], "phone", "040-2", conflict=OTHER)
    pane.refresh()
    rest()
    assert pane.dispute.dispute is not None
    assert typed(pane) == "030-3"


def test_a_result_outlives_a_crash_and_is_forgotten_once_it_is_written(
    open_inbox: Open, hub: DataHub, store: Store, accounts: list[RecordId], rest: Rest
) -> None:
    park(store, accounts[0], "phone", "030-2")
    pane = open_inbox()
    type_result(pane.dispute.rows[0], "030-3")
    kill(pane, hub, rest)
    anew = open_inbox()
    said: list[str] = []
    anew.said.connect(said.append)
    assert typed(anew) == "030-3"
    anew.dispute.apply()
    rest()
    assert value_of(store, accounts[0], "phone") == "030-3"
    assert not any(store.meta(name) for name in store.meta_names("draft:"))


def test_what_is_put_right_comes_back_after_another_entry_and_after_a_crash(
    open_inbox: Open, hub: DataHub, store: Store, accounts: list[RecordId], rest: Rest
) -> None:
    for account in accounts[:2]:
        refuse(store, account, industry="Bakery")
    pane = open_inbox()
    pane.choose_first()
    rest()
    said: list[str] = []
    pane.said.connect(said.append)
    QTest.keyClicks(pane.stuck._editors[0].widget, " and mill")
    entry = pane.side.tree.entry
    assert entry is not None
    pane.side.tree.choose_next()
    rest()
    assert pane.stuck._editors[0].typed() == "Bakery"
    pane.side.tree.choose(entry.key)
    rest()
    assert "mill" in pane.stuck._editors[0].typed()
    assert said == [BACK]
    kill(pane, hub, rest)
    anew = open_inbox()
    anew.side.tree.choose(entry.key)
    rest()
    assert "mill" in anew.stuck._editors[0].typed()
    anew.stuck._send.click()
    rest()
    assert not any(store.meta(name) for name in store.meta_names("draft:"))


def test_what_is_put_right_is_typed_on_while_a_colleague_renames_the_record(
    open_inbox: Open, store: Store, accounts: list[RecordId], rest: Rest
) -> None:
    refuse(store, accounts[0], industry="Bakery")
    pane = open_inbox()
    line = pane.stuck._editors[0].widget
    assert isinstance(line, QLineEdit)
    line.setFocus()
    line.end(False)
    QTest.keyClicks(line, " and mi")
    receive(store, [("account", accounts[0], {"name": "Alfreds Futterkiste"})])
    pane.refresh()
    rest()
    assert "Futterkiste" in pane.stuck._title.text()
    at_work = pane.window().focusWidget()
    assert isinstance(at_work, QLineEdit)
    QTest.keyClicks(at_work, "ll")
    assert pane.stuck._editors[0].typed() == "Bakery and mill"


def test_ctrl_z_in_the_list_brings_nothing_typed_to_another_record(
    open_inbox: Open, store: Store, accounts: list[RecordId], rest: Rest
) -> None:
    park(store, accounts[0], "phone", "030-2")
    park(store, accounts[1], "phone", "040-2", conflict=OTHER)
    pane = open_inbox()
    pane.choose_first()
    rest()
    type_result(pane.dispute.rows[0], "030-3")
    pane.side.tree.choose_next()
    rest()
    assert not pane.dispute.rows[0].is_decided
    QTest.keyClick(pane.side.tree, Qt.Key.Key_Up)
    rest()
    assert typed(pane) == "030-3"
