"""The SWOT board: four boxes and one cross of hairlines."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from crm_desktop.i18n import tr
from crm_desktop.models.plans import PlanPage
from crm_desktop.models.queries import Row
from crm_desktop.views.kit.ask_line import AskLine
from crm_desktop.views.kit.buttons import icon_button
from crm_desktop.views.kit.hairline import hairline
from crm_desktop.views.kit.text import plain_label
from crm_desktop.views.panes.plans.refused import Refusal
from crm_desktop.views.panes.plans.swot_box import BoxList
from crm_desktop.views.panes.plans.words import BOXES


class Box(QWidget):
    """One box: head, entries, and a line for a new one. Signals: those of the board."""

    added = Signal(str, str)
    moved = Signal(str, str, int)

    def __init__(self, code: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._code = code
        letter, name = BOXES[code]
        self.list = BoxList(tr(name), self)
        self.line = AskLine(self)
        self._count = plain_label(self)
        self._add = icon_button("plus", tr("Add to: {box}", box=tr(name)), self)
        self.setFocusProxy(self.list)
        self._refusal = Refusal(self)
        self._lay_out(letter, tr(name))
        self._add.clicked.connect(self.ask)
        self.list.items.dropped.connect(self._tell_moved)
        self.list.moved.connect(self._tell_moved)

    def show_page(self, page: PlanPage) -> None:
        """Show a plan's box."""
        self.list.show_page(page, self._code)
        self._count.setText(str(len(page.items.get(self._code, ()))))
        self._add.setVisible(page.may_edit)

    def ask(self) -> None:
        """Ask for new entries, one after the other."""
        self.line.ask(self._code, tr("New entry, Enter adds it"), self._hand_over, stays=True)

    def refuse(self, typed: str, why: str) -> bool:
        """Ask again with words that were not taken, and say why."""
        if not self.line.ask_again(typed):
            return False
        self._refusal.show_beside(self.line, typed, why)
        return True

    def _hand_over(self, text: str) -> None:
        self.added.emit(self._code, text)

    def _tell_moved(self, item: str, row: int) -> None:
        self.moved.emit(item, self._code, row)

    def _lay_out(self, letter: str, name: str) -> None:
        tile = QLabel(letter, self)
        tile.setTextFormat(Qt.TextFormat.PlainText)
        tile.setProperty("role", "small")
        tile.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        tile.setFixedSize(18, 18)
        tile.setAlignment(Qt.AlignmentFlag.AlignCenter)
        tile.setProperty("surface", "rail")
        title = plain_label(self, name)
        title.setProperty("role", "section")
        self._count.setProperty("tone", "ink3")
        for label in (title, self._count):
            label.setWordWrap(False)
        head = QHBoxLayout()
        head.setContentsMargins(6, 0, 0, 0)
        head.setSpacing(7)
        for part in (tile, title, self._count):
            head.addWidget(part)
        head.addStretch(1)
        head.addWidget(self._add)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 2)
        layout.setSpacing(2)
        layout.addLayout(head)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.line)


class SwotBoard(QWidget):
    """The four boxes. Signals carry the entry's id: `added(box, text)`, `edited(id, text)`,
    `moved(id, box, row)`, `deleted(id)`, `weighed(id, weight)`, `linked(id, objective number)`."""

    added = Signal(str, str)
    edited = Signal(str, str)
    moved = Signal(str, str, int)
    deleted = Signal(str)
    weighed = Signal(str, int)
    linked = Signal(str, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.boxes = {code: Box(code, self) for code in BOXES}
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        for box, (row, column) in zip(
            self.boxes.values(), ((0, 0), (0, 2), (2, 0), (2, 2)), strict=True
        ):
            layout.addWidget(box, row, column)
        layout.addWidget(hairline(self), 1, 0, 1, 3)
        layout.addWidget(hairline(self, down=True), 0, 1, 3, 1)
        for number in (0, 2):
            layout.setColumnStretch(number, 1)
            layout.setRowStretch(number, 1)
        for box in self.boxes.values():
            self._connect(box)

    def show_page(self, page: PlanPage) -> None:
        """Show a plan's boxes."""
        for box in self.boxes.values():
            box.show_page(page)

    def refuse_new(self, box: str, typed: str, why: str) -> bool:
        """Ask again for an entry that was not taken, and say why."""
        return self.boxes[box].refuse(typed, why)

    def refuse(self, item: str, typed: str, why: str) -> bool:
        """Open an entry again with words that were not taken, and say why."""
        return any(box.list.refuse(item, typed, why) for box in self.boxes.values())

    def shown(self, item: str) -> Row | None:
        """An entry as it is shown: what is being typed in its place builds on that."""
        entries = (entry for box in self.boxes.values() for entry in box.list.items.rows)
        return next((entry.row for entry in entries if entry.id == item), None)

    def _connect(self, box: Box) -> None:
        box.added.connect(self.added)
        box.moved.connect(self.moved)
        box.list.items.edited.connect(self.edited)
        box.list.deleted.connect(self.deleted)
        box.list.weighed.connect(self.weighed)
        box.list.linked.connect(self.linked)
