"""What a new record looks like, said while it is being typed; nobody is kept from saving it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget
from typing_extensions import override

from crm_core.fields import Value
from crm_core.likeness import Why
from crm_core.merging import MERGEABLE
from crm_core.wire import HiddenTwin, TwinRequest
from crm_desktop.i18n import tr
from crm_desktop.models.connection import Connection
from crm_desktop.models.duplicates import Alike, alike
from crm_desktop.models.labels import title as title_of
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.kit.buttons import link
from crm_desktop.views.kit.gone import let_go
from crm_desktop.views.kit.likeness_words import why_words
from crm_desktop.views.kit.text import plain_label
from crm_desktop.views.theme.theme import colour

ASK_AFTER_MS = 250
"""After so much quiet in the form what is typed is compared."""

_MARGIN = 16
_CODE, _CODE_LENGTH = "uscc", 18

Found = tuple[Alike, ...]


class LikenessHint(QFrame):
    """Names the records that look like the one in a form. Parent: what it stands in.

    Signal: `opened(id)` when a person wants to see one of them.
    """

    opened = Signal(str)

    def __init__(
        self, kind: str, hub: DataHub, typed: Callable[[], Mapping[str, str]], parent: QWidget
    ) -> None:
        """`typed`: what stands in the form of a new record, by field; nothing of any other."""
        super().__init__(parent)
        self._kind = kind
        self._hub = hub
        self._typed = typed
        self._found: Found = ()
        self._asked_code = ""
        self._hidden = plain_label(self)
        self._hidden.hide()
        self._lines: QWidget | None = None
        self._timer = QTimer(self, singleShot=True, interval=ASK_AFTER_MS)
        self._timer.timeout.connect(self._ask)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(_MARGIN, 6, _MARGIN, 8)
        self._column.setSpacing(2)
        self._head = plain_label(self, tr("This looks like a record that is here:"))
        self._column.addWidget(self._hidden)
        self._column.addWidget(self._head)
        self.hide()

    def look(self) -> None:
        """Something was typed: compare it as soon as the typing rests."""
        if self._kind in MERGEABLE:
            self._timer.start()

    def clear(self) -> None:
        """Another form is shown: say nothing until something is typed."""
        self._timer.stop()
        self._forget_hidden()
        self._show(())

    @property
    def found(self) -> Found:
        """What is named."""
        return self._found

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        """One line below it, as below every line above a form."""
        super().paintEvent(event)
        QPainter(self).fillRect(0, self.height() - 1, self.width(), 1, colour("line"))

    def _ask(self) -> None:
        kind, values = self._kind, dict[str, Value](self._typed())
        if not values:
            self._show(())
            return

        def job(connection: Connection) -> Found:
            return alike(connection, kind, values)

        self._hub.read(job, self._show, owner=self, supersede="likeness")

    def _show(self, found: Found) -> None:
        if not self._typed():  # saved or given up meanwhile
            found = ()
        if found != self._found:
            self._found = found
            self._show_lines()
        self._head.setVisible(bool(found))
        self._ask_hidden()
        self._show_all()

    def _show_all(self) -> None:
        self.setVisible(bool(self._found) or not self._hidden.isHidden())

    # What is out of sight

    def _ask_hidden(self) -> None:
        """Whether somebody has the company whose code is typed; once for each code."""
        code = self._typed().get(_CODE, "").strip()
        if code == self._asked_code:
            return
        self._forget_hidden()
        if len(code) != _CODE_LENGTH or any(Why.CODE in one.why for one in self._found):
            return
        self._asked_code = code

        def take(twin: HiddenTwin) -> None:
            if twin.initials and code == self._asked_code:
                self._name_owner(twin, code)

        asked = TwinRequest(self._kind, _CODE, code)
        self._hub.hidden_twin(asked, take, owner=self)

    def _name_owner(self, twin: HiddenTwin, code: str) -> None:
        owner = twin.owner

        def job(connection: Connection) -> str:
            return title_of(connection, "user", owner) if owner is not None else ""

        def show(name: str) -> None:
            if code != self._asked_code:  # another form meanwhile
                return
            who = name or tr("Somebody else")
            said = tr(
                "This credit code belongs to a customer whom you do not see ({initials}); "
                "{who} answers for it and can hand it over.", initials=twin.initials, who=who,
            )  # fmt: skip
            self._hidden.setText(said)
            self._hidden.show()
            self._show_all()

        self._hub.read(job, show, owner=self, supersede="owner")

    def _forget_hidden(self) -> None:
        self._asked_code = ""
        self._hidden.hide()

    def _show_lines(self) -> None:
        if self._lines is not None:
            let_go(self._lines, self._column)
        self._lines = QWidget(self)
        column = QVBoxLayout(self._lines)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        for one in self._found:
            column.addLayout(self._line(one, self._lines))
        self._column.addWidget(self._lines)

    def _line(self, one: Alike, parent: QWidget) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        button = link(one.title, parent)
        button.setAccessibleName(tr("Open record: {title}", title=one.title))
        button.setProperty("record", one.record)
        button.clicked.connect(self._open)
        row.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        owner = tr("owner {name}", name=one.owner) if one.owner else ""
        note = plain_label(parent, " · ".join(x for x in (why_words(one.why), owner) if x))
        note.setProperty("tone", "ink2")
        row.addWidget(note, 1)
        return row

    def _open(self) -> None:
        self.opened.emit(str(self.sender().property("record")))
