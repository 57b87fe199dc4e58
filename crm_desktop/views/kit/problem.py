"""A problem in a pane: what happened, what is safe, the way out."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget
from typing_extensions import override

from crm_desktop.views.kit.buttons import flat, normal
from crm_desktop.views.kit.delegates.shapes import MARK, is_mirrored, paint_shape
from crm_desktop.views.kit.text import text_of
from crm_desktop.views.theme.theme import theme

_BAR = 3
_INDENT = 14


class Mark(QWidget):
    """A mark of `shapes.SHAPES` as a widget, in a token's colour."""

    def __init__(self, shape: str, token: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shape, self._token = shape, token
        self.setFixedSize(QSize(MARK, MARK))

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        paint_shape(QPainter(self), self.rect(), self._shape, getattr(theme().tokens, self._token))


class ProblemPane(QWidget):
    """Words beside a red bar. Signals: `acted` for the way out, `skipped` for the other one."""

    acted = Signal()
    skipped = Signal()

    def __init__(
        self,
        what: str,
        safe: str,
        way_out: str = "",
        parent: QWidget | None = None,
        *,
        other: str = "",
    ) -> None:
        super().__init__(parent)
        self._what = text_of("section", self, what)
        self._safe = text_of("small", self, safe)
        self._way = normal(way_out, self)
        self._other = flat(other, self)
        self._way.clicked.connect(self._tell_acted)
        self._other.clicked.connect(self._tell_skipped)
        self._lay_out()
        self.say(what, safe, way_out, other=other)

    def say(self, what: str, safe: str, way_out: str = "", *, other: str = "") -> None:
        """Tell of another problem."""
        self._what.setText(what)
        self._safe.setText(safe)
        self._safe.setVisible(bool(safe))
        for button, text in ((self._way, way_out), (self._other, other)):
            button.setText(text)
            button.setAccessibleName(text)
            button.setVisible(bool(text))
        self.setAccessibleName(what)
        self.setAccessibleDescription(safe)

    @property
    def words(self) -> tuple[str, str]:
        """What happened and what is safe."""
        return self._what.text(), self._safe.text()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        left = self.width() - _BAR if is_mirrored(painter) else 0
        painter.fillRect(QRect(left, 0, _BAR, self.height()), QColor(theme().tokens.bad))

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(_INDENT, 1, 0, 1)
        column.setSpacing(2)
        first = QHBoxLayout()
        first.setSpacing(6)
        first.addWidget(Mark("diamond", "bad", self))
        first.addWidget(self._what, 1)
        column.addLayout(first)
        column.addWidget(self._safe)
        row = QHBoxLayout()
        row.setContentsMargins(0, 5, 0, 0)
        row.setSpacing(6)
        row.addWidget(self._way)
        row.addWidget(self._other)
        row.addStretch(1)
        column.addLayout(row)

    def _tell_acted(self) -> None:
        self.acted.emit()

    def _tell_skipped(self) -> None:
        self.skipped.emit()
