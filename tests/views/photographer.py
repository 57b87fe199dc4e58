"""Attaches a photo to a complaint that is not saved, and says so, until somebody kills it.

python -m tests.views.photographer FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from crm_desktop.runtime.hub import DataHub
from crm_desktop.runtime.lanes import Lanes
from crm_desktop.views.panes.complaints.pane import ComplaintsPane
from tests.views.test_draft_files import desk_of, make


def main(folder: Path) -> None:
    """Open the form and attach."""
    application = QApplication([])
    photo = folder / "jar.jpg"
    photo.write_bytes(b"a photo of a jar")
    store, lanes = make(folder), Lanes()
    hub = DataHub(store, lanes)
    desk = desk_of(store, hub, lanes)
    pane = ComplaintsPane(hub)
    pane.show()
    pane.new_record()
    QTimer.singleShot(0, pane, lambda: pane.intake_files.add([photo]))
    timer = QTimer(interval=20)

    def look() -> None:
        if pane.intake_files.lines:
            sys.stdout.write("attached\n")
            sys.stdout.flush()
            timer.stop()

    timer.timeout.connect(look)
    timer.start()
    application.exec()
    desk.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
