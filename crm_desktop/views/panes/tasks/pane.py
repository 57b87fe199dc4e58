"""The tasks pane: the kit's list, with what is due first and a box that ticks a task off."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import QModelIndex, QRect, QRectF, Qt
from PySide6.QtGui import QAction, QColor, QKeySequence, QPainter, QPen
from PySide6.QtWidgets import QWidget

from crm_core.catalog import CATALOG
from crm_core.changes import difference
from crm_core.errors import CrmError
from crm_core.fields import Value
from crm_core.i18n import tr_noop
from crm_core.ids import RecordId
from crm_desktop.i18n import tr
from crm_desktop.models import queries, tasks
from crm_desktop.models.connection import Connection
from crm_desktop.models.queries import Row
from crm_desktop.models.replica import Summary
from crm_desktop.models.sql import Where
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.kit.column import Column, field_column
from crm_desktop.views.kit.delegates.shapes import (
    centred,
    outlined_triangle,
    smooth,
    split,
    tick,
    write,
)
from crm_desktop.views.kit.entity_pane import EntityPane
from crm_desktop.views.kit.view_spec import ViewSpec
from crm_desktop.views.theme.tokens import Tokens

TASK = CATALOG["task"]
DONE, OPEN, DROPPED = "done", "open", "dropped"
DUE_FIRST = ViewSpec(
    where=(Where("status", "!=", DONE), Where("status", "!=", DROPPED)), sort="due_on"
)
"""What is shown at first: everything that is still to be done, the latest in arrears first."""

_BOX = 15


class TasksPane(EntityPane):
    """List and form of tasks. Signals: those of `EntityPane`."""

    def __init__(
        self,
        hub: DataHub,
        parent: QWidget | None = None,
        *,
        today: Callable[[], dt.date] = lambda: dt.datetime.now().astimezone().date(),
    ) -> None:
        self._today = today
        super().__init__(TASK, hub, parent, columns=self._columns())
        self._tasks_hub = hub
        self.side.bar.ask(DUE_FIRST)
        table = self.side.list.table
        table.clicked.connect(self._tick_clicked)
        self._tick = QAction(tr("Done, or open again"), table)
        self._tick.setShortcut(QKeySequence(Qt.Key.Key_Space))
        self._tick.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        self._tick.triggered.connect(self._tick_chosen)
        table.addAction(self._tick)

    def tick(self, record_id: str) -> None:
        """Tick a task off; one that is done is opened again."""

        def job(connection: Connection) -> Row | None:
            return queries.record(connection, TASK.kind, RecordId(record_id))

        self._tasks_hub.read(job, self._turn, owner=self)

    def _turn(self, row: Row | None) -> None:
        if row is None:
            return
        is_done = row.values.get("status") == DONE
        title = str(row.values.get("title") or "")
        words = tr_noop("Open again: {title}") if is_done else tr_noop("Done: {title}")
        label = tr(words, title=title)
        wanted: dict[str, Value] = {"status": OPEN if is_done else DONE}

        def tell(_summary: Summary) -> None:
            if not is_done:
                self.said.emit(tr("Done: {title}. Ctrl+Z opens it again.", title=title))

        changes = difference(TASK, row.id, row.values, wanted, row.seq)
        self._tasks_hub.save(changes, label, owner=self, then=tell, failed=self._tell_refused_tick)

    def _tick_clicked(self, index: QModelIndex) -> None:
        columns = self.side.model.columns
        row = self.side.model.row_at(index.row())
        is_box = index.column() < len(columns) and columns[index.column()].name == "status"
        if is_box and row is not None:
            self.tick(row.id)

    def _tick_chosen(self) -> None:
        if self.side.list.chosen_id:
            self.tick(self.side.list.chosen_id)

    def _tell_refused_tick(self, error: CrmError) -> None:
        self.failed.emit(error)

    def _columns(self) -> tuple[Column, ...]:
        late = Column(
            "late", tr_noop("Late"), 94, read=self._read_late, words=_late_words,
            paint=_paint_late, listens=frozenset(("task",)),
        )  # fmt: skip
        return (
            Column("status", tr_noop("Done"), 62, TASK.by_name["status"], paint=_paint_box),
            field_column(TASK, "title", width=170),
            field_column(TASK, "account", width=130),
            field_column(TASK, "due_on", width=110),
            late,
            field_column(TASK, "assignee"),
            field_column(TASK, "priority"),
        )

    def _read_late(self, connection: Connection, rows: Sequence[Row]) -> Mapping[str, int]:
        found = tasks.days_late(connection, [row.id for row in rows], self._today())
        return {str(record_id): days for record_id, days in found.items()}


def _late_words(days: int) -> str:
    return tr("{days} d late", days=days)


def _paint_late(painter: QPainter, rect: QRect, days: int, tokens: Tokens) -> None:
    if days:
        mark, words = split(painter, rect, 12, 4)
        with smooth(painter):
            outlined_triangle(painter, mark, tokens.warn)
        write(painter, words, _late_words(days), "small", tokens.warn)


def _paint_box(painter: QPainter, rect: QRect, status: str | None, tokens: Tokens) -> None:
    """A check box: empty, half (in progress), ticked, or struck (dropped)."""
    box = centred(split(painter, rect, _BOX)[0], _BOX)
    shape = QRectF(box).adjusted(0.5, 0.5, -0.5, -0.5)
    is_done = status == DONE
    with smooth(painter):
        painter.setPen(QPen(QColor(tokens.accent_fill if is_done else tokens.control), 1))
        painter.setBrush(QColor(tokens.accent_fill if is_done else tokens.pane))
        painter.drawRoundedRect(shape, 4, 4)
        if is_done:
            tick(painter, box, tokens.on_accent)
        elif status == "in_progress":
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(tokens.accent))
            painter.drawRoundedRect(QRectF(centred(box, 7)), 2, 2)
        elif status == DROPPED:
            painter.fillRect(centred(box, 7).adjusted(0, 3, 0, -3), QColor(tokens.ink3))
