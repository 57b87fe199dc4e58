"""Heads, tabs, chips, empty panes, problems and the undo bar: what they say and what they offer."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from crm_desktop.views.gallery import SIZE, Gallery
from crm_desktop.views.kit import buttons
from crm_desktop.views.kit.badge import Badge
from crm_desktop.views.kit.chips import Chip, ChipRow
from crm_desktop.views.kit.empty import EmptyPane
from crm_desktop.views.kit.flow import FlowLayout
from crm_desktop.views.kit.head import PageHead
from crm_desktop.views.kit.problem import ProblemPane
from crm_desktop.views.kit.skeleton import Skeleton
from crm_desktop.views.kit.tabs import ViewTab, ViewTabs
from crm_desktop.views.kit.undo_bar import UndoBar
from crm_desktop.views.theme import theme
from crm_desktop.views.theme.tokens import COMFORTABLE, COMPACT

VIEWS = [
    ViewTab("key", "Key accounts", 42),
    ViewTab("mine", "My accounts"),
    ViewTab("risk", "Risk"),
]


@pytest.fixture
def shown(qtbot: QtBot) -> Callable[[QWidget], QWidget]:
    """Puts a widget on the screen."""

    def show(widget: QWidget) -> QWidget:
        qtbot.addWidget(widget)
        widget.show()
        return widget

    return show


@pytest.fixture
def page(qtbot: QtBot) -> QWidget:
    made = QWidget()
    qtbot.addWidget(made)
    made.resize(600, 400)
    made.show()
    return made


def click(button: QWidget) -> None:
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def button_of(widget: QWidget, words: str) -> QPushButton:
    return next(x for x in widget.findChildren(QPushButton) if x.text() == words)


def test_a_head_is_as_high_as_the_density_says(qapp: QApplication, page: QWidget) -> None:
    theme.install(qapp, "light")
    head = PageHead("Accounts", page)
    assert head.height() == COMPACT.head
    theme.install(qapp, "light", "comfortable")
    assert head.height() == COMFORTABLE.head
    theme.install(qapp, "light")


def test_a_heads_note_takes_no_room_while_there_is_none(page: QWidget) -> None:
    head = PageHead("Accounts", page)
    width = head.sizeHint().width()
    head.set_note("42 of 118")
    assert head.note == "42 of 118"
    assert head.sizeHint().width() > width
    head.set_note("")
    assert head.sizeHint().width() == width


def test_a_button_says_its_words_and_shows_its_keys(page: QWidget) -> None:
    button = buttons.primary("New account", page, icon="plus", keys="Ctrl+N")
    assert button.text() == button.accessibleName() == "New account"
    assert button.sizeHint().width() > buttons.primary("New account", page).sizeHint().width()


def test_an_icon_button_has_words_for_who_does_not_see_it(page: QWidget) -> None:
    button = buttons.icon_button("more", "More", page)
    assert button.accessibleName() == button.toolTip() == "More"


def test_choosing_a_view_tells_its_name_once(page: QWidget, qtbot: QtBot) -> None:
    tabs = ViewTabs(page)
    tabs.set_views(VIEWS)
    tabs.resize(500, 34)
    heard: list[str] = []
    tabs.chosen.connect(heard.append)
    QTest.mouseClick(tabs.bar, Qt.MouseButton.LeftButton, pos=tabs.bar.tabRect(2).center())
    tabs.choose("key")
    assert heard == ["risk"]
    assert tabs.current == "key"


def test_a_view_stays_chosen_when_the_views_are_set_anew(page: QWidget) -> None:
    tabs = ViewTabs(page)
    tabs.set_views(VIEWS, "risk")
    tabs.set_views([ViewTab("new", "New"), *VIEWS])
    assert tabs.current == "risk"
    assert tabs.names == ("new", "key", "mine", "risk")


def test_a_count_widens_its_tab_and_is_spoken(page: QWidget) -> None:
    tabs = ViewTabs(page)
    tabs.set_views(VIEWS)
    before = tabs.bar.tabRect(1).width()
    tabs.show_count("mine", 1180)
    assert tabs.bar.tabRect(1).width() > before
    assert tabs.bar.accessibleTabName(1) == "My accounts, 1,180"
    assert tabs.bar.tabText(1) == "My accounts"


def test_choosing_moves_no_tab(page: QWidget) -> None:
    tabs = ViewTabs(page)
    tabs.set_views(VIEWS)
    before = [tabs.bar.tabRect(n) for n in range(3)]
    tabs.choose("risk")
    assert [tabs.bar.tabRect(n) for n in range(3)] == before


def test_the_keyboard_goes_through_the_views(page: QWidget, qtbot: QtBot) -> None:
    tabs = ViewTabs(page)
    tabs.set_views(VIEWS)
    tabs.show()
    with qtbot.waitSignal(tabs.chosen) as heard:
        QTest.keyClick(tabs.bar, Qt.Key.Key_Right)
    assert heard.args == ["mine"]


def test_the_cross_takes_a_filter_away_and_its_words_open_it(page: QWidget, qtbot: QtBot) -> None:
    chip = Chip("Grade", "A, B", page)
    chip.resize(chip.sizeHint())
    heard: list[str] = []
    chip.clicked.connect(lambda: heard.append("opened"))
    chip.removed.connect(lambda: heard.append("removed"))
    QTest.mouseClick(chip, Qt.MouseButton.LeftButton, pos=chip.cross.center())
    QTest.mouseClick(chip, Qt.MouseButton.LeftButton, pos=QPoint(12, 12))
    assert heard == ["removed", "opened"]


def test_delete_takes_a_filter_away(page: QWidget, qtbot: QtBot) -> None:
    chip = Chip("Grade", "A, B", page)
    with qtbot.waitSignal(chip.removed):
        QTest.keyClick(chip, Qt.Key.Key_Delete)


def test_a_chip_speaks_field_and_value(page: QWidget) -> None:
    chip = Chip("Grade", "A", page)
    narrow = chip.sizeHint().width()
    chip.set_value("A, B, C")
    assert chip.accessibleName() == "Grade: A, B, C"
    assert chip.sizeHint().width() > narrow


def test_a_chip_without_a_value_cannot_be_taken_away(page: QWidget) -> None:
    chip = Chip("Filter", parent=page, icon="plus")
    chip.removed.connect(lambda: pytest.fail("there is nothing to remove"))
    QTest.keyClick(chip, Qt.Key.Key_Delete)
    assert chip.cross.isEmpty()


def test_chips_stand_before_the_one_that_adds(page: QWidget, qtbot: QtBot) -> None:
    row = ChipRow(page, add_words="Filter")
    row.resize(500, 40)
    row.show()
    for field in ("Grade", "Stage"):
        row.add(Chip(field, "x", row))
    adding = next(x for x in row.findChildren(Chip) if x.text() == "Filter")
    qtbot.waitUntil(lambda: row.chips[0].x() < row.chips[1].x() < adding.x())
    with qtbot.waitSignal(row.adding):
        click(adding)
    row.clear()
    assert row.chips == ()


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_flow_begins_a_new_line_where_the_room_ends(mirrored: bool, page: QWidget) -> None:
    if mirrored:
        page.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    flow = FlowLayout(page, gap=10)
    parts = [QWidget(page) for _ in range(3)]
    for part in parts:
        part.setFixedSize(QSize(80, 20))
        part.show()
        flow.addWidget(part)
    flow.setGeometry(QRect(0, 0, 200, 100))
    assert [part.y() for part in parts] == [0, 0, 30]
    assert [part.x() for part in parts] == ([120, 30, 120] if mirrored else [0, 90, 0])
    assert flow.heightForWidth(200) == 50


def test_an_empty_pane_says_why_and_offers_one_button(
    shown: Callable[[QWidget], QWidget], qtbot: QtBot
) -> None:
    pane = EmptyPane("visits", "No visits today", "Plan one.", "Plan a visit")
    shown(pane)
    assert pane.words == ("No visits today", "Plan one.")
    assert [x.text() for x in pane.findChildren(QPushButton) if x.isVisible()] == ["Plan a visit"]
    with qtbot.waitSignal(pane.acted):
        click(button_of(pane, "Plan a visit"))
    pane.say("No account matches.")
    assert not [x for x in pane.findChildren(QPushButton) if x.isVisible()]


def test_a_problem_is_spoken_with_what_is_safe(
    shown: Callable[[QWidget], QWidget], qtbot: QtBot
) -> None:
    pane = ProblemPane("It stopped", "Nothing was changed", "Show", other="Skip")
    shown(pane)
    assert pane.accessibleName() == "It stopped"
    assert pane.accessibleDescription() == "Nothing was changed"
    with qtbot.waitSignal(pane.skipped):
        click(button_of(pane, "Skip"))


def test_the_undo_bar_stays_at_the_foot_of_the_pane(page: QWidget, qtbot: QtBot) -> None:
    bar = UndoBar(page)
    assert bar.isHidden()
    bar.offer("12 accounts given away")
    page.resize(500, 300)
    assert bar.geometry().bottom() == 300 - COMPACT.margin - 1
    assert bar.x() == COMPACT.margin
    with qtbot.waitSignal(bar.undone):
        click(button_of(bar, "Undo"))
    assert bar.isHidden()


def test_the_undo_bar_lies_above_the_line_that_is_typed_into(page: QWidget, qtbot: QtBot) -> None:
    bar, line = UndoBar(page), QLineEdit(page)
    line.setGeometry(0, 360, 600, 32)
    line.show()
    bar.offer("What you typed here and did not save is back.", undoable=False)
    assert bar.geometry().intersects(line.geometry())
    page.activateWindow()
    line.setFocus()
    qtbot.waitUntil(lambda: bar.geometry().bottom() < line.y())
    line.clearFocus()
    qtbot.waitUntil(lambda: bar.geometry().bottom() > line.y())


def test_a_click_on_undo_leaves_the_keyboard_where_it_was(page: QWidget) -> None:
    first, before = QPushButton("First", page), QPushButton("Before", page)
    for button in (first, before):
        button.show()
    before.setFocus()
    bar = UndoBar(page)
    bar.offer("12 accounts given away")
    click(button_of(bar, "Undo"))
    assert before.hasFocus()


def test_a_badge_without_a_state_takes_no_room(page: QWidget) -> None:
    badge = Badge("", page)
    assert badge.isHidden()
    badge.show_state("conflict")
    assert badge.accessibleName() == "Conflict"
    assert badge.sizeHint().width() > 30


def test_rows_to_come_are_not_shown_when_the_rows_are_there_at_once(
    page: QWidget, qtbot: QtBot
) -> None:
    bars = Skeleton(page)
    bars.start()
    bars.stop()
    assert bars.isHidden()
    bars.start()
    qtbot.waitUntil(bars.isVisible)


@pytest.mark.parametrize("name", ["light", "dark"])
def test_the_gallery_shows_every_part(name: str, qapp: QApplication, qtbot: QtBot) -> None:
    theme.install(qapp, name)
    gallery = Gallery()
    qtbot.addWidget(gallery)
    gallery.resize(SIZE)
    gallery.show()
    image = gallery.grab().toImage()
    theme.install(qapp, "light")
    colours = {image.pixelColor(x, y).name() for x in range(0, 640, 3) for y in range(0, 800, 3)}
    assert len(colours) > 60


def test_no_button_takes_return_for_itself(page: QWidget) -> None:
    made = buttons.normal("Export", page)
    assert not made.autoDefault()
    assert not made.isDefault()
