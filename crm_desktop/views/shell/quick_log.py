"""The quick log: a contact with a customer in four inputs, for two minutes in a car park."""

from __future__ import annotations

import datetime as dt
import json

import uuid_utils
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QLineEdit, QPlainTextEdit, QWidget

from crm_core.catalog import CATALOG
from crm_core.changes import Change, Op
from crm_core.errors import CrmError, InvalidValue
from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_core.values import instant_of
from crm_desktop.i18n import tr, words
from crm_desktop.models import labels, queries
from crm_desktop.models.connection import Connection
from crm_desktop.models.replica import Summary
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.kit.buttons import normal, primary
from crm_desktop.views.kit.finder import Finder
from crm_desktop.views.kit.keep_soon import KeepSoon
from crm_desktop.views.kit.links import LinkEdit
from crm_desktop.views.shell.overlay import Overlay

WIDTH = 480
SUBJECT_MAX = 80
"""Characters of the first line that become the subject."""

NEXT_STEP_DAYS = 7
"""A next step is due in a week unless the task is changed."""

_DRAFT = "quick_log/new"
_TEXT_HEIGHT = 96
_USUAL_MEDIUM = "phone"


class QuickLog(Overlay):
    """Asks who, how, what and what next; saves it here at once. Parent: the shell.

    Signal: `logged(words)` when it was saved.
    """

    logged = Signal(str)

    def __init__(self, hub: DataHub, parent: QWidget) -> None:
        super().__init__(parent, width=WIDTH)
        self._hub = hub
        entity = CATALOG["interaction"]
        self.account = LinkEdit(entity.by_name["account"], Finder(hub), self.sheet)
        self.medium = QComboBox(self.sheet)
        for choice in entity.by_name["medium"].choices:
            self.medium.addItem(tr(choice.label), choice.code)
        self.text = QPlainTextEdit(self.sheet)
        self.next_step = QLineEdit(self.sheet)
        self._problem = QLabel(self.sheet)
        self._save = primary(tr("Log"), self.sheet, keys="Ctrl+Return")
        self._close = normal(tr("Close"), self.sheet, keys="Esc")
        self._soon = KeepSoon(self._keep_draft, self)
        self._lay_out()
        self._connect()
        self._forget()

    def open(self, kind: str = "", record_id: str = "") -> None:
        """Come to the front with the account of a record; what was typed before is still there."""
        self._problem.hide()
        self.open_over()
        self._focus_first_empty()
        if self._is_begun:
            return

        def lay(kept: str | None) -> None:
            self._lay_draft(kept)
            if record_id and not self._is_begun:
                self._hub.read(
                    lambda c: _account_of(c, kind, RecordId(record_id)), self._fill_account,
                    owner=self,
                )  # fmt: skip

        self._hub.draft(_DRAFT, lay, owner=self)

    def log(self) -> None:
        """Save what was typed as one step: the contact, and a task where there is a next step."""
        try:
            account = self.account.value()
        except InvalidValue as problem:
            self._say(words(problem.message), self.account)
            return
        text = self.text.toPlainText().strip()
        if not account:
            self._say(tr("Which customer was it? Type part of the name."), self.account)
        elif not text:
            self._say(tr("What was it about? One line is enough."), self.text)
        else:
            self._commit(str(account), text, self.next_step.text().strip())

    def _commit(self, account: str, text: str, step: str) -> None:
        subject = text.splitlines()[0][:SUBJECT_MAX]
        me = self._hub.identity.user
        body: dict[str, Value] = {
            "account": account, "medium": str(self.medium.currentData()), "direction": "out",
            "at": instant_of(dt.datetime.now(dt.UTC)), "subject": subject, "who_ours": [me],
        }  # fmt: skip
        if text != subject:
            body["content"] = text
        if step:
            body["next_step_ours"] = step
        changes = [Change("interaction", _new_id(), Op.INSERT, body)]
        if step:
            due = dt.datetime.now().astimezone().date() + dt.timedelta(days=NEXT_STEP_DAYS)
            task: dict[str, Value] = {
                "title": step, "account": account, "assignee": me, "status": "open",
                "due_on": due.isoformat(),
            }  # fmt: skip
            changes.append(Change("task", _new_id(), Op.INSERT, task))
        label = tr("Logged: {title}", title=subject)

        def tell(_summary: Summary) -> None:
            self._tell_logged(label)

        self._save.setEnabled(False)
        self._hub.save(changes, label, owner=self, then=tell, failed=self._show_failure)

    def _tell_logged(self, label: str) -> None:
        self._soon.stop()
        self._hub.keep_draft(_DRAFT, None)
        self._forget()
        self.close_over()
        self.logged.emit(label)

    def _show_failure(self, error: CrmError) -> None:
        self._save.setEnabled(True)
        self._say(words(error.message), self.text)

    def _say(self, problem: str, where: QWidget) -> None:
        self._problem.setText(f"◆ {problem}")
        self._problem.show()
        self.fit()
        where.setFocus(Qt.FocusReason.OtherFocusReason)

    # What was typed is kept

    @property
    def _is_begun(self) -> bool:
        return bool(self.text.toPlainText() or self.next_step.text())

    def _forget(self) -> None:
        self.account.clear()
        self.medium.setCurrentIndex(self.medium.findData(_USUAL_MEDIUM))
        self.text.clear()
        self.next_step.clear()
        self._problem.hide()
        self._save.setEnabled(True)

    def _keep_draft(self) -> None:
        typed = [
            self.account.typed(), str(self.medium.currentData()), self.text.toPlainText(),
            self.next_step.text(),
        ]  # fmt: skip
        self._hub.keep_draft(_DRAFT, json.dumps(typed) if self._is_begun else None)

    def _lay_draft(self, kept: str | None) -> None:
        if not kept or self._is_begun:
            return
        account, medium, text, step = json.loads(kept)
        self.account.set_typed(account)
        self.medium.setCurrentIndex(self.medium.findData(medium))
        self.text.setPlainText(text)
        self.next_step.setText(step)

    def _fill_account(self, found: tuple[str, str] | None) -> None:
        if found is not None:
            account, name = found
            self.account.set_value(account, {f"account/{account}": name})
            self.text.setFocus(Qt.FocusReason.OtherFocusReason)

    def _focus_first_empty(self) -> None:
        first = self.text if self.account.chosen() is not None else self.account
        first.setFocus(Qt.FocusReason.ShortcutFocusReason)

    # Parts

    def _lay_out(self) -> None:
        title = QLabel(tr("Quick log"), self.sheet)
        title.setProperty("role", "record")
        title.setTextFormat(Qt.TextFormat.PlainText)
        self.page.addWidget(title)
        self.page.setSpacing(6)
        due = tr("Next step (a task for you, due in {n} days)", n=NEXT_STEP_DAYS)
        for label, widget in (
            (tr("Account"), self.account),
            (tr("How"), self.medium),
            (tr("What it was about"), self.text),
            (due, self.next_step),
        ):
            caption = QLabel(label, self.sheet)
            caption.setProperty("role", "caption")
            caption.setTextFormat(Qt.TextFormat.PlainText)
            caption.setBuddy(widget)
            widget.setAccessibleName(label)
            self.page.addWidget(caption)
            self.page.addWidget(widget)
        self.text.setTabChangesFocus(True)
        self.text.setFixedHeight(_TEXT_HEIGHT)
        self._problem.setProperty("tone", "bad")
        self._problem.setTextFormat(Qt.TextFormat.PlainText)
        self._problem.setWordWrap(True)
        self.page.addWidget(self._problem)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addStretch(1)
        row.addWidget(self._close)
        row.addWidget(self._save)
        self.page.addSpacing(6)
        self.page.addLayout(row)

    def _connect(self) -> None:
        self._save.clicked.connect(self.log)
        self._close.clicked.connect(self.close_over)
        self._hub.leaving.connect(self._soon.flush)
        self.account.edited.connect(self._soon.begin)
        self.medium.activated.connect(self._soon.begin)
        self.text.textChanged.connect(self._soon.begin)
        self.next_step.textEdited.connect(self._soon.begin)
        action = QAction(tr("Log"), self)
        action.setShortcuts([QKeySequence("Ctrl+Return"), QKeySequence("Ctrl+Enter")])
        action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        action.triggered.connect(self.log)
        self.addAction(action)


def _account_of(c: Connection, kind: str, record_id: RecordId) -> tuple[str, str] | None:
    """The account that a record is or belongs to, and its name."""
    account = record_id if kind == "account" else None
    if account is None and kind in CATALOG and "account" in CATALOG[kind].by_name:
        row = queries.record(c, kind, record_id)
        value = row.values.get("account") if row is not None else None
        account = RecordId(str(value)) if value else None
    if account is None:
        return None
    return account, labels.title(c, "account", account)


def _new_id() -> RecordId:
    return RecordId(uuid_utils.uuid7().hex)
