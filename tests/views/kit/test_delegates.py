"""What the delegates paint: the colours of states, mirrored where one reads from the right."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QItemSelectionModel, QPoint, QRect, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QStandardItem, QStandardItemModel
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QTableView
from pytestqt.qtbot import QtBot

from crm_desktop.views.kit.badge import LOOKS, badge_width, badge_words, paint_badge
from crm_desktop.views.kit.delegates.badge import BadgeDelegate
from crm_desktop.views.kit.delegates.clock import ClockDelegate, ClockValue, paint_clock
from crm_desktop.views.kit.delegates.grade import GradeDelegate, paint_grade
from crm_desktop.views.kit.delegates.health import (
    HealthDelegate,
    attitude_mark,
    health_mark,
    paint_health,
    spoken_health,
)  # fmt: skip
from crm_desktop.views.kit.delegates.progress import (
    ProgressDelegate,
    ProgressValue,
    paint_progress,
)  # fmt: skip
from crm_desktop.views.kit.delegates.roles import TONE, VALUE
from crm_desktop.views.kit.delegates.row import RowDelegate, follow_pointer, indent_first
from crm_desktop.views.kit.delegates.shapes import SHAPES, paint_shape
from crm_desktop.views.kit.delegates.spark import SparkDelegate, paint_spark
from crm_desktop.views.kit.delegates.two_line import TwoLineDelegate, TwoLines, paint_two_lines
from crm_desktop.views.theme.tokens import DARK, LIGHT, Tokens

AREA = QRect(0, 0, 120, 32)
THEMES = pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])
Paint = Callable[[QPainter], None]


@pytest.fixture(autouse=True)
def _application(qapp: object) -> None:
    """Fonts need one."""


def painted(tokens: Tokens, paint: Paint, *, mirrored: bool = False) -> QImage:
    image = QImage(AREA.size(), QImage.Format.Format_RGB32)
    image.fill(QColor(tokens.pane))
    painter = QPainter(image)
    if mirrored:
        painter.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    paint(painter)
    painter.end()
    return image


def colours(image: QImage) -> set[str]:
    points = ((x, y) for x in range(image.width()) for y in range(image.height()))
    return {image.pixelColor(x, y).name().upper() for x, y in points}


def used(image: QImage, ground: str) -> QRect:
    """The smallest rectangle around everything that is not the ground."""
    hits = [
        QPoint(x, y)
        for x in range(image.width())
        for y in range(image.height())
        if image.pixelColor(x, y).name().upper() != ground
    ]
    xs, ys = [hit.x() for hit in hits], [hit.y() for hit in hits]
    return QRect(QPoint(min(xs), min(ys)), QPoint(max(xs), max(ys)))


@THEMES
@pytest.mark.parametrize(
    ("value", "token"), [(86, "good"), (75, "good"), (74, "warn"), (50, "warn"), (49, "bad")]
)
def test_a_health_has_the_colour_of_its_class(value: int, token: str, tokens: Tokens) -> None:
    image = painted(tokens, lambda p: paint_health(p, AREA, value, tokens))
    assert getattr(tokens, token) in colours(image)


def test_every_class_of_health_has_a_shape_of_its_own() -> None:
    marks = {health_mark(value)[0] for value in (86, 61, 38, None)}
    assert len(marks) == 4
    assert len({attitude_mark(score)[0] for score in (2, 0, -1, None)}) == 4


def test_a_health_is_spoken_with_number_and_word() -> None:
    assert spoken_health(86) == "86 good"
    assert spoken_health(61.4) == "61 watch"
    assert spoken_health(None) == "no data"


@THEMES
def test_a_grade_is_weight_and_not_colour(tokens: Tokens) -> None:
    tiles = {
        grade: colours(painted(tokens, lambda p, g=grade: paint_grade(p, AREA, g, tokens)))
        for grade in "ABCD"
    }
    assert tokens.ink in tiles["A"]
    assert tokens.fill in tiles["B"]
    assert tokens.fill not in tiles["C"] | tiles["D"]
    assert colours(painted(tokens, lambda p: paint_grade(p, AREA, "", tokens))) == {tokens.pane}


@THEMES
@pytest.mark.parametrize(
    ("fraction", "state", "token"),
    [
        (0.3, "running", "accent"), (0.8, "running", "warn"), (0.5, "warn", "warn"),
        (0.5, "paused", "ink3"), (1.0, "breached", "bad"),
    ],
)  # fmt: skip
def test_a_clock_shows_its_state(fraction: float, state: str, token: str, tokens: Tokens) -> None:
    image = painted(tokens, lambda p: paint_clock(p, AREA, fraction, state, tokens))
    assert getattr(tokens, token) in colours(image)


def test_a_clock_fills_with_its_time() -> None:
    def shown(fraction: float) -> int:
        image = painted(LIGHT, lambda p: paint_clock(p, AREA, fraction, "running", LIGHT))
        points = [(x, y) for x in range(120) for y in range(32)]
        return sum(image.pixelColor(x, y).name().upper() == LIGHT.accent for x, y in points)

    assert shown(0.1) < shown(0.4) < shown(0.7)


def test_the_last_month_of_a_spark_is_in_accent_and_stands_on_the_same_foot() -> None:
    image = painted(LIGHT, lambda p: paint_spark(p, QRect(0, 0, 62, 18), (5, 0, 9), LIGHT))
    assert image.pixelColor(55, 17).name().upper() == LIGHT.accent
    assert image.pixelColor(5, 17).name().upper() == LIGHT.bar
    assert image.pixelColor(5, 2).name().upper() == LIGHT.pane, "less is lower"
    assert image.pixelColor(30, 17).name().upper() == LIGHT.bar, "nothing still has a foot"


def test_a_spark_of_nothing_paints_nothing() -> None:
    assert colours(painted(LIGHT, lambda p: paint_spark(p, AREA, (), LIGHT))) == {LIGHT.pane}


@pytest.mark.parametrize("mirrored", [False, True])
def test_progress_begins_where_one_begins_to_read(mirrored: bool) -> None:
    value = ProgressValue(0.25)
    image = painted(LIGHT, lambda p: paint_progress(p, AREA, value, LIGHT), mirrored=mirrored)
    at_left, at_right = (image.pixelColor(x, 16).name().upper() for x in (10, 110))
    assert (at_left == LIGHT.accent) != mirrored
    assert (at_right == LIGHT.accent) == mirrored


@pytest.mark.parametrize("share", [-1.0, 0.0, 1.0, 7.5])
def test_progress_stays_within_its_bar(share: float) -> None:
    image = painted(
        LIGHT, lambda p: paint_progress(p, QRect(20, 0, 80, 32), ProgressValue(share), LIGHT)
    )
    assert QRect(20, 0, 80, 32).contains(used(image, LIGHT.pane))


@THEMES
@pytest.mark.parametrize("state", [state for state, look in LOOKS.items() if look.words])
def test_a_badge_has_its_tint_its_words_and_no_more_room_than_it_needs(
    state: str, tokens: Tokens
) -> None:
    image = painted(tokens, lambda p: paint_badge(p, AREA, state, tokens))
    assert getattr(tokens, LOOKS[state].tint) in colours(image)
    assert badge_words(state)
    assert abs(used(image, tokens.pane).width() - badge_width(state)) <= 1


def test_a_badge_stands_at_the_other_side_where_one_reads_from_the_right() -> None:
    image = painted(LIGHT, lambda p: paint_badge(p, AREA, "pending", LIGHT), mirrored=True)
    assert used(image, LIGHT.pane).right() == AREA.right()


@pytest.mark.parametrize("shape", SHAPES)
def test_a_shape_stays_in_its_place(shape: str) -> None:
    place = QRect(40, 6, 14, 20)
    image = painted(LIGHT, lambda p: paint_shape(p, place, shape, LIGHT.bad))
    assert place.contains(used(image, LIGHT.pane))


def test_two_lines_give_way_to_what_stands_at_their_end() -> None:
    value = TwoLines("A name that is much longer than its row", "below", trailing="5 Oct")
    image = painted(LIGHT, lambda p: paint_two_lines(p, AREA, value, LIGHT))
    assert AREA.contains(used(image, LIGHT.pane))


DELEGATES = {
    GradeDelegate: "A",
    HealthDelegate: 61,
    BadgeDelegate: "conflict",
    ClockDelegate: ClockValue(0.4, "paused", "Paused"),
    SparkDelegate: [1.0, 2.0, 3.0],
    ProgressDelegate: ProgressValue(0.5, 0.4),
    TwoLineDelegate: TwoLines("Hanari Carnes", "Rio"),
}


@pytest.fixture
def table(qtbot: QtBot) -> QTableView:
    """Rows of every mark; the second row has nothing to show."""
    view = QTableView()
    qtbot.addWidget(view)
    model = QStandardItemModel(2, len(DELEGATES) + 1, view)
    view.setModel(model)
    view.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
    model.setItem(0, 0, QStandardItem("Hanari Carnes"))
    view.setItemDelegateForColumn(0, RowDelegate(view, role="name"))
    for column, (maker, value) in enumerate(DELEGATES.items(), start=1):
        item = QStandardItem("58 %")
        item.setData(value, VALUE)
        model.setItem(0, column, item)
        view.setItemDelegateForColumn(column, maker(view))
    view.verticalHeader().setDefaultSectionSize(48)
    view.setShowGrid(False)
    view.resize(960, 200)
    view.show()
    return view


def at(view: QTableView, row: int, x: int) -> str:
    top = view.rowViewportPosition(row)
    image = view.viewport().grab().toImage()
    return image.pixelColor(x, top + view.rowHeight(row) // 2).name().upper()


def test_a_selected_row_has_a_bar_at_its_begin_and_only_there(table: QTableView) -> None:
    table.activateWindow()
    table.selectRow(0)
    table.clearFocus()
    bars = {LIGHT.accent, LIGHT.control}
    assert at(table, 0, 1) in bars
    assert at(table, 0, table.columnViewportPosition(2) + 1) in {LIGHT.selection, LIGHT.fill}
    assert at(table, 1, 1) == LIGHT.pane


def test_a_choice_keeps_its_colour_while_something_else_has_the_keyboard(
    table: QTableView, qtbot: QtBot
) -> None:
    other = QLineEdit(table)
    other.show()
    table.activateWindow()
    qtbot.waitUntil(table.isActiveWindow)
    table.selectRow(0)
    other.setFocus()
    assert at(table, 0, 1) == LIGHT.accent
    assert at(table, 0, table.columnViewportPosition(2) + 1) == LIGHT.selection


def test_the_whole_row_under_the_pointer_shows_it(table: QTableView) -> None:
    follow_pointer(table)
    place = QPoint(5, table.rowViewportPosition(1) + 10)
    QTest.mouseMove(table.viewport(), place)
    assert at(table, 1, 5) == LIGHT.hover
    assert at(table, 1, table.columnViewportPosition(4) + 5) == LIGHT.hover
    assert at(table, 0, 5) == LIGHT.pane


def test_the_row_of_the_keyboard_is_ringed_as_a_whole(table: QTableView, qtbot: QtBot) -> None:
    table.activateWindow()
    table.setFocus()
    qtbot.waitUntil(table.hasFocus)
    current = table.model().index(1, 3)
    table.selectionModel().setCurrentIndex(current, QItemSelectionModel.SelectionFlag.NoUpdate)
    image = table.viewport().grab().toImage()
    top = table.rowViewportPosition(1)
    for column in range(3):
        x = table.columnViewportPosition(column) + 20
        assert image.pixelColor(x, top).name().upper() == LIGHT.accent


def test_words_begin_on_the_margin_and_may_have_a_tone(table: QTableView) -> None:
    indent_first(table, 14)
    table.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    table.clearFocus()
    table.model().setData(table.model().index(0, 0), "warn", TONE)
    left = table.viewport().grab(QRect(0, 0, 18, 47)).toImage()
    assert colours(left) <= {LIGHT.pane, LIGHT.line}
    words = table.viewport().grab(QRect(18, 0, 80, 47)).toImage()
    assert LIGHT.warn in colours(words)


def test_a_row_without_values_says_so_of_its_health_only(table: QTableView) -> None:
    table.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    table.clearFocus()
    for column in (1, 3, 4, 5, 6, 7):
        left, width = table.columnViewportPosition(column), table.columnWidth(column)
        image = table.viewport().grab(QRect(left, 48, width, 40)).toImage()
        assert colours(image) == {LIGHT.pane}, column
