"""One chart with its words: title and finding, filter, picture or explanation, foot."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QMenu,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from crm_core.errors import CrmError
from crm_core.i18n import tr_noop
from crm_desktop.i18n import tr
from crm_desktop.models.connection import Connection
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.kit.buttons import icon_button
from crm_desktop.views.kit.elided import Elided
from crm_desktop.views.kit.text import text_of
from crm_desktop.views.panes.insight.canvas import ChartCanvas
from crm_desktop.views.panes.insight.drawn import Drawn, Filter, draw, read_chart, today
from crm_desktop.views.panes.insight.reasons import Reasons
from crm_desktop.views.theme.theme import theme

if TYPE_CHECKING:
    from crm_desktop.insight.chart import Chart, Mark

EXPORTS = (
    (".png", tr_noop("Picture (PNG)")),
    (".svg", tr_noop("Drawing (SVG)")),
    (".pdf", tr_noop("Page (PDF)")),
    (".csv", tr_noop("Numbers (CSV)")),
)


COPIES = (("picture", tr_noop("Copy the picture")), ("numbers", tr_noop("Copy the numbers")))


class ChartCard(QFrame):
    """A chart of a board.

    Signals: `chosen(Mark)` when its records are wanted; `export_asked(Chart, ending)`;
    `copy_asked(Chart, form)` for the clipboard, `form` "picture" or "numbers"; `settled` when a
    reading has ended, well or not; `wanted` when it has to be read and may not be yet.
    """

    chosen = Signal(object)
    export_asked = Signal(object, str)
    copy_asked = Signal(object, str)
    settled = Signal()
    wanted = Signal()

    def __init__(self, name: str, hub: DataHub, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.name = name
        self.is_stale = True
        self._hub = hub
        self._chart: Chart | None = None
        self._title = text_of("chart", self)
        self._finding = _line("body", self, "ink2")
        self._filters = _line("small", self, "ink2")
        self._canvas = ChartCanvas(self)
        self._reasons = Reasons(self)
        self._middle = QStackedWidget(self)
        self._foot = _line("caption", self, "ink3")
        self._sync = text_of("caption", self)
        self._explain = icon_button("info", tr("Explain"), self)
        self._export = icon_button("export", tr("Export"), self)
        self._explain.setEnabled(False)
        self._export.setEnabled(False)
        self._lay_out()
        self._connect()
        self.expect(Filter())

    def expect(self, asked: Filter) -> None:
        """Say what will stand here: the title and the filter line, before a number is known."""
        from crm_desktop.insight import headings

        if self._chart is not None:
            return
        title = headings.title(self.name)
        self._title.setText(title)
        self._filters.setText(headings.filter_line(self.name, today(), asked.words))
        self.setAccessibleName(f"{title}: {tr('Loading')}")

    @property
    def chart(self) -> Chart | None:
        """What is shown."""
        return self._chart

    @property
    def canvas(self) -> ChartCanvas:
        """The picture."""
        return self._canvas

    @property
    def is_explaining(self) -> bool:
        """Whether the explanation stands in the picture's place."""
        return self._middle.currentIndex() == 1

    def read(self, asked: Filter) -> None:
        """Compute and draw it anew; `settled` follows."""
        self.is_stale = False
        self.expect(asked)
        name, canvas = self.name, self._canvas.canvas

        def job(connection: Connection) -> Drawn:
            return read_chart(connection, name, asked, canvas)

        self._hub.read(job, self._take, owner=self, supersede=name, failed=self._give_up)

    def expire(self, today: dt.date) -> None:
        """A chart of another day has to be read anew."""
        self.is_stale = self.is_stale or (self._chart is not None and self._chart.as_of != today)

    def show_sync(self, last_sync: str) -> None:
        """Say that a later synchronisation brought nothing that would change what is shown."""
        if self._chart is not None and not self.is_stale and self._chart.last_sync != last_sync:
            self._show_words(replace(self._chart, last_sync=last_sync))

    def explain(self, *, shown: bool) -> None:
        """Show how the numbers are made, or the picture again."""
        self._explain.setChecked(shown)

    def words(self) -> tuple[str, ...]:
        """Everything that is said around the picture."""
        labels = (self._title, self._finding, self._filters, self._foot, self._sync)
        return tuple(label.text() for label in labels)

    def _take(self, drawn: Drawn) -> None:
        self._show_words(drawn.chart)
        self._canvas.show_drawn(drawn)
        self.settled.emit()
        if not self._canvas.is_fresh:
            self._redraw()

    def _give_up(self, error: CrmError) -> None:
        self._canvas.show_remark(tr("This chart could not be made."))
        self._hub.announce_failure(error)
        self.settled.emit()

    def _redraw(self) -> None:
        """The same numbers for another size or theme; before there are any, they are wanted."""
        chart, canvas = self._chart, self._canvas.canvas
        if chart is None or self.is_stale:
            self.wanted.emit()
            return

        def job(_connection: Connection) -> Drawn:
            return draw(chart, canvas)

        self._hub.read(job, self._canvas.show_drawn, owner=self, supersede=f"{self.name} again")

    def _show_words(self, chart: Chart) -> None:
        from crm_desktop.insight.phrases import explained, foot_words

        self._chart = chart
        self._explain.setEnabled(True)
        self._export.setEnabled(True)
        counted, as_of, sync = foot_words(chart)
        self._title.setText(chart.title)
        self._finding.setText(chart.finding)
        self._filters.setText(chart.filters)
        self._foot.setText(f"{counted}    {as_of}")
        self._sync.setText(sync)
        self._reasons.tell(chart.title, explained(chart))
        self.setAccessibleName(f"{chart.title}: {chart.finding}")

    def _ask_export(self, ending: str) -> None:
        if self._chart is not None:
            self.export_asked.emit(self._chart, ending)

    def _ask_copy(self, form: str) -> None:
        if self._chart is not None:
            self.copy_asked.emit(self._chart, form)

    def _show_explanation(self, checked: bool) -> None:  # Qt's signal
        self._middle.setCurrentIndex(int(checked))
        if checked:
            self._reasons.setFocus(Qt.FocusReason.OtherFocusReason)

    def _leave_reasons(self) -> None:
        self.explain(shown=False)
        self._canvas.setFocus(Qt.FocusReason.OtherFocusReason)

    def _pass_on(self, mark: Mark) -> None:
        self.chosen.emit(mark)

    def _lay_out(self) -> None:
        margin = theme().metrics.margin
        head = QHBoxLayout()
        head.setSpacing(8)
        self._title.setWordWrap(False)
        head.addWidget(self._title)
        head.addWidget(self._finding, 1)
        head.addWidget(self._explain)
        head.addWidget(self._export)
        foot = QHBoxLayout()
        foot.addWidget(self._foot, 1)
        foot.addWidget(self._sync)
        self._sync.setWordWrap(False)
        self._middle.addWidget(self._canvas)
        self._middle.addWidget(self._reasons)
        column = QVBoxLayout(self)
        column.setContentsMargins(margin, 6, margin, 9)
        column.setSpacing(2)
        column.addLayout(head)
        column.addWidget(self._filters)
        column.addSpacing(4)
        column.addWidget(self._middle, 1)
        column.addSpacing(4)
        column.addLayout(foot)

    def _connect(self) -> None:
        self._explain.setCheckable(True)
        self._explain.toggled.connect(self._show_explanation)
        self._reasons.left.connect(self._leave_reasons)
        menu = QMenu(self._export)
        for ending, words in EXPORTS:
            menu.addAction(tr(words)).triggered.connect(partial(self._ask_export, ending))
        menu.addSeparator()
        for form, words in COPIES:
            menu.addAction(tr(words)).triggered.connect(partial(self._ask_copy, form))
        self._export.setMenu(menu)
        self._export.setPopupMode(self._export.ToolButtonPopupMode.InstantPopup)
        self._canvas.resized.connect(self._redraw)
        self._canvas.chosen.connect(self._pass_on)
        theme().changed.connect(self._redraw)


def _line(role: str, parent: QWidget, tone: str) -> Elided:
    """One line of words that gives way where there is no room."""
    label = Elided(parent)
    label.setProperty("role", role)
    label.setProperty("tone", tone)
    return label
