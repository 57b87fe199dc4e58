"""Small parts that the inbox's views share: words in a role, a small picture."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget
from typing_extensions import override

from crm_desktop.views.kit.delegates.grade import SIDE, paint_grade
from crm_desktop.views.kit.elided import Elided
from crm_desktop.views.kit.text import plain_label
from crm_desktop.views.theme.icons import SMALL, icon
from crm_desktop.views.theme.theme import theme


def label(parent: QWidget, text: str = "", *, role: str = "", tone: str = "") -> QLabel:
    """Words in a role of the style sheet, wrapped, never as markup."""
    made = plain_label(parent, text)
    if role:
        made.setProperty("role", role)
    if tone:
        made.setProperty("tone", tone)
    return made


def line_label(parent: QWidget, text: str = "", *, role: str = "", tone: str = "") -> QLabel:
    """Words that stay in one line."""
    made = label(parent, text, role=role, tone=tone)
    made.setWordWrap(False)
    return made


def elided_label(parent: QWidget, text: str = "", *, role: str = "", tone: str = "") -> Elided:
    """Words in one line that end in … where room is short; the tooltip has them whole."""
    made = Elided(parent)
    made.setProperty("role", role or None)
    made.setProperty("tone", tone or None)
    made.setText(text)
    return made


def title_label(parent: QWidget) -> QLabel:
    """The title of what is shown; it wraps and never makes the view wider."""
    made = label(parent, role="page")
    made.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    return made


class IconLabel(QLabel):
    """A small picture in a line of words; it asks for its colour when it is painted."""

    def __init__(self, name: str, token: str, parent: QWidget, size: int = SMALL) -> None:
        super().__init__(parent)
        self._icon = icon(name, token, size)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setFixedSize(size, size)

    def show_icon(self, name: str, token: str) -> None:
        """Show another picture."""
        self._icon = icon(name, token, self.width())
        self.update()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self._icon.paint(painter, self.rect(), Qt.AlignmentFlag.AlignCenter)


class GradeTile(QWidget):
    """The grade of the record that is shown."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._grade = ""
        self.setFixedSize(QSize(SIDE, SIDE))
        self.hide()

    def show_grade(self, grade: str, spoken: str) -> None:
        """Show a grade; nothing for none."""
        self._grade = grade
        self.setAccessibleName(spoken)
        self.setVisible(bool(grade))
        self.update()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        paint_grade(QPainter(self), self.rect(), self._grade, theme().tokens)
