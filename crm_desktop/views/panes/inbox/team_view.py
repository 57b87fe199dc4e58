"""A colleague's refused change: why, what was wanted, and to enter it in one's own name."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget
from typing_extensions import override

from crm_core.errors import CrmError
from crm_desktop.i18n import tr
from crm_desktop.models import team_work
from crm_desktop.models.replica import Summary
from crm_desktop.models.store import Store
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.kit.buttons import flat, normal, primary
from crm_desktop.views.kit.choice import when_words
from crm_desktop.views.kit.gone import let_go
from crm_desktop.views.kit.scrolled import scrolled
from crm_desktop.views.panes.inbox.detail import MARGIN, Detail, foot_line
from crm_desktop.views.panes.inbox.entry import kind_words
from crm_desktop.views.panes.inbox.parts import label, line_label
from crm_desktop.views.panes.inbox.reason import ReasonBox
from crm_desktop.views.panes.inbox.team import TeamRefusal

_STRETCH = (2, 3, 3)


class TeamView(Detail):
    """Decides what a colleague could not.

    Signals: `opened(kind, id)`; `failed(CrmError)`; `entered(words)` and `left(Refusal)` when
    nothing of it waits any more.
    """

    opened = Signal(str, str)
    failed = Signal(object)
    entered = Signal(str)
    left = Signal(object)

    def __init__(self, hub: DataHub, parent: QWidget | None = None) -> None:
        super().__init__("rejected", parent)
        self._hub = hub
        self._entry: TeamRefusal | None = None
        self._table: QWidget | None = None
        self._about = line_label(self, role="small", tone="ink2")
        self._page = QWidget(self)
        self._reason = ReasonBox(self._page)
        self._open = flat(tr("Open record"), self)
        self._leave = normal(tr("Done with it"), self)
        self._enter = primary(tr("Enter it in my name"), self, keys="Ctrl+Return")
        self._lay_out()
        self._enter.clicked.connect(self.apply)
        self._leave.clicked.connect(self.leave)
        self._open.clicked.connect(self._tell_opened)

    def show_entry(self, entry: TeamRefusal) -> None:
        """Show what a colleague wanted."""
        if entry == self._entry:
            return
        self._entry = entry
        self._state.setText(tr("Refused to {who}", who=entry.who))
        kind = kind_words(entry.refusal.change.kind)
        self._about.setText(f"· {kind} · {when_words(entry.refusal.at)}")
        self._title.setText(entry.title)
        self._reason.show_reason(
            entry.why, tr("It waits on the device of {who}, who keeps it.", who=entry.who), "bad"
        )
        self._open.setVisible(entry.is_here)
        self._show_values(entry)

    @override
    def begin(self) -> None:
        """Give the keyboard to the main act."""
        self._enter.setFocus(Qt.FocusReason.TabFocusReason)

    @override
    def apply(self) -> None:
        """Write it in this user's name."""
        entry = self._entry
        if entry is None:
            return

        def job(store: Store) -> Summary:
            return team_work.enter(store, entry.refusal, entry.who)

        def tell(_summary: Summary) -> None:
            said = tr("Entered for {who}: {title}.", who=entry.who, title=entry.title)
            self.entered.emit(said)

        self._hub.write(job, owner=self, then=tell, failed=self._tell_failure)

    def leave(self) -> None:
        """Be done with it."""
        entry = self._entry
        if entry is None:
            return

        def job(store: Store) -> Summary:
            team_work.leave(store, entry.refusal)
            return Summary(outbox_changed=True)

        def tell(_summary: Summary) -> None:
            self.left.emit(entry.refusal)

        self._hub.write(job, owner=self, then=tell, failed=self._tell_failure)

    def _tell_failure(self, error: CrmError) -> None:
        self.failed.emit(error)

    def _tell_opened(self) -> None:
        if self._entry is not None:
            change = self._entry.refusal.change
            self.opened.emit(change.kind, change.id)

    def _show_values(self, entry: TeamRefusal) -> None:
        if self._table is not None:
            let_go(self._table, self._rows)
        self._table = QWidget(self._page)
        grid = QGridLayout(self._table)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(8)
        for column, stretch in enumerate(_STRETCH):
            grid.setColumnStretch(column, stretch)
        heads = (tr("Field"), tr("Wanted by {who}", who=entry.who), tr("Stands now"))
        for column, head in enumerate(heads):
            grid.addWidget(label(self._table, head, role="caption"), 0, column)
        for n, one in enumerate(entry.values, start=1):
            grid.addWidget(label(self._table, one.label, role="name"), n, 0)
            grid.addWidget(label(self._table, one.wanted), n, 1)
            grid.addWidget(label(self._table, one.stands, tone="ink2"), n, 2)
        self._rows.insertWidget(1, self._table)

    def _lay_out(self) -> None:
        self._rows = QVBoxLayout(self._page)
        self._rows.setContentsMargins(MARGIN, 14, MARGIN, 14)
        self._rows.setSpacing(14)
        self._rows.addWidget(self._reason)
        self._rows.addStretch(1)
        foot = foot_line()
        foot.addWidget(self._open)
        foot.addStretch(1)
        foot.addWidget(self._leave)
        foot.addWidget(self._enter)
        self._frame(scrolled(self._page, self), about=(self._about,), foot=foot)
