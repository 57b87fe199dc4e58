"""The real window over a real store: every place in every language, by keyboard and by mouse."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QAbstractButton, QComboBox, QLabel, QLineEdit, QWidget
from pytestqt.qtbot import QtBot
from typing_extensions import override

from crm_core.catalog import CATALOG
from crm_core.changes import Change, Op
from crm_core.errors import Unavailable
from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_core.wire import ChangeResult, ChangeSetResult, PushResponse
from crm_desktop import i18n
from crm_desktop.models import journal
from crm_desktop.models.outbox import Outbox
from crm_desktop.models.replica import Summary
from crm_desktop.models.store import Store, new_uuid7
from crm_desktop.runtime.hub import DataHub
from crm_desktop.runtime.standing import Standing
from crm_desktop.views.kit.entity_pane import EntityPane
from crm_desktop.views.panes.tasks.pane import TasksPane
from crm_desktop.views.shell.abilities import Chooses
from crm_desktop.views.shell.places import PLACES, place_of
from crm_desktop.views.shell.window import Shell
from tests.views.company import receive

Rest = Callable[[], None]


@pytest.fixture(params=["en", "zh_CN", "zh_TW"])
def language(request: pytest.FixtureRequest) -> Iterator[str]:
    i18n.set_language(request.param)
    yield request.param
    i18n.set_language("en")


def test_every_kind_has_one_place() -> None:
    kinds = [kind for place in PLACES.values() for kind in place.kinds]
    assert sorted(kinds) == sorted(CATALOG)


def test_every_place_opens_in_every_language(
    language: str, hub: DataHub, qtbot: QtBot, rest: Rest
) -> None:
    shell = Shell(hub)
    qtbot.addWidget(shell)
    shell.show()
    for name, place in PLACES.items():
        pane = shell.show_place(name)
        for kind in place.kinds:
            shown = shell.show_kind(kind)
            rest()
            assert isinstance(shown, Chooses)
            shown.choose_first()
            rest()
        assert pane.isVisible()
    assert not shell.banner.isVisible()


def test_work_that_a_colleagues_merge_has_moved_is_said_once(
    shell: Shell, hub: DataHub, store: Store, rest: Rest
) -> None:
    gone, taker = new_uuid7(), new_uuid7()
    receive(store, [("account", gone, {"name": "Alfred"}), ("account", taker, {"name": "Alfreds"})])
    journal.commit(store, [Change("account", gone, Op.SET, {"phone": "1"})], label="Change")
    outbox = Outbox(store)
    (sent,) = outbox.take_outbox(10, 10_000)
    said = ChangeResult(0, "phone", "merged", "merge.moved", "", {"into": taker})
    judged = ChangeSetResult(sent.id, "merged", 99, (said,))
    hub.announce(outbox.settle(PushResponse("e", 99, (judged,))).summary)
    rest()
    assert shell.banner.text == "Alfred was merged into Alfreds."
    shell.banner.hide()
    hub.announce(Summary(outbox_changed=True))
    rest()
    assert not shell.banner.isVisible()


def test_no_label_takes_customers_text_for_markup(shell: Shell, rest: Rest) -> None:
    for name in PLACES:
        shell.show_place(name)
        if isinstance(shell.innermost, Chooses):
            shell.innermost.choose_first()
        rest()
    found = [x for x in shell.findChildren(QLabel) if not x.objectName().startswith("qt_")]
    assert len(found) > 50
    assert [x.text() for x in found if x.textFormat() != Qt.TextFormat.PlainText] == []


def test_whatever_one_types_into_has_a_name_for_screen_readers(shell: Shell, rest: Rest) -> None:
    for name in PLACES:
        shell.show_place(name)
        if isinstance(shell.innermost, Chooses):
            shell.innermost.choose_first()
        rest()
    kinds = (QLineEdit, QComboBox, QAbstractButton)
    nameless = [
        (type(x).__name__, type(x.parent()).__name__)
        for kind in kinds
        for x in shell.findChildren(kind)
        if not x.accessibleName()
        and not x.isHidden()
        and not x.objectName().startswith("qt_")
        and not (isinstance(x, QAbstractButton) and len(x.text()) > 1)
        and not isinstance(x.parent(), QComboBox | QLineEdit)
        and type(x.parent()).__name__ not in ("QTabBar", "_Table", "HistoryTable")
    ]
    assert nameless == []


@pytest.mark.parametrize(("number", "name"), list(enumerate(PLACES, start=1)))
def test_the_rail_is_reached_by_number_keys(
    shell: Shell, qtbot: QtBot, number: int, name: str
) -> None:
    qtbot.keyClick(shell, Qt.Key(Qt.Key.Key_0 + number), Qt.KeyboardModifier.ControlModifier)
    assert shell.current is shell.show_place(name)


def test_the_keys_of_a_place_lead_to_its_list(shell: Shell, qtbot: QtBot, rest: Rest) -> None:
    shell.activateWindow()
    qtbot.keyClick(shell, Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
    rest()
    assert shell.pane is not None
    assert shell.window().focusWidget() is shell.pane.side.list.focusProxy()


def test_every_action_has_words_and_a_shortcut(shell: Shell) -> None:
    actions = [action for action in shell.actions() if isinstance(action, QAction)]
    assert len(actions) >= len(PLACES) + 5
    assert [a.text() for a in actions if not a.text() or a.shortcut().isEmpty()] == []


def test_saving_new_and_undo_work_by_keyboard(
    shell: Shell, qtbot: QtBot, rest: Rest, store: Store
) -> None:
    control = Qt.KeyboardModifier.ControlModifier
    shell.show_kind("contact")
    rest()
    qtbot.keyClick(shell, Qt.Key.Key_N, control)
    rest()
    pane = shell.pane
    assert pane is not None
    name = pane.detail.form.editor("full_name").widget
    qtbot.keyClicks(name, "Zaanse")
    qtbot.keyClick(shell, Qt.Key.Key_S, control)
    rest()
    rows = pane.model.rowCount()
    assert pane.detail.title == "Zaanse"
    qtbot.keyClick(shell, Qt.Key.Key_Z, control)
    rest()
    assert pane.model.rowCount() == rows - 1
    assert "Zaanse" in shell.undo_bar.text


class Painted(QObject):
    """Counts how often what it watches was painted."""

    def __init__(self, watched: QWidget) -> None:
        super().__init__(watched)
        self.times = 0
        watched.installEventFilter(self)

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        self.times += event.type() == QEvent.Type.Paint
        return False


def test_when_a_day_begins_what_is_late_is_read_painted_and_counted_anew(
    shell: Shell, store: Store, rest: Rest
) -> None:
    due, task = dt.date(2026, 11, 20), store.new_id()
    values: dict[str, Value] = {"title": "Call", "due_on": f"{due}"}
    receive(store, [("task", task, values)])
    pane = shell.show_place("tasks")
    assert isinstance(pane, TasksPane)
    pane._today = lambda: due
    pane.side.model.refresh()
    rest()
    assert pane.side.model.beside["late"].get(task) is None
    painted = Painted(pane.side.list.table.viewport())
    shell.rail.set_count("tasks", 99)
    pane._today = lambda: due + dt.timedelta(1)
    shell._new_day.look()
    rest()
    assert (painted.times, shell.rail.count("tasks")) == (0, 99), "the day is the same"
    shell._new_day._today = lambda: dt.date(2126, 11, 21)
    shell._new_day.look()
    rest()
    assert pane.side.model.beside["late"][task] == 1
    assert shell.rail.count("tasks") < 99


def test_when_a_day_begins_lists_whose_values_stay_are_painted_anew(
    shell: Shell, qtbot: QtBot, rest: Rest
) -> None:
    pane = shell.show_place("accounts")
    assert isinstance(pane, EntityPane)
    rest()
    painted = Painted(pane.side.list.table.viewport())
    shell._new_day._today = lambda: dt.date(2126, 11, 21)
    with qtbot.assertNotEmitted(pane.side.model.dataChanged):
        shell._new_day.look()
        rest()
    qtbot.waitUntil(lambda: painted.times > 0)


def test_signing_in_again_is_offered_not_forced(shell: Shell, qtbot: QtBot) -> None:
    shell.show_standing(Standing("signed_out", waiting=2))
    assert "safe" in shell.banner.text
    with qtbot.waitSignal(shell.sign_in_asked):
        shell.banner.acted.emit()


def test_what_was_typed_and_not_saved_is_told_at_the_start(
    store: Store, hub: DataHub, known: dict[str, list[RecordId]], qtbot: QtBot, rest: Rest
) -> None:
    account = known["account"][0]
    receive(store, [("account", account, {"name": "Zebra Freight"})])
    store.set_meta(f"draft:account/{account}", json.dumps({"industry": "Trans"}))
    shell = Shell(hub)
    qtbot.addWidget(shell)
    shell.show()
    qtbot.waitUntil(lambda: "Zebra Freight" in shell.banner.text)
    shell.banner.acted.emit()
    rest()
    pane = shell.innermost
    assert isinstance(pane, EntityPane)
    qtbot.waitUntil(lambda: pane.detail.form.is_touched)
    line = pane.detail.form.editor("industry").widget
    assert isinstance(line, QLineEdit)
    assert line.text() == "Trans"


def test_a_failure_is_a_sentence_above_the_panes(shell: Shell, hub: DataHub) -> None:
    hub.failed.emit(Unavailable("The disk is full; nothing was lost."))
    assert shell.banner.isVisible()
    assert shell.banner.text == "The disk is full; nothing was lost."


def test_a_conflict_is_opened_where_conflicts_live() -> None:
    assert place_of("conflict").name == "admin"
