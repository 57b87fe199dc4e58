"""The palette: records by a few letters or pinyin, commands beside them, all by keyboard."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from crm_core.changes import Change, Op
from crm_core.ids import RecordId
from crm_desktop.models import search
from crm_desktop.models.store import Store
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.shell.palette.entries import Entry
from crm_desktop.views.shell.palette.painting import split_keys
from crm_desktop.views.shell.palette.palette import Palette
from crm_desktop.views.shell.window import Shell

Rest = Callable[[], None]
CONTROL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def named(shell: Shell, hub: DataHub, store: Store, rest: Rest, known: dict[str, list[RecordId]]):
    """An account and a contact with names of their own, both indexed."""
    account, contact = known["account"][0], known["contact"][0]
    hub.save(
        [
            Change("account", account, Op.SET, {"name": "杭州仇氏精密机械"}),
            Change("contact", contact, Op.SET, {"full_name": "仇和"}),
        ],
        "Change", owner=shell,
    )  # fmt: skip
    rest()
    search.build(store)
    return account, contact


@pytest.fixture
def palette(shell: Shell, qtbot: QtBot, rest: Rest) -> Palette:
    qtbot.keyClick(shell, Qt.Key.Key_K, CONTROL)
    rest()
    return shell.palette_pane


def type_in(palette: Palette, text: str, qtbot: QtBot, rest: Rest) -> list[Entry]:
    palette.line.insert(text)
    qtbot.waitUntil(lambda: not palette._find.isActive())
    rest()
    return palette.entries


def words_of(entries: list[Entry]) -> list[str]:
    return [entry.words for entry in entries]


@pytest.mark.parametrize("key", [Qt.Key.Key_K, Qt.Key.Key_F])
def test_it_opens_over_the_window_and_escape_gives_the_keyboard_back(
    shell: Shell, qtbot: QtBot, key: Qt.Key
) -> None:
    before = shell.focusWidget()
    qtbot.keyClick(shell, key, CONTROL)
    assert shell.palette_pane.isVisible()
    assert shell.palette_pane.size() == shell.size()
    qtbot.keyClick(shell.palette_pane.line, Qt.Key.Key_Escape)
    assert not shell.palette_pane.isVisible()
    assert shell.focusWidget() is before


def test_records_are_grouped_and_say_why_they_were_found(
    named: tuple[RecordId, RecordId], palette: Palette, qtbot: QtBot, rest: Rest
) -> None:
    entries = type_in(palette, "qiu", qtbot, rest)
    assert words_of(entries)[:2] == ["Accounts", "杭州仇氏精密机械"]
    assert "Contacts" in words_of(entries)
    assert entries[1].right == "qiú"
    assert entries[1].spot.stretches == ((2, 3),)


def test_enter_opens_what_was_found_wherever_it_lives(
    named: tuple[RecordId, RecordId], shell: Shell, palette: Palette, qtbot: QtBot, rest: Rest
) -> None:
    type_in(palette, "仇和", qtbot, rest)
    qtbot.keyClick(palette.line, Qt.Key.Key_Return)
    rest()
    assert not palette.isVisible()
    assert shell.pane is not None
    assert (shell.pane.entity.kind, shell.pane.record_id) == ("contact", named[1])


def test_the_commands_below_are_those_of_the_record_chosen(
    named: tuple[RecordId, RecordId], palette: Palette, qtbot: QtBot, rest: Rest
) -> None:
    entries = type_in(palette, "qiu", qtbot, rest)
    assert "Commands with 杭州仇氏精密机械" in words_of(entries)
    qtbot.keyClick(palette.line, Qt.Key.Key_Down)
    assert palette.current is not None
    assert palette.current.words == "仇和"
    assert "Commands with 仇和" in words_of(palette.entries)
    assert "Commands with 杭州仇氏精密机械" not in words_of(palette.entries)


def test_tab_leads_to_the_commands_and_back(
    named: tuple[RecordId, RecordId], palette: Palette, qtbot: QtBot, rest: Rest
) -> None:
    type_in(palette, "qiu", qtbot, rest)
    qtbot.keyClick(palette.line, Qt.Key.Key_Tab)
    assert palette.current is not None
    assert palette.current.words == "Plan a visit…"
    qtbot.keyClick(palette.line, Qt.Key.Key_Tab)
    assert palette.current is not None
    assert palette.current.words == "杭州仇氏精密机械"


def test_a_complaint_is_taken_for_the_record_chosen(
    named: tuple[RecordId, RecordId], palette: Palette, qtbot: QtBot, rest: Rest
) -> None:
    entries = type_in(palette, "qiu", qtbot, rest)
    take = next(x for x in entries if x.words == "Take a complaint…")
    with qtbot.waitSignal(palette.new_asked) as asked:
        assert take.run is not None
        take.run()
    assert asked.args == ["complaint", {"account": named[0]}]


def test_a_greater_than_sign_finds_commands_alone(
    named: tuple[RecordId, RecordId], shell: Shell, palette: Palette, qtbot: QtBot, rest: Rest
) -> None:
    entries = type_in(palette, ">tasks", qtbot, rest)
    assert words_of(entries) == ["Commands", "Go to Tasks"]
    qtbot.keyClick(palette.line, Qt.Key.Key_Return)
    assert shell.rail.place == "tasks"


def test_before_anything_is_typed_it_offers_what_was_opened_lately(
    named: tuple[RecordId, RecordId], shell: Shell, qtbot: QtBot, rest: Rest
) -> None:
    shell.open_record("contact", named[1])
    shell.open_record("account", named[0])
    shell.open_palette()
    rest()
    entries = words_of(shell.palette_pane.entries)
    assert entries[:4] == ["Opened lately", "杭州仇氏精密机械", "仇和", "Commands"]


def test_it_goes_round_at_the_ends(palette: Palette, qtbot: QtBot) -> None:
    qtbot.keyClick(palette.line, Qt.Key.Key_Up)
    assert palette.current is palette.entries[-1]
    qtbot.keyClick(palette.line, Qt.Key.Key_Down)
    assert palette.current is palette.entries[1]


def test_what_finds_nothing_says_what_to_try(palette: Palette, qtbot: QtBot, rest: Rest) -> None:
    entries = type_in(palette, "qqqq", qtbot, rest)
    assert len(entries) == 1
    assert "pinyin" in entries[0].words
    qtbot.keyClick(palette.line, Qt.Key.Key_Return)
    assert palette.isVisible()


def test_enter_before_the_answer_takes_what_was_typed_and_no_older_line(
    named: tuple[RecordId, RecordId], shell: Shell, palette: Palette, qtbot: QtBot, rest: Rest
) -> None:
    palette.line.insert("仇和")
    assert palette.current is not None
    assert palette.current.record is None, "a command of the list from before"
    qtbot.keyClick(palette.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: not palette.isVisible())
    rest()
    assert shell.pane is not None
    assert (shell.pane.entity.kind, shell.pane.record_id) == ("contact", named[1])


def test_a_new_record_is_a_command(
    shell: Shell, palette: Palette, qtbot: QtBot, rest: Rest
) -> None:
    assert "New complaint" in words_of(type_in(palette, ">complaint", qtbot, rest))


def test_a_click_beside_it_closes_it(palette: Palette, qtbot: QtBot) -> None:
    qtbot.mouseClick(palette, Qt.MouseButton.LeftButton, pos=palette.rect().bottomLeft())
    assert not palette.isVisible()


def test_it_fits_a_small_window(shell: Shell, palette: Palette) -> None:
    shell.resize(640, 480)
    assert palette.rect().contains(palette._paper.geometry())


@pytest.mark.parametrize(
    ("keys", "single"),
    [("Ctrl+Shift+L", ["Ctrl", "Shift", "L"]), ("Ctrl++", ["Ctrl", "+"]), ("/", ["/"])],
)
def test_a_shortcut_is_shown_key_by_key(keys: str, single: list[str]) -> None:
    assert split_keys(keys) == single
