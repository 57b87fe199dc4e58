"""Preferences by section; each choice is taken at once, there is nothing to confirm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QFormLayout, QLabel, QSizePolicy, QWidget

from crm_desktop.i18n import LANGUAGES, tr
from crm_desktop.settings import Preferences
from crm_desktop.views.kit.buttons import normal
from crm_desktop.views.shell.overlay import Overlay

WIDTH = 520
LOCK_MINUTES = (0, 5, 10, 15, 30, 60)


@dataclass(frozen=True, slots=True)
class Ground:
    """What the page has to say about this profile."""

    preferences: Preferences
    has_passphrase: bool = False
    login: str = ""
    server: str = ""


class PreferencesPage(Overlay):
    """Look, language, lock and the server. Parent: the shell.

    Signals: `changed(Preferences)`; `sync_asked`.
    """

    changed = Signal(object)
    sync_asked = Signal()

    def __init__(self, ground: Ground, parent: QWidget) -> None:
        super().__init__(parent, width=WIDTH)
        self._kept = ground.preferences
        title = QLabel(tr("Preferences"), self.sheet)
        title.setTextFormat(Qt.TextFormat.PlainText)
        title.setProperty("role", "record")
        self.page.addWidget(title)
        self._add_look()
        self._add_lock(ground)
        self._add_server(ground)
        close = normal(tr("Close"), self.sheet, keys="Esc")
        close.clicked.connect(self.close_over)
        self.page.addWidget(close, 0, Qt.AlignmentFlag.AlignTrailing)

    def open(self) -> None:
        """Come to the front."""
        self.open_over()
        self.theme.setFocus(Qt.FocusReason.OtherFocusReason)

    def _add_look(self) -> None:
        form = self._section(tr("Look"))
        themes = (
            ("system", tr("As the system")), ("light", tr("Light")), ("dark", tr("Dark")),
        )  # fmt: skip
        densities = (("compact", tr("Compact")), ("comfortable", tr("Comfortable")))
        languages = (("", tr("As the system")), *LANGUAGES.items())
        self.theme = self._choice(form, tr("Theme"), themes, self._kept.theme)
        self.density = self._choice(form, tr("Rows"), densities, self._kept.density)
        self.language = self._choice(form, tr("Language"), languages, self._kept.language)

    def _add_lock(self, ground: Ground) -> None:
        form = self._section(tr("Lock"))
        minutes = [
            (n, tr("after {n} minutes", n=n) if n else tr("never")) for n in LOCK_MINUTES
        ]  # fmt: skip
        self.lock = self._choice(form, tr("Lock when idle"), minutes, self._kept.lock_after_min)
        if ground.has_passphrase:
            said = tr("Locked, the data are closed and your passphrase opens them again.")
        else:
            said = tr(
                "The keyring of this computer opens the profile without a question, so this only "
                "hides the window. Lock the computer itself when you leave it."
            )
        form.addRow(self._note(said))

    def _add_server(self, ground: Ground) -> None:
        form = self._section(tr("Synchronisation"))
        form.addRow(tr("Signed in as"), self._note(ground.login, role=""))
        form.addRow(tr("Server"), self._note(ground.server, role=""))
        now = normal(tr("Synchronise now"), self.sheet, icon="sync", keys="F5")
        now.clicked.connect(self._tell_sync)
        form.addRow("", now)
        now.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def _section(self, name: str) -> QFormLayout:
        head = QLabel(name, self.sheet)
        head.setTextFormat(Qt.TextFormat.PlainText)
        head.setProperty("role", "section")
        self.page.addWidget(head)
        form = QFormLayout()
        form.setHorizontalSpacing(16)
        form.setVerticalSpacing(6)
        self.page.addLayout(form)
        return form

    def _note(self, text: str, role: str = "caption") -> QLabel:
        label = QLabel(text, self.sheet)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        label.setProperty("role", role)
        return label

    def _choice(
        self, form: QFormLayout, label: str, choices: Sequence[tuple[object, str]], kept: object
    ) -> QComboBox:
        box = QComboBox(self.sheet)
        for value, said in choices:
            box.addItem(said, value)
        box.setCurrentIndex(max(box.findData(kept), 0))
        box.setAccessibleName(label)
        box.activated.connect(self._take)
        form.addRow(label, box)
        return box

    def _take(self, _index: int) -> None:
        wanted = msgspec.convert(
            {
                "theme": self.theme.currentData(), "density": self.density.currentData(),
                "language": self.language.currentData(),
                "lock_after_min": self.lock.currentData(),
            },
            Preferences,
        )  # fmt: skip
        if wanted != self._kept:
            self._kept = wanted
            self.changed.emit(wanted)

    def _tell_sync(self) -> None:
        self.sync_asked.emit()
