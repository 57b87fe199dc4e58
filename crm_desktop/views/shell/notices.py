"""The desktop's own notifications: by the tray where there is one, else over the message bus; where
there is neither, the bar in the window is all there is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Protocol

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction, QIcon
from PySide6.QtWidgets import QMenu, QSystemTrayIcon, QWidget

from crm_desktop.i18n import tr
from crm_desktop.models.reminding import Note
from crm_desktop.runtime.bus_notices import Bus, BusNotices
from crm_desktop.views.kit.note_words import detailed_words, neutral_words, snooze_words

OFF, NEUTRAL, DETAILS = "off", "neutral", "details"
OPEN, DEFAULT = "open", "default"


class Tray(Protocol):
    """What is used of a tray's icon."""

    def show(self) -> None: ...
    def hide(self) -> None: ...
    def setContextMenu(self, menu: QMenu, /) -> None: ...  # noqa: N802  # as Qt calls it
    def showMessage(self, title: str, msg: str, icon: QIcon, /) -> None: ...  # noqa: N802


class TrayNotices(QObject):
    """Messages of an icon in the tray, which is there while something is due; its menu has the
    actions. Signal: `acted(action)`."""

    acted = Signal(str)

    def __init__(self, tray: Tray, icon: QIcon, parent: QWidget) -> None:
        super().__init__(parent)
        self._tray, self._icon, self._window = tray, icon, parent
        self._menu = QMenu(parent)
        self._menu.triggered.connect(self._tell_chosen)
        tray.setContextMenu(self._menu)

    def show(self, title: str, body: str, actions: Sequence[tuple[str, str]]) -> None:
        """Show a message, and the actions in the menu."""
        self._menu.clear()
        for action, words in actions:
            self._menu.addAction(words).setData(action)
        self._tray.show()
        self._tray.showMessage(title, body, self._icon)

    def withdraw(self) -> None:
        """Nothing is due any more."""
        self._tray.hide()

    def tell_clicked(self) -> None:
        """The message itself was clicked."""
        self.acted.emit(DEFAULT)

    def tell_activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        """The icon was clicked; its menu opens by itself."""
        if reason != QSystemTrayIcon.ActivationReason.Context:
            self.acted.emit(DEFAULT)

    def close(self) -> None:
        """Take the icon away for good."""
        self._tray.hide()

    def _tell_chosen(self, action: QAction) -> None:
        self.acted.emit(str(action.data()))


def tray_notices(parent: QWidget) -> TrayNotices | None:
    """The tray's, where the desktop has one."""
    if not QSystemTrayIcon.isSystemTrayAvailable():
        return None
    icon = parent.windowIcon()
    tray = QSystemTrayIcon(icon, parent)
    made = TrayNotices(tray, icon, parent)
    tray.messageClicked.connect(made.tell_clicked)
    tray.activated.connect(made.tell_activated)
    return made


class Notices(QObject):
    """Tells the desktop what is due. Parent: the window.

    Signals: `opened()`; `put_off(until)` with an aware moment.
    """

    opened = Signal()
    put_off = Signal(object)

    def __init__(
        self,
        shower: TrayNotices | BusNotices,
        parent: QObject,
        *,
        now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        super().__init__(parent)
        self._shower, self._now = shower, now
        shower.acted.connect(self._act)

    def tell(self, notes: Sequence[Note], likes: str) -> None:
        """Notify of what is newly due, together, as a person likes it."""
        if likes == OFF or not notes:
            return
        body = "\n".join(detailed_words(notes)) if likes == DETAILS else neutral_words(notes)
        later = [
            (code, tr("Later: {time}", time=words)) for code, words, _ in snooze_words(self._now())
        ]
        self._shower.show(tr("CRM Desktop"), body, [(OPEN, tr("Open record")), *later])

    def follow(self, due: Sequence[Note]) -> None:
        """Take the notification away once nothing is due any more."""
        if not due:
            self._shower.withdraw()

    def close(self) -> None:
        """Tell nothing more."""
        self._shower.close()

    def _act(self, action: str) -> None:
        if action in (OPEN, DEFAULT):
            self.opened.emit()
            return
        for code, _, until in snooze_words(self._now()):
            if code == action:
                self.put_off.emit(until)


def notices_for(parent: QWidget, bus: Bus | None) -> Notices | None:
    """The best way of this desktop; None where it has none."""
    shower = tray_notices(parent) or (BusNotices(bus, parent) if bus is not None else None)
    return Notices(shower, parent) if shower is not None else None
