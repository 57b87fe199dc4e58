"""Brings what is due to the person: the bar in the window, and the desktop's notifications."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QWidget

from crm_desktop.runtime.lanes import Lanes
from crm_desktop.runtime.reminding import INBOX, Reminding

if TYPE_CHECKING:
    from crm_desktop.models.reminding import Note
    from crm_desktop.runtime.bus_notices import Bus
    from crm_desktop.views.shell.notices import Notices
    from crm_desktop.views.shell.reminder_bar import ReminderBar
    from crm_desktop.views.shell.window import Shell

Finder = Callable[[QWidget, "Bus | None"], "Notices | None"]


class ReminderDesk(QObject):
    """Parent: the composition root. `likes`: how much the notifications may say (a preference);
    `find` looks for the desktop's way, once something is due."""

    def __init__(
        self,
        reminding: Reminding,
        lanes: Lanes,
        window: QWidget,
        likes: str,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._reminding, self._lanes, self._window = reminding, lanes, window
        self.likes = likes
        self._shell: Shell | None = None
        self._bar: ReminderBar | None = None
        self._notices: Notices | None = None
        self._is_found = False
        self.find: Finder | None = None
        reminding.due.connect(self._show_due)
        reminding.told.connect(self._notify)

    def attach(self, shell: Shell) -> None:
        """The window is drawn anew: so is the bar in it."""
        self._shell, self._bar = shell, None
        self._show_due(self._reminding.shown)

    def close(self) -> None:
        """Take away what the desktop shows."""
        if self._notices is not None:
            self._notices.close()
            self._notices = None

    @property
    def bar(self) -> ReminderBar | None:
        """The bar in the window, once something was due."""
        return self._bar

    def _show_due(self, due: tuple[Note, ...]) -> None:
        shell = self._shell
        if self._bar is None and due and shell is not None:
            from crm_desktop.views.shell.reminder_bar import ReminderBar

            self._bar = bar = ReminderBar(shell)
            shell.put_above(bar)
            bar.opened.connect(self._open)
            bar.put_off.connect(self._reminding.put_off)
            bar.dismissed.connect(self._reminding.dismiss)
        if self._bar is not None:
            self._bar.show_due(due)
        if self._notices is not None:
            self._notices.follow(due)

    def _notify(self, new: Sequence[Note]) -> None:
        if self.likes == "off":
            return
        if self._is_found:
            self._tell(new)
            return
        from crm_desktop.runtime.bus_notices import open_bus

        def take(bus: Bus | None) -> None:
            self._find(bus)
            self._tell(new)

        self._lanes.network(open_bus, take, owner=self)

    def _find(self, bus: Bus | None) -> None:
        if self._is_found:
            if bus is not None:
                bus.connection.close()
            return
        from crm_desktop.views.shell.notices import notices_for

        self._is_found = True
        self._notices = (self.find or notices_for)(self._window, bus)
        if self._notices is not None:
            self._notices.opened.connect(self._open_first)
            self._notices.put_off.connect(self._put_off_all)

    def _tell(self, new: Sequence[Note]) -> None:
        if self._notices is not None:
            self._notices.tell(new, self.likes)

    def _open_first(self) -> None:
        """Come to the front with what is due."""
        state = self._window.windowState() & ~Qt.WindowState.WindowMinimized
        self._window.setWindowState(state)
        self._window.show()
        self._window.raise_()
        self._window.activateWindow()
        if len(self._reminding.shown) == 1:
            self._open(self._reminding.shown[0])

    def _put_off_all(self, until: dt.datetime) -> None:
        self._reminding.put_off(self._reminding.shown, until)

    def _open(self, note: Note) -> None:
        if self._shell is None:
            return
        if note.kind == INBOX:
            self._shell.show_place(INBOX)
        else:
            self._shell.open_record(note.kind, note.id)
        self._reminding.dismiss([note])
