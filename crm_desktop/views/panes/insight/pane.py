"""Insight: boards of charts as tabs, what they are over as chips, the records behind every mark."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget
from typing_extensions import override

from crm_desktop.i18n import tr
from crm_desktop.insight.layout import BOARDS, KINDS
from crm_desktop.insight.names import REPORTS
from crm_desktop.models.replica import Summary
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.kit.buttons import normal
from crm_desktop.views.kit.hairline import hairline
from crm_desktop.views.kit.head import PageHead
from crm_desktop.views.kit.tabs import ViewTab, ViewTabs
from crm_desktop.views.panes.insight import drawn
from crm_desktop.views.panes.insight.board import Board
from crm_desktop.views.panes.insight.card import ChartCard
from crm_desktop.views.panes.insight.drawn import Filter
from crm_desktop.views.panes.insight.exports import Exports
from crm_desktop.views.panes.insight.filters import FilterRow
from crm_desktop.views.panes.insight.records import RecordsPage

if TYPE_CHECKING:
    from crm_desktop.insight.chart import Chart, Mark

AFTER_CHANGES_MS = 400
"""What a synchronisation brings comes in many pieces: one reading for them."""

CLOCK_MS = 60_000
"""While somebody looks: a new day is read, and a later synchronisation said, within a minute."""


class InsightPane(QWidget):
    """The boards. Signals: `opened(kind, id)`; `said(words)` for a remark; `failed(CrmError)`."""

    opened = Signal(str, str)
    said = Signal(str)
    failed = Signal(object)

    def __init__(self, hub: DataHub, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._hub = hub
        self._boards: dict[str, Board] = {}
        self._reading: ChartCard | None = None
        self._head = PageHead(tr("Insight"), self)
        self._export = normal(tr("Export board"), self, icon="export")
        self._tabs = ViewTabs(self)
        self._filters = FilterRow(self)
        self._charts = QStackedWidget(self)
        self._records = RecordsPage(hub, self)
        self._exports = Exports(hub, self)
        self._pages = QStackedWidget(self)
        self._later = QTimer(self, singleShot=True, interval=AFTER_CHANGES_MS)
        self._clock = QTimer(self, interval=CLOCK_MS)
        self._lay_out()
        self._connect()
        self._show_board(BOARDS[0].name)
        self._hub.read(drawn.read_choices, self._filters.set_choices, owner=self)

    # What others may ask

    def take_summary(self, summary: Summary) -> None:
        """Read again the charts whose records have changed, those in front at once."""
        kinds = summary.kinds
        for board in self._boards.values():
            for card in board.cards:
                card.is_stale = card.is_stale or bool(KINDS[card.name] & kinds)
        self._records.take_summary(summary)
        self._later.start()

    def show_board(self, name: str) -> Board:
        """Bring a board to the front."""
        self._tabs.choose(name)
        self._show_board(name)
        return self._boards[name]

    def choose_first(self) -> None:
        """Nothing is chosen beforehand; the board in front is what one looks at."""

    @property
    def board(self) -> Board:
        """The board in front."""
        return self._boards[self._tabs.current]

    @property
    def filters(self) -> FilterRow:
        """The chips."""
        return self._filters

    @property
    def tabs(self) -> ViewTabs:
        """The boards' tabs."""
        return self._tabs

    @property
    def records(self) -> RecordsPage:
        """The list behind a mark."""
        return self._records

    @property
    def is_listing(self) -> bool:
        """Whether the records of a mark are in front."""
        return self._pages.currentWidget() is self._records

    # Boards

    def _show_board(self, name: str) -> None:
        if name not in self._boards:
            self._boards[name] = self._make(name)
            self._charts.addWidget(self._boards[name])
        self._charts.setCurrentWidget(self._boards[name])
        self._show_charts()
        board = self._boards[name]
        self._filters.set_note(
            tr("{all} charts · {n} on this board", all=len(REPORTS), n=len(board.cards))
        )
        QTimer.singleShot(0, self, self._read_stale)

    def _make(self, name: str) -> Board:
        found = next(board for board in BOARDS if board.name == name)
        cards = [ChartCard(chart, self._hub, self) for chart in found.charts]
        for card in cards:
            card.expect(self._filters.filter)
            card.chosen.connect(self._list)
            card.export_asked.connect(self._ask_chart_file)
            card.copy_asked.connect(self._copy_chart)
            card.settled.connect(self._read_next)
            card.wanted.connect(self._read_soon)
        return Board(cards, self._charts)

    def _read_soon(self) -> None:
        QTimer.singleShot(0, self, self._read_stale)

    def _read_stale(self) -> None:
        """Begin with the first chart in front that is out of date; each fetches the next, so that
        one reader stays free for the lists."""
        if self._reading is None and self.isVisible():
            self._read_next()

    def _read_next(self) -> None:
        self._reading = next((card for card in self.board.cards if card.is_stale), None)
        if self._reading is not None:
            self._reading.read(self._filters.filter)

    def _refilter(self, chosen: Filter) -> None:
        for board in self._boards.values():
            for card in board.cards:
                card.is_stale = True
                card.expect(chosen)
        self._show_charts()
        self._read_stale()

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._clock.start()
        QTimer.singleShot(0, self, self._look_at_clock)

    @override
    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._clock.stop()

    def _look_at_clock(self) -> None:
        """A computer that slept over the weekend shows Monday's charts, not Friday's."""
        for board in self._boards.values():
            for card in board.cards:
                card.expire(drawn.today())
        self._read_stale()
        self._hub.read(drawn.read_last_sync, self._show_sync, owner=self, supersede="last sync")

    def _show_sync(self, last_sync: str) -> None:
        for board in self._boards.values():
            for card in board.cards:
                card.show_sync(last_sync)

    # The records behind a mark

    def _list(self, mark: Mark) -> None:
        if mark.drill is not None:
            self._records.show_drill(mark.drill)
            self._pages.setCurrentWidget(self._records)

    def _show_charts(self) -> None:
        self._pages.setCurrentIndex(0)

    def _pass_on_opened(self, kind: str, record_id: str) -> None:
        self.opened.emit(kind, record_id)

    # Files

    def _ask_board_file(self) -> None:
        board = next(board for board in BOARDS if board.name == self._tabs.current)
        self._exports.ask_board(tr(board.label), board.charts, self._filters.filter)

    def _ask_chart_file(self, chart: Chart, ending: str) -> None:
        self._exports.ask_chart(chart, ending)

    def _copy_chart(self, chart: Chart, form: str) -> None:
        self._exports.copy_chart(chart, form)

    def _pass_on_said(self, told: str) -> None:
        self.said.emit(told)

    # Parts

    def _lay_out(self) -> None:
        self._head.add(self._export)
        self._tabs.set_views([ViewTab(board.name, tr(board.label)) for board in BOARDS])
        self._pages.addWidget(self._charts)
        self._pages.addWidget(self._records)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        parts = (self._head, self._tabs, self._filters, hairline(self), self._exports.banner)
        for part in parts:
            column.addWidget(part)
        column.addWidget(self._pages, 1)

    def _connect(self) -> None:
        self._tabs.chosen.connect(self._show_board)
        self._filters.changed.connect(self._refilter)
        self._export.clicked.connect(self._ask_board_file)
        self._exports.said.connect(self._pass_on_said)
        self._records.left.connect(self._show_charts)
        self._records.opened.connect(self._pass_on_opened)
        self._later.timeout.connect(self._read_stale)
        self._clock.timeout.connect(self._look_at_clock)
