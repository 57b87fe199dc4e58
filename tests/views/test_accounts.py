"""The accounts pane: its columns, the card, and the card on paper."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QTableView
from pytestqt.qtbot import QtBot

from crm_core.changes import Change, Op
from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_core.wire import Deleted, End, WireTombstone
from crm_desktop.models.cards import AccountCard
from crm_desktop.models.outbox import Outbox
from crm_desktop.models.store import Store, new_uuid7
from crm_desktop.models.visit_dates import VisitDates
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.kit.delegates.roles import COPY
from crm_desktop.views.kit.line import LineButton
from crm_desktop.views.panes.accounts.card import AccountCardView
from crm_desktop.views.panes.accounts.pane import AccountsPane
from crm_desktop.views.panes.accounts.printing import write_card
from crm_desktop.views.panes.accounts.revenue_chart import nice_top
from crm_desktop.views.panes.accounts.words import column_day, next_visit, short_day
from tests.support import paper
from tests.views.company import make_store, people, receive
from tests.views.front import InFront

Rest = Callable[[], None]
Rows = list[tuple[str, RecordId, dict[str, Value]]]
ME = new_uuid7()
ONE, TWO = new_uuid7(), new_uuid7()
TODAY = dt.datetime.now().astimezone().date()


def instant(days: int) -> str:
    return f"{TODAY + dt.timedelta(days)}T12:00:00Z"


def rows_of(account: RecordId, entries: int = 0) -> Rows:
    last_month = TODAY.replace(day=1) - dt.timedelta(3)
    contact = new_uuid7()
    rows: Rows = [
        ("contact", contact, {"full_name": "曾国强", "title": "采购总监"}),
        ("account_contact", new_uuid7(),
         {"account": account, "contact": contact, "attitude": 1, "buying_roles": ["decider"]}),
        ("address", new_uuid7(), {"account": account, "city": "重庆市", "street": "民族路188号"}),
        ("visit", new_uuid7(),
         {"account": account, "state": "completed", "planned_start": instant(-40),
          "result": "同意试销"}),
        ("order", new_uuid7(),
         {"account": account, "number": "11072", "ordered_on": last_month.isoformat(),
          "total": "5218.40USD"}),
        ("complaint", new_uuid7(),
         {"account": account, "state": "assessed", "subject": "到货外箱破损",
          "received_at": instant(-3)}),
    ]  # fmt: skip
    for n in range(entries):
        values: dict[str, Value] = {
            "account": account, "at": instant(-50 - n), "medium": "phone",
            "subject": f"Call {n}", "content": "一段很长的谈话 " * 20,
        }  # fmt: skip
        rows.append(("interaction", new_uuid7(), values))
    return rows


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Two accounts of Nancy's, the first with a life of its own."""
    accounts: Rows = [
        ("account", ONE, {"name": "重庆长安食品有限公司", "grade": "A", "owner": ME}),
        ("account", TWO, {"name": "Zaanse", "grade": "C"}),
    ]
    made = make_store(tmp_path, [*people(ME), *accounts, *rows_of(ONE)], user=ME)
    yield made
    made.close()


@pytest.fixture
def pane(hub: DataHub, in_front: InFront) -> AccountsPane:
    return in_front(AccountsPane(hub), 1104, 800)


def cells(pane: AccountsPane, record_id: str) -> dict[str, str]:
    model = pane.model
    row = model.index_of_id(record_id)
    return {x.name: model.index(row, n).data() for n, x in enumerate(model.columns)}


def card_of(pane: AccountsPane) -> AccountCardView:
    found = pane.findChild(AccountCardView)
    assert isinstance(found, AccountCardView)
    return found


def shown_card(pane: AccountsPane, rest: Rest, record_id: str = ONE) -> AccountCard:
    pane.open_record(record_id)
    rest()
    card = card_of(pane).card
    assert card is not None
    return card


