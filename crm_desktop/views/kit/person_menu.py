"""The menu of what is done about a person beside editing him: handing out what is held, erasing."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from crm_desktop.i18n import tr
from crm_desktop.models.rights import May
from crm_desktop.views.kit.buttons import icon_button

EXPORT, ERASE, COPY = "export", "erase", "copy"


class PersonMenu(QObject):
    """A button with a menu. Signal: `asked(act)` with one of these. Parent: a record's side."""

    asked = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.button = icon_button("more", tr("More for this person"), parent)
        menu = QMenu(self.button)
        menu.setToolTipsVisible(True)
        self.acts: dict[str, QAction] = {}
        for act, text in (
            (EXPORT, tr("Export personal data…")),
            (ERASE, tr("Erase personal data…")),
            (COPY, tr("Copy id for IT")),
        ):
            self.acts[act] = QAction(text, self)
            self.acts[act].triggered.connect(partial(self._tell, act))
            menu.addAction(self.acts[act])
        self.button.setMenu(menu)
        self.button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)

    def show_may(self, may: May) -> None:
        """Offer what this user may have done; what he may not says who does it."""
        why = {
            EXPORT: "" if may.export else tr("Your role may not export this."),
            ERASE: ""
            if may.erase
            else tr("IT erases, or whoever leads where IT has switched that on."),
        }
        for act, said in why.items():
            self.acts[act].setEnabled(not said)
            self.acts[act].setToolTip(said)
        self.acts[COPY].setVisible(not may.erase)

    def _tell(self, act: str, _checked: bool = False) -> None:
        self.asked.emit(act)
