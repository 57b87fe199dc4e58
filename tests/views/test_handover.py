"""Work whose record went to somebody else is offered to whoever has it now, from both sides."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from crm_core.changes import Change, ChangeSet, Op
from crm_core.fields import Value
from crm_core.ids import SYSTEM, RecordId
from crm_core.wire import ChangeResult, ChangeSetResult, End, Left, Outcomes, PushResponse
from crm_desktop.models import inbox, journal
from crm_desktop.models.handing import newly_handed
from crm_desktop.models.outbox import Outbox
from crm_desktop.models.store import Store
from crm_desktop.models.today import read_day
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.kit.banner import Banner
from crm_desktop.views.panes.inbox.entries import Entry, Tab, counts, groups
from crm_desktop.views.panes.inbox.pane import InboxPane
from crm_desktop.views.panes.inbox.read import Contents, read_contents
from crm_desktop.views.shell.telling import Telling
from tests.views.company import NOW, receive
from tests.views.test_inbox import CONFLICT, park, row_of, story, take

Rest = Callable[[], None]
Known = Mapping[str, list[RecordId]]


@pytest.fixture
def pane(hub: DataHub, qtbot: QtBot) -> InboxPane:
    made = InboxPane(hub)
    qtbot.addWidget(made)
    hub.changed.connect(made.take_summary)
    made.resize(1100, 700)
    made.show()
    return made


@pytest.fixture
def account(known: Known) -> RecordId:
    return known["account"][0]


def leave(store: Store, account: RecordId, **typed: Value) -> None:
    """The account goes to somebody else before this was sent."""
    journal.commit(store, [Change("account", account, Op.SET, typed)], label="Change: Alfreds")
    outbox = Outbox(store)
    outbox.finish((Left((account,)),), End(outbox.state().cursor + 1, 0, 0))


def sent(store: Store) -> ChangeSet:
    (made,) = Outbox(store).take_outbox(10, 10**6)
    return made


def decided(store: Store, offer: ChangeSet, *parts: tuple[str, str]) -> None:
    """The server takes the offer, and says later what became of it."""
    outbox = Outbox(store)
    waits = tuple(ChangeResult(0, name, "merged", "offer.waits") for name, _ in parts)
    taken = ChangeSetResult(offer.id, "merged", 1, waits)
    outbox.settle(PushResponse("", 1, (taken,)))
    said = tuple(ChangeResult(0, name, "merged", f"offer.{code}") for name, code in parts)
    end = End(outbox.state().cursor + 1, 0, 0)
    outbox.finish((Outcomes((ChangeSetResult(offer.id, "merged", 1, said),)),), end)


def contents(store: Store) -> Contents:
    with store.reader() as c:
        return read_contents(c, store.identity.user)


def listed(store: Store, tab: Tab = Tab.WAITING) -> dict[str, list[Entry]]:
    return {group.name: [*group.entries] for group in groups(contents(store), tab)}


def test_orphaned_work_is_offered_by_its_button_and_waits_for_others(
    pane: InboxPane, store: Store, account: RecordId, rest: Rest
) -> None:
    leave(store, account, phone="030-9")
    pane.refresh()
    rest()
    assert pane.stuck._offer.isVisible()
    QTest.mouseClick(pane.stuck._offer, Qt.MouseButton.LeftButton)
    rest()
    assert [*listed(store)] == ["Offered by you"]
    assert counts(contents(store))[Tab.WAITING] == 0
    assert not pane.stuck._offer.isVisible()
    assert not pane.stuck._discard.isVisible()
    (change,) = sent(store).changes
    assert (change.op, change.new) == (Op.OFFER, {"phone": "030-9"})


def test_control_enter_offers_too(
    pane: InboxPane, store: Store, account: RecordId, rest: Rest
) -> None:
    leave(store, account, phone="030-9")
    pane.refresh()
    rest()
    pane._press_main()
    rest()
    assert [*listed(store)] == ["Offered by you"]


def test_a_new_record_cannot_be_offered_and_no_button_says_so(
    pane: InboxPane, store: Store, account: RecordId, rest: Rest
) -> None:
    new = Change("task", store.new_id(), Op.INSERT, {"account": account, "title": "Call"})
    journal.commit(store, [new], label="Task")
    outbox = Outbox(store)
    outbox.finish((Left((account,)),), End(outbox.state().cursor + 1, 0, 0))
    pane.refresh()
    rest()
    assert not pane.stuck._offer.isVisible()
    assert pane.stuck._discard.isVisible()


def test_the_history_says_of_each_field_what_became_of_it(
    pane: InboxPane, store: Store, account: RecordId, rest: Rest
) -> None:
    leave(store, account, phone="030-9", industry="Steel")
    pane.refresh()
    rest()
    pane.stuck.offer()
    rest()
    decided(store, sent(store), ("phone", "taken"), ("industry", "declined"))
    (entry,) = (x for x in listed(store, Tab.HISTORY).popitem()[1] if x.icon == "check")
    assert entry.second == "Account · taken over in part: 1 of 2"
    pane.side.show_tab(Tab.HISTORY)
    pane.refresh()
    rest()
    said = [label.text() for label in pane._step.findChildren(QLabel)]
    assert any("030-9\nTaken over" in text for text in said)
    assert any("Steel\nNot taken over" in text for text in said)
    assert not pane._step._open.isVisible(), "the record is out of sight"
    assert not listed(store)


def test_what_became_of_an_offer_is_told_once(
    hub: DataHub, store: Store, account: RecordId, qtbot: QtBot, rest: Rest
) -> None:
    leave(store, account, phone="030-9")
    with store.reader() as c:
        cs_id = c.value("SELECT lower(hex(id)) FROM changeset WHERE state = 'orphaned'")
    inbox.offer(store, cs_id)
    decided(store, sent(store), ("phone", "taken"))
    banner = Banner()
    qtbot.addWidget(banner)
    telling = Telling(banner, sign_in=lambda: None, resume=lambda _: None)
    hub.once(newly_handed, telling.tell_handed, owner=banner)
    rest()
    assert "taken over" in banner._words.text()
    told: list[object] = []
    hub.once(newly_handed, told.append, owner=banner)
    rest()
    assert told == [()]


# Whoever has the record now


def offer_to(store: Store, known: Known, owner: RecordId) -> None:
    account, (_, li) = known["account"][0], known["user"]
    values: dict[str, Value] = {"name": "Alfreds", "phone": "030-1", "updated_by": li}
    receive(store, [("account", account, {**values, "owner": owner})])
    park(store, f"account/{account}", "phone", "030-0", "030-9", li, why="handover")


def test_an_offer_asks_whoever_has_the_record_and_counts_for_him_alone(
    store: Store, known: Known
) -> None:
    me, li = known["user"]
    offer_to(store, known, me)
    assert [*listed(store)] == ["Offered to you"]
    assert counts(contents(store))[Tab.WAITING] == Outbox(store).parked().conflict == 1
    with store.reader() as c:
        assert read_day(c, me, NOW).decisions.conflicts == 1
    offer_to(store, known, li)
    assert [*listed(store)] == ["Waiting for another person"]
    assert counts(contents(store))[Tab.WAITING] == Outbox(store).parked().conflict == 0


def test_what_it_loaded_beside_a_taken_code_asks_whoever_has_the_record(
    pane: InboxPane, store: Store, known: Known, rest: Rest
) -> None:
    (account, *_), (me, li) = known["account"], known["user"]
    for owner, asked in ((li, 0), (me, 1)):
        receive(store, [("account", account, {"name": "Alfreds", "uscc": "1", "owner": owner})])
        park(store, f"account/{account}", "uscc", "1", "2", SYSTEM, why="unique")
        assert counts(contents(store))[Tab.WAITING] == Outbox(store).parked().conflict == asked
        with store.reader() as c:
            assert read_day(c, me, NOW).decisions.conflicts == asked
    pane.refresh()
    rest()
    (row,) = pane.dispute.rows
    assert [side.who for side in row.decision.theirs] == ["IT"]


def test_an_offer_is_taken_as_ones_own_edit(
    pane: InboxPane, store: Store, known: Known, rest: Rest
) -> None:
    offer_to(store, known, known["user"][0])
    pane.refresh()
    rest()
    assert pane.dispute._state.text() == "Offered to you"
    (row,) = pane.dispute.rows
    assert [(side.value, side.is_mine) for side in row.decision.sides] == [
        ("030-1", True), ("030-9", False),
    ]  # fmt: skip
    assert [side.who for side in row.decision.sides] == ["now in force", "Li Ming"]
    assert story(pane).count("changed") == 1, "only who offers it has changed anything"
    take(row, mine=False)
    pane.dispute.apply()
    rest()
    assert row_of(store, "account", known["account"][0]).values["phone"] == "030-9"
    made = sent(store)
    assert [(x.kind, x.op) for x in made.changes] == [("account", Op.SET), ("conflict", Op.SET)]
    assert made.changes[1].id == CONFLICT


def test_an_offer_is_declined_by_keeping_what_stands(
    pane: InboxPane, store: Store, known: Known, rest: Rest
) -> None:
    offer_to(store, known, known["user"][0])
    pane.refresh()
    rest()
    (row,) = pane.dispute.rows
    take(row, mine=True)
    pane.dispute.apply()
    rest()
    assert row_of(store, "account", known["account"][0]).values["phone"] == "030-1"
    assert [*listed(store)] == []
