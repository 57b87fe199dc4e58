"""Shows the parts of the kit, or takes a picture of them in both themes.

python -m tools.gallery [light|dark]       in a window
python -m tools.gallery FILE.png           both themes side by side
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication

from crm_desktop.views.gallery import SIZE, Gallery
from crm_desktop.views.theme import theme

THEMES = ("light", "dark")


def main(arguments: list[str]) -> int:
    """Show or draw; returns the exit code."""
    if arguments and arguments[0] not in THEMES:
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
        take_picture(QApplication([]), Path(arguments[0]))
        return 0
    application = QApplication([])
    theme.install(application, arguments[0] if arguments else theme.SYSTEM)
    gallery = Gallery()
    gallery.resize(SIZE)
    gallery.show()
    return application.exec()


def take_picture(application: QApplication, out: Path) -> None:
    """Light at the left, dark at the right, in one file."""
    halves: list[QImage] = []
    for name in THEMES:
        theme.install(application, name)
        gallery = Gallery()
        gallery.resize(SIZE)
        gallery.show()
        halves.append(gallery.grab().toImage())
        gallery.close()
    both = QImage(halves[0].width() * len(halves), halves[0].height(), halves[0].format())
    painter = QPainter(both)
    for n, half in enumerate(halves):
        half.setDevicePixelRatio(1)
        painter.drawImage(n * half.width(), 0, half)
    painter.end()
    out.parent.mkdir(parents=True, exist_ok=True)
    both.save(str(out))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
