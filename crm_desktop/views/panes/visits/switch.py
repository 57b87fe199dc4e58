"""A row of joined buttons of which one is down: day, week, list."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget
from typing_extensions import override

from crm_desktop.i18n import tr
from crm_desktop.views.theme.fonts import font
from crm_desktop.views.theme.theme import theme

_PADDING = 10
_RADIUS = 6


class Switch(QWidget):
    """Chooses one of a few words, with pointer or arrows. Signal: `chosen(name)`."""

    chosen = Signal(str)

    def __init__(
        self, choices: Sequence[tuple[str, str]], words: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._choices = tuple(choices)
        self._words = words
        self._current = self._choices[0][0]
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._say()

    @property
    def current(self) -> str:
        """The name of the one that is down."""
        return self._current

    def choose(self, name: str) -> None:
        """Press another one; tells only what changed."""
        if name == self._current:
            return
        self._current = name
        self._say()
        self.update()
        self.chosen.emit(name)

    def _say(self) -> None:
        self.setAccessibleName(f"{self._words}: {tr(dict(self._choices)[self._current])}")

    def _widths(self) -> list[int]:
        # The widest weight, so that nothing moves when another one is chosen.
        metrics = QFontMetrics(font("section"))
        return [metrics.horizontalAdvance(tr(label)) + 2 * _PADDING for _, label in self._choices]

    @override
    def sizeHint(self) -> QSize:
        return QSize(sum(self._widths()) + 2, theme().metrics.button)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = theme().tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame = self.rect().toRectF().adjusted(0.5, 0.5, -0.5, -0.5)
        x = 1
        for (name, label), width in zip(self._choices, self._widths(), strict=True):
            part = frame.toRect()
            part.setRect(x, 1, width, self.height() - 2)
            is_down = name == self._current
            if is_down:
                painter.fillRect(part, QColor(tokens.fill))
            painter.setFont(font("small_medium"))
            painter.setPen(QColor(tokens.ink if is_down else tokens.ink2))
            painter.drawText(part, Qt.AlignmentFlag.AlignCenter, tr(label))
            x += width
        edge = QPen(QColor(tokens.accent), 2) if self.hasFocus() else QPen(QColor(tokens.line2))
        painter.setPen(edge)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(frame, _RADIUS, _RADIUS)

    @override
    def mousePressEvent(self, event: QMouseEvent) -> None:
        x = event.position().x()
        for (name, _), width in zip(self._choices, self._widths(), strict=True):
            if x < width:
                self.choose(name)
                return
            x -= width

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        step = steps.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
            return
        names = [name for name, _ in self._choices]
        at = min(max(names.index(self._current) + step, 0), len(names) - 1)
        self.choose(names[at])
