"""One step of the queue: what it changes, what it waits for, and what one can do about it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QWidget
from typing_extensions import override

from crm_core.changes import Op
from crm_desktop.i18n import tr
from crm_desktop.models.queue import Cause, HeldRow, QueueRow
from crm_desktop.runtime.standing import Standing
from crm_desktop.views.kit.buttons import flat, normal
from crm_desktop.views.kit.scrolled import scrolled
from crm_desktop.views.panes.inbox.detail import Detail, stacked
from crm_desktop.views.panes.inbox.entry import Entry
from crm_desktop.views.panes.inbox.parts import label
from crm_desktop.views.panes.inbox.queued import typed_words, why_words
from crm_desktop.views.panes.inbox.read import PartInWords
from crm_desktop.views.panes.inbox.values import ValuesView, blocks_of


class QueueView(Detail):
    """Shows a step on its way, or a record held back.

    Signals: `opened(kind, id)`; `sync_asked()`; `hold_asked(kind, id)`, `release_asked(kind, id)`;
    `take_back_asked(cs_id)`.
    """

    opened = Signal(str, str)
    sync_asked = Signal()
    hold_asked = Signal(str, str)
    release_asked = Signal(str, str)
    take_back_asked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("pending", parent, tone="ink2")
        self._row: QueueRow | HeldRow | None = None
        self._standing = Standing()
        self._make_parts()

    def show_entry(self, entry: Entry, standing: Standing) -> None:
        """Show a step; its values come later, by `show_parts`."""
        assert isinstance(entry.payload, QueueRow | HeldRow)
        row = entry.payload
        if self._row is None or _key(self._row) != _key(row):
            self._values.show_blocks(())
        self._row = row
        self._icon.show_icon(entry.icon, entry.tone)
        self._title.setText(entry.title)
        self._state.setText(entry.second)
        self.show_standing(standing)
        self._show_ways(row)

    def show_standing(self, standing: Standing) -> None:
        """Say anew what it waits for, as things stand now."""
        self._standing = standing
        row = self._row
        if isinstance(row, QueueRow):
            self._why.setText(why_words(row, standing))
            self._typed.setText(typed_words(row))
        elif row is not None:
            self._why.setText(
                tr("You hold this record back. Nothing of it waits; what you change later stays.")
            )
        self._typed.setVisible(isinstance(row, QueueRow))

    def show_parts(self, parts: Sequence[PartInWords]) -> None:
        """Show what the step does."""
        self._values.show_blocks(tuple(blocks_of(parts)))

    @override
    def begin(self) -> None:
        """Give the keyboard to the first thing that one can do here."""
        ways = (self._release, self._send, self._hold, self._take_back, self._open)
        first = next((way for way in ways if way.isVisibleTo(self)), None)
        if first is not None:
            first.setFocus(Qt.FocusReason.TabFocusReason)

    def release(self) -> None:
        """Ask to let the record's changes go."""
        if self._row is not None:
            self.release_asked.emit(*_held_at(self._row))

    @property
    def why(self) -> str:
        """What is said of what it waits for."""
        return self._why.text()

    def _show_ways(self, row: QueueRow | HeldRow) -> None:
        is_held = _is_held(row)
        is_step = isinstance(row, QueueRow)
        goes = isinstance(row, QueueRow) and row.wait is None and row.state in ("queued", "sent")
        self._send.setVisible(goes)
        self._release.setVisible(is_held)
        self._hold.setVisible(is_step and not is_held and row.state not in ("acked", "blocked"))
        self._take_back.setVisible(isinstance(row, QueueRow) and row.can_undo)
        many = isinstance(row, QueueRow) and row.together > 1
        words = tr("Take all of it back") if many else tr("Take back")
        self._take_back.setText(words)
        self._take_back.setAccessibleName(words)
        hidden = isinstance(row, QueueRow) and row.op is Op.OFFER
        self._open.setVisible(not hidden and bool(row.title))

    # What is asked for

    def _tell_opened(self) -> None:
        if self._row is not None:
            self.opened.emit(self._row.kind, self._row.record)

    def _ask_hold(self) -> None:
        if self._row is not None:
            self.hold_asked.emit(self._row.kind, self._row.record)

    def _ask_take_back(self) -> None:
        if isinstance(self._row, QueueRow):
            self.take_back_asked.emit(self._row.cs_id)

    def _ask_sync(self) -> None:
        self.sync_asked.emit()

    # Parts

    def _make_parts(self) -> None:
        page = QWidget(self)
        self._why = label(page)
        self._typed = label(page, role="small", tone="ink3")
        self._values = ValuesView(page)
        self._open = flat(tr("Open record"), self)
        self._send = normal(tr("Send now"), self)
        self._hold = normal(tr("Hold back"), self)
        self._hold.setToolTip(tr("Changes of this record stay on this device until you let it go"))
        self._release = normal(tr("Let it go"), self)
        self._take_back = normal(tr("Take back"), self)
        self._open.clicked.connect(self._tell_opened)
        self._send.clicked.connect(self._ask_sync)
        self._hold.clicked.connect(self._ask_hold)
        self._release.clicked.connect(self.release)
        self._take_back.clicked.connect(self._ask_take_back)
        stacked(page, self._why, self._typed, self._values)
        buttons = (self._open, self._take_back, self._hold, self._release, self._send)
        self._frame(scrolled(page, self), buttons=buttons)


def _is_held(row: QueueRow | HeldRow) -> bool:
    if isinstance(row, HeldRow):
        return True
    return row.is_held or (row.wait is not None and row.wait.cause is Cause.HELD)


def _held_at(row: QueueRow | HeldRow) -> tuple[str, str]:
    """The record whose being held back keeps this here."""
    if isinstance(row, QueueRow) and not row.is_held and row.wait is not None:
        return row.wait.kind, row.wait.record
    return row.kind, row.record


def _key(row: QueueRow | HeldRow) -> str:
    return row.cs_id if isinstance(row, QueueRow) else f"{row.kind}/{row.record}"
