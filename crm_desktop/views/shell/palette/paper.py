"""What the palette is drawn on: rounded paper with a line, the list and the foot."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListView,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from crm_desktop.i18n import tr
from crm_desktop.views.shell.overlay import Sheet
from crm_desktop.views.shell.palette.foot import Foot
from crm_desktop.views.shell.palette.painting import LineDelegate
from crm_desktop.views.theme.fonts import font
from crm_desktop.views.theme.icons import USUAL, pixmap

_HEAD = 48
_LINE_FONT = 16
_MARGIN, _GAP = 16, 10
_UNDER_LIST = 6
_EDGE = 1


class Paper(Sheet):
    """The parts of the palette: `line`, `count`, `list`. Parent: the palette."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.line = QLineEdit(self)
        self.count = QLabel(self)
        self.list = QListView(self)
        self._foot = Foot(self)
        self._dress()
        self._lay_out()

    def height_with(self, list_height: int) -> int:
        """How high it is with a list of this height."""
        return _HEAD + list_height + _UNDER_LIST + self._foot.sizeHint().height() + 2 * _EDGE

    def _dress(self) -> None:
        self.line.setFrame(False)
        self.line.setProperty("ring", "none")
        self.line.setStyleSheet("border: none; background: transparent; padding: 0;")
        face = font("body")
        face.setPixelSize(_LINE_FONT)
        self.line.setFont(face)
        self.line.setPlaceholderText(tr("Name, pinyin, number, or > for commands"))
        self.line.setAccessibleName(tr("Search everywhere"))
        self.count.setProperty("role", "caption")
        self.count.setTextFormat(Qt.TextFormat.PlainText)
        self.list.setItemDelegate(LineDelegate(self.list))
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setAccessibleName(tr("Found"))
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        # As low as there is room for: one line is lower than a list wants to be.
        self.list.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)

    def _lay_out(self) -> None:
        glass = QLabel(self)
        glass.setTextFormat(Qt.TextFormat.PlainText)
        glass.setPixmap(pixmap("search", "ink2", USUAL, self.devicePixelRatioF()))
        head = QWidget(self)
        head.setFixedHeight(_HEAD - _EDGE)
        row = QHBoxLayout(head)
        row.setContentsMargins(_MARGIN, 0, _MARGIN, 0)
        row.setSpacing(_GAP)
        row.addWidget(glass)
        row.addWidget(self.line, 1)
        row.addWidget(self.count)
        edge = QFrame(self)
        edge.setProperty("role", "hairline")
        edge.setFixedHeight(_EDGE)
        column = QVBoxLayout(self)
        column.setContentsMargins(_EDGE, _EDGE, _EDGE, _EDGE)
        column.setSpacing(0)
        column.addWidget(head)
        column.addWidget(edge)
        column.addWidget(self.list, 1)
        column.addSpacing(_UNDER_LIST)
        column.addWidget(self._foot)
