"""Every part of the kit on one page, in every state: for whoever builds panes, and for pictures.

`python -m tools.gallery` shows it. What stands in it is sample text and is not translated.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from crm_desktop.runtime.standing import Standing
from crm_desktop.views.kit import buttons
from crm_desktop.views.kit.badge import LOOKS, Badge
from crm_desktop.views.kit.chips import Chip
from crm_desktop.views.kit.delegates.clock import ClockValue, paint_clock_words
from crm_desktop.views.kit.delegates.grade import paint_grade
from crm_desktop.views.kit.delegates.health import paint_health
from crm_desktop.views.kit.delegates.progress import ProgressValue, paint_progress
from crm_desktop.views.kit.delegates.row import Ground, paint_row
from crm_desktop.views.kit.delegates.shapes import paint_shape, write
from crm_desktop.views.kit.delegates.spark import paint_spark
from crm_desktop.views.kit.empty import EmptyPane
from crm_desktop.views.kit.problem import ProblemPane
from crm_desktop.views.kit.sync_indicator import SyncIndicator
from crm_desktop.views.kit.tabs import ViewTab, ViewTabs
from crm_desktop.views.kit.text import text_of
from crm_desktop.views.kit.undo_bar import UndoBar
from crm_desktop.views.theme.focus_ring import Ring
from crm_desktop.views.theme.theme import theme
from crm_desktop.views.theme.tokens import Tokens

SIZE = QSize(640, 800)

_MARGINS = (22, 16, 22, 16)
_LEFT_WIDTH = 292
_BETWEEN = 26
_CLOCKS = (
    ClockValue(0.3, "running", "2 d 1 h left"),
    ClockValue(0.82, "running", "1 h 10 m left"),
    ClockValue(0.4, "paused", "Paused · customer"),
    ClockValue(1.0, "breached", "Breached 20 m"),
    ClockValue(1.0, "done", "Done in 42 min"),
)
_STANDINGS = (
    Standing("up_to_date", verified="09:41"),
    Standing("waiting", waiting=3),
    Standing("offline", waiting=4, since="08:40"),
    Standing("needs_you", needs_you=5, verified="08:43"),
)
_SERIES = ("blue", "orange", "teal", "plum", "slate", "brown")
_MONTHS = (3, 5, 1, 0, 7, 8, 2, 3, 9, 4, 6, 8)


_Painting = Callable[[QPainter, QRect, Tokens], None]


class Gallery(QWidget):
    """The parts, in two columns."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("surface", "pane")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        columns = QHBoxLayout(self)
        columns.setContentsMargins(*_MARGINS)
        columns.setSpacing(_BETWEEN)
        left, right = QWidget(self), QWidget(self)
        left.setFixedWidth(_LEFT_WIDTH)
        columns.addWidget(left)
        columns.addWidget(right, 1)
        _fill(
            left,
            ("Buttons: primary, normal, flat, icon, disabled, focus", _buttons(left)),
            ("Inputs: normal, focus, missing, refused", _inputs(left)),
            ("", _choices(left)),
            ("Chips and tabs", _chips(left)),
            ("", _tabs(left)),
            ("Rows: rest, pointer, selected, window inactive, keyboard", _Rows(left)),
            ("Undo bar, eight seconds", _undo(left)),
            ("Charts, in this order", _Painted(left, 34, _paint_series)),
        )
        _fill(
            right,
            ("Badges", _badges(right)),
            ("Grade and health", _Painted(right, 18, _paint_marks)),
            ("Clocks", _Painted(right, 72, _paint_clocks)),
            ("Progress, mark is the time elapsed", _Painted(right, 20, _paint_bars)),
            ("Twelve months", _Painted(right, 18, _paint_spark)),
            ("Sync indicator", _indicators(right)),
            ("Empty pane", _empty(right)),
            ("Error: what happened, what is safe, the way out", _problem(right)),
        )


