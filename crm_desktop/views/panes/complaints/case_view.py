"""One complaint: head with its steps, stages, clocks, what is asked, wishes and log."""

from __future__ import annotations

import datetime as dt
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QSizePolicy,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from crm_core.complaint_steps import Offer, offer
from crm_desktop.i18n import tr
from crm_desktop.models.complaints import CaseDetail
from crm_desktop.models.rights import EVERYTHING, May
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.kit.buttons import icon_button, link, normal, primary
from crm_desktop.views.kit.files import FilesSection
from crm_desktop.views.kit.hairline import hairline
from crm_desktop.views.kit.links import Links
from crm_desktop.views.kit.permit import edit_refusal, field_refusal
from crm_desktop.views.kit.text import text_of
from crm_desktop.views.panes.complaints.asking import AskForm
from crm_desktop.views.panes.complaints.case_head import CaseHead
from crm_desktop.views.panes.complaints.clock_row import ClockRow
from crm_desktop.views.panes.complaints.events import EventList, happenings
from crm_desktop.views.panes.complaints.stage_bar import StageBar, stops_of
from crm_desktop.views.panes.complaints.step_words import button_words
from crm_desktop.views.panes.complaints.supervision_line import SupervisionLine
from crm_desktop.views.panes.complaints.wants import WantsView

_WANTS, _EVENTS = 352, 364


