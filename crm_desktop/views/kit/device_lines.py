"""One's own devices in a column: what is known of each, and a way to withdraw a lost one."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from crm_core.errors import CrmError
from crm_core.wire import DeviceEntry, DeviceList
from crm_desktop.i18n import tr, words
from crm_desktop.runtime.devices import DeviceDesk
from crm_desktop.views.kit.buttons import flat, link, normal
from crm_desktop.views.kit.device_words import (
    left_words,
    line_words,
    name_words,
    state_words,
    withdrawal_words,
)
from crm_desktop.views.kit.text import text_of

SHOWN_MAX = 20
"""So many are listed: those in use first, of them the one here first."""


class DeviceLines(QWidget):
    """Asks for the devices of whoever works here and shows them. Signal: `changed` when its height
    may have."""

    changed = Signal()

    def __init__(self, desk: DeviceDesk, user: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._desk, self._user = desk, user
        self._lines: list[DeviceLine] = []
        self._said = text_of("small", self, tr("Asking the server…"), tone="ink3")
        self._again = link(tr("Try again"), self)
        self._again.clicked.connect(self.ask)
        self._again.hide()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(8)
        self._column.addWidget(self._said)
        self._column.addWidget(self._again, 0, Qt.AlignmentFlag.AlignLeft)

    @property
    def lines(self) -> list[DeviceLine]:
        """The devices shown."""
        return self._lines

    @property
    def said(self) -> str:
        """What is said instead of devices, or ""."""
        return "" if self._said.isHidden() else self._said.text()

    def ask(self) -> None:
        """Ask the server for the list."""
        self._say(tr("Asking the server…"))
        self._desk.ask(self._show, owner=self, failed=self._tell)

    def _show(self, found: DeviceList) -> None:
        own = [one for one in found.devices if one.user == self._user]
        own.sort(key=lambda x: (bool(x.revoked_at), x.id != found.this, _backwards(x.last_sync_at)))
        for line in self._lines:
            line.hide()
            line.deleteLater()
        self._lines = [self._line(one, found.this) for one in own[:SHOWN_MAX]]
        for line in self._lines:
            self._column.addWidget(line)
            line.show()
        self._said.hide()
        self._again.hide()
        self.changed.emit()

    def _line(self, device: DeviceEntry, this: str) -> DeviceLine:
        made = DeviceLine(device, this, self)
        made.withdraw_asked.connect(self._withdraw)
        made.changed.connect(self.changed)
        return made

    def _withdraw(self, device: str) -> None:
        self._desk.withdraw(device, self._show, owner=self, failed=self._tell)

    def _tell(self, error: CrmError) -> None:
        self._say(words(error.message), again=True)

    def _say(self, text: str, *, again: bool = False) -> None:
        self._said.setText(text)
        self._said.show()
        self._again.setVisible(again)
        self.changed.emit()


class DeviceLine(QWidget):
    """One device. Signals: `withdraw_asked(id)` once that was confirmed; `changed` with its
    height."""

    withdraw_asked = Signal(str)
    changed = Signal()

    def __init__(self, device: DeviceEntry, this: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.device = device
        self._name = text_of("name", self, name_words(device))
        self._state = text_of("caption", self, state_words(device, this), tone="ink3")
        self._facts = text_of("caption", self, left_words(device) or line_words(device))
        self._begin = link(tr("Withdraw…"), self)
        self._begin.setAccessibleName(tr("Withdraw {name}", name=name_words(device)))
        self._begin.setVisible(not device.revoked_at and device.id != this)
        self._sentence = text_of("small", self, withdrawal_words(device))
        self._do = normal(tr("Withdraw it"), self)
        self._keep = flat(tr("Keep it"), self)
        self._lay_out()
        self._begin.clicked.connect(partial(self._ask, asked=True))
        self._keep.clicked.connect(partial(self._ask, asked=False))
        self._do.clicked.connect(self._tell)
        self._ask(asked=False)

    @property
    def text(self) -> str:
        """What it says."""
        return f"{self._name.text()} ({self._state.text()}): {self._facts.text()}"

    @property
    def asks(self) -> str:
        """What it says before a device is withdrawn; "" while nobody wants to."""
        return "" if self._sentence.isHidden() else self._sentence.text()

    def begin(self) -> None:
        """As a click on the way to withdraw it."""
        self._begin.click()

    def confirm(self) -> None:
        """As a click on the button below the sentence."""
        self._do.click()

    def _ask(self, _checked: bool = False, *, asked: bool) -> None:  # Qt's own argument
        for part in (self._sentence, self._do, self._keep):
            part.setVisible(asked)
        if asked:
            self._keep.setFocus(Qt.FocusReason.OtherFocusReason)
        self.changed.emit()

    def _tell(self) -> None:
        self._ask(asked=False)
        self.withdraw_asked.emit(self.device.id)

    def _lay_out(self) -> None:
        for label in (self._name, self._state):
            label.setWordWrap(False)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self._name)
        head.addWidget(self._state)
        head.addStretch(1)
        head.addWidget(self._begin)
        acts = QHBoxLayout()
        acts.setSpacing(8)
        acts.addWidget(self._do)
        acts.addWidget(self._keep)
        acts.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(head)
        column.addWidget(self._facts)
        column.addWidget(self._sentence)
        column.addLayout(acts)


def _backwards(instant: str) -> tuple[int, ...]:
    """Sorts later instants first."""
    return tuple(-ord(letter) for letter in instant)
