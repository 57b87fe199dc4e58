"""The yardstick: a bare window with an empty table, from nothing to its first paint."""

from __future__ import annotations

import os
import time

from PySide6 import QtCore, QtGui, QtWidgets
from typing_extensions import override


class Table(QtWidgets.QTableView):
    """An empty table that says when it was painted, and ends."""

    @override
    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        super().paintEvent(event)
        QtCore.QTimer.singleShot(0, report)


def report() -> None:
    """Say when, and end without tidying up."""
    print(f"painted at {time.monotonic()}", flush=True)
    os._exit(0)


if __name__ == "__main__":
    application = QtWidgets.QApplication([])
    window = QtWidgets.QMainWindow()
    table = Table()
    table.setModel(QtGui.QStandardItemModel(0, 10, table))
    window.setCentralWidget(table)
    window.resize(1280, 800)
    window.show()
    application.exec()