class CaseView(QWidget):
    """Signals: `step_asked(stage)`, `note_asked`, `edit_asked`, `hand_over_asked`,
    `supervision_asked`, `supervision_lifted`, `reply_asked`, `need_toggled(code, is_on)`,
    `opened(kind, id)`."""

    step_asked = Signal(str)
    note_asked = Signal()
    edit_asked = Signal()
    hand_over_asked = Signal()
    supervision_asked = Signal()
    supervision_lifted = Signal()
    reply_asked = Signal()
    need_toggled = Signal(str, bool)
    opened = Signal(str, str)

    def __init__(self, links: Links, hub: DataHub, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._detail: CaseDetail | None = None
        self._offer = Offer("", (), ())
        self._may = EVERYTHING
        self._why = text_of("small", self)
        self._supervision = SupervisionLine(self)
        self._head = CaseHead(self)
        self._pause = normal(tr("Pause…"), self, icon="pause")
        self._main = primary("", self)
        self._main.setAccessibleName(tr("Next step"))
        self._more = icon_button("more", tr("More steps"), self, edged=True)
        self._stages = StageBar(self)
        self._clocks = ClockRow(self)
        self._form = AskForm(links, self)
        self._wants = WantsView(self)
        self._files = FilesSection(hub, self, host=self, margin=0, is_ruled=False)
        self._events = EventList(self)
        self._count = QLabel(self)
        self._note = link(tr("+ Note"), self)
        self._lay_out()
        self._connect()

    def show_case(
        self, detail: CaseDetail, now: dt.datetime, *, may: May, may_approve: bool
    ) -> None:
        """Show a complaint as it stands at a moment, and what of it the user may change."""
        self._detail, self._may = detail, may
        state = detail.case.state
        self._files.show_record("complaint", detail.row.id)
        locked = detail.row.deleted or not may.edit
        self._why.setText(edit_refusal(may))
        self._why.setVisible(not may.edit and not detail.row.deleted)
        self._offer = Offer("", (), ()) if locked else offer(state, may_approve=may_approve)
        self._head.show_case(detail)
        self._supervision.show_case(detail, may_reply=not locked)
        self._show_buttons()
        if self._offer.main:
            words = button_words(state, self._offer.main)
            self._main.setText(words)
            self._main.setAccessibleName(words)
        self._more.setVisible(not locked)
        self._note.setVisible(not locked)
        self._wants.set_locked(locked)
        self._wants.show_case(detail)
        self.show_moment(now)

    def show_form(self, shown: bool) -> None:
        """Show or hide what is asked; its own button is then the one main action."""
        self._form.setVisible(shown)
        self._show_buttons()

    def show_moment(self, now: dt.datetime) -> None:
        """The clocks at another moment; nothing else has changed."""
        if self._detail is None:
            return
        self._supervision.show_moment(now)
        case, events = self._detail.case, self._detail.events
        readings = case.readings(now)
        self._clocks.show_readings(readings, now)
        self._stages.show_stops(stops_of(case.state, events, now))
        channel = str(self._detail.row.values.get("channel") or "")
        entries = happenings(events, readings, channel, now)
        self._events.events.show(entries)
        self._count.setText(str(len(entries)))

    @property
    def form(self) -> AskForm:
        """What is asked between the clocks and the rest; hidden where nothing is."""
        return self._form

    @property
    def wants(self) -> WantsView:
        """What the customer wants."""
        return self._wants

    @property
    def clocks(self) -> ClockRow:
        """The clocks."""
        return self._clocks

    @property
    def stages(self) -> StageBar:
        """The stages."""
        return self._stages

    @property
    def files(self) -> FilesSection:
        """The files of the complaint."""
        return self._files

    @property
    def events(self) -> EventList:
        """The log."""
        return self._events

    @property
    def why_not(self) -> str:
        """Why the complaint may not be changed, or ""."""
        return self._why.text()

    @property
    def main_button(self) -> QPushButton:
        """The step that usually follows."""
        return self._main

    @property
    def pause_button(self) -> QPushButton:
        """Pauses the clocks."""
        return self._pause

    def steps_menu(self, targets: tuple[str, ...], *, whole: bool = False) -> QMenu:
        """A menu of steps; `whole` adds what is no step."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        state = self._detail.case.state if self._detail is not None else ""
        if whole:
            menu.addAction(tr("Edit"), self._tell_edit)
            menu.addAction(tr("Add a note"), self._tell_note)
            self._add_hand_over(menu)
            self._add_supervision(menu)
            if targets:
                menu.addSeparator()
        for target in targets:
            menu.addAction(button_words(state, target), partial(self.step_asked.emit, target))
        return menu

    def _add_hand_over(self, menu: QMenu) -> None:
        """Handing over, where this user may not with the reason."""
        why = field_refusal(self._may, "handler")
        act = menu.addAction(tr("Hand over…"), self._tell_hand_over)
        act.setEnabled(not why)
        if why:
            act.setToolTip(why)
            menu.setToolTipsVisible(True)

    def _add_supervision(self, menu: QMenu) -> None:
        """Supervising and its end, where this user may not with the reason."""
        why = field_refusal(self._may, "supervisor")
        acts = [menu.addAction(tr("Supervise…"), self.supervision_asked.emit)]
        if self._supervision.is_on:
            acts.append(menu.addAction(tr("End the supervision"), self.supervision_lifted.emit))
        for act in acts:
            act.setEnabled(not why)
            if why:
                act.setToolTip(why)
                menu.setToolTipsVisible(True)

    @property
    def supervision(self) -> SupervisionLine:
        """Who supervises the complaint."""
        return self._supervision

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(20, 10, 20, 2)
        head.setSpacing(8)
        head.addWidget(self._head, 1)
        for button in (self._pause, self._main, self._more):
            head.addWidget(button)
        bar = QHBoxLayout()
        bar.setContentsMargins(6, 0, 6, 4)
        bar.addWidget(self._stages)
        right = QWidget(self)
        column = QVBoxLayout(right)
        column.setContentsMargins(20, 8, 20, 0)
        column.setSpacing(10)
        column.addWidget(self._files)
        column.addLayout(self._events_head())
        column.addWidget(self._events, 1)
        splitter = QSplitter(Qt.Orientation.Horizontal, self)
        splitter.setObjectName("wants")
        splitter.setHandleWidth(1)
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self._wants)
        splitter.addWidget(right)
        splitter.setSizes([_WANTS, _EVENTS])
        self._wants.setMinimumWidth(260)
        right.setMinimumWidth(240)
        self._form.hide()
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addLayout(head)
        self._why.setContentsMargins(20, 0, 20, 6)
        self._why.hide()
        whole.addWidget(self._why)
        whole.addWidget(self._supervision)
        whole.addLayout(bar)
        for part in (hairline(self), self._clocks, hairline(self), self._form):
            whole.addWidget(part)
        splitter.setMinimumHeight(140)
        whole.addWidget(splitter, 1)

    def _events_head(self) -> QHBoxLayout:
        title = QLabel(tr("Events"), self)
        for label in (title, self._count):
            label.setTextFormat(Qt.TextFormat.PlainText)
        title.setProperty("role", "section")
        self._count.setProperty("tone", "ink3")
        self._count.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._note.setAccessibleName(tr("Add a note"))
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(title)
        row.addWidget(self._count, 1)
        row.addWidget(self._note)
        return row

    def _connect(self) -> None:
        self._main.clicked.connect(self._ask_main)
        self._pause.clicked.connect(self._open_pauses)
        self._more.clicked.connect(self._open_more)
        self._note.clicked.connect(self._tell_note)
        self._supervision.reply_asked.connect(self.reply_asked)
        self._wants.edit_asked.connect(self._tell_edit)
        self._wants.need_toggled.connect(self.need_toggled)
        self._wants.opened.connect(self.opened)
        self._head.opened.connect(self.opened)

    def _show_buttons(self) -> None:
        is_asking = not self._form.isHidden()
        self._main.setVisible(bool(self._offer.main) and not is_asking)
        self._pause.setVisible(bool(self._offer.pauses) and not is_asking)

    def _ask_main(self) -> None:
        if self._offer.main:
            self.step_asked.emit(self._offer.main)

    def _open_pauses(self) -> None:
        menu = self.steps_menu(self._offer.pauses)
        menu.popup(self._pause.mapToGlobal(self._pause.rect().bottomLeft()))

    def _open_more(self) -> None:
        menu = self.steps_menu(self._offer.others, whole=True)
        menu.popup(self._more.mapToGlobal(self._more.rect().bottomLeft()))

    def _tell_note(self) -> None:
        self.note_asked.emit()

    def _tell_edit(self) -> None:
        self.edit_asked.emit()

    def _tell_hand_over(self) -> None:
        self.hand_over_asked.emit()
