"""One attached file in a column: its picture or a sheet of paper, its name, and where it is."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QSize, Signal
from PySide6.QtGui import QColor, QContextMenuEvent, QPainter, QPainterPath, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget
from typing_extensions import override

from crm_core.files import is_picture
from crm_desktop.i18n import tr
from crm_desktop.models.attaching import AttachedFile
from crm_desktop.models.file_states import FileState
from crm_desktop.views.kit.buttons import icon_button
from crm_desktop.views.kit.file_words import size_words, state_words
from crm_desktop.views.kit.line import Line, LineButton
from crm_desktop.views.theme.icons import paint_icon
from crm_desktop.views.theme.tokens import Tokens

TILE = QSize(44, 34)
_ICON = 16
_RADIUS = 4


class FileLine(QWidget):
    """Signals: `chosen(AttachedFile)` by click or Return; `menu_asked(AttachedFile, QPoint)`."""

    chosen = Signal(object)
    menu_asked = Signal(object, QPoint)

    def __init__(self, file: AttachedFile, parent: QWidget, *, sparing: bool = False) -> None:
        super().__init__(parent)
        self._file = file
        self._picture = QPixmap()
        self._button = LineButton(Line(""), self)
        self._more = icon_button("more", tr("More for this file"), self)
        self._button.clicked.connect(self._choose)
        self._more.clicked.connect(self._ask_below)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 1, 0, 1)
        row.setSpacing(4)
        row.addWidget(self._button, 1)
        row.addWidget(self._more)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.show_file(file, sparing=sparing)

    def show_file(self, file: AttachedFile, *, sparing: bool = False) -> None:
        """The same file, as it stands now. `sparing`: what is to be sent waits for a network on
        which nobody pays for each byte."""
        self._file = file
        state = state_words(file.file, sparing=sparing)
        is_held = file.file.state is FileState.FAILED
        below = state if is_held else " · ".join((size_words(file.size), state))
        self._button.show_line(
            Line(file.name, below=below, mark=self._paint_mark, mark_width=TILE.width())
        )
        self._button.setToolTip(f"{file.name}\n{below}")
        self._more.setAccessibleName(tr("More for {name}", name=file.name))

    def show_picture(self, picture: QPixmap) -> None:
        """Show a picture in place of the sheet of paper."""
        self._picture = picture
        self._button.update()

    @property
    def file(self) -> AttachedFile:
        """What it shows."""
        return self._file

    @property
    def has_picture(self) -> bool:
        """Whether its picture is shown."""
        return not self._picture.isNull()

    @property
    def text(self) -> str:
        """What it says."""
        line = self._button.line
        return f"{line.title}: {line.below}"

    def click(self) -> None:
        """As a click on it."""
        self._button.click()

    @override
    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.menu_asked.emit(self._file, event.globalPos())

    def _choose(self) -> None:
        self.chosen.emit(self._file)

    def _ask_below(self) -> None:
        self.menu_asked.emit(self._file, self._more.mapToGlobal(self._more.rect().bottomLeft()))

    def _paint_mark(self, painter: QPainter, rect: QRect, tokens: Tokens) -> None:
        place = QRect(QPoint(), TILE)
        place.moveCenter(rect.center())
        path = QPainterPath()
        path.addRoundedRect(place, _RADIUS, _RADIUS)
        painter.save()
        painter.setClipPath(path)
        painter.fillRect(place, QColor(tokens.fill))
        if self.has_picture:
            painter.drawPixmap(place, self._picture)
        painter.restore()
        if not self.has_picture:
            middle = QRect(0, 0, _ICON, _ICON)
            middle.moveCenter(place.center())
            paint_icon(painter, middle, _icon_of(self._file.name), "ink3")


def _icon_of(name: str) -> str:
    return "camera" if is_picture(name) else "doc"
