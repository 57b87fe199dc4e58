"""Starts the application as a person does, says when its window was painted first and when the
day stood in it, and ends."""

from __future__ import annotations

import os
import sys
import time

from PySide6 import QtCore, QtWidgets
from typing_extensions import override


class Watcher(QtCore.QObject):
    """Sees every event of the application; waits for the paint of a day that was read."""

    def __init__(self) -> None:
        super().__init__()
        self._is_seen = False

    @override
    def eventFilter(self, watched: QtCore.QObject, event: QtCore.QEvent) -> bool:
        if event.type() != QtCore.QEvent.Type.Paint:
            return False
        if not self._is_seen:
            self._is_seen = True
            QtCore.QTimer.singleShot(0, report_window)
        if shows_the_day(watched):
            QtCore.QTimer.singleShot(0, report)
        return False


def shows_the_day(watched: QtCore.QObject) -> bool:
    """Whether this is a part of the page of today, with something to show.

    Known by its name: importing the page here would change what is measured.
    """
    part: QtCore.QObject | None = watched
    while part is not None and type(part).__name__ != "TodayPane":
        part = part.parent()
    return getattr(part, "day", None) is not None


def report_window() -> None:
    """Say when the window was painted first, with or without a day in it."""
    print(f"window at {time.monotonic()}", flush=True)


def report() -> None:
    """Say when, and end without tidying up."""
    print(f"painted at {time.monotonic()}", flush=True)
    os._exit(0)


class Application(QtWidgets.QApplication):
    """The application, with the watcher looking on from its first event."""

    def __init__(self, *words: object) -> None:
        super().__init__(*words)  # pyright: ignore[reportArgumentType, reportCallIssue]
        self._watcher = Watcher()
        self.installEventFilter(self._watcher)


if __name__ == "__main__":
    QtWidgets.QApplication = Application  # pyright: ignore[reportAttributeAccessIssue]
    from crm_desktop.__main__ import main

    main(["--profile", sys.argv[1]])
