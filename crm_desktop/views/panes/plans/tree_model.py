"""The objectives with their measures and actions, as a tree of plain cells."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QStandardItem, QStandardItemModel

from crm_core.fields import Value
from crm_core.plan_progress import (
    Standing,
    elapsed,
    standing_of_action,
    standing_of_objective,
)
from crm_desktop.dates import day_words
from crm_desktop.i18n import tr
from crm_desktop.models.plans import Objective, PlanPage
from crm_desktop.models.queries import Row
from crm_desktop.views.kit.delegates.progress import ProgressValue
from crm_desktop.views.kit.delegates.roles import VALUE
from crm_desktop.views.panes.plans.words import percent, standing_words

TEXT, OWNER, DUE, PROGRESS, STATUS = range(5)
HEADS = 5
OBJECTIVE, MEASURE, ACTION = "plan_objective", "measure", "plan_action"
_NODE = VALUE + 41
_FIELDS = {OBJECTIVE: {TEXT: "text", DUE: "due_on"}, ACTION: {TEXT: "title", DUE: "due_on"},
           MEASURE: {TEXT: "measure"}}  # fmt: skip
"""What is edited in which column of which row."""


@dataclass(frozen=True, slots=True)
class Node:
    """What a row of the tree stands for. `label` is its small word: O1, Action."""

    kind: str
    row: Row
    label: str
    standing: Standing = Standing.OPEN


class ObjectiveModel(QStandardItemModel):
    """Signal: `edited(kind, id, field, words)` when a person typed into a cell."""

    edited = Signal(str, str, str, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(0, HEADS, parent)
        self._filling = False
        self._page: PlanPage | None = None
        heads = (tr("Objective, measure, action"), tr("Owner"), tr("Due"), tr("Share done"),
                 tr("Status"))  # fmt: skip
        self.setHorizontalHeaderLabels(heads)
        self.itemChanged.connect(self._tell)

    def show(self, page: PlanPage, today: dt.date) -> None:
        """Show a plan's objectives; loose actions stand below them all."""
        self._filling, self._page = True, page
        self.removeRows(0, self.rowCount())
        for number, objective in enumerate(page.objectives, start=1):
            self.appendRow(self._objective(page, objective, number, today))
        for action in page.loose:
            self.appendRow(self._action(page, action, today))
        self._filling = False

    def node(self, item: QStandardItem | None) -> Node | None:
        """What a cell's row stands for."""
        found = item.data(_NODE) if item is not None else None
        return found if isinstance(found, Node) else None

    def _objective(
        self, page: PlanPage, objective: Objective, number: int, today: dt.date
    ) -> list[QStandardItem]:
        values = objective.row.values
        start, due = _day(values.get("start_on")), _day(values.get("due_on"))
        passed = elapsed(start, due, today)
        status = values.get("status")
        standing = standing_of_objective(
            status if isinstance(status, str) else None, objective.share, passed, due, today
        )
        node = Node(OBJECTIVE, objective.row, f"O{number}", standing)
        cells = self._cells(page, node, str(values.get("text") or ""), due, today)
        if objective.share is not None:
            cells[PROGRESS].setData(ProgressValue(objective.share, passed), VALUE)
            cells[PROGRESS].setText(percent(objective.share))
        if values.get("measure"):
            cells[TEXT].appendRow(self._measure(page, objective.row))
        for action in objective.actions:
            cells[TEXT].appendRow(self._action(page, action, today))
        return cells

    def _measure(self, page: PlanPage, row: Row) -> list[QStandardItem]:
        text = " ".join(str(row.values.get("measure") or "").split())
        cells = [QStandardItem(text), *(QStandardItem() for _ in range(HEADS - 1))]
        return self._finished(page, Node(MEASURE, row, tr("Measure")), cells)

    def _action(self, page: PlanPage, row: Row, today: dt.date) -> list[QStandardItem]:
        due, status = _day(row.values.get("due_on")), row.values.get("status")
        standing = standing_of_action(status if isinstance(status, str) else None, due, today)
        node = Node(ACTION, row, tr("Action"), standing)
        return self._cells(page, node, str(row.values.get("title") or ""), due, today)

    def _cells(
        self, page: PlanPage, node: Node, text: str, due: dt.date | None, today: dt.date
    ) -> list[QStandardItem]:
        owner = page.names.get(f"user/{node.row.values.get('owner')}", "")
        cells = [QStandardItem(x) for x in (
            text, owner, day_words(due) if due is not None else "", "",
            standing_words(node.standing, due, today),
        )]  # fmt: skip
        return self._finished(page, node, cells)

    def _finished(
        self, page: PlanPage, node: Node, cells: list[QStandardItem]
    ) -> list[QStandardItem]:
        for column, cell in enumerate(cells):
            cell.setData(node, _NODE)
            cell.setEditable(page.may_edit and column in _FIELDS[node.kind])
        cells[TEXT].setData(f"{node.label}: {cells[TEXT].text()}",
                            int(Qt.ItemDataRole.AccessibleTextRole))  # fmt: skip
        return cells

    def _tell(self, item: QStandardItem) -> None:
        node = self.node(item)
        if self._filling or node is None:
            return
        field = _FIELDS[node.kind].get(item.column())
        if field is not None:
            kind = OBJECTIVE if node.kind == MEASURE else node.kind
            self.edited.emit(kind, node.row.id, field, item.text().strip())


def column_of(node: Node, field: str) -> int | None:
    """The column in whose cell a field is edited; None where it is not in this row."""
    return next((x for x, name in _FIELDS[node.kind].items() if name == field), None)


def edit_text(node: Node, column: int) -> str:
    """What stands in the editor of a cell: the day as it is typed, not as it is said."""
    field = _FIELDS[node.kind].get(column, "")
    value: Value = node.row.values.get(field)
    return str(value or "")


def _day(value: Value) -> dt.date | None:
    try:
        return dt.date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
