"""What a list shows in one column: a field of the record, or something read beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec
from PySide6.QtCore import QRect
from PySide6.QtGui import QPainter

from crm_core.entity import Entity
from crm_core.fields import Field
from crm_desktop.models.connection import Connection
from crm_desktop.models.queries import Row
from crm_desktop.views.columns import width_of
from crm_desktop.views.kit.words import NUMBERS

Read = Callable[[Connection, Sequence[Row]], Mapping[str, Any]]
"""Reads a column's values for a stretch of rows at once, by record id. Runs in the read lane."""

Paint = Callable[[QPainter, QRect, Any, Any], None]
"""Paints a value into a cell: painter, rectangle, value, colour tokens."""


def _as_it_is(value: Any) -> str:
    return str(value)


class Column(msgspec.Struct, frozen=True):
    """A column: either `field`, or `read` with `words` for what it brings.

    `paint` replaces the words on the screen, never in speech and copies; `copied` gives what goes
    to other programs in place of the words; `listens` names the kinds whose changes make the list
    read again.
    """

    name: str
    label: str
    width: int = 120
    field: Field | None = None
    read: Read | None = None
    words: Callable[[Any], str] = _as_it_is
    copied: Callable[[Any], str] | None = None
    paint: Paint | None = None
    at_right: bool = False
    listens: frozenset[str] = frozenset()

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds whose records show in this column."""
        link = self.field.link if self.field is not None else None
        return self.listens | {link.target} if link is not None else self.listens


def field_column(
    entity: Entity, field: Field | str, *, paint: Paint | None = None, width: int = 0
) -> Column:
    """The column of a field; `width` 0: as wide as its kind usually is."""
    found = entity.by_name[field] if isinstance(field, str) else field
    usual = width or width_of(entity, found)
    return Column(
        found.name, found.label, usual, found, paint=paint, at_right=found.kind in NUMBERS
    )


def as_columns(entity: Entity, columns: Iterable[Column | Field]) -> tuple[Column, ...]:
    """Columns as they are, and fields as columns."""
    return tuple(x if isinstance(x, Column) else field_column(entity, x) for x in columns)


def fields_of(columns: Sequence[Column]) -> tuple[Field, ...]:
    """The record's own fields among the columns."""
    return tuple(x.field for x in columns if x.field is not None)
