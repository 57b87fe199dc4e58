"""A new record that looks like one that is here says so while it is typed, and nothing is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from crm_core.changes import Change, Op
from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_core.wire import HiddenTwin, TwinRequest
from crm_desktop.models import journal
from crm_desktop.models.store import Store
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.kit.entity_pane import EntityPane
from crm_desktop.views.kit.likeness_hint import LikenessHint
from crm_desktop.views.shell.window import Shell

Rest = Callable[[], None]


@pytest.fixture
def hongda(store: Store) -> RecordId:
    made = store.new_id()
    values: dict[str, Value] = {"name": "上海宏达贸易有限公司", "phone": "0571-88881234"}
    journal.commit(store, [Change("account", made, Op.INSERT, values)], label="Add")
    return made


@pytest.fixture
def pane(shell: Shell, hongda: RecordId, rest: Rest) -> EntityPane:
    shell.show_place("accounts")
    rest()
    found = shell.pane
    assert found is not None
    found.new_record()
    rest()
    return found


def hint_of(pane: EntityPane) -> LikenessHint:
    assert pane._hint is not None
    return pane._hint


def test_what_is_typed_is_compared_and_named_with_the_reason(
    pane: EntityPane, hongda: RecordId, qtbot: QtBot
) -> None:
    pane.detail.form.editor("name").suggest("上海宏达贸易", {})
    pane.detail.form.edited.emit()
    hint = hint_of(pane)
    qtbot.waitUntil(lambda: bool(hint.found))
    assert [x.record for x in hint.found] == [hongda]
    assert hint.isVisible()
    button = hint.findChild(QPushButton)
    assert button is not None
    assert button.text() == "上海宏达贸易有限公司"


def test_it_leads_to_the_record_and_what_was_typed_is_kept(
    pane: EntityPane, hongda: RecordId, qtbot: QtBot, rest: Rest
) -> None:
    pane.detail.form.editor("name").suggest("上海宏达贸易", {})
    pane.detail.form.edited.emit()
    hint = hint_of(pane)
    qtbot.waitUntil(hint.isVisible)
    QTest.mouseClick(hint.findChildren(QPushButton)[-1], Qt.MouseButton.LeftButton)
    rest()
    assert pane.chosen_id == hongda
    pane.new_record()
    qtbot.waitUntil(lambda: pane.detail.form.draft() == {"name": "上海宏达贸易"})


def test_it_goes_when_the_name_is_another_one(pane: EntityPane, qtbot: QtBot, rest: Rest) -> None:
    form = pane.detail.form
    form.editor("name").suggest("上海宏达贸易", {})
    form.edited.emit()
    qtbot.waitUntil(lambda: hint_of(pane).isVisible())
    form.editor("name").suggest("北京远景科技", {})
    form.edited.emit()
    qtbot.waitUntil(lambda: not hint_of(pane).isVisible())


def test_a_record_that_is_there_already_is_not_asked_about(
    pane: EntityPane, hongda: RecordId, rest: Rest, qtbot: QtBot
) -> None:
    pane.open_record(hongda)
    pane.edit_record()
    rest()
    pane.detail.form.editor("name").suggest("上海宏达贸易", {})
    pane.detail.form.edited.emit()
    hint = hint_of(pane)
    qtbot.waitUntil(lambda: not hint._timer.isActive())
    rest()
    assert not hint.isVisible()


def test_a_new_record_may_be_saved_all_the_same(
    pane: EntityPane, store: Store, qtbot: QtBot, rest: Rest
) -> None:
    pane.detail.form.editor("name").suggest("上海宏达贸易", {})
    pane.detail.form.edited.emit()
    qtbot.waitUntil(lambda: hint_of(pane).isVisible())
    pane.save()
    rest()
    with store.reader() as c:
        assert c.value("SELECT count(*) FROM account WHERE name LIKE '上海宏达%'") == 2
    assert not hint_of(pane).isVisible()


CODE = "91310000MA1FL0X123"


def test_a_code_that_a_colleague_has_out_of_sight_is_told_masked_and_asked_once(
    pane: EntityPane, store: Store, hub: DataHub, qtbot: QtBot, rest: Rest
) -> None:
    asked: list[TwinRequest] = []
    with store.reader() as c:
        (li,) = (bytes(x).hex() for (x,) in c.rows("SELECT id FROM user WHERE login = 'li'"))

    def answer(request: TwinRequest) -> HiddenTwin:
        asked.append(request)
        return HiddenTwin("上…", RecordId(li))

    hub.ask_hidden = answer
    form = pane.detail.form
    form.editor("name").suggest("上海宏达贸易", {})
    for part in (CODE[:9], CODE, CODE):
        form.editor("uscc").suggest(part, {})
        form.edited.emit()
        qtbot.waitUntil(lambda: not hint_of(pane)._timer.isActive())
        rest()
    assert asked == [TwinRequest("account", "uscc", CODE)]
    hint = hint_of(pane)
    assert not hint._hidden.isHidden()
    assert "(上…); Li Ming answers for it" in hint._hidden.text()
    form.editor("uscc").suggest(CODE[:9], {})
    form.edited.emit()
    qtbot.waitUntil(hint._hidden.isHidden)


def test_an_answer_that_comes_after_the_form_was_left_is_not_said_of_the_next(
    pane: EntityPane, hub: DataHub, qtbot: QtBot, rest: Rest
) -> None:
    hub.ask_hidden = lambda _: HiddenTwin("上…", RecordId("1" * 32))
    hint, form = hint_of(pane), pane.detail.form
    name_owner = hint._name_owner

    def leave_at_once(*answer: Any) -> None:
        name_owner(*answer)
        form.editor("uscc").suggest("", {})
        hint.clear()

    hint._name_owner = leave_at_once  # type: ignore[method-assign]
    form.editor("uscc").suggest(CODE, {})
    form.edited.emit()
    qtbot.waitUntil(lambda: not hint._timer.isActive())
    rest()
    assert hint._hidden.isHidden()


def test_without_a_server_what_is_here_is_compared_all_the_same(
    pane: EntityPane, hub: DataHub, qtbot: QtBot
) -> None:
    hub.ask_hidden = None
    pane.detail.form.editor("name").suggest("上海宏达贸易", {})
    pane.detail.form.editor("uscc").suggest(CODE, {})
    pane.detail.form.edited.emit()
    qtbot.waitUntil(lambda: bool(hint_of(pane).found))
    assert hint_of(pane)._hidden.isHidden()
