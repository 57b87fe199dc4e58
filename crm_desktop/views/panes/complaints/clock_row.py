"""The clocks of one complaint beside each other: how each stands, and what was promised."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget
from typing_extensions import override

from crm_core.complaint_clocks import ClockKind, ClockState, Reading
from crm_desktop.i18n import tr
from crm_desktop.views.kit.clock_words import KINDS, clock_words, time_words
from crm_desktop.views.kit.delegates.clock import paint_clock
from crm_desktop.views.kit.elided import Elided
from crm_desktop.views.panes.complaints.case_list import TONES
from crm_desktop.views.panes.complaints.moments import moment_words
from crm_desktop.views.theme.theme import theme

_RING = 18
_MARGIN, _INDENT = 20, 12
_CELL_MIN = 150
"""Narrower cells would cut their words."""


class ClockRow(QWidget):
    """One cell per clock: side by side, in a narrow window two and two."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._cells = {kind: _Cell(self) for kind in ClockKind}
        self._across = 0
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(_MARGIN, 0, 0, 0)
        self._grid.setSpacing(0)
        self._arrange(len(self._cells))

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        many = len(self._cells)
        self._arrange(many if self.width() >= many * _CELL_MIN else many // 2)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        """Hairlines between the cells."""
        painter, line = QPainter(self), QColor(theme().tokens.line)
        for n, cell in enumerate(self._cells.values()):
            place = cell.geometry()
            if n % self._across:
                painter.fillRect(place.left(), place.top(), 1, place.height(), line)
            if n >= self._across:
                painter.fillRect(0, place.top(), self.width(), 1, line)

    def _arrange(self, across: int) -> None:
        if across == self._across:
            return
        self._across = across
        for n, cell in enumerate(self._cells.values()):
            self._grid.addWidget(cell, n // across, n % across)
            cell.set_indent(_INDENT if n % across else 0)
        for column in range(len(self._cells)):
            self._grid.setColumnStretch(column, int(column < across))
        self.updateGeometry()

    def show_readings(self, readings: Sequence[Reading], now: dt.datetime) -> None:
        """Show how the clocks stand at a moment."""
        known = {reading.kind: reading for reading in readings}
        for kind, cell in self._cells.items():
            cell.show_reading(kind, known.get(kind), now)

    def words(self, kind: ClockKind) -> tuple[str, str]:
        """What a cell says: how the clock stands, and the line below."""
        return self._cells[kind].words


class _Ring(QWidget):
    """The clock's ring."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._reading: Reading | None = None
        self.setFixedSize(QSize(_RING, _RING))
        theme().changed.connect(self.update)

    def show_reading(self, reading: Reading | None) -> None:
        """Show a clock; None: nothing."""
        self._reading = reading
        self.update()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        if self._reading is not None:
            painter = QPainter(self)
            state, fraction = str(self._reading.state), self._reading.fraction
            paint_clock(painter, self.rect(), fraction, state, theme().tokens)


class _Cell(QWidget):
    """Ring, name, how it stands, what was promised."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._ring = _Ring(self)
        self._name = _line(self, "caption")
        self._stands = _line(self, "")
        self._below = _line(self, "caption")
        texts = QVBoxLayout()
        texts.setSpacing(1)
        for label in (self._name, self._stands, self._below):
            texts.addWidget(label)
        layout = self._line = QHBoxLayout(self)
        layout.setSpacing(10)
        ring = QVBoxLayout()
        ring.addWidget(self._ring)
        ring.addStretch(1)
        layout.addLayout(ring)
        layout.addLayout(texts, 1)

    def set_indent(self, indent: int) -> None:
        """Keep so far from the hairline before it."""
        self._line.setContentsMargins(indent, 8, 4, 8)

    @property
    def words(self) -> tuple[str, str]:
        """How it stands, and the line below."""
        return self._stands.text(), self._below.text()

    def show_reading(self, kind: ClockKind, reading: Reading | None, now: dt.datetime) -> None:
        """Show a clock; None where its complaint has no known receipt."""
        self._ring.show_reading(reading)
        self._name.setText(tr(KINDS[kind]))
        self._stands.setText(clock_words(reading) if reading is not None else "–")
        self._below.setText(_promise(reading, now) if reading is not None else "")
        tone = "ink3" if reading is None else TONES[reading.state]
        _colour(self._stands, tone if tone in ("bad", "warn", "ink3") else "")
        _colour(self._below, "warn" if _was_late(reading) else "ink3")
        parts = (self._name.text(), *self.words)
        self.setAccessibleName(", ".join(part for part in parts if part))
        target = "" if reading is None else tr("target {time}", time=time_words(reading.target))
        self.setToolTip(_caveat(reading) or target)


def _promise(reading: Reading, now: dt.datetime) -> str:
    """The due moment of a clock that runs, else what it had to meet."""
    if reading.due_at is not None and reading.state is ClockState.BREACHED:
        return tr("was due {moment}", moment=moment_words(reading.due_at, now))
    if reading.due_at is not None and reading.state in (ClockState.RUNNING, ClockState.WARN):
        words = tr("due {moment}", moment=moment_words(reading.due_at, now))
        return f"{words} *" if reading.is_estimated else words
    if reading.state is ClockState.PAUSED:
        return tr("{time} left", time=time_words(reading.left))
    if reading.state is ClockState.NOT_NEEDED:
        return ""
    if reading.is_late:
        return tr("{time} late", time=time_words(-reading.left))
    return tr("target {time}", time=time_words(reading.target))


def _caveat(reading: Reading | None) -> str:
    if reading is None or not reading.is_estimated or reading.due_at is None:
        return ""
    return tr(
        "* The public holidays of {year} are not published here yet: weekdays are counted.",
        year=reading.due_at.astimezone().year,
    )


def _was_late(reading: Reading | None) -> bool:
    return reading is not None and reading.is_late and reading.state is ClockState.DONE


def _colour(label: QLabel, tone: str) -> None:
    if label.property("tone") != tone:
        label.setProperty("tone", tone)
        label.style().unpolish(label)
        label.style().polish(label)


def _line(parent: QWidget, role: str) -> QLabel:
    label = Elided(parent)
    label.setProperty("role", role)
    return label
