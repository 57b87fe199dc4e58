"""The cells of a list: words or a column's own painting on the ground that all rows share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import (
    QAbstractItemModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    Signal,
)
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyleOptionViewItem, QWidget
from typing_extensions import override

from crm_core.errors import InvalidValue
from crm_core.values import check
from crm_desktop.i18n import words
from crm_desktop.views.kit.delegates.roles import VALUE
from crm_desktop.views.kit.delegates.row import RowDelegate
from crm_desktop.views.kit.delegates.shapes import write
from crm_desktop.views.kit.list_model import ListModel

if TYPE_CHECKING:
    from crm_desktop.models.queries import Row
    from crm_desktop.views.kit.editor import Editor
    from crm_desktop.views.kit.links import Links

_FILLED = "filled"
_Index = QModelIndex | QPersistentModelIndex


class CellDelegate(RowDelegate):
    """Paints every column of a list and edits its fields in place. Parent: the table.

    What a record is called stands out by weight; the rest is quieter. Signal:
    `edited(row as it was, field's name, value)` when a cell got another value, `refused(words)`.
    """

    edited = Signal(object, str, object)
    refused = Signal(str)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._links: Links | None = None
        self._editor: Editor | None = None
        self._edited_row: Row | None = None
        self.typed: tuple[str, str, str] | None = None
        """What was typed last into a cell: its record, its field, and the words."""

    def set_links(self, links: Links) -> None:
        """Who finds records for cells that link."""
        self._links = links

    @override
    def createEditor(  # pyright: ignore[reportIncompatibleMethodOverride]  # None: not editable
        self, parent: QWidget, option: QStyleOptionViewItem, index: _Index
    ) -> QWidget | None:
        model = index.model()
        if not isinstance(model, ListModel):
            return None
        field = model.field_at(index.column())
        if field is None or self._links is None:
            return None
        from crm_desktop.views.kit.editors import make_editor  # not needed by the first list

        self._editor = make_editor(field, parent, self._links)
        widget = self._editor.widget
        widget.setAutoFillBackground(True)
        self._edited_row = model.row_at(index.row())
        return widget

    @override
    def setEditorData(self, editor: QWidget, index: _Index) -> None:
        model = index.model()
        if (
            self._editor is not None
            and isinstance(model, ListModel)
            and not self._is_filled(editor)
        ):
            self._editor.set_value(index.data(VALUE), model.titles)
            editor.setProperty(_FILLED, True)

    @override
    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: _Index) -> None:
        held = self._editor
        if held is None or held.widget is not editor or not held.is_touched:
            return
        if self._edited_row is not None:
            self.typed = self._edited_row.id, held.field.name, held.typed()
        try:
            value = held.value()
            check(held.field, value)
        except InvalidValue as problem:
            self.refused.emit(words(problem.message))
            return
        if self._edited_row is not None:
            self.edited.emit(self._edited_row, held.field.name, value)

    def restore(self, text: str) -> None:
        """Lay words that were not taken over the cell that is open."""
        if self._editor is not None:
            self._editor.restore(text)

    @override
    def updateEditorGeometry(
        self, editor: QWidget, option: QStyleOptionViewItem, index: _Index
    ) -> None:
        super().updateEditorGeometry(editor, option, index)
        if editor.height() < editor.minimumSizeHint().height():  # a set needs more than a row
            editor.resize(editor.width(), editor.minimumSizeHint().height())

    @staticmethod
    def _is_filled(editor: QWidget) -> bool:
        # A reread announces every row again: what is being typed is not laid over.
        return bool(editor.property(_FILLED))

    @override
    def paint_content(self, painter: QPainter, rect: QRect, index: _Index) -> None:
        model = index.model()
        if not isinstance(model, ListModel):
            return
        paint = model.painter_of(index.column())
        if paint is not None:
            value = index.data(VALUE)
            if value not in (None, ""):
                paint(painter, rect, value, self.tokens)
            return
        text = str(index.data() or "")
        if not text:
            return
        column = model.columns[index.column()]
        field = column.field
        named = field is not None and field.name in model.entity.title
        strong = named or column.at_right
        colour = self.tokens.ink if strong else self.tokens.ink2
        write(painter, rect, text, "name" if named else "body", colour,
              at_end=column.at_right)  # fmt: skip
