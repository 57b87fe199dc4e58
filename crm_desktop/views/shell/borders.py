"""The borders that a person drew: widths of the rail, of lists and of inspectors, kept and put
back, and fitted where the window is smaller than it was."""

from __future__ import annotations

from functools import partial
from typing import Protocol, runtime_checkable

from msgspec.structs import replace
from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal, SignalInstance
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QSplitter, QWidget
from typing_extensions import override

from crm_desktop.settings import Borders
from crm_desktop.views.shell.rail import Rail

COLLAPSED_BELOW_WIDTH = 1180
"""A narrower window shows the rail's icons alone."""

_SETTLED_MS = 400
"""A border that has stood still for so long is where it shall be."""

_SHARE_MAX = 0.6
"""A list kept at a width of its own leaves its detail this much of a smaller window's rest."""

_GRIP = 5


@runtime_checkable
class _KeepsWidth(Protocol):
    """A splitter that divides itself, as an inspector's does."""

    width_changed: SignalInstance

    def keep_width(self, width: int) -> None: ...


class BorderKeeper(QObject):
    """Watches every border of the shell. Parent: the shell.

    Signal: `moved(Borders)` once a border has been dragged.
    """

    moved = Signal(object)

    def __init__(self, rail: Rail, parent: QWidget) -> None:
        super().__init__(parent)
        self._kept = Borders()
        self._rail = rail
        self._is_expanded_in_narrow = False
        self._known: dict[str, _Border | _KeepsWidth] = {}
        self._settling = QTimer(self, singleShot=True, interval=_SETTLED_MS)
        self._settling.timeout.connect(self._tell)
        Grip(rail, parent).dragged.connect(self._note_rail)

    def restore(self, kept: Borders) -> None:
        """Put the borders where they were; those of panes made later follow when they are made."""
        self._kept = kept
        self._rail.set_width(kept.rail)
        for name in self._known:
            self._put_back(name)

    def watch(self, pane: QWidget, place: str) -> None:
        """Keep the borders of a pane; splitters without a name are left alone."""
        for splitter in [pane, *pane.findChildren(QSplitter)]:
            if not isinstance(splitter, QSplitter) or not splitter.objectName():
                continue
            name = f"{place}/{splitter.objectName()}"
            if isinstance(splitter, _KeepsWidth):
                self._known[name] = splitter
                splitter.width_changed.connect(partial(self._note_width, name))
            else:
                self._known[name] = border = _Border(splitter)
                border.drawn.connect(partial(self._note, name))
            self._put_back(name)

    def toggle_rail(self, width: int) -> None:
        """Show the rail's words or its icons alone, in a window so wide; in a narrow one only until
        it is wide again."""
        if width < COLLAPSED_BELOW_WIDTH:
            self._is_expanded_in_narrow = self._rail.is_collapsed
        else:
            self._keep(replace(self._kept, rail_collapsed=not self._rail.is_collapsed))
        self.fit_rail(width)

    def fit_rail(self, width: int) -> None:
        """Fold the rail as a window so wide needs it."""
        if width < COLLAPSED_BELOW_WIDTH:
            collapsed = not self._is_expanded_in_narrow
        else:
            self._is_expanded_in_narrow = False
            collapsed = self._kept.rail_collapsed
        if collapsed != self._rail.is_collapsed:
            self._rail.set_collapsed(collapsed=collapsed)

    def flush(self) -> None:
        """Tell now what would be told in a moment."""
        if self._settling.isActive():
            self._settling.stop()
            self._tell()

    def _put_back(self, name: str) -> None:
        sizes, border = self._kept.sizes.get(name, ()), self._known[name]
        if isinstance(border, _Border):
            border.put_back(sizes)
        elif len(sizes) == 1 and sizes[0] > 0:
            border.keep_width(sizes[0])

    def _note(self, name: str, sizes: tuple[int, ...]) -> None:
        self._keep(replace(self._kept, sizes={**self._kept.sizes, name: sizes}))

    def _note_width(self, name: str, width: int) -> None:
        self._note(name, (width,))

    def _note_rail(self, width: int) -> None:
        self._keep(replace(self._kept, rail=width))

    def _keep(self, kept: Borders) -> None:
        self._kept = kept
        self._settling.start()

    def _tell(self) -> None:
        self.moved.emit(self._kept)


class _Border(QObject):
    """One splitter. Parent: the splitter. Signal: `drawn(sizes)` while it is dragged.

    A part that does not stretch keeps its width in pixels, as a list beside a detail does; other
    parts keep their share.
    """

    drawn = Signal(object)

    def __init__(self, splitter: QSplitter) -> None:
        super().__init__(splitter)
        self._splitter = splitter
        self._sizes: tuple[int, ...] = ()
        splitter.splitterMoved.connect(self._note)
        splitter.installEventFilter(self)

    def put_back(self, sizes: tuple[int, ...]) -> None:
        """Divide the splitter so; sizes that are not its own are passed over."""
        if len(sizes) == self._splitter.count() and min(sizes) >= 0 and sum(sizes) > 0:
            self._sizes = sizes
            self._fit()

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and self._sizes:
            self._fit()
        return super().eventFilter(watched, event)

    def _fit(self) -> None:
        """Divide what there is now; Qt keeps every part at its least size by itself."""
        total = self._total()
        if total <= 0:
            return
        if self._keeps_first():
            first = min(self._sizes[0], int(total * _SHARE_MAX))
            self._splitter.setSizes([first, total - first])
        else:
            whole = sum(self._sizes)
            self._splitter.setSizes([size * total // whole for size in self._sizes])

    def _keeps_first(self) -> bool:
        """Whether this is a list beside a detail."""
        if self._splitter.orientation() != Qt.Orientation.Horizontal:
            return False
        parts = [self._splitter.widget(n) for n in range(self._splitter.count())]
        stretches = [
            part is not None and part.sizePolicy().horizontalStretch() > 0 for part in parts
        ]
        return stretches == [False, True]

    def _total(self) -> int:
        splitter = self._splitter
        across = splitter.orientation() == Qt.Orientation.Horizontal
        return (splitter.width() if across else splitter.height()) - splitter.handleWidth()

    def _note(self, _position: int, _index: int) -> None:
        self._sizes = tuple(self._splitter.sizes())
        self.drawn.emit(self._sizes)


class Grip(QWidget):
    """The rail's edge, to be drawn wider or narrower. Parent: the shell.

    Signal: `dragged(width)`, 0 after a double click: the usual width.
    """

    dragged = Signal(int)

    def __init__(self, rail: Rail, parent: QWidget) -> None:
        super().__init__(parent)
        self._rail = rail
        self.setCursor(Qt.CursorShape.SplitHCursor)
        rail.installEventFilter(self)
        self._follow()

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Move):
            self._follow()
        return super().eventFilter(watched, event)

    @override
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = self._rail.mapFromGlobal(event.globalPosition().toPoint()).x()
        self._widen(self._rail.width() - at if self._is_mirrored() else at)

    @override
    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._widen(0)

    def _widen(self, width: int) -> None:
        self._rail.set_width(width)
        self.dragged.emit(self._rail.width() if width else 0)

    def _follow(self) -> None:
        self.setVisible(not self._rail.is_collapsed)
        area = self._rail.geometry()
        edge = area.left() if self._is_mirrored() else area.right() + 1
        self.setGeometry(edge - _GRIP // 2, area.top(), _GRIP, area.height())
        self.raise_()

    def _is_mirrored(self) -> bool:
        return self.layoutDirection() == Qt.LayoutDirection.RightToLeft
