"""The devices: one's own, and for IT everybody's; asked of the server each time one looks."""

from __future__ import annotations

import datetime as dt

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QLineEdit, QStackedWidget, QVBoxLayout, QWidget
from typing_extensions import override

from crm_core.errors import CrmError
from crm_core.wire import DeviceList
from crm_desktop.dates import time_words
from crm_desktop.i18n import tr, tr_n, words
from crm_desktop.models.replica import Summary
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.kit.buttons import icon_button
from crm_desktop.views.kit.device_words import name_words
from crm_desktop.views.kit.empty import EmptyPane
from crm_desktop.views.kit.head import PageHead
from crm_desktop.views.kit.inspector import InspectorHost
from crm_desktop.views.panes.devices.card import DeviceCard
from crm_desktop.views.panes.devices.table import DeviceTable
from crm_desktop.views.theme.theme import theme

FRESH_FOR_S = 60
"""Whoever comes back within this time sees the list that he saw."""


class DevicesPane(QWidget):
    """List and detail of devices. Signal: `said(words)` for what was done."""

    said = Signal(str)

    def __init__(self, hub: DataHub, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = hub.devices
        self._found = DeviceList(())
        self._asked_at: dt.datetime | None = None
        self._wanted = ""
        self._main = QWidget(self)
        self._head = PageHead(tr("Devices"), self._main)
        self._again = icon_button("sync", tr("Ask the server again"), self)
        self._filter = QLineEdit(self._main)
        self._stack = QStackedWidget(self._main)
        self._nothing = EmptyPane("laptop", tr("Asking the server…"), "", "", self._stack)
        self._table = DeviceTable(self._stack)
        self._card = DeviceCard(self)
        self._host = InspectorHost(self._main, self._card, self)
        self.setFocusProxy(self._table)
        self._lay_out()
        self._connect()

    # What others may ask

    def ask(self) -> None:
        """Ask the server for the list."""
        if self._desk is None:
            self._tell_words(tr("Devices are listed by the server only."))
            return
        self._again.setEnabled(False)
        self._desk.ask(self._show, owner=self, failed=self._tell)

    def take_summary(self, summary: Summary) -> None:
        """A device came, or was withdrawn elsewhere."""
        if "device" in summary.kinds and self.isVisible():
            self.ask()

    def open_record(self, record_id: str) -> None:
        """Show a device."""
        self._wanted = record_id
        self._choose_wanted()

    def choose_first(self) -> None:
        """Show the first device."""
        self._table.choose_first()

    @property
    def table(self) -> DeviceTable:
        """The list."""
        return self._table

    @property
    def card(self) -> DeviceCard:
        """What is known of the one that is chosen."""
        return self._card

    @property
    def problem(self) -> str:
        """Why there is no list, or ""."""
        return " ".join(self._nothing.words).strip() if self._is_empty else ""

    @property
    def filter_line(self) -> QLineEdit:
        """Where the list is narrowed."""
        return self._filter

    @property
    def _is_empty(self) -> bool:
        return self._stack.currentWidget() is self._nothing

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        now = dt.datetime.now(dt.UTC)
        age = None if self._asked_at is None else (now - self._asked_at).total_seconds()
        if age is None or age > FRESH_FOR_S:
            QTimer.singleShot(0, self, self.ask)

    # What came

    def _show(self, found: DeviceList) -> None:
        self._found, self._asked_at = found, dt.datetime.now(dt.UTC)
        self._again.setEnabled(True)
        many = tr_n("{n} device", "{n} devices", len(found.devices))
        at = time_words(self._asked_at.astimezone())
        whose = "" if found.all_users else tr("yours")
        self._head.set_note(" · ".join(filter(None, (many, whose, tr("as of {time}", time=at)))))
        self._table.show_devices(found.devices, found.this)
        self._stack.setCurrentWidget(self._table)
        self._filter.show()
        self._show_chosen(self._table.device)
        self._choose_wanted()

    def _choose_wanted(self) -> None:
        if self._wanted and self._table.choose(self._wanted):
            self._wanted = ""

    def _tell(self, error: CrmError) -> None:
        self._again.setEnabled(True)
        self._tell_words(words(error.message))

    def _tell_words(self, text: str) -> None:
        self._asked_at = None
        self._filter.hide()
        self._head.set_note("")
        self._card.show_device(None, "", for_it=False)
        self._nothing.say(
            tr("The list of devices is not here."), text, tr("Try again") if self._desk else ""
        )
        self._stack.setCurrentWidget(self._nothing)

    def _show_chosen(self, device: str) -> None:
        found = next((x for x in self._found.devices if x.id == device), None)
        self._card.show_device(found, self._found.this, for_it=self._found.all_users)

    # Withdrawing

    def _withdraw(self, device: str) -> None:
        desk = self._desk
        if desk is None:
            return
        name = next((name_words(x) for x in self._found.devices if x.id == device), "")

        def done(found: DeviceList) -> None:
            self._show(found)
            self.said.emit(tr("{name} is withdrawn.", name=name))

        desk.withdraw(device, done, owner=self, failed=self._tell)

    # Parts

    def _lay_out(self) -> None:
        self._filter.setPlaceholderText(tr("Filter by words"))
        self._filter.setAccessibleName(tr("Filter the list"))
        self._filter.setClearButtonEnabled(True)
        self._filter.hide()
        self._head.add(self._again)
        margin = theme().metrics.margin
        around = QVBoxLayout()
        around.setContentsMargins(margin, 0, margin, 8)
        around.addWidget(self._filter)
        self._stack.addWidget(self._nothing)
        self._stack.addWidget(self._table)
        column = QVBoxLayout(self._main)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._head)
        column.addLayout(around)
        column.addWidget(self._stack, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._host)

    def _connect(self) -> None:
        self._again.clicked.connect(self.ask)
        self._nothing.acted.connect(self.ask)
        self._filter.textChanged.connect(self._table.narrow)
        self._table.chosen.connect(self._show_chosen)
        self._table.activated.connect(self._go_on)
        self._card.withdraw_asked.connect(self._withdraw)

    def _go_on(self) -> None:
        self._host.show_inspector()