@dataclass(frozen=True, slots=True)
class _Sample:
    grade: str
    name: str
    note: str
    ground: Ground


_ROWS = (
    _Sample("A", "Hanari Carnes", "rest", Ground()),
    _Sample("B", "Königlich Essen", "pointer", Ground(is_pointed=True)),
    _Sample("A", "Ernst Handel", "selected", Ground(is_selected=True)),
    _Sample("C", "Bon app'", "inactive", Ground(is_selected=True, is_active=False)),
    _Sample("D", "厦门航空食品有限公司", "keyboard", Ground(is_ringed=True)),
)


class _Rows(QWidget):
    """Rows in every state at once, which no list shows."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setFixedHeight(theme().metrics.row * len(_ROWS))

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter, worn = QPainter(self), theme()
        for n, row in enumerate(_ROWS):
            area = QRect(0, n * worn.metrics.row, self.width(), worn.metrics.row)
            paint_row(painter, area, row.ground, worn.tokens)
            paint_grade(painter, QRect(10, area.top(), 18, area.height()), row.grade, worn.tokens)
            inside = area.adjusted(36, 0, -10, -1)
            write(painter, inside, row.name, "name", worn.tokens.ink)
            write(painter, inside, row.note, "caption", worn.tokens.ink3, at_end=True)


class _Painted(QWidget):
    """A strip that a plain function paints."""

    def __init__(self, parent: QWidget, height: int, paint: _Painting) -> None:
        super().__init__(parent)
        self.setFixedHeight(height)
        self._paint = paint

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        self._paint(QPainter(self), self.rect(), theme().tokens)


def _paint_marks(painter: QPainter, rect: QRect, tokens: Tokens) -> None:
    for n, grade in enumerate("ABCD"):
        paint_grade(painter, QRect(n * 28, 0, 18, rect.height()), grade, tokens)
    for n, health in enumerate((86, 61, 38, None)):
        paint_health(painter, QRect(120 + n * 46, 0, 46, rect.height()), health, tokens)


def _paint_clocks(painter: QPainter, _rect: QRect, tokens: Tokens) -> None:
    for n, clock in enumerate(_CLOCKS):
        area = QRect((n % 2) * 148, (n // 2) * 24, 146, 22)
        paint_clock_words(painter, area, clock, tokens)


def _paint_bars(painter: QPainter, rect: QRect, tokens: Tokens) -> None:
    paint_progress(painter, QRect(0, 0, 110, rect.height()), ProgressValue(0.58, 0.57), tokens)
    write(painter, QRect(120, 0, 40, rect.height()), "58 %", "small", tokens.ink)
    paint_shape(painter, QRect(160, 0, 10, rect.height()), "half_disc", tokens.accent)
    write(painter, QRect(176, 0, 60, rect.height()), "on course", "small", tokens.accent)


def _paint_spark(painter: QPainter, _rect: QRect, tokens: Tokens) -> None:
    paint_spark(painter, QRect(0, 0, 62, 18), _MONTHS, tokens)


def _paint_series(painter: QPainter, _rect: QRect, tokens: Tokens) -> None:
    for n, (name, colour) in enumerate(zip(_SERIES, tokens.series, strict=True)):
        painter.fillRect(n * 46, 0, 40, 16, QColor(colour))
        write(painter, QRect(n * 46, 17, 46, 14), name, "caption", tokens.ink2)


def _buttons(parent: QWidget) -> QWidget:
    disabled = buttons.normal("Apply", parent)
    disabled.setEnabled(False)
    later = buttons.normal("Decide later", parent)
    apply = buttons.primary("Apply 3", parent, keys="Ctrl+Return")
    holder = _lines(
        parent,
        (
            buttons.primary("Check in", parent),
            buttons.normal("Prep sheet", parent),
            buttons.flat("Call", parent, icon="phone"),
            buttons.icon_button("more", "More", parent, edged=True),
        ),
        (disabled, later, apply),
    )
    # As if each had the focus, which only one has.
    for focused in (later, apply):
        Ring(focused, parent)
    return holder


def _inputs(parent: QWidget) -> QWidget:
    focused, missing, refused = QLineEdit("Gra"), QLineEdit(), QLineEdit("31 Feb")
    missing.setPlaceholderText("△ choose one")
    missing.setProperty("state", "missing")
    refused.setProperty("state", "refused")
    holder = _lines(parent, (QLineEdit("Graz"), focused), (missing, refused))
    Ring(focused, parent)
    return holder


def _choices(parent: QWidget) -> QWidget:
    row: list[QWidget] = []
    for maker, words, is_on in (
        (QCheckBox, "on", True), (QCheckBox, "off", False),
        (QRadioButton, "mine", True), (QRadioButton, "theirs", False),
    ):  # fmt: skip
        made = maker(words, parent)
        made.setChecked(is_on)
        row.append(made)
    return _lines(parent, row)


def _chips(parent: QWidget) -> QWidget:
    return _lines(
        parent,
        (
            Chip("Grade", "A, B", parent),
            Chip("Filter", parent=parent, icon="plus"),
            Chip("等级", parent=parent),
        ),
    )


def _tabs(parent: QWidget) -> QWidget:
    tabs = ViewTabs(parent)
    tabs.layout().setContentsMargins(0, 0, 0, 0)  # pyright: ignore[reportOptionalMemberAccess]  # it has one
    tabs.set_views([ViewTab("key", "Key accounts", 42), ViewTab("risk", "At risk", 6)])
    return tabs


def _undo(parent: QWidget) -> QWidget:
    holder = QWidget(parent)
    holder.setFixedHeight(74)
    bar = UndoBar(holder)
    bar.offer("12 accounts given to Janet")
    return holder


def _badges(parent: QWidget) -> QWidget:
    named = [Badge(state, parent) for state, look in LOOKS.items() if look.words]
    return _lines(
        parent,
        named[:3],
        [*named[3:], Badge("good", parent, words="Won"), Badge("info", parent, words="New")],
        [Badge("conflict", parent, words="冲突"), Badge("rejected", parent, words="被退回")],
    )


def _indicators(parent: QWidget) -> QWidget:
    holder = QWidget(parent)
    grid = QGridLayout(holder)
    grid.setContentsMargins(0, 0, 0, 0)
    for n, standing in enumerate(_STANDINGS):
        indicator = SyncIndicator(holder)
        indicator.show_standing(standing)
        grid.addWidget(indicator, n // 2, n % 2)
    return holder


def _empty(parent: QWidget) -> QWidget:
    pane = EmptyPane(
        "visits", "No visits today", "Plan one, or fill the week from the cadence.",
        "Plan a visit", parent, link_text="Fill from cadence…",
    )  # fmt: skip
    pane.layout().setContentsMargins(0, 0, 0, 0)  # pyright: ignore[reportOptionalMemberAccess]  # it has one
    return pane


def _problem(parent: QWidget) -> QWidget:
    return ProblemPane(
        "The import stopped at row 1,204",
        "The date “31.02.2026” does not exist. Nothing was changed yet; the file is untouched.",
        "Show the row", parent, other="Skip it and go on",
    )  # fmt: skip


def _lines(parent: QWidget, *rows: Sequence[QWidget]) -> QWidget:
    holder = QWidget(parent)
    grid = QVBoxLayout(holder)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setSpacing(7)
    for row in rows:
        line = QHBoxLayout()
        line.setSpacing(6)
        for part in row:
            line.addWidget(part)
        line.addStretch(1)
        grid.addLayout(line)
    return holder


def _fill(column: QWidget, *parts: tuple[str, QWidget]) -> None:
    layout = QVBoxLayout(column)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(6)
    for words, part in parts:
        if words:
            layout.addSpacing(5)
            layout.addWidget(text_of("caption", column, words))
        layout.addWidget(part)
    layout.addStretch(1)
