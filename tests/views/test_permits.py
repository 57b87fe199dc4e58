"""What a person may not change is known before anything is typed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from crm_core.catalog import CATALOG
from crm_core.changes import Change, Op
from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_desktop.i18n import set_language
from crm_desktop.models import journal, queries
from crm_desktop.models.replica import Summary
from crm_desktop.models.rights import May, Those
from crm_desktop.models.store import Store
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.kit.bulk import BulkPopup
from crm_desktop.views.kit.entity_pane import EntityPane
from crm_desktop.views.kit.links import LinkEdit
from crm_desktop.views.kit.permit import edit_refusal, who_words
from crm_desktop.views.kit.undo_bar import UndoBar
from crm_desktop.views.panes.accounts.card import AccountCardView
from crm_desktop.views.shell.window import Shell
from tests.views.company import make_store, receive
from tests.views.front import InFront

Rest = Callable[[], None]
ME, ANNA, LEA, TEAM, MINE, ALSO, ANNAS, NEW = (RecordId(f"{n:032x}") for n in range(1, 9))
PICK = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows


def user(record_id: RecordId, name: str, role: str) -> tuple[str, RecordId, dict[str, Value]]:
    login = name.split(maxsplit=1)[0].lower()
    return "user", record_id, {"login": login, "name": name, "role": role, "team": TEAM}


def account(record_id: RecordId, name: str, owner: RecordId):
    values = {"name": name, "owner": owner, "team": TEAM, "created_by": owner, "phone": "1"}
    return "account", record_id, values


@pytest.fixture
def role() -> str:
    return "kam"


@pytest.fixture
def store(tmp_path: Path, role: str) -> Iterator[Store]:
    """A key-account manager sees his team's accounts and changes his own."""
    made = make_store(tmp_path, [
        ("team", TEAM, {"name": "Sales", "lead": LEA}),
        user(ME, "Nancy Davolio", role), user(ANNA, "Anna Berg", "rep"),
        user(LEA, "Lea Lind", "lead"),
        account(MINE, "Alfreds", ME), account(ALSO, "Berglunds", ME),
        account(ANNAS, "Comercio", ANNA),
    ], user=ME)  # fmt: skip
    yield made
    made.close()


@pytest.fixture
def pane(hub: DataHub, in_front: InFront) -> EntityPane:
    return in_front(EntityPane(CATALOG["account"], hub), 1280, 700)


def stored(store: Store, record_id: RecordId) -> queries.Row:
    with store.reader() as c:
        row = queries.record(c, "account", record_id)
    assert row is not None
    return row


def test_a_colleagues_record_says_who_may_change_it_and_takes_no_words(
    pane: EntityPane, rest: Rest
) -> None:
    pane.open_record(ANNAS)
    rest()
    assert pane.detail.why_not == "Only Anna Berg or Lea Lind may change this."
    for name in ("name", "phone", "owner"):
        widget = pane.detail.form.editor(name).widget
        assert not widget.isEnabled()
        assert widget.toolTip() == pane.detail.why_not
    for button in (pane.detail._save, pane.detail._revert, pane.detail._delete):
        assert not button.isVisible()


def test_ones_own_record_is_open_but_for_handing_it_over(pane: EntityPane, rest: Rest) -> None:
    pane.open_record(ANNAS)
    rest()
    pane.open_record(MINE)
    rest()
    assert pane.detail.why_not == ""
    assert pane.detail.form.editor("phone").widget.isEnabled()
    owner = pane.detail.form.editor("owner").widget
    assert not owner.isEnabled()
    assert owner.toolTip() == "Only Lea Lind may hand this over."


def test_an_account_taken_away_while_one_types_is_not_saved_and_can_be_reverted(
    pane: EntityPane, store: Store, rest: Rest
) -> None:
    pane.open_record(MINE)
    rest()
    line = pane.detail.form.editor("phone").widget
    assert isinstance(line, QLineEdit)
    line.setText("222")
    line.textEdited.emit("222")
    receive(store, [account(MINE, "Alfreds", ANNA)])
    pane.take_summary(Summary(frozenset({("account", MINE)})))
    rest()
    said: list[str] = []
    pane.said.connect(said.append)
    pane.save()
    rest()
    assert said == ["Only Anna Berg or Lea Lind may change this."]
    assert stored(store, MINE).values["phone"] == "1"
    assert pane.detail._revert.isVisible()


def test_a_new_record_is_open_after_a_closed_one(pane: EntityPane, rest: Rest) -> None:
    pane.open_record(ANNAS)
    rest()
    pane.new_record()
    rest()
    assert pane.detail.form.editor("owner").widget.isEnabled()
    assert pane.detail._save.isVisible()
    assert pane.detail.why_not == ""


