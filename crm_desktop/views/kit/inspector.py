"""The inspector: what is chosen in a pane, beside it; in a narrow window a page of its own."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction, QKeySequence, QPalette, QResizeEvent
from PySide6.QtWidgets import QSplitter, QToolButton, QVBoxLayout, QWidget
from typing_extensions import override

from crm_desktop.i18n import tr

WIDTH = 320
NARROWEST, WIDEST = 280, 480
PAGE_BELOW_WIDTH = 1000
"""A window narrower than this shows one of the two."""

_HAIRLINE = 1
_FULL = 16_777_215
"""Qt's own word for "as wide as you like" (QWIDGETSIZE_MAX)."""


class InspectorHost(QSplitter):
    """A pane's own content with its inspector at the right.

    Below `PAGE_BELOW_WIDTH` one of them is shown: Alt+Right leads to the inspector, Alt+Left back.
    Signal: `width_changed(int)` when a person dragged the border.
    """

    width_changed = Signal(int)

    def __init__(self, main: QWidget, inspector: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._main = main
        self._width = WIDTH
        self._kept_width = 0
        self._is_narrow = False
        self._page_shown = False
        self._side = QWidget(self)
        self._back = QToolButton(self._side)
        self._lay_out(inspector)
        self._add_actions()
        self.splitterMoved.connect(self._note_width)

    def set_inspector_width(self, width: int) -> None:
        """Make the inspector this wide (within its limits), unless a person drew its border."""
        self._width = self._kept_width or _within(width)
        self._arrange()

    def keep_width(self, width: int) -> None:
        """Make the inspector as wide as a person drew it (within its limits), whatever it shows."""
        self._width = self._kept_width = _within(width)
        self._arrange()

    def show_inspector(self) -> None:
        """Give the inspector the keyboard; in a narrow window bring its page to the front."""
        self._page_shown = True
        self._arrange()
        self._side.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_main(self) -> None:
        """Go back to the pane's own content."""
        self._page_shown = False
        self._arrange()
        self._main.setFocus(Qt.FocusReason.OtherFocusReason)

    @property
    def main(self) -> QWidget:
        """The pane's own content."""
        return self._main

    @property
    def side(self) -> QWidget:
        """The side that holds the inspector."""
        return self._side

    @property
    def is_page(self) -> bool:
        """Whether the window is so narrow that the inspector is a page."""
        return self._is_narrow

    @override
    def minimumSizeHint(self) -> QSize:
        # In less room than both need one of them is a page: the wider one decides.
        both = super().minimumSizeHint()
        return QSize(max(self._main.minimumSizeHint().width(), NARROWEST), both.height())

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = self.window().width() < PAGE_BELOW_WIDTH
        if narrow != self._is_narrow:
            self._is_narrow = narrow
            self._page_shown = False
        self._arrange()

    def _arrange(self) -> None:
        page = self._is_narrow and self._page_shown
        self._main.setVisible(not page)
        self._side.setVisible(page or not self._is_narrow)
        self._back.setVisible(page)
        self._side.setMaximumWidth(_FULL if page else WIDEST)
        if not self._is_narrow:
            rest = self.width() - self._width - self.handleWidth()
            self.setSizes([max(rest, 0), self._width])

    def _note_width(self, _position: int, _index: int) -> None:
        if not self._is_narrow:
            self._width = self._kept_width = self._side.width()
            self.width_changed.emit(self._width)

    def _lay_out(self, inspector: QWidget) -> None:
        self.setObjectName("inspector-border")
        self.setHandleWidth(_HAIRLINE)
        self.setChildrenCollapsible(False)
        self._side.setObjectName("inspector")
        self._side.setMinimumWidth(NARROWEST)
        self._side.setBackgroundRole(QPalette.ColorRole.AlternateBase)
        self._side.setAutoFillBackground(True)
        self._side.setFocusProxy(inspector)
        self._back.setText(tr("← Back to the list"))
        self._back.setAutoRaise(True)
        self._back.clicked.connect(self.show_main)
        self._back.hide()
        column = QVBoxLayout(self._side)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._back, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(inspector, 1)
        self.addWidget(self._main)
        self.addWidget(self._side)
        self.setStretchFactor(0, 1)
        self.setStretchFactor(1, 0)

    def _add_actions(self) -> None:
        for words, key, slot in (
            (tr("Go to the inspector"), "Alt+Right", self.show_inspector),
            (tr("Go back to the list"), "Alt+Left", self.show_main),
        ):
            action = QAction(words, self)
            action.setShortcut(QKeySequence(key))
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            action.triggered.connect(slot)
            self.addAction(action)


def _within(width: int) -> int:
    return max(NARROWEST, min(width, WIDEST))
