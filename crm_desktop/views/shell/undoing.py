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
    from crm_desktop.models.duplicates import Pair
    from crm_desktop.models.journal import Undone
    from crm_desktop.views.kit.taking_back import TakingBack


class Undoing(QObject):
    """Adds the command to the shell and speaks in its bar. Parent: the shell."""

    def __init__(self, hub: DataHub, bar: UndoBar, banner: Banner, shell: QWidget) -> None:
        super().__init__(shell)
        self._hub, self._bar, self._banner = hub, bar, banner
        self._label = ""
        self._made_back: TakingBack | None = None
        self._command = QAction(tr("Undo"), shell)
        self._command.setShortcut(QKeySequence.StandardKey.Undo)
        self._command.setEnabled(False)
        self._command.setProperty(GROUP, tr("Records"))
        self._command.triggered.connect(self._undo)
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

    def offer_apart(self, pair: Pair) -> None:
        """Say that two are not the same, and offer to take that back."""
        self._back.offer_pair(pair)
        self._show_command()

    @property
    def _back(self) -> TakingBack:
        """What is no step of the journal; made when it is first offered."""
        if self._made_back is None:
            from crm_desktop.views.kit.taking_back import TakingBack

            room = self._bar.parentWidget()
            assert room is not None
            self._made_back = TakingBack(self._hub, room)
            self._made_back.taken_back.connect(self._tell_together)
            self._made_back.failed.connect(self._hub.announce_failure)
            self._hub.saved.connect(self._show_command)  # after what was offered is forgotten
        return self._made_back

    @property
    def _is_beside_journal(self) -> bool:
        return self._made_back is not None and self._made_back.is_possible

    def _undo(self) -> None:
        if self._is_beside_journal:
            self._back.take_back()
        else:
            self._hub.undo()

    def _show(self, label: str) -> None:
        self._label = label
        if not label:
            self._bar.withdraw()
        self._show_command()

    def _show_command(self) -> None:
        label = tr("Not the same") if self._is_beside_journal else self._label
        self._command.setEnabled(bool(label))
        self._command.setText(tr("Undo: {label}", label=label) if label else tr("Undo"))

    def _tell_together(self) -> None:
        self._show_command()
        self.remark(tr("Taken back: {label}.", label=tr("Not the same")))

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
