"""The card of an account beside the list: what one wants to know before a visit, and what to do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QMenu,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from crm_core.ids import RecordId
from crm_desktop.i18n import tr
from crm_desktop.models.cards import AccountCard, account_card, created_on
from crm_desktop.models.connection import Connection
from crm_desktop.models.replica import Summary
from crm_desktop.models.rights import rights_here
from crm_desktop.models.timeline import PAGE_ENTRIES, Entry, Timeline, timeline
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.kit.badge import Badge, state_of
from crm_desktop.views.kit.banner import Banner
from crm_desktop.views.kit.buttons import icon_button, normal
from crm_desktop.views.kit.delegates.grade import SIDE, paint_grade
from crm_desktop.views.kit.files import FilesSection
from crm_desktop.views.kit.permit import creation_refusal, edit_refusal
from crm_desktop.views.kit.section import MARGIN, Section
from crm_desktop.views.kit.source import taker_here
from crm_desktop.views.kit.text import text_of
from crm_desktop.views.kit.words import merged_words
from crm_desktop.views.panes.accounts import words
from crm_desktop.views.panes.accounts.sections import (
    ContactsSection,
    Facts,
    OpenSection,
    RevenueSection,
    TimelineSection,
)
from crm_desktop.views.theme.theme import theme

if TYPE_CHECKING:
    from crm_desktop.models.merging import Taker

_KINDS = frozenset(
    ("account", "account_contact", "contact", "interaction", "visit", "complaint", "plan",
     "plan_objective", "order", "address", "task", "user")
)  # fmt: skip
"""What a card shows: where one of these changes it is read again."""

_MADE = ("visit", "interaction", "plan", "complaint", "task")
"""What is made from a card."""


@dataclass(frozen=True)
class _Seen:
    """A card, and why the user may not edit it or make something from it: "edit" or a kind."""

    card: AccountCard
    refused: Mapping[str, str]
    taker: Taker | None = None


def _read_seen(connection: Connection, record_id: RecordId, entries: int) -> _Seen | None:
    card = account_card(connection, record_id, dt.date.today(), entries=entries)  # noqa: DTZ011  # the day here
    if card is None:
        return None
    rights, below = rights_here(connection), {"account": record_id}
    refused = {"edit": edit_refusal(rights.of("account", record_id))}
    for kind in _MADE:
        if not rights.may_create(kind, below):
            refused[kind] = creation_refusal(rights.who_creates(kind, below))
    return _Seen(card, refused, taker_here(connection, card.row))


class AccountCardView(QWidget):
    """Signals: `edit_asked`; `opened(kind, id)`; `new_asked(kind, values)`; `log_asked(id)`;
    `print_asked(AccountCard)`; `merge_asked`; `unmerge_asked`."""

    edit_asked = Signal()
    opened = Signal(str, str)
    new_asked = Signal(str, object)
    log_asked = Signal(str)
    print_asked = Signal(object)
    merge_asked = Signal()
    unmerge_asked = Signal()

    def __init__(self, hub: DataHub, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._hub = hub
        self._id = ""
        self._card: AccountCard | None = None
        self._taker: Taker | None = None
        self._gone = Banner(self)
        self._entries: list[Entry] = []
        self._shows_all = False
        self._grade = _Grade(self)
        self._name = text_of("record", self)
        self._badge = Badge("", self)
        self._place = text_of("small", self)
        self._acts: dict[str, QPushButton | QAction] = {}
        self._facts = Facts(self)
        self._revenue = RevenueSection(self)
        self._open = OpenSection(tr("Open"), self)
        self._contacts = ContactsSection(tr("Contacts"), self)
        self._files = FilesSection(hub, self, host=self, has_pin=True)
        self._timeline = TimelineSection(tr("Timeline"), self, link_words=tr("All"))
        self._body = QWidget(self)
        self._lay_out()
        self._connect()
        self._body.hide()

    # What the pane asks

    def show_record(self, record_id: str) -> None:
        """Show an account; the old one stays until the new one is here."""
        self._id = record_id
        self._shows_all = False
        self._files.show_record("account", record_id)
        if record_id:
            self._read()
        else:
            self._card = None
            self._body.hide()

    def take_summary(self, summary: Summary) -> None:
        """Read again where something of it may have changed."""
        if self._id and (summary.kinds & _KINDS or summary.conflicts_changed):
            self._read()

    @property
    def widget(self) -> QWidget:
        """Itself."""
        return self

    @property
    def files(self) -> FilesSection:
        """The files of the account."""
        return self._files

    @property
    def card(self) -> AccountCard | None:
        """What is shown."""
        return self._card

    # Reading

    def _read(self) -> None:
        record_id = RecordId(self._id)
        entries = max(PAGE_ENTRIES, len(self._entries)) if self._shows_all else PAGE_ENTRIES

        def job(connection: Connection) -> _Seen | None:
            return _read_seen(connection, record_id, entries)

        self._hub.read(job, self._show, owner=self, supersede="card")

    def _show(self, seen: _Seen | None) -> None:
        if seen is None or seen.card.id != self._id:
            return
        card = self._card = seen.card
        self._show_gone(seen)
        self._show_refused(seen.refused)
        today = dt.date.today()  # noqa: DTZ011  # the day here
        visit = words.next_visit(
            card.visits, card.text("grade"), created_on(card.row.values), today
        )
        self._grade.show_grade(card.text("grade"))
        self._name.setText(card.text("name"))
        self._badge.show_state(state_of(card.row))
        self._place.setText(" · ".join(x for x in (card.address, card.text("phone")) if x))
        self._place.setVisible(bool(self._place.text()))
        self._facts.show_card(card, visit, today)
        self._revenue.show_year(card.revenue)
        self._open.show_card(card, today)
        self._contacts.show_contacts(card.contacts)
        self._entries = list(card.timeline.entries)
        self._show_entries()
        self._body.show()

    def _show_gone(self, seen: _Seen) -> None:
        """A record that is gone says so, and leads to the one in its place."""
        self._taker = seen.taker
        if seen.taker is not None:
            said = merged_words(seen.card.text("name"), seen.taker.title)
            self._gone.say(said, action=tr("Open record") if seen.taker.title else "")
        elif seen.card.row.deleted:
            self._gone.say(tr("This record was deleted."))
        else:
            self._gone.hide()

    def _open_taker(self) -> None:
        if self._taker is not None:
            self.opened.emit("account", self._taker.record)

    def _show_refused(self, refused: Mapping[str, str]) -> None:
        """What may not be done here says why before it is tried."""
        has_plan = self._card is not None and self._card.plan is not None
        for kind, part in self._acts.items():
            why = "" if kind == "plan" and has_plan else refused.get(kind, "")
            part.setEnabled(not why)
            part.setToolTip(why)
        gone = self._card is not None and self._card.row.deleted
        self._acts["merge"].setEnabled(not gone)
        self._acts["unmerge"].setVisible(self._taker is not None)
        self._acts["unmerge"].setEnabled(not refused.get("edit"))

    def _show_entries(self) -> None:
        if self._card is not None:
            today = dt.date.today()  # noqa: DTZ011  # the day here
            self._timeline.show_entries(
                self._entries, self._card.entries, today, everything=self._shows_all
            )

    def _show_more(self) -> None:
        if not self._shows_all:
            self._shows_all = True
            self._show_entries()
            return
        if not self._entries:
            return
        record_id, last = RecordId(self._id), self._entries[-1].place

        def job(connection: Connection) -> Timeline:
            return timeline(connection, record_id, before=last)

        def add(page: Timeline) -> None:
            if record_id == self._id and self._entries and self._entries[-1].place == last:
                self._entries.extend(page.entries)
                self._show_entries()

        self._hub.read(job, add, owner=self, supersede="timeline")

    # Intentions

    def _plan_visit(self) -> None:
        self._ask_new("visit")

    def _ask_new(self, kind: str) -> None:
        if self._card is not None:
            self.new_asked.emit(kind, {"account": self._id})

    def _log(self) -> None:
        if self._id:
            self.log_asked.emit(self._id)

    def _open_plan(self) -> None:
        if self._card is None:
            return
        if self._card.plan is not None:
            self.opened.emit("plan", self._card.plan.id)
        else:
            self._ask_new("plan")

    def _edit(self) -> None:
        if self._id:
            self.edit_asked.emit()

    def _merge(self) -> None:
        if self._id:
            self.merge_asked.emit()

    def _unmerge(self) -> None:
        self.unmerge_asked.emit()

    def _print(self) -> None:
        if self._card is not None:
            self.print_asked.emit(self._card)

    def _pass_on(self, kind: str, record_id: str) -> None:
        self.opened.emit(kind, record_id)

    # Parts

    def _lay_out(self) -> None:
        head = QVBoxLayout()
        head.setContentsMargins(MARGIN, 12, MARGIN, 10)
        head.setSpacing(4)
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(self._grade, 0, Qt.AlignmentFlag.AlignTop)
        line.addWidget(self._name, 1)
        line.addWidget(self._badge, 0, Qt.AlignmentFlag.AlignTop)
        self._name.setMinimumWidth(40)
        head.addLayout(line)
        head.addWidget(self._place)
        head.addSpacing(4)
        head.addLayout(self._actions())
        column = QVBoxLayout(self._body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        for part in self._sections():
            column.addWidget(part)
        column.addStretch(1)
        scroll = QScrollArea(self)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(self._body)
        for surface in (scroll, self._body):
            surface.setProperty("surface", "alt")
            surface.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        scroll.setAccessibleName(tr("Account card"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._gone)
        layout.addWidget(scroll)

    def _sections(self) -> tuple[Section, ...]:
        return (
            self._facts, self._revenue, self._open, self._contacts, self._files, self._timeline
        )  # fmt: skip

    def _actions(self) -> QHBoxLayout:
        visit = normal(tr("Plan visit"), self, icon="calendar")
        log = normal(tr("Log"), self, icon="phone")
        plan = normal(tr("Plan"), self, icon="plans")
        for button, slot in ((visit, self._plan_visit), (log, self._log), (plan, self._open_plan)):
            button.clicked.connect(slot)
        self._acts |= {"visit": visit, "interaction": log, "plan": plan}
        row = QHBoxLayout()
        row.setSpacing(6)
        for button in (visit, log, plan):
            row.addWidget(button)
        row.addWidget(self._more_button())
        row.addStretch(1)
        return row

    def _more_button(self) -> QToolButton:
        more = icon_button("more", tr("More for this account"), self, edged=True)
        menu = QMenu(more)
        menu.setToolTipsVisible(True)
        entries = (
            ("edit", tr("Edit"), self._edit, "Ctrl+E"),
            ("", tr("Print card…"), self._print, "Ctrl+P"),
            ("merge", tr("Merge with…"), self._merge, ""),
            ("unmerge", tr("Take the merge back"), self._unmerge, ""),
            ("complaint", tr("New complaint"), partial(self._ask_new, "complaint"), ""),
            ("task", tr("New task"), partial(self._ask_new, "task"), ""),
        )
        for kind, text, slot, keys in entries:
            action = QAction(text, self)
            if kind:
                self._acts[kind] = action
            action.triggered.connect(slot)
            if keys:
                action.setShortcut(keys)
                action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
                self.addAction(action)
            menu.addAction(action)
        more.setMenu(menu)
        more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        return more

    def _connect(self) -> None:
        for part in self._sections():
            part.opened.connect(self._pass_on)
        self._timeline.asked.connect(self._show_more)
        self._gone.acted.connect(self._open_taker)


class _Grade(QWidget):
    """A grade's tile."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._grade = ""
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def show_grade(self, grade: str) -> None:
        """Show a grade; "" hides the tile."""
        self._grade = grade
        self.setAccessibleName(tr("Grade {grade}", grade=grade) if grade else "")
        self.setVisible(bool(grade))
        self.update()

    @override
    def sizeHint(self) -> QSize:
        return QSize(SIDE, SIDE + 2)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_grade(painter, self.rect(), self._grade, theme().tokens)
        painter.end()
