"""Starts the application as a person does, says when its window was painted first and when the
day stood in it, and ends.

It looks at no event before the one it waits for: a filter on everything would cost more than some
of what is measured. What it takes hold of is loaded by the program at that moment anyway.
"""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QWidget
from typing_extensions import override

from crm_desktop import __main__ as program
from crm_desktop import app
from crm_desktop.views.shell import places

if TYPE_CHECKING:
    from crm_desktop.models.today import Day
    from crm_desktop.runtime.hub import DataHub
    from crm_desktop.views.panes.today.pane import TodayPane


class Watcher(QObject):
    """Waits for the first paint of a page or of anything in it. Parent: the page."""

    def __init__(self, page: QWidget) -> None:
        super().__init__(page)
        for part in (page, *page.findChildren(QWidget)):
            part.installEventFilter(self)

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint:
            QTimer.singleShot(0, report)
        return False


def watch_the_frame() -> None:
    """Report when the frame was painted."""
    paint = app.Frame.paintEvent

    def painted(self: app.Frame, event: QPaintEvent) -> None:
        QTimer.singleShot(0, report_window)  # asked for first: the frame's own asks for the rest
        paint(self, event)

    app.Frame.paintEvent = painted


def watch_the_day() -> None:
    """Report when the page of today was painted with a day that was read."""
    make = places.PANES[places.TODAY]

    def made(hub: DataHub, parent: QWidget) -> QWidget:
        from crm_desktop.views.panes.today.pane import TodayPane

        show = TodayPane._show  # pyright: ignore[reportPrivateUsage]

        def shown(self: TodayPane, day: Day) -> None:
            show(self, day)
            Watcher(self)

        TodayPane._show = shown  # pyright: ignore[reportPrivateUsage]
        return make(hub, parent)

    places.PANES[places.TODAY] = made


def report_window() -> None:
    """Say when the window was painted, with or without a day in it."""
    print(f"window at {time.monotonic()}", flush=True)


def report() -> None:
    """Say when, and end without tidying up."""
    print(f"painted at {time.monotonic()}", flush=True)
    os._exit(0)


if __name__ == "__main__":
    watch_the_frame()
    watch_the_day()
    program.main(["--profile", sys.argv[1]])
