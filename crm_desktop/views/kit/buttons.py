"""Buttons: one primary in a pane, normal ones, flat ones for the rest of a row, links, icons."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtGui import QKeySequence, QPainter, QPaintEvent
from PySide6.QtWidgets import QPushButton, QToolButton, QWidget
from typing_extensions import override

from crm_desktop.views.kit.delegates.shapes import write
from crm_desktop.views.theme import fonts
from crm_desktop.views.theme.icons import SMALL
from crm_desktop.views.theme.icons import icon as icon_of
from crm_desktop.views.theme.theme import theme

_PADDING, _GAP = 10, 8
_KEYS_OPACITY = 0.85


def primary(text: str, parent: QWidget, *, icon: str = "", keys: str = "") -> QPushButton:
    """The one main action of a pane. `keys` is its shortcut, shown beside the words."""
    return _button("primary", text, parent, icon, "on_accent", keys)


def normal(text: str, parent: QWidget, *, icon: str = "", keys: str = "") -> QPushButton:
    """A button with an edge."""
    return _button("normal", text, parent, icon, "ink", keys)


def flat(text: str, parent: QWidget, *, icon: str = "", keys: str = "") -> QPushButton:
    """A button without an edge until the pointer is over it."""
    return _button("flat", text, parent, icon, "ink2", keys)


def link(text: str, parent: QWidget) -> QPushButton:
    """Words that lead somewhere."""
    return _button("link", text, parent, "", "accent", "")


def icon_button(name: str, words: str, parent: QWidget, *, edged: bool = False) -> QToolButton:
    """A square button with an icon; `words` say what it does, in the tooltip and aloud."""
    made = QToolButton(parent)
    made.setProperty("role", "icon" if edged else "flat_icon")
    made.setIcon(icon_of(name, "ink" if edged else "ink2"))
    made.setIconSize(QSize(SMALL, SMALL) if edged else QSize(16, 16))
    made.setToolTip(words)
    made.setAccessibleName(words)
    return made


class _KeyedButton(QPushButton):
    """A button that shows its shortcut beside its words, smaller and lighter than they are."""

    def __init__(self, text: str, keys: str, parent: QWidget) -> None:
        super().__init__(text, parent)
        self._keys = keys
        room = fonts.metrics("caption").horizontalAdvance(keys)
        self.setStyleSheet(f"padding-right: {_PADDING + _GAP + room}px")

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        is_filled = self.property("role") == "primary" and self.isEnabled()
        painter.setOpacity(_KEYS_OPACITY if is_filled else 1.0)
        colour = theme().tokens.on_accent if is_filled else theme().tokens.ink3
        area = self.rect().adjusted(_PADDING, 0, -_PADDING, 0)
        write(painter, area, self._keys, "caption", colour, at_end=True)


def _button(role: str, text: str, parent: QWidget, icon: str, token: str, keys: str) -> QPushButton:
    shown = _native(keys).replace(_native("Return"), "↵")  # Qt translates the key's name
    made = _KeyedButton(text, shown, parent) if shown else QPushButton(text, parent)
    made.setProperty("role", role)
    made.setAccessibleName(text)
    made.setAutoDefault(False)
    if icon:
        made.setIcon(icon_of(icon, token, SMALL))
        made.setIconSize(QSize(SMALL, SMALL))
    return made


def _native(keys: str) -> str:
    return QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText)
