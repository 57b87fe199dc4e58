"""The records behind a mark, as a list in the charts' place; Back leads to the charts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from crm_core.catalog import entity_of
from crm_core.fields import Kind
from crm_desktop.i18n import tr
from crm_desktop.models.replica import Summary
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.columns import columns_of
from crm_desktop.views.kit.buttons import normal
from crm_desktop.views.kit.column import as_columns
from crm_desktop.views.kit.list_model import ListModel
from crm_desktop.views.kit.list_view import ListView
from crm_desktop.views.kit.listing import Listing
from crm_desktop.views.kit.source import StoreSource
from crm_desktop.views.kit.text import text_of
from crm_desktop.views.theme.theme import theme

if TYPE_CHECKING:
    from crm_desktop.insight.chart import Drill


class RecordsPage(QWidget):
    """A list of what a mark stands for. Signals: `left`; `opened(kind, id)`."""

    left = Signal()
    opened = Signal(str, str)

    def __init__(self, hub: DataHub, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._hub = hub
        self._kind = ""
        self._list: ListView | None = None
        self._model: ListModel | None = None
        self._words = text_of("section", self)
        self._back = normal(tr("Back to the charts"), self, icon="chevron-left")
        head = QHBoxLayout()
        margin = theme().metrics.margin
        head.setContentsMargins(margin, 8, margin, 8)
        head.addWidget(self._back)
        head.addSpacing(8)
        head.addWidget(self._words, 1)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._column.addLayout(head)
        self._back.clicked.connect(self._leave)
        leaving = QShortcut(QKeySequence(Qt.Key.Key_Escape), self)
        leaving.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        leaving.activated.connect(self._leave)

    def show_drill(self, drill: Drill) -> None:
        """List what a mark stands for."""
        if self._list is not None:
            self._column.removeWidget(self._list)
            self._list.deleteLater()
        entity = entity_of(drill.kind)
        columns = as_columns(entity, columns_of(entity))
        self._kind, self._list = drill.kind, ListView(self)
        self._model = ListModel(entity, columns, StoreSource(self._hub, columns), self._list)
        self._list.set_model(self._model)
        self._list.set_empty_words(tr("No record any more."))
        self._list.opened.connect(self._open)
        self._column.addWidget(self._list, 1)
        self._words.setText(f"{tr(entity.plural)}: {drill.words}")
        self.setAccessibleName(self._words.text())
        newest_first = entity.by_name[entity.sort].kind in (Kind.INSTANT, Kind.DAY)
        self._model.show(Listing(drill.kind, drill.where, descending=newest_first))
        self._list.focus_table()

    def take_summary(self, summary: Summary) -> None:
        """Read again where something listed may have changed."""
        if self._model is not None and self._model.is_affected(summary):
            self._model.refresh()

    @property
    def words(self) -> str:
        """What is said to be listed."""
        return self._words.text()

    @property
    def list(self) -> ListView | None:
        """The list, once a mark was opened."""
        return self._list

    @property
    def model(self) -> ListModel | None:
        """Its rows."""
        return self._model

    def _open(self, record_id: str) -> None:
        self.opened.emit(self._kind, record_id)

    def _leave(self) -> None:
        self.left.emit()
