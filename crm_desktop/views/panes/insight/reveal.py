"""A file shown in the system's own file manager."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from PySide6.QtCore import QProcess, QUrl
from PySide6.QtGui import QDesktopServices

SELECTING: Mapping[str, tuple[str, ...]] = {
    "win32": ("explorer.exe", "/select,"),
    "darwin": ("open", "-R"),
}
"""What opens a folder with one file in it chosen; elsewhere the folder alone is opened."""


def show_in_folder(file: Path, system: str = sys.platform) -> bool:
    """Open the file's folder; False where nothing here can."""
    if system in SELECTING:
        program, *arguments = SELECTING[system]
        started = QProcess.startDetached(program, [*arguments, str(file)])
        return bool(started[0])
    return QDesktopServices.openUrl(QUrl.fromLocalFile(str(file.parent)))
