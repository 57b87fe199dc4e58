"""The plans pane: the list of plans, and the page of the one that was opened."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from crm_core.changes import Change
from crm_core.errors import CrmError, InvalidValue
from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_desktop.i18n import tr, words
from crm_desktop.models.connection import Connection
from crm_desktop.models.plans import PlanPage, plan_page
from crm_desktop.models.replica import Summary
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.kit.buttons import normal
from crm_desktop.views.kit.entity_pane import EntityPane
from crm_desktop.views.kit.typed_draft import TypedDraft
from crm_desktop.views.kit.words import code_words
from crm_desktop.views.panes.plans import writes
from crm_desktop.views.panes.plans.page import PlanView
from crm_desktop.views.panes.plans.words import PLAN

GiveBack = Callable[[str], bool]
"""Shows words that were not taken where they were typed, with the reason; False where it cannot."""

_KINDS = frozenset(
    ("plan", "plan_section_item", "plan_objective", "plan_action", "account_contact", "account",
     "contact", "interaction", "user", "role_permission")
)  # fmt: skip


def _today() -> dt.date:
    return dt.datetime.now().astimezone().date()


class PlansPane(QWidget):
    """List and page. Signals: `failed(CrmError)`, `opened(kind, id)`, and those of the list."""

    failed = Signal(object)
    opened = Signal(str, str)
    deleted = Signal(str)
    said = Signal(str)
    inbox_asked = Signal()

    def __init__(
        self, hub: DataHub, parent: QWidget | None = None, *, today: Callable[[], dt.date] = _today
    ) -> None:
        super().__init__(parent)
        self._hub, self._today = hub, today
        self._plan = ""
        self._stack = QStackedWidget(self)
        self._list = EntityPane(PLAN, hub, self._stack)
        self._open_button = normal(tr("Open the plan"), self._list, icon="plans")
        self._list.head.add(self._open_button)
        self._view = PlanView(today, self._stack)
        self._draft = TypedDraft(hub, self._view.typed, self._view.restore, self)
        self._stack.addWidget(self._list)
        self._stack.addWidget(self._view)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._stack)
        self._connect()

    # What others may ask

    def take_summary(self, summary: Summary) -> None:
        """Read again what a change touches."""
        self._list.take_summary(summary)
        if self._plan and (summary.kinds & _KINDS or summary.conflicts_changed):
            self._read()

    def open_record(self, record_id: str) -> None:
        """Show the page of a plan."""
        self._plan = record_id
        self._read()

    def choose_first(self) -> None:
        """Show the page of the first plan of the list."""
        self._list.choose_first()
        self._open_chosen()

    def new_record(self) -> None:
        """Begin a plan in the list's form."""
        self.show_list()
        self._list.new_record()

    def new_with(self, values: Mapping[str, Value]) -> None:
        """Begin a plan with these values."""
        self.show_list()
        self._list.new_with(values)

    def save(self) -> None:
        """Save what was typed in the list's form; the page saves each step by itself."""
        if self._stack.currentWidget() is self._list:
            self._list.save()

    def show_list(self) -> None:
        """Back to the list."""
        self._plan = ""
        self._stack.setCurrentWidget(self._list)

    @property
    def view(self) -> PlanView:
        """The page."""
        return self._view

    # Reading

    def _read(self) -> None:
        plan, user, today = RecordId(self._plan), self._hub.identity.user, self._today()

        def job(connection: Connection) -> PlanPage | None:
            return plan_page(connection, plan, user=user, today=today)

        def show(page: PlanPage | None) -> None:
            if plan != self._plan:
                return
            if page is None:  # deleted, or out of sight: the list's form can say so
                self.show_list()
                self._list.open_record(plan)
                return
            key = f"plan/{plan}/added"
            is_same = key == self._draft.key
            if not is_same:
                self._draft.flush()
                self._view.turn()
            self._view.show_page(page)
            self._stack.setCurrentWidget(self._view)
            if not is_same:
                self._draft.begin(key)

        self._hub.read(job, show, owner=self, supersede="plan")

    def _open_chosen(self) -> None:
        chosen = self._list.side.list.chosen_id
        if chosen:
            self.open_record(chosen)

    def _show_full(self) -> None:
        plan = self._plan
        self.show_list()
        self._list.open_record(plan)

    def _open_contact(self, contact: str) -> None:
        self.opened.emit("contact", contact)

    # Writing: each is one step that can be taken back

    def _commit(
        self, changes: Sequence[Change], label: str, give_back: GiveBack | None = None
    ) -> None:
        """Save; `give_back` shows words that were not taken to whoever typed them."""

        def show(error: CrmError) -> None:
            self._show_failure(error, give_back)

        if changes:
            self._hub.save(changes, label, owner=self, failed=show)

    def _show_failure(self, error: CrmError, give_back: GiveBack | None) -> None:
        why, page = words(error.message), self._view.page
        if page is not None:
            self._view.show_page(page)  # what is stored, below what is given back
        if give_back is None or not give_back(why):
            self._view.say_problem(why)

    def _label(self, record_id: str) -> str:
        page = self._view.page
        row = writes.row_of(page, record_id) if page is not None else None
        if row is None:
            return ""
        return str(row.values.get("text") or row.values.get("title") or "")

    def _add_item(self, box: str, text: str) -> None:
        page = self._view.page
        if page is not None:
            self._commit(
                writes.add_item(page, box, text), tr("New: {title}", title=text),
                lambda why: self._view.board.refuse_new(box, text, why),
            )  # fmt: skip

    def _set_item(self, item: str, wanted: Mapping[str, Value]) -> None:
        page = self._view.page
        row = writes.row_of(page, item) if page is not None else None
        if row is not None:
            changes = writes.changed(row, wanted)
            self._commit(changes, tr("Change: {title}", title=self._label(item)))

    def _edit_item(self, item: str, text: str) -> None:
        row = self._view.board.shown(item)
        if row is not None:
            self._commit(
                writes.changed(row, {"text": text}), tr("Change: {title}", title=self._label(item)),
                lambda why: self._view.board.refuse(item, text, why),
            )  # fmt: skip

    def _weigh_item(self, item: str, weight: int) -> None:
        self._set_item(item, {"weight": weight})

    def _move_item(self, item: str, box: str, row: int) -> None:
        page = self._view.page
        if page is not None:
            label = tr("Move: {title}", title=self._label(item))
            self._commit(writes.move_item(page, item, box, row), label)

    def _link_item(self, item: str, number: int) -> None:
        page = self._view.page
        if page is not None:
            label = tr("Change: {title}", title=self._label(item))
            self._commit(writes.link_item(page, item, number), label)

    def _delete(self, record_id: str) -> None:
        page, title = self._view.page, self._label(record_id)
        if page is not None:
            self._commit(writes.deleted(page, record_id), tr("Delete: {title}", title=title))
            self.deleted.emit(title)

    def _delete_work(self, _kind: str, record_id: str) -> None:
        self._delete(record_id)

    def _add_objective(self, text: str) -> None:
        page = self._view.page
        if page is not None:
            self._add_work(writes.add_objective(page, text, self._today()), text)

    def _add_action(self, objective: str, title: str) -> None:
        page = self._view.page
        if page is not None:
            self._add_work(writes.add_action(page, objective, title), title)

    def _add_work(self, changes: Sequence[Change], title: str) -> None:
        self._view.tree.choose_new(changes[-1].kind, changes[-1].id)
        self._commit(
            changes, tr("New: {title}", title=title), partial(self._view.refuse_new, title)
        )

    def _edit_work(self, kind: str, record_id: str, field: str, text: str) -> None:
        page, newest = self._view.tree.page, self._view.page
        if page is None or newest is None:
            return

        def give_back(why: str) -> bool:
            return self._view.tree.refuse(record_id, field, text, why)

        try:
            changes = writes.typed(page, kind, record_id, field, text)
        except InvalidValue as problem:
            self._show_failure(problem, give_back)
            return
        if not changes:
            self._view.show_page(newest)
        self._commit(changes, tr("Change: {title}", title=self._label(record_id)), give_back)

    def _step_work(self, _kind: str, record_id: str, state: str) -> None:
        if state == "dropped":
            self._view.ask_reason(record_id)
        else:
            self._lead(record_id, state)

    def _drop(self, record_id: str, reason: str) -> None:
        self._lead(record_id, "dropped", reason, partial(self._view.refuse_new, reason))

    def _lead(
        self, record_id: str, state: str, reason: str = "", give_back: GiveBack | None = None
    ) -> None:
        page = self._view.page
        if page is not None:
            changes = writes.work_step(page, record_id, state, today=self._today(), reason=reason)
            self._commit(changes, tr("Change: {title}", title=self._label(record_id)), give_back)

    def _step_plan(self, state: str) -> None:
        page = self._view.page
        if page is not None:
            said = code_words(PLAN.by_name["state"], state)
            label = tr("{name}: {state}", name=page.account, state=said.lower())
            self._commit(writes.changed(page.plan, {"state": state}), label)

    def _say_restored(self) -> None:
        self.said.emit(tr("What you typed here and did not save is back."))

    # Parts

    def _connect(self) -> None:
        for signal, own in (
            (self._list.failed, self.failed), (self._list.deleted, self.deleted),
            (self._list.said, self.said), (self._list.inbox_asked, self.inbox_asked),
        ):  # fmt: skip
            signal.connect(own)
        self._list.side.list.opened.connect(self.open_record)
        self._open_button.clicked.connect(self._open_chosen)
        view, board, tree = self._view, self._view.board, self._view.tree
        view.back_asked.connect(self.show_list)
        view.full_asked.connect(self._show_full)
        view.opened.connect(self._open_contact)
        view.step_asked.connect(self._step_plan)
        view.objective_named.connect(self._add_objective)
        view.action_named.connect(self._add_action)
        view.dropped.connect(self._drop)
        view.edited.connect(self._draft.note)
        self._draft.restored.connect(self._say_restored)
        board.added.connect(self._add_item)
        board.edited.connect(self._edit_item)
        board.weighed.connect(self._weigh_item)
        board.moved.connect(self._move_item)
        board.linked.connect(self._link_item)
        board.deleted.connect(self._delete)
        # Later: the tree may be filled anew, and not while Qt still writes into one of its cells.
        tree.edited.connect(self._edit_work, Qt.ConnectionType.QueuedConnection)
        tree.stepped.connect(self._step_work)
        tree.deleted.connect(self._delete_work)
