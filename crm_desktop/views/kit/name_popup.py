"""The sheet in which a view gets its name, and is kept to oneself or shown to everyone."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLineEdit, QWidget

from crm_desktop.i18n import tr
from crm_desktop.views.kit.buttons import primary
from crm_desktop.views.kit.popup import Popup


class NamePopup(Popup):
    """Asks for a view's name. Signal: `taken(name, shared)`."""

    taken = Signal(str, bool)

    def __init__(self, parent: QWidget, name: str = "", *, shared: bool = False) -> None:
        super().__init__(parent)
        self._name = QLineEdit(name, self)
        self._name.setPlaceholderText(tr("Name of the view"))
        self._name.setAccessibleName(tr("Name of the view"))
        self._shared = QCheckBox(tr("Shared with everyone"), self)
        self._shared.setChecked(shared)
        self._save = primary(tr("Save"), self)
        self._save.setEnabled(bool(name))
        self.page.addWidget(self._name)
        self.page.addWidget(self._shared)
        foot = QHBoxLayout()
        foot.addStretch(1)
        foot.addWidget(self._save)
        self.page.addLayout(foot)
        self._name.textChanged.connect(self._allow)
        self._name.returnPressed.connect(self._take)
        self._save.clicked.connect(self._take)
        self._name.selectAll()
        self._name.setFocus()

    def _allow(self, text: str) -> None:
        self._save.setEnabled(bool(text.strip()))

    def _take(self) -> None:
        name = self._name.text().strip()
        if name:
            self.taken.emit(name, self._shared.isChecked())
            self.close()
