"""The tasks pane: the kit's list, with what is due first and a box that ticks a task off."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QRect, QRectF, Qt
from PySide6.QtGui import QAction, QColor, QKeySequence, QPainter, QPen
from PySide6.QtWidgets import QWidget
from typing_extensions import override

from crm_core.catalog import CATALOG
from crm_core.changes import difference
from crm_core.errors import CrmError
from crm_core.fields import Value
from crm_core.i18n import Message, tr_noop
from crm_core.ids import RecordId
from crm_core.supervising import Supervision
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
from crm_desktop.views.kit.source import titles_for
from crm_desktop.views.kit.supervision_words import left_tone, left_words
from crm_desktop.views.kit.view_spec import ViewSpec
from crm_desktop.views.theme.icons import paint_icon
from crm_desktop.views.theme.tokens import Tokens

if TYPE_CHECKING:
    from crm_desktop.models.store import Store
    from crm_desktop.views.kit.detail import RecordDetail
    from crm_desktop.views.panes.tasks.strip import TaskStrip

TASK = CATALOG["task"]
DONE, OPEN, DROPPED = "done", "open", "dropped"
DUE_FIRST = ViewSpec(
    where=(Where("status", "!=", DONE), Where("status", "!=", DROPPED)), sort="due_on"
)
"""What is shown at first: everything that is still to be done, the latest in arrears first."""

_BOX = 15
_NEEDS_A_DAY = tr_noop("A task that repeats needs the day on which it is due first.")


class TasksPane(EntityPane):
    """List and form of tasks. Signals: those of `EntityPane`."""

    def __init__(
        self,
        hub: DataHub,
        parent: QWidget | None = None,
        *,
        today: Callable[[], dt.date] = lambda: dt.datetime.now().astimezone().date(),
        now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        self._today, self._now = today, now
        self._strip: TaskStrip | None = None
        self._tidies = False
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

    # The strip above the form

    @override
    def _make_detail(self) -> RecordDetail:
        from crm_desktop.views.panes.tasks.strip import TaskStrip  # forms are not needed at start

        detail = super()._make_detail()
        self._strip = TaskStrip(detail)
        self._strip.asked.connect(self._act_on_series)
        detail.put_above(self._strip)
        detail.row_shown.connect(self._show_strip)
        return detail

    def _show_strip(self, row: Row | None) -> None:
        strip = self._strip
        if row is None or strip is None:
            if strip is not None:
                strip.hide()
            return

        def job(connection: Connection) -> tuple[Mapping[str, str], str]:
            from crm_desktop.models.series import rule_of

            return titles_for(connection, TASK.kind, row), rule_of(connection, row.id)

        def show(found: tuple[Mapping[str, str], str]) -> None:
            if row.id == self.record_id:
                strip.show_task(row, *found, self._now())

        self._tasks_hub.read(job, show, owner=self, supersede="strip")

    def _act_on_series(self, what: str) -> None:
        """Skip a task, give its values to others of its series, or end that with it."""
        from crm_desktop.views.panes.tasks.acts import ACTS

        record, act = self._record, ACTS.get(what)
        if record is None or act is None:
            return
        title = str(record.values.get("title") or "")

        def job(store: Store) -> Summary:
            return act.write(store, record, title)

        def tell(summary: Summary) -> None:
            said = act.done if summary.changed else tr_noop("There was nothing to change.")
            self.said.emit(tr(said, title=title) if summary.changed else tr(said))

        self._tasks_hub.write(job, owner=self, then=tell, failed=self._show_failure)

    # Saving

    @override
    def _insert(self, values: dict[str, Value]) -> None:
        if self._has_its_day({}, values):
            super()._insert(values)

    @override
    def _update(self, record: Row, values: dict[str, Value]) -> None:
        if not self._has_its_day(record.values, values):
            return
        self._tidies = "recurrence" in values
        super()._update(record, values)

    @override
    def _show_saved(self, summary: Summary) -> None:
        super()._show_saved(summary)
        record, self._tidies, is_due = self._record, False, self._tidies
        if is_due and record is not None:
            from crm_desktop.views.panes.tasks.acts import TIDY

            def job(store: Store) -> Summary:
                return TIDY.write(store, record, str(record.values.get("title") or ""))

            self._tasks_hub.write(job, owner=self, failed=self._show_failure)

    def _has_its_day(self, before: Mapping[str, Value], values: Mapping[str, Value]) -> bool:
        """Whether a task that is to recur has a day from which it does; says so where not."""
        after = {**before, **values}
        if not after.get("recurrence") or after.get("due_on"):
            return True
        self.detail.form.show_problem("due_on", Message(_NEEDS_A_DAY))
        return False

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
            "late", tr_noop("Late"), 104, read=self._read_late, words=self._late_words,
            paint=self._paint_late, listens=frozenset(("task",)),
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

    def _read_late(
        self, connection: Connection, rows: Sequence[Row]
    ) -> Mapping[str, int | Supervision]:
        """By how many days a task is late; of a supervised one, how it stands with the reply."""
        ids = [row.id for row in rows]
        late = tasks.days_late(connection, ids, self._today())
        found: dict[RecordId, int | Supervision] = {**late, **tasks.supervised(connection, ids)}
        return {str(record_id): one for record_id, one in found.items()}

    def _late_words(self, late: int | Supervision) -> str:
        if isinstance(late, int):
            return _days_words(late)
        return left_words(late, self._now(), brief=True) or tr("supervised")

    def _paint_late(
        self, painter: QPainter, rect: QRect, late: int | Supervision | None, tokens: Tokens
    ) -> None:
        if not late:
            return
        is_days = isinstance(late, int)
        tone = "warn" if is_days else left_tone(late, self._now())
        mark, words = split(painter, rect, 12, 4)
        if is_days:
            with smooth(painter):
                outlined_triangle(painter, mark, tokens.warn)
        else:
            paint_icon(painter, mark, "flag", tone)
        write(painter, words, self._late_words(late), "small", getattr(tokens, tone))


def _days_words(days: int) -> str:
    return tr("{days} d late", days=days)


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
