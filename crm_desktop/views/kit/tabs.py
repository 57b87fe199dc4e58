"""The views of a pane as tabs: words, a count beside them, a line under the current one."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from PySide6.QtCore import QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QTabBar, QWidget
from typing_extensions import override

from crm_desktop.i18n import tr
from crm_desktop.views.kit.buttons import icon_button
from crm_desktop.views.kit.delegates.shapes import split, write
from crm_desktop.views.theme import fonts
from crm_desktop.views.theme.theme import theme

_BETWEEN = 18
_GAP = 6
_LINE = 2
_INSET = 4
"""Room for the keyboard's ring around the words."""


class ViewTab(msgspec.Struct, frozen=True):
    """One view: its name for the program, its words, and how many records it holds (None: not
    known yet)."""

    name: str
    label: str
    count: int | None = None


class ViewTabs(QWidget):
    """The line of tabs under a pane's head.

    Signals: `chosen(name)` when a person picks another view, `added` for the plus at the end,
    `menu_asked(name, place)` with the place on the screen, `moved(names)` after a drag.
    """

    chosen = Signal(str)
    added = Signal()
    menu_asked = Signal(str, QPoint)
    moved = Signal(list)

    def __init__(self, parent: QWidget | None = None, *, add_words: str = "") -> None:
        super().__init__(parent)
        self._bar = _Bar(self)
        self._bar.setAccessibleName(tr("Views"))
        layout = QHBoxLayout(self)
        margin = theme().metrics.margin
        layout.setContentsMargins(margin - _INSET, 0, margin, 0)
        layout.setSpacing(0)
        layout.addWidget(self._bar)
        if add_words:
            plus = icon_button("plus", add_words, self)
            plus.clicked.connect(self._tell_added)
            layout.addWidget(plus)
        layout.addStretch(1)
        self._bar.currentChanged.connect(self._tell_chosen)
        self._bar.tabMoved.connect(self._tell_moved)
        self._bar.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self._bar.customContextMenuRequested.connect(self._tell_menu)
        self.setFocusProxy(self._bar)
        self._fit()
        theme().changed.connect(self._fit)

    def set_views(self, views: Sequence[ViewTab], current: str = "") -> None:
        """Show these views; tells nobody."""
        kept = current or self.current
        self._bar.blockSignals(True)
        while self._bar.count():
            self._bar.removeTab(0)
        for n, view in enumerate(views):
            # A tab's width is asked for when its words are set: its count has to be there by then.
            self._bar.addTab("")
            self._bar.setTabData(n, view)
            self._bar.setTabText(n, view.label)
            self._bar.setAccessibleTabName(n, _spoken(view))
        self._bar.setVisible(bool(views))
        self._bar.blockSignals(False)
        self.choose(kept)

    def show_count(self, name: str, count: int | None) -> None:
        """Say how many records a view holds."""
        at = self._at(name)
        if at >= 0:
            view = ViewTab(name, self._bar.tabText(at), count)
            self._bar.setTabData(at, view)
            self._bar.setAccessibleTabName(at, _spoken(view))
            # A tab's width is asked for anew only when its words are set.
            self._bar.setTabText(at, "")
            self._bar.setTabText(at, view.label)

    def choose(self, name: str) -> None:
        """Show a view as the current one; tells nobody."""
        at = self._at(name)
        if at >= 0:
            self._bar.blockSignals(True)
            self._bar.setCurrentIndex(at)
            self._bar.blockSignals(False)

    @property
    def current(self) -> str:
        """The name of the current view, or ""."""
        view = self._bar.tabData(self._bar.currentIndex())
        return view.name if isinstance(view, ViewTab) else ""

    @property
    def names(self) -> tuple[str, ...]:
        """The views in their order."""
        return tuple(self._bar.tabData(n).name for n in range(self._bar.count()))

    @property
    def bar(self) -> QTabBar:
        """The tabs themselves, for whoever makes them movable."""
        return self._bar

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        line = QColor(theme().tokens.line)
        QPainter(self).fillRect(0, self.height() - 1, self.width(), 1, line)

    def _at(self, name: str) -> int:
        return self.names.index(name) if name in self.names else -1

    def _tell_chosen(self, _at: int) -> None:
        if self.current:
            self.chosen.emit(self.current)

    def _tell_added(self) -> None:
        self.added.emit()

    def _tell_moved(self, _start: int, _end: int) -> None:
        self.moved.emit([*self.names])

    def _tell_menu(self, place: QPoint) -> None:
        at = self._bar.tabAt(place)
        if at >= 0:
            self.menu_asked.emit(self.names[at], self._bar.mapToGlobal(place))

    def _fit(self) -> None:
        self.setFixedHeight(theme().metrics.tabs)
        self._bar.setFixedHeight(theme().metrics.tabs)


class _Bar(QTabBar):
    """Tabs painted as words, a count and a line."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setDocumentMode(True)
        self.setDrawBase(False)
        self.setExpanding(False)
        self.setUsesScrollButtons(True)
        self.setElideMode(Qt.TextElideMode.ElideNone)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)

    @override
    def tabSizeHint(self, index: int) -> QSize:
        # As wide as when it is current, so that choosing moves nothing.
        words = fonts.metrics("section").horizontalAdvance(self.tabText(index))
        count = _count_of(self.tabData(index))
        more = fonts.metrics("caption").horizontalAdvance(count) + _GAP if count else 0
        return QSize(words + more + _BETWEEN + 2, theme().metrics.tabs)

    @override
    def minimumSizeHint(self) -> QSize:
        # Qt keeps room for its scroll buttons, also where one tab has no need of them.
        return QSize(min(super().minimumSizeHint().width(), self._width), theme().metrics.tabs)

    @property
    def _width(self) -> int:
        return sum(self.tabSizeHint(n).width() for n in range(self.count()))

    @override
    def minimumTabSizeHint(self, index: int) -> QSize:
        return self.tabSizeHint(index)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        pointer = self.mapFromGlobal(self.cursor().pos())
        for n in range(self.count()):
            self._paint_tab(painter, n, is_pointed=self.tabRect(n).contains(pointer))

    def _paint_tab(self, painter: QPainter, at: int, *, is_pointed: bool) -> None:
        worn, is_current = theme().tokens, at == self.currentIndex()
        room = split(painter, self.tabRect(at), _INSET)[1]
        area = split(painter, room, room.width() - _BETWEEN + _INSET)[0]
        role = "section" if is_current else "body"
        colour = worn.ink if is_current or is_pointed else worn.ink2
        took = write(painter, area, self.tabText(at), role, colour)
        count = _count_of(self.tabData(at))
        if count:
            write(painter, split(painter, area, took, _GAP)[1], count, "caption", worn.ink3)
        if is_current:
            foot = QRect(area.left(), area.bottom() - _LINE + 1, area.width(), _LINE)
            painter.fillRect(foot, QColor(worn.accent))
        if is_current and self.hasFocus():
            painter.setPen(QColor(worn.accent))
            for inset in (0, 1):
                ring = area.adjusted(inset - _INSET, 5 + inset, 3 - inset, -6 - inset)
                painter.drawRoundedRect(ring, 4, 4)


def _count_of(view: object) -> str:
    return f"{view.count:,}" if isinstance(view, ViewTab) and view.count is not None else ""


def _spoken(view: ViewTab) -> str:
    return f"{view.label}, {_count_of(view)}" if view.count is not None else view.label
