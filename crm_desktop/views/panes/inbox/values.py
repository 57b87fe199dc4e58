"""Values of records as rows: field, before, after; for what was or will be sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from crm_core.catalog import CATALOG
from crm_core.changes import Op
from crm_core.fields import Field, Value
from crm_core.problems import words_for
from crm_desktop.i18n import tr, words
from crm_desktop.views.kit.gone import let_go
from crm_desktop.views.kit.hairline import hairline
from crm_desktop.views.kit.words import Titles, shown
from crm_desktop.views.panes.inbox.entry import kind_words
from crm_desktop.views.panes.inbox.parts import label
from crm_desktop.views.panes.inbox.read import PartInWords
from crm_desktop.views.theme.fonts import font

_STRETCH = (2, 3, 3)


@dataclass(frozen=True)
class Row:
    """One field: what it was and what it becomes."""

    label: str
    before: str
    after: str


@dataclass(frozen=True)
class Block:
    """The rows of one record. `heads`: of the columns, where they are not before and after."""

    title: str
    rows: tuple[Row, ...]
    heads: tuple[str, str, str] | None = None


def blocks_of(parts: Sequence[PartInWords]) -> Iterator[Block]:
    """What a step does, record by record."""
    acts = {
        Op.INSERT: tr("new"),
        Op.DELETE: tr("delete"),
        Op.RESTORE: tr("restore"),
        Op.MERGE: tr("merge"),
        Op.OFFER: tr("offer"),
    }
    for one in parts:
        part = one.part
        named = (kind_words(part.kind), part.title, acts.get(part.op, ""))
        title = " · ".join(x for x in named if x)
        rows = rows_of(part.kind, part.old, part.new, one.titles, part.outcomes)
        yield Block(title, tuple(rows))


def rows_of(
    kind: str, old: Mapping[str, Value], new: Mapping[str, Value], titles: Titles,
    outcomes: Mapping[str, str] | None = None,
) -> Iterator[Row]:  # fmt: skip
    """The fields of a change in words, in the order of the form; what was empty and stays so is
    left out. Below a value that was offered stands what became of it."""
    entity = CATALOG.get(kind)
    known: Mapping[str, Field] = entity.by_name if entity is not None else {}
    for name, field in known.items():
        if name not in new:
            continue
        before, after = shown(field, old.get(name), titles), shown(field, new[name], titles)
        code = outcomes.get(name) if outcomes else None
        if code is not None:
            after = f"{after or '–'}\n{words(words_for(code, {}))}"
        if before or after:
            yield Row(tr(field.label), before, after)


class ValuesView(QWidget):
    """Blocks of rows, one below the other."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._shown: list[QWidget] = []
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(8)

    def show_blocks(self, blocks: Sequence[Block]) -> None:
        """Show these instead."""
        for widget in self._shown:
            let_go(widget, self._layout)
        self._shown = [self._block(block) for block in blocks]
        for widget in self._shown:
            self._layout.addWidget(widget)

    def _block(self, block: Block) -> QWidget:
        made = QWidget(self)
        grid = QGridLayout(made)
        grid.setContentsMargins(0, 4, 0, 8)
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(6)
        for column, stretch in enumerate(_STRETCH):
            grid.setColumnStretch(column, stretch)
        if block.title:
            grid.addWidget(label(made, block.title, role="section"), 0, 0, 1, 3)
        heads = block.heads or (tr("Field"), tr("Before"), tr("After"))
        for column, text in enumerate(heads):
            grid.addWidget(label(made, text, role="caption"), 1, column)
        for n, row in enumerate(block.rows):
            grid.addWidget(hairline(made), 2 + 2 * n, 0, 1, 3)
            name = label(made, row.label)
            name.setFont(font("name"))
            grid.addWidget(name, 3 + 2 * n, 0)
            grid.addWidget(label(made, row.before or "–", tone="ink2"), 3 + 2 * n, 1)
            grid.addWidget(label(made, row.after or "–"), 3 + 2 * n, 2)
        return made
