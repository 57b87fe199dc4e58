"""The sheet in which one of many fields is chosen: the usual ones first, narrowed by typing."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QWidget

from crm_core.fields import Field
from crm_desktop.i18n import tr
from crm_desktop.views.kit.narrow_line import NarrowLine
from crm_desktop.views.kit.popup import Popup
from crm_desktop.views.theme.fonts import font
from crm_desktop.views.theme.theme import theme

_NAME = Qt.ItemDataRole.UserRole
_ROWS_MAX = 14


class FieldsPopup(Popup):
    """Chooses a field; the one in force, if any, has a mark. Signal: `taken(name)`."""

    taken = Signal(str)

    def __init__(
        self, fields: Sequence[Field], usual: Sequence[str], parent: QWidget, *, chosen: str = ""
    ) -> None:
        super().__init__(parent)
        self._chosen = chosen
        self._line = NarrowLine(self)
        self._list = QListWidget(self)
        self._list.setAccessibleName(tr("Fields"))
        self._list.setFrameShape(QListWidget.Shape.NoFrame)
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._list.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the line keeps the keyboard
        self._fill(fields, usual)
        self.page.addWidget(self._line)
        self.page.addWidget(self._list)
        self._line.textChanged.connect(self._narrow)
        self._line.stepped.connect(self._step)
        self._line.returnPressed.connect(self._take_current)
        self._list.itemClicked.connect(self._take)
        self._choose_first()
        self._line.setFocus()

    @property
    def offered(self) -> tuple[str, ...]:
        """The names of the fields that are to be seen, in their order."""
        items = (self._list.item(n) for n in range(self._list.count()))
        return tuple(str(x.data(_NAME)) for x in items if x.data(_NAME) and not x.isHidden())

    def _fill(self, fields: Sequence[Field], usual: Sequence[str]) -> None:
        by_name = {field.name: field for field in fields}
        first = [by_name[name] for name in usual if name in by_name]
        rest = sorted((x for x in fields if x not in first), key=lambda x: tr(x.label).casefold())
        groups = [(tr("Usual"), first), (tr("All others"), rest)]
        for words, members in groups:
            if members and all(group for _, group in groups):
                self._add_heading(words)
            for field in members:
                is_chosen = field.name == self._chosen
                item = QListWidgetItem(f"✓ {tr(field.label)}" if is_chosen else tr(field.label))
                self._list.addItem(item)
                item.setData(_NAME, field.name)
        height = theme().metrics.tree_row
        for n in range(self._list.count()):
            self._list.item(n).setSizeHint(QSize(0, height))
        self._list.setFixedHeight(min(self._list.count(), _ROWS_MAX) * height)

    def _add_heading(self, words: str) -> None:
        item = QListWidgetItem(words, self._list)
        item.setFlags(Qt.ItemFlag.NoItemFlags)
        item.setFont(font("caption"))
        item.setForeground(QColor(theme().tokens.ink3))

    def _narrow(self) -> None:
        is_all = not self._line.text().strip()
        for n in range(self._list.count()):
            item = self._list.item(n)
            is_field = bool(item.data(_NAME))
            item.setHidden(not (self._line.fits(item.text()) if is_field else is_all))
        self._choose_first()

    def _choose_first(self) -> None:
        items = (self._list.item(n) for n in range(self._list.count()))
        shown = (x for x in items if x.data(_NAME) and not x.isHidden())
        self._list.setCurrentItem(next(shown, None))  # pyright: ignore[reportArgumentType]  # None: none

    def _step(self, event: QKeyEvent) -> None:
        QCoreApplication.sendEvent(self._list, event)

    def _take_current(self) -> None:
        item = self._list.currentItem()
        if item and not item.isHidden():
            self._take(item)

    def _take(self, item: QListWidgetItem) -> None:
        if item.data(_NAME):
            self.close()
            self.taken.emit(str(item.data(_NAME)))
