"""The inbox: nothing is preselected, every side is kept, and a decision reaches the record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from PySide6.QtWidgets import QLineEdit, QRadioButton
from pytestqt.qtbot import QtBot

from crm_core.changes import Change, Op
from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_core.wire import ChangeResult, ChangeSetResult, PushResponse
from crm_desktop.models import inbox, journal, queries
from crm_desktop.models.outbox import Outbox
from crm_desktop.models.store import Store
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.panes.inbox.pane import InboxPane
from tests.views.company import receive

Rest = Callable[[], None]
CONFLICT = RecordId("c" * 32)


@pytest.fixture
def account(known: Mapping[str, list[RecordId]]) -> RecordId:
    return known["account"][0]


@pytest.fixture
def open_inbox(hub: DataHub, qtbot: QtBot, rest: Rest) -> Callable[[], InboxPane]:
    def make() -> InboxPane:
        pane = InboxPane(hub)
        qtbot.addWidget(pane)
        hub.changed.connect(pane.take_summary)
        pane.resize(1100, 700)
        pane.show()
        rest()
        pane.choose_first()
        return pane

    return make


def park(
    store: Store, record: str, field: str, base: Value, value: Value, author: RecordId
) -> None:
    """A conflict as the server sends it."""
    parked = [
        {"value": value, "author": author, "device": "T14", "authored_at": "2026-11-19T08:00:00Z"}
    ]
    values: dict[str, Any] = {
        "record": record, "field": field, "why": "edit", "base": base, "parked": parked,
        "state": "open",
    }  # fmt: skip
    receive(store, [("conflict", CONFLICT, values)])


def row_of(store: Store, kind: str, record_id: RecordId) -> queries.Row:
    with store.reader() as c:
        row = queries.record(c, kind, record_id)
    assert row is not None
    return row


def texts(pane: InboxPane) -> list[str]:
    return [button.text() for button in pane.dispute.findChildren(QRadioButton)]


def test_a_conflict_shows_all_sides_and_preselects_none(
    open_inbox: Callable[[], InboxPane], store: Store, account: RecordId
) -> None:
    park(store, f"account/{account}", "phone", "1", "my phone 2", store.identity.user)
    theirs = str(row_of(store, "account", account).values["phone"])
    pane = open_inbox()
    (row,) = pane.dispute.rows
    assert set(texts(pane)) == {"my phone 2", theirs}
    assert not row.is_decided
    assert not pane.dispute._apply.isEnabled()
    assert [side.value for side in row.decision.mine] == ["my phone 2"]


def test_taking_a_side_writes_it_and_closes_the_conflict(
    open_inbox: Callable[[], InboxPane], store: Store, account: RecordId, rest: Rest
) -> None:
    park(store, f"account/{account}", "phone", "1", "030-2", store.identity.user)
    pane = open_inbox()
    pane.dispute._take_mine()
    pane.dispute.apply()
    rest()
    assert row_of(store, "account", account).values["phone"] == "030-2"
    with store.reader() as c:
        assert inbox.conflicts(c) == ()
    assert pane._right.currentWidget() is pane._nothing


def test_a_third_value_can_be_typed_instead(
    open_inbox: Callable[[], InboxPane], store: Store, account: RecordId, rest: Rest
) -> None:
    park(store, f"account/{account}", "phone", "1", "030-2", store.identity.user)
    pane = open_inbox()
    pane.dispute._take_theirs()
    (row,) = pane.dispute.rows
    assert row._editor is not None
    line = row._editor.widget
    assert isinstance(line, QLineEdit)
    line.setText("030-3")
    line.textEdited.emit("030-3")
    assert [b.isChecked() for b in pane.dispute.findChildren(QRadioButton)] == [False, False]
    pane.dispute.apply()
    rest()
    assert row_of(store, "account", account).values["phone"] == "030-3"


def test_a_bad_result_is_named_and_nothing_is_written(
    open_inbox: Callable[[], InboxPane], store: Store, account: RecordId, qtbot: QtBot
) -> None:
    park(store, f"account/{account}", "email", "", "li@example.com", store.identity.user)
    pane = open_inbox()
    (row,) = pane.dispute.rows
    assert row._editor is not None
    row._editor.restore("li@")
    row._note_typing()
    with qtbot.assertNotEmitted(pane.dispute.resolved):
        pane.dispute.apply()
    assert "no domain" in row._problem.text()


def test_both_texts_of_a_note_can_be_kept(
    open_inbox: Callable[[], InboxPane], store: Store, account: RecordId, rest: Rest
) -> None:
    park(store, f"account/{account}", "description", "", "Mine.", store.identity.user)
    theirs = str(row_of(store, "account", account).values["description"])
    pane = open_inbox()
    both = next(b for b in pane.dispute.findChildren(QRadioButton) if b.text() == "Keep both texts")
    both.click()
    pane.dispute.apply()
    rest()
    assert row_of(store, "account", account).values["description"] == f"{theirs}\nMine."


def test_delete_against_edit_offers_to_delete_or_to_keep(
    open_inbox: Callable[[], InboxPane], store: Store, account: RecordId, rest: Rest
) -> None:
    park(store, f"account/{account}", "deleted", False, True, store.identity.user)
    pane = open_inbox()
    assert set(texts(pane)) == {"Delete the record", "Keep the record"}
    pane.dispute._take_mine()
    pane.dispute.apply()
    rest()
    assert row_of(store, "account", account).deleted


def test_fields_judged_together_are_one_choice(
    open_inbox: Callable[[], InboxPane],
    store: Store,
    known: Mapping[str, list[RecordId]],
    rest: Rest,
) -> None:
    address = known["address"][0]
    mine: dict[str, Value] = dict.fromkeys(
        ("country", "province", "city", "district", "street", "postcode"), "Graz"
    )
    park(store, f"address/{address}", "address", None, mine, store.identity.user)
    pane = open_inbox()
    pane.dispute._take_mine()
    pane.dispute.apply()
    rest()
    row = row_of(store, "address", address)
    assert {name: row.values[name] for name in mine} == mine


def refuse(store: Store) -> None:
    """The server refuses everything that waits."""
    outbox = Outbox(store)
    refused = tuple(
        ChangeSetResult(cs.id, "rejected", 0, (ChangeResult(0, "", "rejected", "right.missing"),))
        for cs in outbox.take_outbox(10, 10**6)
    )
    outbox.settle(PushResponse("", 1, refused))


def test_refused_work_names_the_reason_and_can_be_discarded(
    open_inbox: Callable[[], InboxPane], store: Store, account: RecordId, rest: Rest
) -> None:
    before = row_of(store, "account", account).values["industry"]
    change = Change("account", account, Op.SET, {"industry": "Bakery"})
    journal.commit(store, [change], label="Change")
    refuse(store)
    pane = open_inbox()
    assert "role" in pane._stuck._why.text()
    assert "Industry: Bakery" in pane._stuck._mine.text()
    pane._stuck._discard.click()
    rest()
    assert row_of(store, "account", account).values["industry"] == before
    with store.reader() as c:
        assert inbox.stuck(c) == ()


def test_refused_work_can_be_sent_again(
    open_inbox: Callable[[], InboxPane], store: Store, account: RecordId, rest: Rest
) -> None:
    change = Change("account", account, Op.SET, {"industry": "Bakery"})
    journal.commit(store, [change], label="Change")
    refuse(store)
    pane = open_inbox()
    pane._stuck._resend.click()
    rest()
    assert len(Outbox(store).take_outbox(10, 10**6)) == 1


def test_the_queue_lists_what_waits_and_is_not_counted(
    open_inbox: Callable[[], InboxPane], store: Store, account: RecordId, rest: Rest, qtbot: QtBot
) -> None:
    change = Change("account", account, Op.SET, {"industry": "Bakery"})
    journal.commit(store, [change], label="Change: Alfreds")
    pane = open_inbox()
    with qtbot.waitSignal(pane.counted) as counted:
        pane.refresh()
    assert counted.args == [0]
    assert any(key.startswith("o/") for key in pane._entries)


def test_what_was_chosen_stays_while_the_inbox_is_read_again(
    open_inbox: Callable[[], InboxPane], store: Store, account: RecordId, rest: Rest
) -> None:
    park(store, f"account/{account}", "phone", "1", "030-2", store.identity.user)
    pane = open_inbox()
    pane.dispute._take_mine()
    pane.refresh()
    rest()
    assert [row.is_decided for row in pane.dispute.rows] == [True]
