"""Erasing a person: what goes, what stays, that nothing brings it back; done once his name was
typed."""

from __future__ import annotations

import unicodedata

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget
from typing_extensions import override

from crm_core.catalog import CATALOG
from crm_core.erasing import personal_fields
from crm_core.errors import CrmError
from crm_core.ids import RecordId
from crm_core.wire import PersonErased, PersonHeld
from crm_desktop.i18n import tr, tr_n, words
from crm_desktop.models import queries
from crm_desktop.models.connection import Connection
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.kit.buttons import flat, normal
from crm_desktop.views.kit.scrolled import scrolled
from crm_desktop.views.kit.text import plain_label, section, set_tone, text_of
from crm_desktop.views.shell.overlay import Overlay

_WIDTH, _GAP = 560, 4
_REST_HEIGHT, _LEAST_HEIGHT = 250, 60
"""What stands around the words, and what is left of them at least."""


class EraseSheet(Overlay):
    """Asks the server what would go, says it, and erases. Signal: `erased(words)`. Parent: the
    shell."""

    erased = Signal(str)

    def __init__(self, hub: DataHub, parent: QWidget) -> None:
        super().__init__(parent, width=_WIDTH)
        self._hub = hub
        self._kind, self._record, self._name = "", "", ""
        self._is_ready = False
        self._title = text_of("record", self.sheet)
        self._state = plain_label(self.sheet)
        self._facts = QWidget(self.sheet)
        self._goes, self._stays, self._after = (plain_label(self._facts) for _ in range(3))
        self._scroll = scrolled(self._facts, self.sheet)
        self._ask = plain_label(self.sheet)
        self.typed = QLineEdit(self.sheet)
        self.again = normal(tr("Try again"), self.sheet)
        self.erase = normal(tr("Erase for good"), self.sheet)
        self.keep = flat(tr("Keep it"), self.sheet, keys="Esc")
        self._lay_out()
        self._connect()

    # What is shown

    def open(self, kind: str, record_id: str) -> None:
        """Ask about a person."""
        self._kind, self._record = kind, record_id
        record = RecordId(record_id)

        def job(connection: Connection) -> str:
            row = queries.record(connection, kind, record)
            return CATALOG[kind].name_of(row.values) if row is not None else ""

        def show(name: str) -> None:
            if (self._kind, self._record) == (kind, record_id):
                self._name = name
                self._begin()

        self._hub.read(job, show, owner=self, supersede="erase")

    @property
    def text(self) -> str:
        """What it says."""
        shown = (self._title, self._state, self._goes, self._stays, self._after, self._ask)
        return "\n".join(x.text() for x in shown if x.isVisibleTo(self))

    def _begin(self) -> None:
        self._title.setText(
            tr("Erase the personal data of “{name}”", name=self._name)
            if self._name
            else tr("Erase personal data")
        )
        self.typed.clear()
        self._count()
        self.open_over()
        self.keep.setFocus()

    def _count(self) -> None:
        desk, kind, record_id = self._hub.privacy, self._kind, self._record
        if desk is None:
            return
        self._show(tr("Asking the server what it holds…"), is_busy=True)

        def show(held: PersonHeld) -> None:
            if (self._kind, self._record) == (kind, record_id):
                self._show_held(held)

        desk.count(kind, record_id, show, owner=self, failed=self._tell_failure)

    def _show_held(self, held: PersonHeld) -> None:
        by_name = CATALOG[self._kind].by_name
        labels = tr(", ").join(tr(by_name[x].label) for x in personal_fields(self._kind))
        records = tr_n("{n} record", "{n} records", held.records)
        changes = tr_n("{n} earlier change", "{n} earlier changes", held.changes)
        files = tr_n("{n} attached file", "{n} attached files", held.files)
        self._goes.setText(
            tr(
                "{fields}. On the server and on every device: in {records}, {changes}, and {files} "
                "with their content.",
                fields=labels, records=records, changes=changes, files=files,
            )
        )  # fmt: skip
        linked = tr_n(
            "That there was somebody, and {n} record that leads here.",
            "That there was somebody, and {n} records that lead here.",
            held.linked,
        )
        free = tr("Notes are not searched: look for the name there yourself.")
        self._stays.setText(f"{linked}\n{free}")
        self._after.setText(
            tr(
                "This cannot be undone. Devices follow with their next sync, and an older backup "
                "is erased again when it is restored."
            )
        )
        self._ask.setText(tr("To go on, type the name: {name}", name=self._name))
        self._show("", is_ready=True)
        (self.typed if self._name else self.keep).setFocus()

    def _show(self, said: str, *, is_ready: bool = False, is_busy: bool = False) -> None:
        """One of: asking or erasing (busy), ready to be confirmed, or a sentence why not."""
        self._is_ready = is_ready
        self._state.setText(said)
        self._state.setVisible(bool(said))
        self._scroll.setVisible(is_ready)
        for part in (self._ask, self.typed):
            part.setVisible(is_ready and bool(self._name))
        self.erase.setVisible(is_ready)
        self.again.setVisible(not is_ready and not is_busy)
        self._judge()
        self.fit()

    @override
    def fit(self) -> None:
        """As high as the words need; where the window has less room, they scroll."""
        outer = self.page.contentsMargins().left() * 2
        width = min(_WIDTH, self.width() - outer) - outer
        wanted = self._facts.heightForWidth(width)
        self._scroll.setFixedHeight(max(min(wanted, self.height() - _REST_HEIGHT), _LEAST_HEIGHT))
        super().fit()
        area = self.sheet.geometry()
        area.setHeight(min(self.page.heightForWidth(area.width()), area.height()))
        self.sheet.setGeometry(area)

    def _judge(self) -> None:
        self.erase.setEnabled(self._is_ready and _plain(self.typed.text()) == _plain(self._name))

    # What is done

    def _erase(self) -> None:
        desk = self._hub.privacy
        if desk is None or not self.erase.isEnabled():
            return
        self._show(tr("The server is erasing…"), is_busy=True)
        desk.erase(self._kind, self._record, self._tell, owner=self, failed=self._tell_failure)

    def _tell(self, done: PersonErased) -> None:
        self.close_over()
        records = tr_n("{n} record", "{n} records", done.records)
        files = tr_n("{n} file", "{n} files", done.files)
        self.erased.emit(tr("Erased: personal data in {records}, {files}.", records=records,
                            files=files))  # fmt: skip

    def _tell_failure(self, error: CrmError) -> None:
        self._show(words(error.message))
        self.again.setFocus()

    # Parts

    def _lay_out(self) -> None:
        self._title.setWordWrap(True)
        self.typed.setAccessibleName(tr("The person's name"))
        column = QVBoxLayout(self._facts)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(section(self._facts, tr("What goes")))
        column.addWidget(self._goes)
        column.addSpacing(_GAP)
        column.addWidget(section(self._facts, tr("What stays")))
        column.addWidget(self._stays)
        column.addSpacing(_GAP)
        column.addWidget(self._after)
        set_tone(self._after, "warn")
        acts = QHBoxLayout()
        acts.addStretch(1)
        for button in (self.keep, self.again, self.erase):
            acts.addWidget(button)
        for part in (self._title, self._state, self._scroll, self._ask, self.typed):
            self.page.addWidget(part)
        self.page.addLayout(acts)

    def _connect(self) -> None:
        self.keep.clicked.connect(self.close_over)
        self.again.clicked.connect(self._count)
        self.erase.clicked.connect(self._erase)
        self.typed.textChanged.connect(self._judge)


def _plain(name: str) -> str:
    """A name as two people would agree that it is the same."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())
