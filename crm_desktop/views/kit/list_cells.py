"""What a cell of a list says, for each role that a view asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from PySide6.QtCore import Qt

from crm_desktop.models.queries import Row
from crm_desktop.views.kit.badge import badge_words, state_of
from crm_desktop.views.kit.column import Column
from crm_desktop.views.kit.delegates.roles import COPY, ID, VALUE
from crm_desktop.views.kit.words import copied, plain_tooltip, shown, shown_in_list


class Listed(Protocol):
    """A list: its columns, then one more for how the record stands; names of linked records by
    "kind/id", and what stands beside the rows by column and id."""

    columns: tuple[Column, ...]
    titles: dict[str, str]
    beside: dict[str, dict[str, Any]]

    def heading(self, column: int) -> str:
        """The words above a column."""
        ...


def alignment(model: Listed, column: int) -> int:
    """How a column's words stand."""
    at_right = column < len(model.columns) and model.columns[column].at_right
    side = Qt.AlignmentFlag.AlignRight if at_right else Qt.AlignmentFlag.AlignLeft
    return int(side | Qt.AlignmentFlag.AlignVCenter)


def _text(model: Listed, row: Row, column: int) -> str:
    if column == len(model.columns):
        state = state_of(row)
        return badge_words(state) if state else ""
    shape, value = model.columns[column], _value(model, row, column)
    if shape.field is not None:
        return shown_in_list(shape.field, value, model.titles)
    return "" if value is None else shape.words(value)


def _copied(model: Listed, row: Row, column: int) -> str:
    shape, value = _shape(model, column), _value(model, row, column)
    if shape is not None and shape.field is not None:
        return copied(shape.field, value, model.titles)
    if shape is not None and shape.copied is not None and value is not None:
        return shape.copied(value)
    return _text(model, row, column)


def _shape(model: Listed, column: int) -> Column | None:
    return model.columns[column] if column < len(model.columns) else None


def _value(model: Listed, row: Row, column: int) -> Any:
    if column == len(model.columns):
        return state_of(row)
    shape = model.columns[column]
    if shape.field is not None:
        return row.values.get(shape.name)
    return model.beside.get(shape.name, {}).get(row.id)


def _tooltip(model: Listed, row: Row, column: int) -> str:
    shape = _shape(model, column)
    if shape is None or shape.field is None:
        return plain_tooltip(_text(model, row, column))
    return plain_tooltip(shown(shape.field, _value(model, row, column), model.titles))


def _spoken(model: Listed, row: Row, column: int) -> str:
    return f"{model.heading(column)}: {_text(model, row, column)}"


def _aligned(model: Listed, _row: Row, column: int) -> int:
    return alignment(model, column)


def _id(_model: Listed, row: Row, _column: int) -> str:
    return row.id


READERS: Mapping[int, Callable[[Listed, Row, int], Any]] = {
    Qt.ItemDataRole.DisplayRole: _text,
    Qt.ItemDataRole.ToolTipRole: _tooltip,
    Qt.ItemDataRole.AccessibleTextRole: _spoken,
    Qt.ItemDataRole.TextAlignmentRole: _aligned,
    ID: _id,
    VALUE: _value,
    COPY: _copied,
}
