"""What a customer needs, as toggles: be heard, be cared for, expertise, a fast answer."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QEnterEvent, QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget
from typing_extensions import override

from crm_core.catalog import CATALOG
from crm_core.changes import members_of
from crm_core.fields import Field, Value
from crm_core.i18n import tr_noop
from crm_desktop.i18n import tr
from crm_desktop.views.kit.delegates.shapes import smooth
from crm_desktop.views.kit.editor import Editor
from crm_desktop.views.kit.flow import FlowLayout
from crm_desktop.views.kit.focus import paint_ring, shows_focus
from crm_desktop.views.kit.words import Titles
from crm_desktop.views.theme.fonts import font
from crm_desktop.views.theme.icons import paint_icon
from crm_desktop.views.theme.theme import theme

NEED = CATALOG["complaint"].by_name["need"]
_SHORT: Mapping[str, str] = {
    "cared_for": tr_noop("be cared for"),
    "heard": tr_noop("be heard"),
    "professional": tr_noop("expertise"),
    "fast": tr_noop("be fast"),
}
"""As short as a toggle has to be; anything else is said in the catalog's words."""

_HEIGHT, _PADDING, _TICK = 24, 10, 12


class Toggle(QAbstractButton):
    """A chip that is on or off, with a tick when it is on."""

    def __init__(self, words: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setText(words)
        self.setCheckable(True)
        self.setAccessibleName(words)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        theme().changed.connect(self.update)

    @override
    def sizeHint(self) -> QSize:
        width = QFontMetrics(font("small")).horizontalAdvance(self.text())
        return QSize(width + 2 * _PADDING + (_TICK + 4 if self.isChecked() else 0), _HEIGHT)

    @override
    def checkStateSet(self) -> None:
        super().checkStateSet()
        self.updateGeometry()

    @override
    def nextCheckState(self) -> None:
        super().nextCheckState()
        self.updateGeometry()

    @override
    def enterEvent(self, event: QEnterEvent) -> None:
        self.update()
        super().enterEvent(event)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter, tokens = QPainter(self), theme().tokens
        shape = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        is_on = self.isChecked()
        with smooth(painter):
            painter.setPen(QPen(QColor(tokens.selection if is_on else tokens.line2), 1))
            ground = tokens.selection if is_on else tokens.hover if self.underMouse() else None
            painter.setBrush(QColor(ground) if ground else Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(shape, _HEIGHT / 2 - 0.5, _HEIGHT / 2 - 0.5)
        words = QRect(self.rect())
        if is_on:
            tick = QRect(_PADDING, (_HEIGHT - _TICK) // 2, _TICK, _TICK)
            if self.layoutDirection() == Qt.LayoutDirection.RightToLeft:
                tick.moveRight(self.rect().right() - _PADDING)
                words.setRight(tick.left())
            else:
                words.setLeft(tick.right())
            paint_icon(painter, tick, "check", "ink")
        painter.setFont(font("small"))
        painter.setPen(QColor(tokens.ink if is_on else tokens.ink2))
        painter.drawText(words, Qt.AlignmentFlag.AlignCenter, self.text())
        if shows_focus(self):
            paint_ring(painter, self.rect(), _HEIGHT // 2)


class NeedToggles(QWidget):
    """One toggle per need the catalog names. Signal: `toggled(code, is_on)` by a person."""

    toggled = Signal(str, bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._toggles = {
            choice.code: Toggle(tr(_SHORT.get(choice.code, choice.label)), self)
            for choice in NEED.choices
        }
        self.setAccessibleName(tr(NEED.label))
        layout = FlowLayout(self)
        for code, toggle in self._toggles.items():
            layout.addWidget(toggle)
            toggle.clicked.connect(self._tell)
            toggle.setProperty("code", code)

    def show_needs(self, value: Value) -> None:
        """Switch on what a value holds."""
        members = members_of(value)
        for code, toggle in self._toggles.items():
            toggle.setChecked(code in members)

    def needs(self) -> list[Value]:
        """The codes switched on, as a set's canonical value."""
        return [*sorted(code for code, toggle in self._toggles.items() if toggle.isChecked())]

    def toggle(self, code: str) -> Toggle:
        """The toggle of a need."""
        return self._toggles[code]

    def _tell(self, is_on: bool) -> None:
        sender = self.sender()
        if isinstance(sender, Toggle):
            self.toggled.emit(str(sender.property("code")), is_on)


class NeedsEditor(Editor):
    """The toggles as the editor of a field in a form."""

    def __init__(self, field: Field, parent: QWidget) -> None:
        self._toggles = NeedToggles(parent)
        super().__init__(field, self._toggles)
        self._toggles.setFocusProxy(self._toggles.toggle(NEED.choices[0].code))
        self._toggles.toggled.connect(self._tell_edited)

    @override
    def typed(self) -> str:
        return ",".join(str(code) for code in self._toggles.needs())

    @override
    def _put(self, value: Value, titles: Titles) -> None:
        self._toggles.show_needs(value)

    @override
    def _type(self, text: str) -> None:
        self._toggles.show_needs([code for code in text.split(",") if code])

    @override
    def _parse(self, text: str) -> Value:
        return self._toggles.needs()

    def _tell_edited(self, _code: str, _is_on: bool) -> None:
        self._announce()
