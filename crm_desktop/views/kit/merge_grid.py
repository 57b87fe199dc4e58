"""Two duplicates side by side, field by field: which one stays, and what of each."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QButtonGroup, QGridLayout, QLabel, QVBoxLayout, QWidget
from typing_extensions import override

from crm_core.catalog import CATALOG
from crm_core.fields import Value
from crm_core.merge import same
from crm_core.text_keep import Piece
from crm_desktop.i18n import tr, tr_n
from crm_desktop.models.merge_facts import Meeting, Side
from crm_desktop.views.kit.choice import day_of
from crm_desktop.views.kit.choice_cell import ChoiceCell
from crm_desktop.views.kit.merge_row import MergeRow, result_label
from crm_desktop.views.kit.permit import field_refusal
from crm_desktop.views.kit.text import bold, caption, plain_label
from crm_desktop.views.kit.words import Titles, shown
from crm_desktop.views.theme.theme import colour

_WIDTHS = (104, 190, 190, 170)
_FIELD, _FIRST, _RESULT = 0, 1, 3
_RESULT_INSET, _CELL_INSET = 14, 8
_HANGING_MAX = 5


class MergeGrid(QWidget):
    """The rows of one meeting. Signal: `changed` when a person chose something."""

    changed = Signal()

    def __init__(self, meeting: Meeting, titles: Titles, parent: QWidget) -> None:
        super().__init__(parent)
        self.meeting = meeting
        self._titles = titles
        self.rows: list[MergeRow] = []
        self.stay_cells: list[ChoiceCell] = []
        self._stays = QButtonGroup(self)
        self._sum = plain_label(self)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(0)
        self._grid.setVerticalSpacing(0)
        for column, width in enumerate(_WIDTHS):
            self._grid.setColumnMinimumWidth(column, width * 3 // 4)
            self._grid.setColumnStretch(column, width)
        self._add_head()
        self._add_facts()
        for field in meeting.fields:
            pair = [side.get(field.name) for side in meeting.values]
            if not same(pair[0] or None, pair[1] or None):
                self._add_row(MergeRow(field, pair, titles, self))
        self._add_same()
        self._show_stays()

    @property
    def stays(self) -> int:
        """Which record stays: 0 or 1."""
        return self._stays.checkedId()

    @property
    def chosen(self) -> Mapping[str, Value]:
        """The values that will stand, of the fields that differ."""
        return {row.field.name: row.value for row in self.rows}

    def let_stay(self, side: int) -> None:
        """Choose which record stays."""
        self.stay_cells[side].setChecked(True)
        self._take_stays()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        """Hairlines between the rows, and one before the result."""
        painter = QPainter(self)
        line = colour("line")
        for row in range(self._grid.rowCount() - 1):
            painter.fillRect(0, self._cell(row, _FIELD).bottom(), self.width(), 1, line)
        result = self._cell(0, _RESULT)
        mirrored = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        left = result.right() if mirrored else result.left()
        painter.fillRect(left, 0, 1, self.height(), line)

    def _cell(self, row: int, column: int) -> QRect:
        item = self._grid.itemAtPosition(row, column)
        return item.geometry() if item is not None else QRect()

    # Rows

    def _add_head(self) -> None:
        """Which one stays is the first choice."""
        self._put(0, _FIELD, self._words(tr("Which one stays")))
        for n, side in enumerate(self.meeting.sides):
            cell = ChoiceCell((Piece(side.title),), self, second=_about(side))
            cell.setAccessibleName(tr("{title} stays", title=side.title))
            self._stays.addButton(cell, n)
            self.stay_cells.append(cell)
            self._put(0, _FIRST + n, cell)
        head = self._words(tr("The result"))
        head.setFont(bold(head.font()))
        self._put(0, _RESULT, head)
        self.stay_cells[self.meeting.stays].setChecked(True)
        self._stays.idClicked.connect(self._take_stays)

    def _add_facts(self) -> None:
        self._put(1, _FIELD, self._words(tr("What hangs on it")))
        for n, side in enumerate(self.meeting.sides):
            label = plain_label(self, _hanging_words(side))
            label.setProperty("tone", "ink2")
            label.setContentsMargins(_CELL_INSET, 0, 0, 0)
            self._put(1, _FIRST + n, label)
        self._put(1, _RESULT, self._sum)

    def _add_row(self, row: MergeRow) -> None:
        at = len(self.rows) + 2
        self._put(at, _FIELD, self._words(tr(row.field.label)))
        for n, cell in enumerate(row.cells):
            self._put(at, _FIRST + n, cell)
        self._put(at, _RESULT, result_label(row))
        row.decided.connect(self._tell)
        self.rows.append(row)

    def _add_same(self) -> None:
        """What both have alike needs no choice, and is said below."""
        differing = {row.field.name for row in self.rows}
        alike = [x for x in self.meeting.fields if x.name not in differing]
        if not alike:
            return
        at = len(self.rows) + 2
        self._put(at, _FIELD, self._words(tr("The same in both")))
        said = [
            f"{tr(x.label)}: {shown(x, self.meeting.values[0].get(x.name), self._titles)}"
            for x in alike
        ]
        page = QWidget(self)
        column = QVBoxLayout(page)
        column.setContentsMargins(_CELL_INSET, 9, 0, 10)
        column.addWidget(caption(page, "\n".join(said)))
        self._grid.addWidget(page, at, _FIRST, 1, 2)
        self._put(at, _RESULT, plain_label(self, tr("stays")))

    def _put(self, row: int, column: int, widget: QWidget) -> None:
        inside = QWidget(self)
        layout = QVBoxLayout(inside)
        left = _RESULT_INSET if column == _RESULT else 0
        top, foot = (4, 5) if isinstance(widget, ChoiceCell) else (9, 10)
        layout.setContentsMargins(left, top, 10, foot)
        layout.addWidget(widget)
        layout.addStretch(1)
        self._grid.addWidget(inside, row, column)

    def _words(self, text: str) -> QLabel:
        label = plain_label(self, text)
        label.setProperty("role", "name")
        return label

    # Choosing

    def _take_stays(self, _side: int = 0) -> None:
        self._show_stays()
        self._tell()

    def _show_stays(self) -> None:
        may = self.meeting.sides[self.stays].may
        for row in self.rows:
            kept = row.field.name in may.kept
            row.propose(self.stays, kept=field_refusal(may, row.field.name) if kept else "")
        many = sum(n for side in self.meeting.sides for _, n in side.hanging)
        self._sum.setText(tr_n("{n} record", "{n} records", many))

    def _tell(self) -> None:
        self.changed.emit()


def _about(side: Side) -> str:
    made = tr("made on {day}", day=day_of(side.created_at)) if side.created_at else ""
    owner = tr("owner {name}", name=side.owner) if side.owner else ""
    return " · ".join(x for x in (side.number, owner, made) if x)


def _hanging_words(side: Side) -> str:
    if not side.hanging:
        return tr("nothing")
    said = [f"{tr(CATALOG[kind].plural)} {many}" for kind, many in side.hanging[:_HANGING_MAX]]
    rest = sum(many for _, many in side.hanging[_HANGING_MAX:])
    if rest:
        said.append(tr_n("{n} other record", "{n} other records", rest))
    return "\n".join(said)
