"""Types into a form without a pause, until somebody kills this process.

    python -m tests.views.typist FOLDER ACCOUNT

Prints "letters seconds" after each letter.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QLineEdit

from crm_core.catalog import CATALOG
from crm_core.ids import RecordId
from crm_desktop.runtime.hub import DataHub
from crm_desktop.runtime.lanes import Lanes
from crm_desktop.views.kit.entity_pane import EntityPane
from tests.views.company import make_store

LETTER_MS = 40


def main(folder: Path, account: str) -> None:
    """Open the form and type."""
    application = QApplication([])
    store = make_store(folder, [("account", RecordId(account), {"name": "Alfreds"})])
    hub = DataHub(store, Lanes())
    pane = EntityPane(CATALOG["account"], hub)
    pane.show()
    pane.open_record(account)
    timer = QTimer(interval=LETTER_MS)
    start = time.monotonic()

    def type_on() -> None:
        if not pane.record_id:
            return  # the form is not open yet
        line = pane.detail.form.editor("industry").widget
        assert isinstance(line, QLineEdit)
        line.setText(line.text() + "a")
        line.textEdited.emit(line.text())
        sys.stdout.write(f"{len(line.text())} {time.monotonic() - start}\n")
        sys.stdout.flush()

    timer.timeout.connect(type_on)
    timer.start()
    application.exec()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
