"""The right side: the accounts that are due above, the visit chosen below."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from crm_desktop.i18n import tr
from crm_desktop.models.agenda import Due
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.kit.files import FilesSection
from crm_desktop.views.kit.links import Links
from crm_desktop.views.kit.scrolled import scrolled
from crm_desktop.views.panes.visits.due_list import DueList
from crm_desktop.views.panes.visits.visit_card import VisitCard
from crm_desktop.views.theme.theme import theme

WIDTH = 296
_DUE_SHARE, _CARD_SHARE = 300, 420
_FRAME = 2
_WIDEST = 16_777_215
"""Qt's own word for "as wide as you like" (QWIDGETSIZE_MAX)."""


class Side(QWidget):
    """Holds the list, the card, and what is said while either has nothing to show."""

    def __init__(self, links: Links, hub: DataHub, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.due = DueList(self)
        self.card = VisitCard(links, self)
        self.files = FilesSection(hub, self, host=self)
        self._count = QLabel(self)
        self._hint = QLabel(self)
        self._empty = QLabel(tr("Choose a visit, or drag over free time to plan one."), self)
        self.setProperty("surface", "alt")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedWidth(WIDTH)
        self._lay_out()
        self.show_card(shown=False)

    def fold(self, *, is_narrow: bool) -> None:
        """Take the whole width, as high as is needed, where it stands below the days."""
        if is_narrow:
            self.setMinimumSize(0, _DUE_SHARE + _CARD_SHARE)
            self.setMaximumWidth(_WIDEST)
        else:
            self.setMinimumHeight(0)
            self.setFixedWidth(WIDTH)

    def show_due(self, due: Due) -> None:
        """Show the accounts that are due."""
        self.due.show_due(due)
        self._count.setText(str(due.total) if due.total else "")
        self._hint.setText(
            tr("Drag a row onto a day, or press P to place it in the first gap.")
            if due.total
            else tr("No account is due in the next two weeks.")
        )
        self.due.setVisible(bool(due.total))
        # No higher than its rows, so that the hint stands below the last of them.
        self.due.setMaximumHeight(self.due.sizeHintForRow(0) * len(due.accounts) + _FRAME)

    def show_card(self, *, shown: bool) -> None:
        """Show the card, or what to do while there is no visit for it."""
        self.card.setVisible(shown)
        self._empty.setVisible(not shown)
        visit = self.card.record_id if shown else ""
        self.files.show_record("visit", visit)
        self.files.setVisible(bool(visit) and self.files.is_served)

    def show_draft_files(self, key: str) -> None:
        """Show the files of a visit that is not stored yet."""
        self.files.show_draft(key)
        self.files.setVisible(self.files.is_served)

    def _lay_out(self) -> None:
        for label, role, tone in ((self._count, "small", "ink3"), (self._hint, "small", "ink3"),
                                  (self._empty, "small", "ink3")):  # fmt: skip
            label.setProperty("role", role)
            label.setProperty("tone", tone)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(label is not self._count)
        self._hint.setContentsMargins(16, 8, 16, 8)
        self._hint.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeading)
        # Alone it takes all the room there is, so that no line of it is ever cut.
        policy = QSizePolicy.Policy
        self._hint.setSizePolicy(policy.Preferred, policy.MinimumExpanding)
        self._empty.setContentsMargins(16, 12, 16, 12)
        splitter = QSplitter(Qt.Orientation.Vertical, self)
        splitter.addWidget(self._due_part())
        splitter.addWidget(self._card_part())
        splitter.setSizes([_DUE_SHARE, _CARD_SHARE])
        splitter.setObjectName("due")
        splitter.setStretchFactor(0, 2)
        splitter.setStretchFactor(1, 3)
        splitter.setChildrenCollapsible(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(splitter)

    def _due_part(self) -> QWidget:
        part = QWidget(self)
        head = QWidget(part)
        head.setFixedHeight(theme().metrics.head)
        title = QLabel(tr("Due, not planned"), head)
        title.setTextFormat(Qt.TextFormat.PlainText)
        title.setProperty("role", "section")
        row = QHBoxLayout(head)
        row.setContentsMargins(16, 0, 16, 0)
        row.setSpacing(6)
        row.addWidget(title)
        row.addWidget(self._count)
        row.addStretch(1)
        line = QFrame(part)
        line.setProperty("role", "hairline")
        layout = QVBoxLayout(part)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(head)
        layout.addWidget(line)
        layout.addWidget(self.due, 1)
        layout.addWidget(self._hint)
        return part

    def _card_part(self) -> QWidget:
        page = QWidget(self)
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._empty)
        layout.addWidget(self.card)
        layout.addWidget(self.files)
        layout.addStretch(1)
        page.setProperty("surface", "alt")
        page.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        return scrolled(page, self)