def go_to(pane: EntityPane, record_id: RecordId, field: str) -> None:
    side = pane.side
    row = side.model.index_of_id(record_id)
    column = [x.name for x in side.model.columns].index(field)
    side.list.table.setCurrentIndex(side.model.index(row, column))


@pytest.mark.parametrize("waits", [True, False])
def test_a_cell_of_a_colleagues_record_does_not_open_and_says_why(
    pane: EntityPane, rest: Rest, qtbot: QtBot, waits: bool
) -> None:
    said: list[str] = []
    pane.said.connect(said.append)
    go_to(pane, ANNAS, "name")
    if waits:
        rest()
    qtbot.keyClick(pane.side.list.table, Qt.Key.Key_F2)
    rest()
    assert said == ["Only Anna Berg or Lea Lind may change this."]
    assert pane.side.list.table.findChild(QLineEdit) is None


def test_a_cell_of_ones_own_record_opens(pane: EntityPane, rest: Rest, qtbot: QtBot) -> None:
    go_to(pane, MINE, "name")
    qtbot.keyClick(pane.side.list.table, Qt.Key.Key_F2)
    rest()
    assert pane.side.list.table.findChild(QLineEdit) is not None


def test_many_are_counted_beforehand_and_a_colleagues_are_left_alone(
    pane: EntityPane, store: Store, rest: Rest, qtbot: QtBot
) -> None:
    side = pane.side
    for row in range(side.model.rowCount()):
        side.list.table.selectionModel().select(side.model.index(row, 0), PICK)
    side.bulk.open()
    popup = side.bulk.findChild(BulkPopup)
    assert popup is not None
    popup.choose_field("phone")
    popup.editor.widget.setText("222")  # type: ignore[attr-defined]
    popup._count()
    rest()
    assert popup.others == "2 of 3 can be changed by you; 1 belongs to a colleague"
    assert popup.preview == "2 of 3 will change"
    popup._take()
    rest()
    phones = [stored(store, x).values["phone"] for x in (MINE, ALSO, ANNAS)]
    assert phones == ["222", "222", "1"]


def test_handing_many_over_is_counted_apart(pane: EntityPane, rest: Rest) -> None:
    side = pane.side
    for row in range(side.model.rowCount()):
        side.list.table.selectionModel().select(side.model.index(row, 0), PICK)
    side.bulk.open()
    popup = side.bulk.findChild(BulkPopup)
    assert popup is not None
    popup.choose_field("territory")
    rest()
    assert popup.others == (
        "0 of 3 can be changed by you; 1 belongs to a colleague; "
        "the field is not yours to change in 2"
    )


@pytest.mark.parametrize(("role", "may"), [("kam", True), ("rep", False)])
def test_a_role_that_makes_no_such_records_is_offered_none(
    hub: DataHub, qtbot: QtBot, rest: Rest, may: bool
) -> None:
    plans = EntityPane(CATALOG["plan"], hub)
    qtbot.addWidget(plans)
    rest()
    assert plans.side.new.isEnabled() == may
    assert bool(plans.side.new.toolTip()) != may


@pytest.fixture
def addresses(hub: DataHub, in_front: InFront) -> EntityPane:
    return in_front(EntityPane(CATALOG["address"], hub), 1280, 700)


def look_for(pane: EntityPane, text: str, qtbot: QtBot, rest: Rest) -> LinkEdit:
    edit = pane.detail.form.editor("account").widget
    assert isinstance(edit, LinkEdit)
    edit.setFocus()
    qtbot.keyClicks(edit._line, text)
    qtbot.waitUntil(lambda: bool(edit._hits))
    rest()
    return edit


def test_a_colleagues_account_cannot_be_chosen_for_a_new_record(
    addresses: EntityPane, qtbot: QtBot, rest: Rest
) -> None:
    addresses.new_record()
    rest()
    edit = look_for(addresses, "Comercio", qtbot, rest)
    (offered, *_) = edit._names.stringList()
    assert offered == "Comercio · Anna Berg"
    why = edit._names.index(0).data(Qt.ItemDataRole.ToolTipRole)
    assert "Only Anna Berg or Lea Lind may add this." in why
    assert not edit._names.flags(edit._names.index(0)) & Qt.ItemFlag.ItemIsEnabled
    qtbot.keyClick(edit._found, Qt.Key.Key_Return)
    assert edit.chosen() is None


def test_an_own_account_is_chosen_as_ever(addresses: EntityPane, qtbot: QtBot, rest: Rest) -> None:
    addresses.new_record()
    rest()
    edit = look_for(addresses, "Alfreds", qtbot, rest)
    qtbot.keyClick(edit._found, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: edit.chosen() is not None)
    assert edit.value() == MINE


