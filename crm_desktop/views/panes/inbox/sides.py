"""The right-hand side of the inbox: a conflict side by side, refused work, or a remark."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from crm_core.catalog import CATALOG
from crm_core.errors import InvalidValue
from crm_core.fields import Value
from crm_core.i18n import Message
from crm_desktop.i18n import tr, words
from crm_desktop.models.inbox import StuckRow
from crm_desktop.views.kit.choice import ChoiceRow
from crm_desktop.views.kit.links import Links
from crm_desktop.views.kit.scrolled import scrolled
from crm_desktop.views.kit.text import caption, heading, plain_label, section
from crm_desktop.views.kit.words import local_time
from crm_desktop.views.panes.inbox.read import Dispute, Stuck

_MARGIN = 16
_STRETCH = (2, 3, 4, 4, 4)


class DisputeView(QWidget):
    """One record's conflicts, field by field. Signal: `resolved([(conflict, value)])`."""

    resolved = Signal(list)
    opened = Signal(str, str)

    def __init__(self, links: Links, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._links = links
        self._dispute: Dispute | None = None
        self._rows: list[ChoiceRow] = []
        self._title = heading(self)
        self._kind = caption(self)
        self._count = plain_label(self)
        self._apply = QPushButton(tr("Apply"), self)
        self._apply.setShortcut("Ctrl+Return")
        self._body = QVBoxLayout()
        self._page: QWidget | None = None
        self._lay_out()

    def show_dispute(self, dispute: Dispute) -> None:
        """Show a record's conflicts; what was chosen and not applied stays while they stand."""
        if dispute == self._dispute:
            return
        self._dispute = dispute
        self._title.setText(dispute.title)
        kind = CATALOG[dispute.kind].label if dispute.kind in CATALOG else dispute.kind
        self._kind.setText(tr("Conflict · {kind}", kind=kind))
        self._show_rows(dispute)
        self._show_count()

    @property
    def rows(self) -> list[ChoiceRow]:
        """The conflicts on show."""
        return self._rows

    def apply(self) -> None:
        """Hand over what was decided."""
        try:
            results: list[tuple[str, Value]] = [
                (row.decision.conflict.id, row.result()) for row in self._rows if row.is_decided
            ]
        except InvalidValue:
            return  # the row says why
        if results:
            self.resolved.emit(results)

    def _show_rows(self, dispute: Dispute) -> None:
        if self._page is not None:
            self._body.removeWidget(self._page)
            self._page.deleteLater()
        page = QWidget(self)
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(14)
        titles = (tr("Field"), tr("Base"), tr("Mine"), tr("Theirs"), tr("What everyone will see"))
        for column, text in enumerate(titles):
            grid.addWidget(section(page, text), 0, column)
            grid.setColumnStretch(column, _STRETCH[column])
        self._rows = [ChoiceRow(x, self._links, page) for x in dispute.decisions]
        for n, row in enumerate(self._rows, start=1):
            row.place(grid, n, page)
            row.decided.connect(self._show_count)
        layout = QVBoxLayout(page)
        layout.setContentsMargins(_MARGIN, _MARGIN, _MARGIN, _MARGIN)
        layout.addLayout(grid)
        layout.addStretch(1)
        self._page = scrolled(page, self)
        self._body.addWidget(self._page)

    def _show_count(self) -> None:
        decided = sum(row.is_decided for row in self._rows)
        total = len(self._rows)
        self._count.setText(
            tr("{decided} of {total} decided; nothing is sent until you apply.",
               decided=decided, total=total)
        )  # fmt: skip
        self._apply.setEnabled(decided > 0)

    def _take_mine(self) -> None:
        for row in self._rows:
            row.take(mine=True)

    def _take_theirs(self) -> None:
        for row in self._rows:
            row.take(mine=False)

    def _open(self) -> None:
        if self._dispute is not None:
            self.opened.emit(self._dispute.kind, self._dispute.record)

    def _lay_out(self) -> None:
        open_record = QPushButton(tr("Open record"), self)
        all_mine = QPushButton(tr("All mine"), self)
        all_theirs = QPushButton(tr("All theirs"), self)
        open_record.clicked.connect(self._open)
        all_mine.clicked.connect(self._take_mine)
        all_theirs.clicked.connect(self._take_theirs)
        self._apply.clicked.connect(self.apply)
        names = QVBoxLayout()
        names.addWidget(self._kind)
        names.addWidget(self._title)
        head = QHBoxLayout()
        head.setContentsMargins(_MARGIN, 12, _MARGIN, 4)
        head.addLayout(names, 1)
        for button in (open_record, all_mine, all_theirs):
            head.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        foot = QHBoxLayout()
        foot.setContentsMargins(_MARGIN, 8, _MARGIN, 12)
        foot.addWidget(self._count, 1)
        foot.addWidget(self._apply)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(head)
        layout.addLayout(self._body, 1)
        layout.addLayout(foot)


class StuckView(QWidget):
    """Work that the server refused, or whose record went out of sight; the ways out as buttons."""

    resend_asked = Signal(str)
    draft_asked = Signal(str)
    discard_asked = Signal(str)
    opened = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._row: StuckRow | None = None
        self._title = heading(self)
        self._when = caption(self)
        self._why = plain_label(self)
        self._mine = plain_label(self)
        self._open = QPushButton(tr("Open record and fix it"), self)
        self._resend = QPushButton(tr("Send again"), self)
        self._draft = QPushButton(tr("Keep as draft"), self)
        self._discard = QPushButton(tr("Discard my change"), self)
        buttons = QHBoxLayout()
        for button in (self._open, self._resend, self._draft, self._discard):
            buttons.addWidget(button)
        buttons.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(_MARGIN, 12, _MARGIN, _MARGIN)
        layout.setSpacing(10)
        for widget in (self._when, self._title, self._why, section(self, tr("My change"))):
            layout.addWidget(widget)
        layout.addWidget(self._mine)
        layout.addLayout(buttons)
        layout.addStretch(1)
        self._open.clicked.connect(self._tell_open)
        self._resend.clicked.connect(self._tell_resend)
        self._draft.clicked.connect(self._tell_draft)
        self._discard.clicked.connect(self._tell_discard)

    def show_stuck(self, entry: Stuck, reason: Message) -> None:
        """Show what was refused and why."""
        row = entry.row
        self._row = row
        self._title.setText(row.title or row.label)
        self._when.setText(f"{row.label} · {local_time(row.at)}")
        self._why.setText(words(reason))
        self._mine.setText(entry.mine)
        is_orphaned = row.state == "orphaned"
        self._open.setVisible(not is_orphaned)
        self._resend.setVisible(row.state == "rejected")
        self._draft.setVisible(not is_orphaned)

    def _tell_open(self) -> None:
        if self._row is not None:
            self.opened.emit(self._row.kind, self._row.record)

    def _tell_resend(self) -> None:
        if self._row is not None:
            self.resend_asked.emit(self._row.cs_id)

    def _tell_draft(self) -> None:
        if self._row is not None:
            self.draft_asked.emit(self._row.cs_id)

    def _tell_discard(self) -> None:
        if self._row is not None:
            self.discard_asked.emit(self._row.cs_id)


class NoteView(QWidget):
    """A title and a remark, where there is nothing to decide."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = heading(self)
        self._second = caption(self)
        self._text = plain_label(self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(_MARGIN, 12, _MARGIN, _MARGIN)
        layout.setSpacing(8)
        for widget in (self._title, self._second, self._text):
            layout.addWidget(widget)
        layout.addStretch(1)

    def show_note(self, title: str, second: str, text: str) -> None:
        """Show it."""
        self._title.setText(title)
        self._second.setText(second)
        self._text.setText(text)
