"""A language that nobody speaks: every word of ours stretched to 200 % between brackets.

What the window cuts off, or shows without brackets although it is ours, is found with it.
"""

from __future__ import annotations

import gettext
import re
from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QCheckBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QPushButton,
    QTabBar,
    QToolButton,
    QWidget,
)

from crm_desktop import i18n

_PLACES = re.compile(r"(\{[^}]*\})")
_SLACK = 1


class Stretched(gettext.NullTranslations):
    """Says everything twice, between brackets."""

    def gettext(self, message: str) -> str:
        return stretched(message)


def stretched(text: str) -> str:
    """Twice as long; what is filled in stands once."""
    again = "".join(part for part in _PLACES.split(text) if not _PLACES.fullmatch(part))
    return f"[{text} {again.strip()}]" if again.strip() else f"[{text}]"


@contextmanager
def speaking_strangely() -> Iterator[None]:
    """Show all our words stretched, inside."""
    shown = i18n._Shown  # pyright: ignore[reportPrivateUsage]  # no language of users
    before = shown.catalog
    shown.catalog = Stretched()
    try:
        yield
    finally:
        shown.catalog = before


def clipped(window: QWidget) -> list[str]:
    """The labels, buttons and tabs in sight that show less than they say."""
    QApplication.processEvents()  # what was said last is laid out with the next turn
    found = [
        f"{type(x).__name__} in {type(x.parent()).__name__}: {_words(x)!r}"
        for x in window.findChildren(QWidget)
        if x.isVisible() and x.window() is window.window() and _is_clipped(x)
    ]
    return sorted(set(found))


def _is_clipped(widget: QWidget) -> bool:
    if widget.property("elides") or not _words(widget):
        return False
    if isinstance(widget, QLabel):
        return _is_label_clipped(widget)
    if isinstance(widget, QPushButton | QToolButton | QCheckBox | QAbstractButton):
        # What computes its height from its width wraps; all others need their whole width.
        if widget.hasHeightForWidth():
            return widget.heightForWidth(widget.width()) > widget.height() + _SLACK
        return widget.sizeHint().width() > widget.width() + _SLACK
    if isinstance(widget, QTabBar):
        return (
            widget.sizeHint().width() > widget.width() + _SLACK and not widget.usesScrollButtons()
        )
    return False


def _is_label_clipped(label: QLabel) -> bool:
    if label.wordWrap():
        return label.heightForWidth(label.width()) > label.height() + _SLACK
    return label.sizeHint().width() > label.width() + _SLACK


def _words(widget: QWidget) -> str:
    if isinstance(widget, QLabel | QAbstractButton):
        return widget.text()
    if isinstance(widget, QTabBar):
        return " | ".join(widget.tabText(n) for n in range(widget.count()))
    return ""


def controls(window: QWidget) -> list[QWidget]:
    """Everything in sight that takes the keyboard by Tab."""
    return [
        x
        for x in window.findChildren(QWidget)
        if x.isVisible()
        and x.isEnabled()
        and x.focusPolicy() & Qt.FocusPolicy.TabFocus
        and x.focusProxy() is None
        and not isinstance(x.parent(), QComboBox)
        and not x.objectName().startswith("qt_")
    ]


def is_named(widget: QWidget) -> bool:
    """Whether a screen reader has a name for it."""
    if widget.accessibleName():
        return True
    if isinstance(widget, QAbstractButton):
        return bool(widget.text())
    return isinstance(widget.parent(), QLineEdit)