def test_the_list_tells_visits_and_revenue_beside_the_account(pane: AccountsPane) -> None:
    one, two = cells(pane, ONE), cells(pane, TWO)
    assert one["last_visit"] == short_day(TODAY - dt.timedelta(40), TODAY)
    assert (one["next_visit"], one["revenue"]) == ("overdue", "$5,218")
    assert one["revenue_months"].endswith("5,218")
    assert (two["last_visit"] or "", two["revenue"] or "") == ("", "")


def test_days_are_copied_in_figures_and_short_in_their_column(pane: AccountsPane) -> None:
    day = TODAY - dt.timedelta(40)
    names = [x.name for x in pane.model.columns]
    last = pane.model.index(pane.model.index_of_id(ONE), names.index("last_visit"))
    assert last.data(COPY) == day.isoformat()
    assert column_day(dt.date(2025, 12, 5), dt.date(2026, 11, 22)) == "Dec 2025"
    assert column_day(dt.date(2025, 12, 5), dt.date(2026, 3, 1)) == "5 Dec"


def test_overdue_is_spoken(pane: AccountsPane) -> None:
    model = pane.model
    column = [x.name for x in model.columns].index("next_visit")
    at = model.index(model.index_of_id(ONE), column)
    assert at.data(Qt.ItemDataRole.AccessibleTextRole) == "Next visit: overdue"


def test_the_card_stands_beside_the_list(pane: AccountsPane, rest: Rest) -> None:
    card = shown_card(pane, rest)
    words = [x.accessibleName() for x in card_of(pane).findChildren(LineButton) if x.isVisible()]
    assert card.text("name") == "重庆长安食品有限公司"
    assert any(x.startswith("曾国强") and "supporter" in x for x in words)
    assert any(x.startswith("Visit: 同意试销") for x in words)
    assert any(x.startswith("Order 11072 · $5,218") for x in words)


def test_a_record_saved_with_ctrl_s_stays_chosen_and_the_keyboard_goes_back_to_the_list(
    pane: AccountsPane, rest: Rest, qtbot: QtBot
) -> None:
    pane.choose_first()
    rest()
    table = pane.side.list.focusProxy()
    assert isinstance(table, QTableView)
    table.setFocus()
    chosen = pane.chosen_id
    qtbot.keyClick(table, Qt.Key.Key_Return)
    rest()
    line = pane.window().focusWidget()
    assert line is pane.detail.form.editor("name").widget, "Enter goes on in the form"
    qtbot.keyClicks(line, "!")
    qtbot.keyPress(line, Qt.Key.Key_Control, Qt.KeyboardModifier.ControlModifier)
    pane.save()
    rest()
    qtbot.keyRelease(table, Qt.Key.Key_Control)
    assert pane.side.list.picked_ids == (chosen,)
    assert pane.window().focusWidget() is table


def test_a_new_visit_shows_in_list_and_card(pane: AccountsPane, store: Store, hub: DataHub,
                                            rest: Rest) -> None:  # fmt: skip
    from crm_core.changes import Change, Op

    shown_card(pane, rest)
    values: dict[str, Value] = {"account": ONE, "state": "planned", "planned_start": instant(5)}
    hub.save([Change("visit", new_uuid7(), Op.INSERT, values)], "Plan", owner=pane)
    rest()
    assert cells(pane, ONE)["next_visit"] == short_day(TODAY + dt.timedelta(5), TODAY)
    card = card_of(pane).card
    assert card is not None
    assert card.visits.next == instant(5)


def test_the_card_of_a_merged_account_leads_to_the_one_in_its_place(
    pane: AccountsPane, store: Store, hub: DataHub, rest: Rest
) -> None:
    opened: list[tuple[str, str]] = []
    pane.opened.connect(lambda kind, one: opened.append((kind, one)))
    shown_card(pane, rest, TWO)
    outbox = Outbox(store)
    seq = outbox.state().cursor + 1
    stone = WireTombstone(TWO, seq, ONE)
    hub.announce(outbox.finish([Deleted("account", (stone,))], End(seq, 0, 0)).summary)
    rest()
    banner = card_of(pane)._gone
    assert banner.text == "Zaanse was merged into 重庆长安食品有限公司."
    banner.acted.emit()
    assert opened == [("account", ONE)]
    shown_card(pane, rest)
    assert banner.isHidden()


