"""The head of a complaint: number, account and severity in one line, below it what it is about."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget
from typing_extensions import override

from crm_core.catalog import CATALOG
from crm_desktop.i18n import tr
from crm_desktop.models.complaints import CaseDetail
from crm_desktop.views.kit.buttons import link
from crm_desktop.views.kit.delegates.grade import SIDE, paint_grade
from crm_desktop.views.kit.words import account_words, code_words
from crm_desktop.views.theme.fonts import font
from crm_desktop.views.theme.theme import theme

_SEVERITY = CATALOG["complaint"].by_name["severity"]
_MARKS = {"critical": ("◆", "bad"), "major": ("◆", "bad"), "minor": ("▲", "warn")}


class CaseHead(QWidget):
    """Signal: `opened(kind, id)` for the account."""

    opened = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._account_id = ""
        self._number = _small(self)
        self._grade = _Tile(self)
        self._account = link("", self)
        self._account.setAccessibleName(tr("Account"))
        self._severity = _small(self)
        self._title = QLabel(self)
        self._title.setTextFormat(Qt.TextFormat.PlainText)
        self._title.setProperty("role", "page")
        self._title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        first = QHBoxLayout()
        first.setSpacing(6)
        for part in (self._number, self._grade, self._account, self._severity):
            first.addWidget(part)
        first.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(first)
        layout.addWidget(self._title)
        self._account.clicked.connect(self._tell_opened)

    def show_case(self, detail: CaseDetail) -> None:
        """Show a complaint."""
        case = detail.case
        number = case.number
        if number and case.is_provisional:
            number = tr("{number} (provisional)", number=number)
        self._number.setText(f"{number} ·" if number else "")
        self._grade.show_grade(case.grade)
        self._account_id = case.account
        self._account.setText(account_words(case.account_name))
        self._account.setAccessibleName(tr("Account: {name}", name=self._account.text()))
        mark, tone = _MARKS.get(case.severity, ("", "ink3"))
        words = code_words(_SEVERITY, case.severity) if case.severity else tr("not assessed")
        self._severity.setText(f"· {mark} {words}".replace("  ", " "))
        self._severity.setProperty("tone", tone)
        self._severity.style().unpolish(self._severity)
        self._severity.style().polish(self._severity)
        title = case.subject or tr("Complaint")
        if detail.row.deleted:
            title = tr("{title} (deleted)", title=title)
        self._title.setText(title)
        self._title.setToolTip(title)

    def _tell_opened(self) -> None:
        if self._account_id:
            self.opened.emit("account", self._account_id)


class _Tile(QWidget):
    """The grade's tile."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._grade = ""
        self.setFixedSize(QSize(SIDE, SIDE))
        theme().changed.connect(self.update)

    def show_grade(self, grade: str) -> None:
        """Show a grade; nothing for none."""
        self._grade = grade
        self.setVisible(bool(grade))
        self.setAccessibleName(tr("grade {grade}", grade=grade) if grade else "")
        self.setFont(font("badge"))
        self.update()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        paint_grade(QPainter(self), self.rect(), self._grade, theme().tokens)


def _small(parent: QWidget) -> QLabel:
    label = QLabel(parent)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setProperty("role", "small")
    return label
