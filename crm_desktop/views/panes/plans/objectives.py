"""The tree of objectives: opened, edited, finished and added to in place."""

from __future__ import annotations

import datetime as dt

from PySide6.QtCore import (
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QColor, QContextMenuEvent, QKeyEvent, QPainter, QStandardItem
from PySide6.QtWidgets import (
    QAbstractItemDelegate,
    QAbstractItemView,
    QHeaderView,
    QLineEdit,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeView,
    QWidget,
)
from typing_extensions import override

from crm_core.machines import MACHINES
from crm_desktop.i18n import tr
from crm_desktop.models.plans import PlanPage
from crm_desktop.views.kit.delegates.progress import ProgressValue, paint_progress
from crm_desktop.views.kit.delegates.roles import VALUE
from crm_desktop.views.kit.delegates.shapes import MARK, paint_shape, split, write
from crm_desktop.views.panes.plans.refused import Refusal, editor_at
from crm_desktop.views.panes.plans.tree_model import (
    ACTION,
    DUE,
    MEASURE,
    OBJECTIVE,
    OWNER,
    PROGRESS,
    STATUS,
    TEXT,
    Node,
    ObjectiveModel,
    column_of,
    edit_text,
)
from crm_desktop.views.panes.plans.words import MARKS, WORK_STEPS
from crm_desktop.views.theme.theme import theme

Index = QModelIndex | QPersistentModelIndex
_State = QStyle.StateFlag
_WIDTHS = {OWNER: 130, DUE: 80, PROGRESS: 176, STATUS: 120}
_LABEL, _OBJECTIVE_LABEL, _BAR, _GAP = 62, 26, 100, 8
_WORK = MACHINES["work"]


class NodeDelegate(QStyledItemDelegate):
    """A cell of the tree: label and words, progress, or a standing with its mark."""

    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(40, theme().metrics.tree_row)

    @override
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        tokens, rect, state = theme().tokens, option.rect, option.state
        painter.setLayoutDirection(option.direction)
        if state & _State.State_Selected:
            painter.fillRect(rect, QColor(tokens.selection))
        painter.fillRect(rect.left(), rect.bottom(), rect.width(), 1, QColor(tokens.line))
        node = _node(index)
        if node is None:
            return
        inside = rect.adjusted(4, 0, -4, -1)
        paint = {TEXT: self._text, PROGRESS: self._progress, STATUS: self._status}
        paint.get(index.column(), self._plain)(painter, inside, index, node)
        if state & _State.State_HasFocus:
            painter.setPen(QColor(tokens.accent))
            painter.drawRect(rect.adjusted(0, 0, -1, -2))

    def _text(self, painter: QPainter, rect: QRect, index: Index, node: Node) -> None:
        tokens = theme().tokens
        is_objective = node.kind == OBJECTIVE
        lead, rest = split(painter, rect, _OBJECTIVE_LABEL if is_objective else _LABEL, 6)
        write(painter, lead, node.label, "caption", tokens.ink3)
        role = "section" if is_objective else "body"
        write(painter, rest, str(index.data() or ""), role, tokens.ink)

    def _progress(self, painter: QPainter, rect: QRect, index: Index, node: Node) -> None:
        value = index.data(VALUE)
        if isinstance(value, ProgressValue):
            bar, rest = split(painter, rect, min(_BAR, rect.width()), _GAP)
            paint_progress(painter, bar, value, theme().tokens)
            write(painter, rest, str(index.data() or ""), "small", theme().tokens.ink)

    def _status(self, painter: QPainter, rect: QRect, index: Index, node: Node) -> None:
        if node.kind == MEASURE:
            return
        shape, token = MARKS[node.standing]
        colour = getattr(theme().tokens, token)
        mark, rest = split(painter, rect, MARK, 6)
        paint_shape(painter, mark, shape, colour)
        write(painter, rest, str(index.data() or ""), "small", colour)

    def _plain(self, painter: QPainter, rect: QRect, index: Index, node: Node) -> None:
        write(painter, rect, str(index.data() or ""), "small", theme().tokens.ink2)

    @override
    def setEditorData(self, editor: QWidget, index: Index) -> None:
        node = _node(index)
        if isinstance(editor, QLineEdit) and node is not None:
            editor.setText(edit_text(node, index.column()))
            editor.setPlaceholderText("2026-12-31" if index.column() == DUE else "")


def _node(index: Index) -> Node | None:
    model = index.model()
    if not isinstance(model, ObjectiveModel):
        return None
    return model.node(model.itemFromIndex(QModelIndex(index)))  # pyright: ignore[reportArgumentType]  # the stub lacks the persistent one


class ObjectiveTree(QTreeView):
    """Signals: `edited(kind, id, field, words)`, `stepped(kind, id, state)`, `deleted(kind, id)`,
    `action_asked(objective id)`, `objective_asked`."""

    edited = Signal(str, str, str, str)
    stepped = Signal(str, str, str)
    deleted = Signal(str, str)
    action_asked = Signal(str)
    objective_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.nodes = ObjectiveModel(self)
        self._page: PlanPage | None = None
        self._closed: set[str] = set()
        self._new: tuple[str, str] | None = None
        self._waiting: tuple[PlanPage, dt.date] | None = None
        self.refusal = Refusal(self.viewport())
        self.setModel(self.nodes)
        self.setItemDelegate(NodeDelegate(self))
        self.setAccessibleName(tr("Objectives and actions"))
        self.setUniformRowHeights(True)
        self.setExpandsOnDoubleClick(False)
        self.setIndentation(18)
        triggers = QAbstractItemView.EditTrigger
        self.setEditTriggers(triggers.DoubleClicked | triggers.EditKeyPressed)
        head = self.header()
        head.setStretchLastSection(False)
        head.setSectionResizeMode(TEXT, QHeaderView.ResizeMode.Stretch)
        head.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for column, width in _WIDTHS.items():
            self.setColumnWidth(column, width)
        self.nodes.edited.connect(self.edited)
        self.collapsed.connect(self._note_closed)
        self.expanded.connect(self._note_opened)

    def show_page(self, page: PlanPage, today: dt.date) -> None:
        """Show a plan's objectives; what was open and chosen stays so, and a cell that is being
        typed into is left alone until it is closed."""
        if self.state() == QAbstractItemView.State.EditingState:
            self._waiting = page, today
            return
        self._waiting, self._page = None, page
        chosen, column = self.chosen, max(self.currentIndex().column(), 0)
        self.nodes.show(page, today)
        for row in range(self.nodes.rowCount()):
            item = self.nodes.item(row)
            node = self.nodes.node(item)
            self.setExpanded(item.index(), node is None or node.row.id not in self._closed)
        if self._new is not None and self.item_of(*self._new) is not None:
            self._choose(*self._new, column)
            self._new = None
        elif chosen is not None:
            self._choose(chosen.kind, chosen.row.id, column)

    @property
    def page(self) -> PlanPage | None:
        """The plan as it is shown: what is being typed into a cell builds on that."""
        return self._page

    def refuse(self, record_id: str, field: str, typed: str, why: str) -> bool:
        """Open a cell again with words that were not taken, and say why; False where it cannot be,
        since another one is being typed into."""
        index = self._cell_of(record_id, field)
        if index is None or self.state() == QAbstractItemView.State.EditingState:
            return False
        if not self.refusal.gives_back(self, typed):
            return False
        editor = editor_at(self, index)
        if editor is None:
            return False
        self.refusal.show_beside(editor, typed, why)
        return True

    @override
    def closeEditor(self, editor: QWidget, hint: QAbstractItemDelegate.EndEditHint) -> None:
        super().closeEditor(editor, hint)
        if self._waiting is not None:
            QTimer.singleShot(0, self, self._show_waiting)

    def _show_waiting(self) -> None:
        if self._waiting is not None:
            self.show_page(*self._waiting)

    def _cell_of(self, record_id: str, field: str) -> QModelIndex | None:
        """The cell in which a field of a record is edited."""
        places = [QModelIndex()]
        for parent in places:
            for row in range(self.nodes.rowCount(parent)):
                index = self.nodes.index(row, 0, parent)
                places.append(index)
                node = _node(index)
                column = column_of(node, field) if node is not None else None
                if node is not None and node.row.id == record_id and column is not None:
                    return index.siblingAtColumn(column)
        return None

    def choose_new(self, kind: str, record_id: str) -> None:
        """Choose a record as soon as the page has it, so that it is in sight."""
        self._new = kind, record_id

    @property
    def chosen(self) -> Node | None:
        """The row with the keyboard."""
        return _node(self.currentIndex())

    def item_of(self, kind: str, record_id: str) -> QStandardItem | None:
        """The first cell of a record's row."""
        for row in range(self.nodes.rowCount()):
            top = self.nodes.item(row)
            for item in (top, *(top.child(n) for n in range(top.rowCount()))):
                node = self.nodes.node(item)
                if node is not None and (node.kind, node.row.id) == (kind, record_id):
                    return item
        return None

    def toggle_done(self) -> None:
        """Finish the chosen action, or take it up again."""
        node = self.chosen
        if node is not None and node.kind == ACTION and self._may_edit:
            state = "open" if node.row.values.get("status") == "done" else "done"
            self.stepped.emit(ACTION, node.row.id, state)

    def objective_of_chosen(self) -> str:
        """The objective in whose branch the keyboard is; the last one otherwise."""
        node = self.chosen
        if node is not None and node.kind != ACTION:
            return node.row.id
        if node is not None and node.row.values.get("objective"):
            return str(node.row.values["objective"])
        page = self._page
        return page.objectives[-1].row.id if page is not None and page.objectives else ""

    @property
    def _may_edit(self) -> bool:
        return self._page is not None and self._page.may_edit

    def _choose(self, kind: str, record_id: str, column: int) -> None:
        item = self.item_of(kind, record_id)
        if item is not None:
            index = self.nodes.indexFromItem(item)
            self.setCurrentIndex(index.siblingAtColumn(column))

    def _note_closed(self, index: QModelIndex) -> None:
        node = _node(index)
        if node is not None:
            self._closed.add(node.row.id)

    def _note_opened(self, index: QModelIndex) -> None:
        node = _node(index)
        if node is not None:
            self._closed.discard(node.row.id)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        node, key = self.chosen, event.key()
        if node is None or not self._may_edit:
            super().keyPressEvent(event)
        elif key == Qt.Key.Key_Space:
            self.toggle_done()
        elif key == Qt.Key.Key_Delete and node.kind != MEASURE:
            self.deleted.emit(node.kind, node.row.id)
        elif key == Qt.Key.Key_Insert:
            self.action_asked.emit(self.objective_of_chosen())
        else:
            super().keyPressEvent(event)

    @override
    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        index = self.indexAt(event.pos())
        node = _node(index)
        if node is None or not self._may_edit:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(tr("Edit (F2)")).triggered.connect(lambda: self.edit(index))
        if node.kind != MEASURE:
            for state in _WORK.targets(node.row.values.get("status")):
                act = menu.addAction(tr(WORK_STEPS[state]))
                act.triggered.connect(
                    lambda _=False, s=state: self.stepped.emit(node.kind, node.row.id, s)
                )
            menu.addSeparator()
            menu.addAction(tr("Add an action (Insert)")).triggered.connect(
                lambda: self.action_asked.emit(self.objective_of_chosen())
            )
            menu.addAction(tr("Delete")).triggered.connect(
                lambda: self.deleted.emit(node.kind, node.row.id)
            )
        menu.popup(event.globalPos())
