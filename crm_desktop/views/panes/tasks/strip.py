"""Above a task's form: who supervises it and until when, and the series to which it belongs."""

from __future__ import annotations

import datetime as dt

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPushButton, QSizePolicy, QVBoxLayout, QWidget

from crm_core.supervising import supervision_of
from crm_desktop.i18n import tr
from crm_desktop.models.queries import Row
from crm_desktop.models.series import OPEN_STATES
from crm_desktop.views.kit.buttons import link
from crm_desktop.views.kit.flow import FlowLayout
from crm_desktop.views.kit.rhythm_words import rhythm_words
from crm_desktop.views.kit.supervision_words import left_tone, supervision_words
from crm_desktop.views.kit.text import set_tone, text_of
from crm_desktop.views.kit.words import Titles, link_name

SKIP, FOLLOWING, ALL, END = "skip", "following", "all", "end"
_MARGIN = 16


class TaskStrip(QWidget):
    """Signal: `asked(what)`, one of `SKIP`, `FOLLOWING`, `ALL` and `END`."""

    asked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._supervision = text_of("small", self)
        self._series = text_of("small", self)
        self._acts = QWidget(self)
        self._buttons: dict[str, QPushButton] = {}
        flow = FlowLayout(self._acts)
        for what, words in (
            (SKIP, tr("Skip this one")), (FOLLOWING, tr("This and following alike")),
            (ALL, tr("All alike")), (END, tr("End the series here")),
        ):  # fmt: skip
            made = self._buttons[what] = link(words, self._acts)
            made.setProperty("what", what)
            made.clicked.connect(self._ask)
            flow.addWidget(made)
        self._buttons[FOLLOWING].setToolTip(
            tr("The open tasks behind this one, and those to come, take its values.")
        )
        self._buttons[ALL].setToolTip(
            tr("The open tasks of the series, and those to come, take its values.")
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(_MARGIN, 0, _MARGIN, 6)
        column.setSpacing(2)
        for part in (self._supervision, self._series, self._acts):
            column.addWidget(part)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.hide()

    def show_task(self, row: Row, titles: Titles, rule: str, now: dt.datetime) -> None:
        """Show what there is to be said of a task; `rule`: that of its series, "" for none."""
        values = row.values
        supervision = supervision_of(values)
        if supervision is not None:
            name = link_name(f"user/{supervision.supervisor}", titles)
            self._supervision.setText(supervision_words(supervision, name, now))
            set_tone(self._supervision, left_tone(supervision, now))
        self._supervision.setVisible(supervision is not None)
        self._series.setText(tr("Series: {rhythm}", rhythm=rhythm_words(rule)))
        self._series.setVisible(bool(rule))
        self._acts.setVisible(bool(rule) and not row.deleted)
        self._buttons[SKIP].setVisible(values.get("status") in OPEN_STATES)
        self.setVisible(supervision is not None or bool(rule))

    @property
    def words(self) -> tuple[str, str]:
        """What it says of the supervision and of the series; "" for what is not shown."""
        parts = (self._supervision, self._series)
        said = [part.text() if not part.isHidden() else "" for part in parts]
        return said[0], said[1]

    def button(self, what: str) -> QPushButton:
        """What one presses for it."""
        return self._buttons[what]

    def _ask(self) -> None:
        self.asked.emit(str(self.sender().property("what")))
