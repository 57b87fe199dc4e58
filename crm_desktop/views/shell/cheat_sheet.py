"""The menu of keys (F1): made from the commands themselves, so that it cannot be wrong."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QAction, QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QWidget
from typing_extensions import override

from crm_desktop.i18n import tr
from crm_desktop.views.kit.buttons import normal
from crm_desktop.views.kit.scrolled import scrolled
from crm_desktop.views.shell.commands import GROUP, keys_of
from crm_desktop.views.shell.overlay import Overlay
from crm_desktop.views.shell.palette.painting import CAP, cap_width, paint_cap, split_keys

WIDTH = 640
_COLUMNS = 2
_CAP_GAP = 4
_LIST_HEIGHT = 420


class CheatSheet(Overlay):
    """Lists which keys do what. Parent: the shell; forgotten when it is closed."""

    def __init__(self, actions: Sequence[QAction], parent: QWidget) -> None:
        super().__init__(parent, width=WIDTH)
        title = QLabel(tr("Keys"), self.sheet)
        title.setTextFormat(Qt.TextFormat.PlainText)
        title.setProperty("role", "record")
        self.page.addWidget(title)
        content = QWidget(self.sheet)
        self._grid = QGridLayout(content)
        self._grid.setContentsMargins(0, 0, 12, 0)
        self._grid.setHorizontalSpacing(16)
        self._grid.setVerticalSpacing(6)
        self._grid.setColumnStretch(0, 1)
        self._grid.setColumnStretch(3, 1)
        self._grid.setColumnMinimumWidth(2, 16)
        area = scrolled(content, self.sheet)
        area.setMinimumHeight(_LIST_HEIGHT)
        area.setAccessibleName(tr("Keys"))
        self.page.addWidget(area, 1)
        self._close = normal(tr("Close"), self.sheet, keys="Esc")
        self._close.clicked.connect(self.close_over)
        self.page.addWidget(self._close, 0, Qt.AlignmentFlag.AlignTrailing)
        self._fill(_grouped(actions))

    def open(self) -> None:
        """Come to the front."""
        self.open_over()
        self._close.setFocus(Qt.FocusReason.OtherFocusReason)

    @override
    def close_over(self) -> None:
        super().close_over()
        self.deleteLater()

    def _fill(self, groups: Sequence[tuple[str, Sequence[QAction]]]) -> None:
        """Two columns of groups, each group in the shorter one."""
        ends = [0] * _COLUMNS
        for name, actions in groups:
            column = ends.index(min(ends))
            row = ends[column]
            caption = QLabel(name, self)
            caption.setProperty("role", "caption")
            caption.setTextFormat(Qt.TextFormat.PlainText)
            self._grid.addWidget(caption, row, column * 3, 1, 2)
            for at, action in enumerate(actions, start=row + 1):
                words = QLabel(action.text(), self)
                words.setTextFormat(Qt.TextFormat.PlainText)
                words.setWordWrap(True)
                self._grid.addWidget(words, at, column * 3)
                caps = Caps(keys_of(action)[:2], self)
                end = Qt.AlignmentFlag.AlignTrailing | Qt.AlignmentFlag.AlignVCenter
                self._grid.addWidget(caps, at, column * 3 + 1, end)
            ends[column] = row + len(actions) + 1
        self._grid.setRowStretch(max(ends), 1)


class Caps(QWidget):
    """Shortcuts as caps, the second one after a slash."""

    def __init__(self, shortcuts: Sequence[str], parent: QWidget) -> None:
        super().__init__(parent)
        self._parts = [part for keys in shortcuts for part in (*split_keys(keys), "")][:-1]
        self.setAccessibleName(", ".join(shortcuts))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    @override
    def sizeHint(self) -> QSize:
        widths = (cap_width(part) if part else _CAP_GAP for part in self._parts)
        return QSize(sum(widths) + _CAP_GAP * len(self._parts), CAP)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        at = _CAP_GAP
        for part in self._parts:
            width = cap_width(part) if part else _CAP_GAP
            if part:
                paint_cap(painter, QRect(at, 0, width, CAP), part)
            at += width + _CAP_GAP
        painter.end()


def _grouped(actions: Iterable[QAction]) -> list[tuple[str, list[QAction]]]:
    """Actions that have keys, by the group they name; those of panes name none."""
    known = [action for action in actions if keys_of(action)]

    def group(action: QAction) -> str:
        return str(action.property(GROUP) or tr("This page"))

    order = {name: n for n, name in reversed(list(enumerate(map(group, known))))}
    known.sort(key=lambda action: order[group(action)])
    return [(name, list(found)) for name, found in groupby(known, group)]
