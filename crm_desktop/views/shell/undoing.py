"""Taking the last step back: the command, and what is said of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from crm_desktop.i18n import tr
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.kit.banner import Banner
from crm_desktop.views.kit.undo_bar import UndoBar
from crm_desktop.views.shell.commands import GROUP

if TYPE_CHECKING:
    from crm_desktop.models.journal import Undone


class Undoing(QObject):
    """Adds the command to the shell and speaks in its bar. Parent: the shell."""

    def __init__(self, hub: DataHub, bar: UndoBar, banner: Banner, shell: QWidget) -> None:
        super().__init__(shell)
        self._bar, self._banner = bar, banner
        self._command = QAction(tr("Undo"), shell)
        self._command.setShortcut(QKeySequence.StandardKey.Undo)
        self._command.setEnabled(False)
        self._command.setProperty(GROUP, tr("Records"))
        self._command.triggered.connect(hub.undo)
        shell.addAction(self._command)
        bar.undone.connect(hub.undo)
        hub.undo_changed.connect(self._show)
        hub.undone.connect(self._tell)

    def offer_deleted(self, title: str) -> None:
        """Say that a record was deleted, and offer to take it back."""
        self._bar.offer(tr("Deleted: {title}.", title=title))

    def remark(self, text: str) -> None:
        """Say something that cannot be taken back."""
        self._bar.offer(text, undoable=False)

    def _show(self, label: str) -> None:
        self._command.setEnabled(bool(label))
        self._command.setText(tr("Undo: {label}", label=label) if label else tr("Undo"))

    def _tell(self, undone: Undone | None) -> None:
        if undone is None:
            self.remark(tr("There is nothing to take back."))
        elif undone.kept:
            text = tr(
                "Taken back: {label}. Fields that somebody changed since stayed: {n}.",
                label=undone.label, n=len(undone.kept),
            )  # fmt: skip
            self._banner.say(text)
        else:
            self.remark(tr("Taken back: {label}.", label=undone.label))