def test_the_form_is_reached_from_the_card(pane: AccountsPane, rest: Rest) -> None:
    shown_card(pane, rest)
    card_of(pane).edit_asked.emit()
    rest()
    assert pane.detail.isVisible()
    assert not card_of(pane).isVisible()


def test_plan_visit_names_the_account(pane: AccountsPane, rest: Rest, qtbot: QtBot) -> None:
    shown_card(pane, rest)
    with qtbot.waitSignal(pane.new_asked) as asked:
        card_of(pane)._plan_visit()
    assert asked.args == ["visit", {"account": ONE}]


def test_older_entries_are_fetched_when_asked(pane: AccountsPane, store: Store, rest: Rest) -> None:
    receive(store, rows_of(TWO, entries=120))
    card = shown_card(pane, rest, TWO)
    view = card_of(pane)
    assert (len(card.timeline.entries), card.entries) == (50, 123)
    for _ in range(3):
        view._timeline.link.click()
        rest()
    assert len(view._entries) == 123
    assert view._timeline.link.isHidden()


def test_revenue_of_the_view_stands_below_the_list(pane: AccountsPane) -> None:
    assert "$5,218" in " ".join(x.text() for x in pane.findChildren(_label_type()))


def _label_type() -> type:
    from PySide6.QtWidgets import QLabel

    return QLabel


# On paper


@pytest.fixture
def made(pane: AccountsPane, store: Store, rest: Rest, tmp_path: Path) -> bytes:
    """The card of an account with far more than a page of life."""
    receive(store, rows_of(ONE, entries=400))
    path = tmp_path / "card.pdf"
    assert write_card(shown_card(pane, rest), path)
    return path.read_bytes()


def test_a_printed_card_is_one_page_of_a4(made: bytes) -> None:
    assert paper.pages(made) == 1
    box = re.search(rb"/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]", made)
    assert box is not None
    assert [round(float(x)) for x in box.groups()] == [595, 842]


def test_chinese_glyphs_are_embedded(made: bytes) -> None:
    assert not paper.lacking(made, "重庆长安曾国强")


def test_a_card_that_cannot_be_written_is_told(pane: AccountsPane, rest: Rest, qtbot: QtBot,
                                               tmp_path: Path) -> None:  # fmt: skip
    card = shown_card(pane, rest)
    with qtbot.waitSignal(pane.failed):
        pane.print_card(card, tmp_path / "no such folder" / "card.pdf")


# Rules of the words


def test_an_account_never_visited_is_due_two_weeks_after_it_came() -> None:
    entered = TODAY - dt.timedelta(20)
    visit = next_visit(VisitDates(), "A", entered, TODAY)
    assert visit is not None
    assert (visit.is_planned, visit.late) == (False, 6)
    assert next_visit(VisitDates(), "A", None, TODAY) is None


@pytest.mark.parametrize(("highest", "top"), [(0, 3), (1, 1.2), (15_900, 18_000), (0.7, 0.75)])
def test_the_axis_ends_at_a_round_number(highest: float, top: float) -> None:
    assert nice_top(highest) == pytest.approx(top)


def test_a_task_made_for_the_account_stands_on_its_card_at_once(
    pane: AccountsPane, hub: DataHub, rest: Rest
) -> None:
    shown_card(pane, rest)
    values: dict[str, Value] = {"title": "Send prices", "account": ONE, "assignee": ME,
                                "due_on": (TODAY - dt.timedelta(2)).isoformat()}  # fmt: skip
    hub.save([Change("task", new_uuid7(), Op.INSERT, values)], "Task", owner=pane)
    rest()
    lines = [x.line for x in card_of(pane)._open.findChildren(LineButton)]
    assert ("Send prices", "2 days late") in [(x.title, x.right) for x in lines]
