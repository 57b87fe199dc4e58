"""One device beside the list: what is known of it, and withdrawing it."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from crm_core.wire import DeviceEntry
from crm_desktop.i18n import tr
from crm_desktop.views.kit.buttons import flat, normal
from crm_desktop.views.kit.choice import when_words
from crm_desktop.views.kit.device_words import (
    left_words,
    name_words,
    state_words,
    withdrawal_words,
)
from crm_desktop.views.kit.hairline import hairline
from crm_desktop.views.kit.scrolled import scrolled
from crm_desktop.views.kit.text import text_of

_MARGIN = 16
_WORD_MAX = 24


class DeviceCard(QWidget):
    """Shows a device. Signal: `withdraw_asked(id)` once that was confirmed."""

    withdraw_asked = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._device: DeviceEntry | None = None
        self._said: list[str] = []
        self._page = QWidget(self)
        self._name = text_of("record", self._page)
        self._state = text_of("small", self._page, tone="ink3")
        self._grid = QGridLayout()
        self._left = text_of("small", self._page)
        self._begin = normal(tr("Withdraw…"), self._page)
        self._sentence = text_of("small", self._page)
        self._do = normal(tr("Withdraw it"), self._page)
        self._keep = flat(tr("Keep it"), self._page)
        self._lay_out()
        self._begin.clicked.connect(self.begin)
        self._keep.clicked.connect(self._give_up)
        self._do.clicked.connect(self._tell)
        self.show_device(None, "", for_it=False)

    def show_device(self, device: DeviceEntry | None, this: str, *, for_it: bool) -> None:
        """Show a device, or none; `for_it`: also what IT alone is told."""
        is_other = device is None or self._device is None or device.id != self._device.id
        self._device = device
        self._page.setVisible(device is not None)
        if device is None:
            return
        self._name.setText(name_words(device))
        self._state.setText(state_words(device, this))
        self._fill([*_facts(device, for_it=for_it)])
        self._left.setText(left_words(device))
        self._left.setVisible(bool(self._left.text()))
        self._begin.setVisible(not device.revoked_at and device.id != this)
        self._sentence.setText(withdrawal_words(device))
        if is_other or device.revoked_at:
            self._ask(asked=False)

    @property
    def text(self) -> str:
        """What it says of the device."""
        return "\n".join((self._name.text(), self._state.text(), *self._said, self._left.text()))

    @property
    def asks(self) -> str:
        """What it says before the device is withdrawn; "" while nobody wants to."""
        return "" if self._sentence.isHidden() else self._sentence.text()

    @property
    def may_withdraw(self) -> bool:
        """Whether there is a way to withdraw it."""
        return not self._begin.isHidden()

    def begin(self) -> None:
        """Say what happens, and ask."""
        self._ask(asked=True)
        self._keep.setFocus(Qt.FocusReason.OtherFocusReason)

    def confirm(self) -> None:
        """As a click on the button below the sentence."""
        self._do.click()

    def _give_up(self) -> None:
        self._ask(asked=False)

    def _ask(self, *, asked: bool) -> None:
        self._begin.setEnabled(not asked)
        for part in (self._sentence, self._do, self._keep):
            part.setVisible(asked)

    def _tell(self) -> None:
        self._ask(asked=False)
        if self._device is not None:
            self.withdraw_asked.emit(self._device.id)

    def _fill(self, facts: list[tuple[str, str]]) -> None:
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self._said = [f"{label}: {text}" for label, text in facts]
        for row, (label, text) in enumerate(facts):
            said = text_of("caption", self._page, label, tone="ink3")
            said.setWordWrap(False)
            value = text_of("caption" if len(text) > _WORD_MAX else "small", self._page, text)
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            value.setAccessibleName(f"{label}: {text}")
            self._grid.addWidget(said, 2 * row, 0, Qt.AlignmentFlag.AlignTop)
            if len(text) > _WORD_MAX:  # an id has no place to break
                self._grid.addWidget(value, 2 * row + 1, 0, 1, 2)
            else:
                self._grid.addWidget(value, 2 * row, 1)

    def _lay_out(self) -> None:
        self._grid.setColumnStretch(1, 1)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(6)
        acts = QHBoxLayout()
        acts.setSpacing(8)
        acts.addWidget(self._do)
        acts.addWidget(self._keep)
        acts.addStretch(1)
        column = QVBoxLayout(self._page)
        column.setContentsMargins(_MARGIN, _MARGIN, _MARGIN, _MARGIN)
        column.setSpacing(8)
        column.addWidget(self._name)
        column.addWidget(self._state)
        column.addLayout(self._grid)
        column.addWidget(self._left)
        column.addWidget(hairline(self._page))
        column.addWidget(self._begin, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self._sentence)
        column.addLayout(acts)
        column.addStretch(1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        self.setProperty("surface", "alt")
        self._page.setProperty("surface", "alt")
        for part in (self, self._page):
            part.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        whole.addWidget(scrolled(self._page, self))


def _facts(device: DeviceEntry, *, for_it: bool) -> Iterator[tuple[str, str]]:
    yield tr("User"), device.login
    yield tr("Operating system"), device.os or "–"
    yield tr("Version"), device.app_version or "–"
    yield tr("First sign-in"), when_words(device.registered_at)
    yield tr("Last sync"), when_words(device.last_sync_at)
    yield tr("Unsent"), str(device.unsent)
    if for_it:
        yield tr("Key kept here"), tr("yes") if device.has_key else tr("no")
        yield tr("Key given back"), str(device.keys_released)
    yield tr("Id"), device.id
