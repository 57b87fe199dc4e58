"""The complaints pane: what is open by time left, one complaint beside it, and its steps."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import uuid_utils
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QLabel, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from crm_core import complaint_steps as steps
from crm_core.catalog import CATALOG
from crm_core.errors import CrmError, InvalidValue
from crm_core.fields import Kind, Value
from crm_core.ids import RecordId
from crm_core.roles import Action
from crm_desktop.i18n import tr
from crm_desktop.models import complaints, labels
from crm_desktop.models.complaints import Board, CaseDetail
from crm_desktop.models.connection import Connection
from crm_desktop.models.replica import Summary
from crm_desktop.models.rights import EVERYTHING, May, Rights
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.kit.files import FilesSection
from crm_desktop.views.kit.finder import Finder
from crm_desktop.views.kit.words import Titles
from crm_desktop.views.panes.complaints import writes
from crm_desktop.views.panes.complaints.asking import Answer, Ask, AskForm
from crm_desktop.views.panes.complaints.asks import (
    ANSWER,
    EDIT,
    HAND_OVER,
    NOTE,
    SUPERVISE,
    edit_ask,
    hand_over_ask,
    intake_ask,
    note_ask,
    reply_ask,
    step_ask,
    supervise_ask,
)
from crm_desktop.views.panes.complaints.board import ALL, BoardView
from crm_desktop.views.panes.complaints.case_view import CaseView
from crm_desktop.views.panes.complaints.writes import Write

_LIST, _DETAIL = 388, 716
_MINUTE_MS = 60_000
_KINDS = frozenset(("complaint", "complaint_event", "account", "user"))
"""What the list or the log shows something of."""


@dataclass(frozen=True)
class _Read:
    """One complaint, what this user may do about it, and who else sees it and works on such."""

    detail: CaseDetail | None
    may: May = EVERYTHING
    may_approve: bool = False
    colleagues: tuple[tuple[str, str], ...] = ()


def utc_now() -> dt.datetime:
    """This moment."""
    return dt.datetime.now(dt.UTC)


class ComplaintsPane(QWidget):
    """List and detail of complaints.

    Signals: `failed(CrmError)`; `opened(kind, id)` for a record that lives elsewhere;
    `said(words)` for a remark.
    """

    failed = Signal(object)
    opened = Signal(str, str)
    said = Signal(str)

    def __init__(
        self,
        hub: DataHub,
        parent: QWidget | None = None,
        *,
        now: Callable[[], dt.datetime] = utc_now,
    ) -> None:
        super().__init__(parent)
        self._hub, self._now = hub, now
        self._me = str(hub.identity.user)
        self._read = _Read(None)
        self._record_id = ""
        self._asked = ""
        self._seen: CaseDetail | None = None
        finder = Finder(hub)
        self._board = BoardView(self._me, self)
        self._case = CaseView(finder, hub, self)
        making = Finder(hub, making=lambda: "complaint")
        self._intake = AskForm(making, self, is_page=True)
        self._files = FilesSection(hub, self._intake, host=self._intake, margin=0)
        self._intake.add_below(self._files)
        self._nothing = QLabel(tr("Choose a complaint in the list."), self)
        self._right = QStackedWidget(self)
        self._minute = QTimer(self, interval=_MINUTE_MS)
        self._lay_out()
        self._connect()
        self._minute.start()
        self.refresh()

    # What others may ask

    def refresh(self) -> None:
        """Read the list again."""
        everything = self._board.view == ALL

        def job(connection: Connection) -> Board:
            return complaints.read_board(connection, everything=everything)

        self._hub.read(job, self._show_board, owner=self, supersede="complaints")

    def take_summary(self, summary: Summary) -> None:
        """Refresh what a change touches."""
        if not _KINDS.intersection(summary.kinds) and not summary.conflicts_changed:
            return
        self.refresh()
        if self._record_id:
            self._load(self._record_id)

    def open_record(self, record_id: str) -> None:
        """Show a complaint, whether or not the list holds it."""
        self._board.choose(record_id)
        self._open(record_id)

    def choose_first(self) -> None:
        """Show the complaint with the least time left."""
        self._board.choose_first()

    def new_record(self) -> None:
        """Ask the few things that a new complaint needs."""
        self._ask_intake({}, {})

    def new_with(self, values: Mapping[str, Value]) -> None:
        """The same with some answers laid in, such as the account."""
        fields = CATALOG["complaint"].by_name
        refs = [
            (field.link.target, RecordId(str(value)))
            for name, value in values.items()
            if (field := fields[name]).kind is Kind.LINK and field.link is not None and value
        ]

        def job(connection: Connection) -> dict[str, str]:
            found = labels.titles(connection, refs)
            return {f"{kind}/{record_id}": title for (kind, record_id), title in found.items()}

        def ask(titles: dict[str, str]) -> None:
            self._ask_intake(values, titles)

        self._hub.read(job, ask, owner=self, supersede="intake")

    def _ask_intake(self, values: Mapping[str, Value], titles: Titles) -> None:
        self._leave_form()
        self._intake.show_ask(intake_ask(values, titles))
        self._right.setCurrentWidget(self._intake)
        self._intake.focus_first()
        self._files.show_draft(self._intake.ask.key)
        self._fetch_draft(self._intake)

    def save(self) -> None:
        """Send what is being asked."""
        if self._right.currentWidget() is self._intake:
            self._intake.send()
        elif self._asked:
            self._case.form.send()

    def pass_minute(self) -> None:
        """Show the clocks as of now; nothing is read."""
        now = self._now()
        self._board.show_moment(now)
        self._case.show_moment(now)

    @property
    def board(self) -> BoardView:
        """The list's side."""
        return self._board

    @property
    def case(self) -> CaseView:
        """The complaint's side."""
        return self._case

    @property
    def intake(self) -> AskForm:
        """Where a new complaint is entered."""
        return self._intake

    @property
    def intake_files(self) -> FilesSection:
        """The files of a new complaint."""
        return self._files

    @property
    def record_id(self) -> str:
        """The complaint shown, or ""."""
        return self._record_id

    # Reading

    def _show_board(self, board: Board) -> None:
        self._board.show_board(board, self._now())
        if self._record_id and self._right.currentWidget() is not self._intake:
            self._board.choose(self._record_id)

    def _open(self, record_id: str) -> None:
        if record_id == self._record_id and self._right.currentWidget() is self._case:
            return
        self._leave_form()
        # Until it is read nothing is asked about it, and nothing about the one before.
        self._record_id, self._read = record_id, _Read(None)
        self._load(record_id)

    def _load(self, record_id: str) -> None:
        me = RecordId(self._me)

        def job(connection: Connection) -> _Read:
            return _read_case(connection, RecordId(record_id), me)

        self._hub.read(job, self._show, owner=self, supersede="complaint")

    def _show(self, read: _Read) -> None:
        if read.detail is None or read.detail.row.id != self._record_id:
            return
        self._read = read
        self._case.show_case(read.detail, self._now(), may=read.may, may_approve=read.may_approve)
        if self._right.currentWidget() is not self._intake:
            self._right.setCurrentWidget(self._case)

    # Steps

    def _ask_step(self, target: str) -> None:
        detail = self._read.detail
        if detail is None:
            return
        if steps.asked_by(detail.row.values.get("state"), target).is_nothing:
            self._leave_form()
            answer = Answer({}, told=target == "acknowledged")
            self._save(writes.stepped(detail, target, answer, self._now()))
            return
        self._ask(target, step_ask(detail, target, self._me, self._read.may.kept))

    def _ask_note(self) -> None:
        if self._read.detail is not None:
            self._ask(NOTE, note_ask(self._record_id))

    def _ask_edit(self) -> None:
        if self._read.detail is not None:
            self._ask(EDIT, edit_ask(self._read.detail, self._read.may.kept))

    def _ask_hand_over(self) -> None:
        if self._read.detail is not None:
            self._ask(HAND_OVER, hand_over_ask(self._read.detail, self._read.colleagues))

    def _ask_supervision(self) -> None:
        if self._read.detail is not None:
            self._ask(SUPERVISE, supervise_ask(self._read.detail, self._me))

    def _ask_reply(self) -> None:
        if self._read.detail is not None:
            self._ask(ANSWER, reply_ask(self._read.detail))

    def _lift_supervision(self) -> None:
        if self._read.detail is not None:
            lifted: dict[str, Value] = {"supervisor": None, "supervised_until": None}
            self._save(writes.supervised(self._read.detail, lifted))

    def _ask(self, asked: str, ask: Ask) -> None:
        self._asked = asked
        # What is answered builds on what was seen, whatever comes while the form is open.
        self._seen = self._read.detail
        self._case.form.show_ask(ask)
        self._case.show_form(True)
        self._case.form.focus_first()
        self._fetch_draft(self._case.form)

    def _take_answer(self, answer: Answer) -> None:
        detail, key = self._seen, self._case.form.ask.key
        if detail is None:
            return
        write = writes.answered(detail, self._asked, answer, self._now())
        if not write.changes:
            self._case.form.forget()
            self._close_form()
            return

        def done(summary: Summary) -> None:
            if self._asked and self._case.form.ask.key == key:
                self._case.form.forget()
                self._close_form()
            else:  # something else is asked by now
                self._hub.keep_draft(key, None)
            self._after_save(summary)

        self._save(write, done)

    def _toggle_need(self, code: str, is_on: bool) -> None:
        detail = self._read.detail
        if detail is None:
            return
        self._save(writes.need_toggled(detail, code, is_on=is_on))

    def _enter(self, answer: Answer) -> None:
        record_id = RecordId(uuid_utils.uuid7().hex)
        write = writes.entered(record_id, answer, self._now())

        def done(_summary: Summary) -> None:
            self._intake.forget()
            self._right.setCurrentWidget(self._case)
            self._record_id = ""
            self.open_record(record_id)

        self._hub.save_with_files(
            write.changes, write.label, self._intake.ask.key, owner=self, then=done,
            failed=self._tell_intake_failure,
        )  # fmt: skip

    def _save(self, write: Write, done: Callable[[Summary], None] | None = None) -> None:
        if not write.changes:
            return
        self._hub.save(
            write.changes, write.label, owner=self, atomic=write.atomic,
            then=done or self._after_save, failed=self._tell_failure,
        )  # fmt: skip

    def _after_save(self, _summary: Summary) -> None:
        self.refresh()
        self._load(self._record_id)

    def _tell_failure(self, error: CrmError) -> None:
        self._tell_refused(error, self._case.form)

    def _tell_intake_failure(self, error: CrmError) -> None:
        self._tell_refused(error, self._intake)

    def _tell_refused(self, error: CrmError, form: AskForm) -> None:
        is_shown = isinstance(error, InvalidValue) and form.show_problem(error.field, error.message)
        if not is_shown:
            self.failed.emit(error)
        if self._record_id:
            self._load(self._record_id)

    # The form in the page, and its drafts

    def _leave_form(self) -> None:
        """Before something else is shown: what was typed is kept as a draft."""
        self._case.form.flush_draft()
        self._intake.flush_draft()
        self._close_form()

    def _close_form(self) -> None:
        self._asked = ""
        self._case.show_form(False)

    def _give_up_intake(self) -> None:
        self._files.discard_draft()
        self._close_intake()

    def _close_intake(self) -> None:
        self._right.setCurrentWidget(self._case if self._record_id else self._nothing)
        if self._record_id:
            self._board.choose(self._record_id)

    def _fetch_draft(self, form: AskForm) -> None:
        key = form.ask.key

        def lay(text: str | None) -> None:
            if text and form.ask.key == key:
                form.restore(text)
                self.said.emit(tr("What you typed here and did not save is back."))

        self._hub.draft(key, lay, owner=self)

    def _keep_draft(self, key: str, text: str | None) -> None:
        self._hub.keep_draft(key, text)

    def _lay_out(self) -> None:
        self._nothing.setTextFormat(Qt.TextFormat.PlainText)
        self._nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._nothing.setProperty("tone", "ink2")
        for page in (self._nothing, self._case, self._intake):
            self._right.addWidget(page)
        splitter = QSplitter(Qt.Orientation.Horizontal, self)
        splitter.setObjectName("list")
        splitter.setHandleWidth(1)
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self._board)
        splitter.addWidget(self._right)
        splitter.setSizes([_LIST, _DETAIL])
        splitter.setStretchFactor(0, 0)
        splitter.setStretchFactor(1, 1)
        self._board.setMinimumWidth(300)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(splitter)

    def _connect(self) -> None:
        self._minute.timeout.connect(self.pass_minute)
        self._board.chosen.connect(self._open)
        self._board.new_asked.connect(self.new_record)
        self._board.all_asked.connect(self.refresh)
        self._case.step_asked.connect(self._ask_step)
        self._case.note_asked.connect(self._ask_note)
        self._case.edit_asked.connect(self._ask_edit)
        self._case.hand_over_asked.connect(self._ask_hand_over)
        self._case.supervision_asked.connect(self._ask_supervision)
        self._case.supervision_lifted.connect(self._lift_supervision)
        self._case.reply_asked.connect(self._ask_reply)
        self._case.need_toggled.connect(self._toggle_need)
        self._case.opened.connect(self._tell_opened)
        self._case.form.answered.connect(self._take_answer)
        self._case.form.cancelled.connect(self._close_form)
        self._intake.answered.connect(self._enter)
        self._intake.cancelled.connect(self._give_up_intake)
        for form in (self._case.form, self._intake):
            form.draft_changed.connect(self._keep_draft)
            self._hub.leaving.connect(form.flush_draft)

    def _tell_opened(self, kind: str, record_id: str) -> None:
        if kind == "complaint":
            self.open_record(record_id)
        else:
            self.opened.emit(kind, record_id)


def _read_case(connection: Connection, record_id: RecordId, me: RecordId) -> _Read:
    detail = complaints.read_case(connection, record_id)
    if detail is None:
        return _Read(None)
    rights = Rights(connection, me)
    seeing = rights.seeing("complaint", record_id, Action.EDIT)
    names = labels.titles(connection, [("user", user) for user in (*seeing, me)])
    for (kind, user), name in names.items():
        detail.titles.setdefault(f"{kind}/{user}", name)
    found = [(user, names.get(("user", user), "")) for user in seeing]
    others = sorted((x for x in found if x[0] != detail.case.handler), key=lambda x: x[1])
    return _Read(
        detail, rights.of("complaint", record_id),
        rights.may(Action.APPROVE, "complaint", record_id), tuple(others),
    )  # fmt: skip
