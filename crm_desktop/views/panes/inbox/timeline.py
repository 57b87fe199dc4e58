"""What happened, as lines: who, what, when."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from crm_desktop.i18n import tr
from crm_desktop.views.kit.gone import let_go
from crm_desktop.views.kit.hairline import hairline
from crm_desktop.views.panes.inbox.facts import Event
from crm_desktop.views.panes.inbox.parts import IconLabel, label, line_label
from crm_desktop.views.theme.fonts import font

_ROW, _HEAD = 30, 32
_WHO = 128


class WhatHappened(QWidget):
    """Lines of a story, the latest first."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._lines: list[QWidget] = []
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(0)
        title = label(self, tr("What happened"))
        title.setFont(font("small_medium"))
        title.setMinimumHeight(_HEAD)
        self._layout.addWidget(title)

    def show_events(self, events: Sequence[Event]) -> None:
        """Show these instead."""
        for line in self._lines:
            let_go(line, self._layout)
        self._lines = []
        for n, event in enumerate(events):
            self._add(_line(event, self))
            if n < len(events) - 1:
                self._add(hairline(self))

    def _add(self, widget: QWidget) -> None:
        self._layout.addWidget(widget)
        self._lines.append(widget)


def _line(event: Event, parent: QWidget) -> QWidget:
    line = QWidget(parent)
    line.setMinimumHeight(_ROW)
    layout = QHBoxLayout(line)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(10)
    who = label(line, event.who, role="small")
    who.setFont(font("small_medium"))
    who.setMinimumWidth(_WHO)
    who.setMaximumWidth(_WHO)
    layout.addWidget(IconLabel(event.icon, "ink3", line))
    layout.addWidget(who)
    layout.addWidget(label(line, event.what, role="small", tone="ink2"), 1)
    layout.addWidget(line_label(line, event.at, role="caption"))
    return line
