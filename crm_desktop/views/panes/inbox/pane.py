"""The inbox: whatever waits for a person, with everything needed to decide; closing it decides
nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QApplication, QSplitter, QStackedWidget, QVBoxLayout, QWidget
from typing_extensions import override

from crm_core.errors import CrmError
from crm_core.ids import ChangeSetId
from crm_core.wire import HistoryEntry
from crm_desktop.i18n import tr
from crm_desktop.models.connection import Connection
from crm_desktop.models.inbox import QueueRow
from crm_desktop.models.inbox_facts import SettledRow
from crm_desktop.models.queue import HeldRow
from crm_desktop.models.replica import Summary
from crm_desktop.runtime.hub import DataHub
from crm_desktop.runtime.standing import Standing
from crm_desktop.views.kit.empty import EmptyPane
from crm_desktop.views.kit.finder import Finder
from crm_desktop.views.kit.taking_back import TakingBack
from crm_desktop.views.panes.inbox.alike import alike
from crm_desktop.views.panes.inbox.deciding import DecidingDesk
from crm_desktop.views.panes.inbox.detail import Detail
from crm_desktop.views.panes.inbox.discarding import Discarding
from crm_desktop.views.panes.inbox.dispute import APPLY_KEYS, Alike, DisputeView
from crm_desktop.views.panes.inbox.entries import reason
from crm_desktop.views.panes.inbox.entry import Entry, Tab
from crm_desktop.views.panes.inbox.exporting import Exporting
from crm_desktop.views.panes.inbox.facts import Facts, named, read_facts
from crm_desktop.views.panes.inbox.file_keeping import FileKeeping
from crm_desktop.views.panes.inbox.queue_desk import QueueDesk
from crm_desktop.views.panes.inbox.queue_view import QueueView
from crm_desktop.views.panes.inbox.read import (
    HISTORY_ALL,
    HISTORY_MAX,
    Contents,
    Dispute,
    PartInWords,
    Stuck,
    Travelling,
    read_contents,
    read_files,
    read_parts,
)
from crm_desktop.views.panes.inbox.side import InboxSide
from crm_desktop.views.panes.inbox.step import StepView
from crm_desktop.views.panes.inbox.stuck import StuckView
from crm_desktop.views.panes.inbox.team import TeamRefusal
from crm_desktop.views.panes.inbox.team_desk import TeamDesk
from crm_desktop.views.panes.inbox.team_view import TeamView
from crm_desktop.views.panes.inbox.twin_view import TwinView
from crm_desktop.views.panes.inbox.twins import Twin

_LIST_WIDTH, _LIST_WIDTH_MIN = 312, 240
_DETAIL_WIDTH = 792
_UNDO = QKeySequence.StandardKey.Undo


class InboxPane(QWidget):
    """List of what waits, and the place to decide.

    Signals: `counted(int)` how many wait; `opened(kind, id)`; `failed(CrmError)`; `said(words)`;
    `done(words)` of what Undo takes back; `sync_asked()`; `merged(kind, id of the record that
    stays, words)`.
    """

    counted = Signal(int)
    opened = Signal(str, str)
    failed = Signal(object)
    said = Signal(str)
    done = Signal(str)
    sync_asked = Signal()
    merged = Signal(str, str, str)

    def __init__(self, hub: DataHub, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._hub = hub
        self._contents: Contents | None = None
        self._entry: Entry | None = None
        links = Finder(hub)
        self._side = InboxSide(self)
        self._right = QStackedWidget(self)
        self._nothing = EmptyPane("inbox", tr("Nothing needs you."), "", "", self)
        self._dispute = DisputeView(links, self)
        self._stuck = StuckView(links, self)
        self._step = StepView(self)
        self._queue = QueueView(self)
        self._twin = TwinView(hub, self)
        self._team_view = TeamView(hub, self)
        self._team = TeamDesk(hub, self)
        self._standing = Standing()
        self._deciding = DecidingDesk(hub, self._dispute, self._stuck, self)
        self._back = TakingBack(hub, self)
        self._discarding = Discarding(hub, self._stuck, self._back, self)
        self._desk = QueueDesk(hub, self._queue, self._step, self)
        self.exporting = Exporting(hub, self)
        self._behind = HISTORY_MAX
        self._keys = [QShortcut(QKeySequence(x), self) for x in (APPLY_KEYS, "Ctrl+Enter")]
        self._lay_out()
        self._connect()
        self.refresh()

    def refresh(self) -> None:
        """Read everything again."""
        me, sparing, behind = self._hub.identity.user, self._files_rest, self._behind

        def job(connection: Connection) -> Contents:
            return read_contents(connection, me, sparing=sparing, behind=behind)

        self._hub.read(job, self._show, owner=self, supersede="inbox")

    def _read_all(self) -> None:
        self._behind = HISTORY_ALL
        self.refresh()

    @property
    def _files_rest(self) -> bool:
        return self._hub.files is not None and self._hub.files.rests()

    def _look_at_files(self) -> None:
        """A file has another state: read these alone."""
        sparing = self._files_rest

        def job(connection: Connection) -> tuple[Travelling, ...]:
            return read_files(connection, sparing=sparing)

        self._hub.read(job, self._show_files, owner=self, supersede="inbox files")

    def _show_files(self, files: tuple[Travelling, ...]) -> None:
        if self._contents is not None and self._contents.files != files:
            self._contents = replace(self._contents, files=files)
            self._side.show_contents(self._contents)

    def take_summary(self, summary: Summary) -> None:
        """Refresh where something of the inbox may have changed."""
        if summary.conflicts_changed or summary.outbox_changed or summary.kinds_reset:
            self.refresh()
        if summary.outbox_changed:
            self._team.read()

    def choose_first(self) -> None:
        """Show the first entry."""
        self._side.tree.choose_first()

    def show_queue(self) -> None:
        """Go to what waits to be sent."""
        self._side.show_tab(Tab.QUEUE)

    def show_standing(self, standing: Standing) -> None:
        """How things stand with the server: what waits says so."""
        self._standing = standing
        self._queue.show_standing(standing)

    @property
    def dispute(self) -> DisputeView:
        """Where conflicts are decided."""
        return self._dispute

    @property
    def stuck(self) -> StuckView:
        """Where refused work is put right."""
        return self._stuck

    @property
    def side(self) -> InboxSide:
        """Tabs and list."""
        return self._side

    @property
    def shown(self) -> QWidget | None:
        """The view at the right."""
        return self._right.currentWidget()

    # What is shown

    def _show(self, contents: Contents) -> None:
        contents = self._contents = replace(contents, team=self._team.found)
        self._side.show_contents(contents)
        self.counted.emit(contents.waiting)

    def _show_team(self) -> None:
        if self._contents is not None:
            self._show(self._contents)

    def _show_empty(self, tab: Tab, filtered: bool) -> None:  # carried by a signal
        self._take_keyboard_along("")
        self._entry = None
        if filtered:
            what, button = tr("No entry matches."), tr("Clear filter")
            self._nothing.say(what, "", button)
        elif tab is Tab.WAITING:
            self._nothing.say(
                tr("Nothing needs you."),
                tr("Conflicts, refused and orphaned work would stand here."),
            )
        elif tab is Tab.QUEUE:
            self._nothing.say(tr("Everything is sent."), tr("What you save waits here until then."))
        else:
            self._nothing.say(
                tr("Nothing has been sent or decided yet."), tr("Every step will stand here.")
            )
        self._right.setCurrentWidget(self._nothing)

    def _choose(self, entry: Entry) -> None:
        self._take_keyboard_along(entry.key)
        self._entry = entry
        self._right.setCurrentWidget(self._filled(entry))

    def _take_keyboard_along(self, key: str) -> None:
        """Where another entry takes the place of the one that somebody was at, he is in the list
        then, not at whichever control of the other comes first."""
        is_another = self._entry is None or self._entry.key != key
        focused = QApplication.focusWidget()
        if is_another and focused is not None and self._right.isAncestorOf(focused):
            self._return_to_list()

    def _return_to_list(self) -> None:
        self._side.tree.setFocus(Qt.FocusReason.OtherFocusReason)

    def _filled(self, entry: Entry) -> Detail:
        """The view that shows an entry; what has to be read for it comes later."""
        payload = entry.payload
        if isinstance(payload, QueueRow | SettledRow):
            self._ask_parts(payload.cs_id)
        if isinstance(payload, Dispute):
            self._dispute.show_dispute(payload, self._alike(payload))
            self._ask_facts(payload)
            return self._dispute
        if isinstance(payload, Stuck):
            self._stuck.show_stuck(payload, reason(payload.row))
            return self._stuck
        if isinstance(payload, TeamRefusal):
            self._team_view.show_entry(payload)
            return self._team_view
        if isinstance(payload, Twin):
            self._twin.show_twin(payload)
            return self._twin
        if isinstance(payload, QueueRow | HeldRow):
            self._queue.show_entry(entry, self._standing)
            return self._queue
        self._step.show_entry(entry)
        return self._step

    def _alike(self, dispute: Dispute) -> Alike:
        disputes = self._contents.disputes if self._contents is not None else ()
        return alike(dispute, disputes)

    def _ask_facts(self, dispute: Dispute) -> None:
        def job(connection: Connection) -> Facts:
            return read_facts(connection, dispute)

        def show(facts: Facts) -> None:
            if self._dispute.dispute == dispute:
                self._dispute.show_facts(facts)

        def take_history(history: tuple[HistoryEntry, ...]) -> None:
            if self._dispute.dispute == dispute:
                self._show_history(dispute, history)

        self._hub.read(job, show, owner=self, supersede="inbox facts")
        self._hub.everybodys_history(dispute.kind, dispute.record, take_history, owner=self)

    def _show_history(self, dispute: Dispute, history: tuple[HistoryEntry, ...]) -> None:
        """The server knows who wrote what stands: name him over his side."""
        me = self._hub.identity.user

        def job(connection: Connection) -> Dispute:
            return named(connection, dispute, history, me)

        def show(known: Dispute) -> None:
            if self._dispute.dispute == dispute:
                self._dispute.show_history(known, history)

        self._hub.read(job, show, owner=self, supersede="inbox history")

    def _ask_parts(self, cs_id: ChangeSetId) -> None:
        def job(connection: Connection) -> tuple[PartInWords, ...]:
            return read_parts(connection, cs_id)

        def show(parts: tuple[PartInWords, ...]) -> None:
            payload = self._entry.payload if self._entry is not None else None
            if isinstance(payload, QueueRow) and payload.cs_id == cs_id:
                self._queue.show_parts(parts)
            elif isinstance(payload, SettledRow) and payload.cs_id == cs_id:
                self._step.show_parts(parts)

        self._hub.read(job, show, owner=self, supersede="inbox parts")

    def _enter(self) -> None:
        view = self._right.currentWidget()
        if isinstance(view, Detail):
            view.begin()

    # What is done about it

    def _act(self, _entry: Entry, act: str) -> None:
        """A way out was taken in the list itself."""
        acts: dict[str, Callable[[], None]] = {
            "fix": self._stuck.begin,
            "draft": self._stuck.keep_as_draft,
            "discard": self._stuck.ask_discard,
            "offer": self._stuck.offer,
            "retry": self._step.retry,
            "release": self._queue.release,
            "apart": self._twin.tell_apart,
        }
        acts[act]()

    def _note_team(self) -> None:
        self._team.read()
        self._note_done()

    def _press_main(self) -> None:
        """Ctrl+Enter: the main act of what is on show."""
        view = self._right.currentWidget()
        if isinstance(view, Detail):
            view.apply()

    def _put_off(self) -> None:
        self._side.tree.choose_next()
        self._return_to_list()

    def _clear_filter(self) -> None:
        self._side.clear_filter()

    def _ask_sync(self) -> None:
        self.sync_asked.emit()

    def _note_done(self) -> None:
        # The keyboard stays here, where Ctrl+Z takes it back.
        self._return_to_list()
        self.refresh()

    @override
    def event(self, event: QEvent) -> bool:
        """Ctrl+Z takes back what is no step of the journal while nothing else was saved; then comes
        the window's."""
        is_asked = event.type() == QEvent.Type.ShortcutOverride and self._back.is_possible
        if is_asked and isinstance(event, QKeyEvent) and event.matches(_UNDO):
            event.accept()
            return True
        return super().event(event)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(_UNDO) and self._back.is_possible:
            self._back.take_back()
            return
        super().keyPressEvent(event)

    def _tell_failure(self, error: CrmError) -> None:
        self.failed.emit(error)

    def _tell_opened(self, kind: str, record_id: str) -> None:
        self.opened.emit(kind, record_id)

    # Parts

    def _lay_out(self) -> None:
        for page in (
            self._nothing,
            self._dispute,
            self._stuck,
            self._step,
            self._queue,
            self._twin,
            self._team_view,
        ):
            self._right.addWidget(page)
        splitter = QSplitter(Qt.Orientation.Horizontal, self)
        splitter.addWidget(self._side)
        splitter.addWidget(self._right)
        splitter.setSizes([_LIST_WIDTH, _DETAIL_WIDTH])
        splitter.setStretchFactor(1, 1)
        splitter.setChildrenCollapsible(False)
        splitter.setObjectName("list")
        splitter.setHandleWidth(1)
        self._side.setMinimumWidth(_LIST_WIDTH_MIN)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(splitter)

    def _connect(self) -> None:
        for keys in self._keys:
            keys.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            keys.activated.connect(self._press_main)
        self._nothing.acted.connect(self._clear_filter)
        self._side.emptied.connect(self._show_empty)
        self._side.export_asked.connect(self.exporting.ask_where)
        self._side.all_asked.connect(self._read_all)
        self.exporting.said.connect(self.said)
        self.exporting.failed.connect(self._tell_failure)
        self._side.tree.chosen.connect(self._choose)
        self._side.tree.entered.connect(self._enter)
        self._side.tree.acted.connect(self._act)
        self._deciding.written.connect(self._note_done)
        self._deciding.said.connect(self.said)
        self._deciding.done.connect(self.done)
        self._deciding.failed.connect(self._tell_failure)
        self._dispute.opened.connect(self._tell_opened)
        self._dispute.put_off.connect(self._put_off)
        self._discarding.discarded.connect(self._note_done)
        self._discarding.failed.connect(self._tell_failure)
        self._back.taken_back.connect(self._note_done)
        self._back.taken_back.connect(self._team.read)
        self._back.failed.connect(self._tell_failure)
        self._stuck.opened.connect(self._tell_opened)
        FileKeeping(self._hub, self._stuck, self).said.connect(self.said)
        self._step.opened.connect(self._tell_opened)
        for told, again in (
            (self._twin.merged, self.merged), (self._twin.opened, self.opened),
            (self._twin.failed, self.failed), (self._team_view.entered, self.done),
        ):  # fmt: skip
            told.connect(again)
        self._twin.merged.connect(self._note_done)
        self._twin.told_apart.connect(self._back.offer_pair)
        self._twin.told_apart.connect(self._note_done)
        self._team_view.opened.connect(self._tell_opened)
        self._team_view.failed.connect(self._tell_failure)
        self._team_view.entered.connect(self._note_team)
        self._team_view.left.connect(self._back.offer_refusal)
        self._team_view.left.connect(self._note_team)
        self._team.changed.connect(self._show_team)
        self._team.start()
        self._queue.opened.connect(self._tell_opened)
        self._queue.sync_asked.connect(self._ask_sync)
        self._desk.written.connect(self._note_done)
        self._queue.take_back_asked.connect(self._return_to_list)
        self._step.ask_again_asked.connect(self._return_to_list)
        self._desk.said.connect(self.said)
        self._desk.failed.connect(self._tell_failure)
        if self._hub.files is not None:
            self._hub.files.changed.connect(self._look_at_files)