def test_a_new_record_below_a_colleagues_account_says_so_at_once(
    addresses: EntityPane, rest: Rest
) -> None:
    addresses.new_with({"account": ANNAS})
    rest()
    assert addresses.detail._banner.text == "Only Anna Berg or Lea Lind may add this."


def test_a_colleagues_card_offers_nothing_that_would_be_refused(
    hub: DataHub, qtbot: QtBot, rest: Rest
) -> None:
    card = AccountCardView(hub)
    qtbot.addWidget(card)
    card.show_record(ANNAS)
    rest()
    # A merge may take an own record away instead; its page says what may not be.
    assert {kind for kind, act in card._acts.items() if act.isEnabled()} == {"plan", "merge"}
    assert card._acts["edit"].toolTip() == "Only Anna Berg or Lea Lind may change this."
    assert card._acts["visit"].toolTip() == "Only Anna Berg or Lea Lind may add this."
    card.show_record(MINE)
    rest()
    refused = {kind for kind, act in card._acts.items() if not act.isEnabled()}
    assert refused == {"unmerge"}, "nothing was merged that could be taken apart"


def test_the_real_window_says_it_at_its_foot_before_anything_is_typed(
    shell: Shell, store: Store, qtbot: QtBot, rest: Rest
) -> None:
    shell.show_place("accounts")
    rest()
    pane = shell.pane
    assert pane is not None
    go_to(pane, ANNAS, "name")
    rest()
    pane.side.list.focus_table()
    qtbot.keyClick(pane.side.list.table, Qt.Key.Key_F2)
    rest()
    assert shell.undo_bar.isVisible()
    assert "Only Anna Berg or Lea Lind may change this." in shell.undo_bar.text
    pane.edit_record()
    rest()
    assert pane.detail.why_not == "Only Anna Berg or Lea Lind may change this."
    with store.reader() as c:
        assert c.value("SELECT count(*) FROM changeset") == 0


def deleted_by_hand(shell: Shell, record_id: RecordId, rest: Rest) -> UndoBar:
    shell.open_record("account", record_id)
    rest()
    assert shell.pane is not None
    shell.pane.edit_record()
    rest()
    shell.pane._delete()
    rest()
    assert shell.undo_bar.text == "Deleted: Berglunds."
    return shell.undo_bar


def undo_commands(shell: Shell) -> list[str]:
    return [x.text() for x in shell.actions() if x.text().startswith("Undo") and x.isEnabled()]


def test_undo_of_a_deletion_is_offered_to_who_may_change_the_record(
    shell: Shell, rest: Rest
) -> None:
    bar = deleted_by_hand(shell, ALSO, rest)
    assert bar._button.isVisible()
    assert undo_commands(shell) == ["Undo: Delete: Berglunds"]


def test_undo_of_a_deletion_is_not_offered_to_who_may_delete_but_not_change(
    shell: Shell, store: Store, rest: Rest
) -> None:
    override = {"role": "kam", "entity": "account", "action": "edit", "level": "none"}
    receive(store, [("role_permission", store.new_id(), override)])
    bar = deleted_by_hand(shell, ALSO, rest)
    assert bar.isVisible()
    assert not bar._button.isVisible()
    assert undo_commands(shell) == []


@pytest.mark.parametrize(
    ("change", "forbidden", "is_offered"),
    [
        (Change("account", MINE, Op.SET, {"phone": "2"}), "", True),
        (Change("account", MINE, Op.SET, {"phone": "2"}), "edit", False),
        (Change("account", MINE, Op.SET, {"phone": "2"}), "delete", True),
        (Change("account", NEW, Op.INSERT, {"name": "New"}), "", True),
        (Change("account", NEW, Op.INSERT, {"name": "New"}), "delete", False),
        (Change("account", NEW, Op.INSERT, {"name": "New"}), "edit", True),
    ],
)
def test_undo_asks_for_the_right_to_what_takes_the_step_back(
    store: Store, change: Change, forbidden: str, *, is_offered: bool
) -> None:
    journal.commit(store, [change], label="Step")
    override = {"role": "kam", "entity": "account", "action": forbidden, "level": "none"}
    receive(store, [("role_permission", store.new_id(), override)] if forbidden else [])
    assert journal.undoable(store) == ("Step" if is_offered else None)


@pytest.mark.parametrize("language", ["en", "zh_CN", "zh_TW"])
def test_the_reason_reads_well_with_any_number_of_people(language: str) -> None:
    set_language(language)
    try:
        both = who_words(Those(("Anna Berg", "Li Ming"), ("lead", "service")))
        alone = edit_refusal(May(edit=False))
    finally:
        set_language("en")
    assert "{" not in both + alone
    assert both.startswith("Anna Berg")
    if language == "en":
        assert both == "Anna Berg, Li Ming, a team lead or the service"
