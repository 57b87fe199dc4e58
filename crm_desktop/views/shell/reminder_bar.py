"""What is due, quietly above the panes: open it, put it off, or have done with it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QDateTime, QPoint, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QDateTimeEdit,
    QFrame,
    QHBoxLayout,
    QMenu,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
    QWidgetAction,
)
from typing_extensions import override

from crm_desktop.i18n import tr
from crm_desktop.models.reminding import Note
from crm_desktop.views.kit.buttons import flat, normal, primary
from crm_desktop.views.kit.note_words import detailed_words, snooze_words
from crm_desktop.views.kit.text import text_of
from crm_desktop.views.theme.theme import colour


class ReminderBar(QFrame):
    """Signals: `opened(Note)`; `put_off(notes, until)` with an aware moment; `dismissed(notes)`."""

    opened = Signal(object)
    put_off = Signal(object, object)
    dismissed = Signal(object)

    def __init__(
        self,
        parent: QWidget | None = None,
        *,
        now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        super().__init__(parent)
        self._now = now
        self._notes: tuple[Note, ...] = ()
        self.setAutoFillBackground(True)
        self._words = text_of("small", self, tone="ink")
        self._words.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.open_button = normal(tr("Open record"), self)
        self.later_button = normal(tr("Later"), self, icon="clock")
        self.done_button = flat(tr("Dismiss"), self)
        self.open_button.clicked.connect(self._open)
        self.later_button.clicked.connect(self._offer_later)
        self.done_button.clicked.connect(self._dismiss)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 6, 8, 6)
        layout.addWidget(self._words)
        for button in (self.open_button, self.later_button, self.done_button):
            layout.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        self.setAccessibleName(tr("Reminders"))
        self.hide()

    def show_due(self, notes: tuple[Note, ...]) -> None:
        """Show what is due; nothing hides the bar."""
        self._notes = notes
        self._words.setText("\n".join(detailed_words(notes)))
        self.setVisible(bool(notes))

    @property
    def words(self) -> str:
        """What it says."""
        return self._words.text() if not self.isHidden() else ""

    def menu(self) -> QMenu:
        """The ways to put off all that is shown; the own time stands last."""
        made = QMenu(self)
        made.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for _, words, until in snooze_words(self._now()):
            made.addAction(words, partial(self._put_off, until))
        made.addSeparator()
        own = QWidgetAction(made)
        own.setDefaultWidget(self._own_time(made))
        made.addAction(own)
        return made

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        """One line below it, as between all that lies one above the other."""
        super().paintEvent(event)
        QPainter(self).fillRect(0, self.height() - 1, self.width(), 1, colour("line"))

    def _own_time(self, menu: QMenu) -> QWidget:
        page = QWidget(menu)
        moment = QDateTimeEdit(QDateTime.currentDateTime().addSecs(2 * 60 * 60), page)
        moment.setDisplayFormat("yyyy-MM-dd HH:mm")
        moment.setCalendarPopup(True)
        moment.setAccessibleName(tr("Remind at"))
        take = primary(tr("Remind then"), page)

        def put_off() -> None:
            seconds = moment.dateTime().toSecsSinceEpoch()
            self._put_off(dt.datetime.fromtimestamp(seconds, dt.UTC))
            menu.close()

        take.clicked.connect(put_off)
        column = QVBoxLayout(page)
        column.setContentsMargins(12, 6, 12, 8)
        column.addWidget(moment)
        column.addWidget(take)
        return page

    def _offer_later(self) -> None:
        button = self.later_button
        self.menu().popup(button.mapToGlobal(QPoint(0, button.height())))

    def _put_off(self, until: dt.datetime) -> None:
        self.put_off.emit(self._notes, until)

    def _open(self) -> None:
        if self._notes:
            self.opened.emit(self._notes[0])

    def _dismiss(self) -> None:
        self.dismissed.emit(self._notes)
