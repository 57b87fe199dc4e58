"""Preferences by section; each choice is taken at once, there is nothing to confirm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QFrame,
    QLabel,
    QScrollArea,
    QSizePolicy,
    QWidget,
)
from typing_extensions import override

from crm_desktop.i18n import LANGUAGES, tr
from crm_desktop.runtime.devices import DeviceDesk
from crm_desktop.settings import Preferences
from crm_desktop.views.kit.buttons import normal
from crm_desktop.views.kit.device_lines import DeviceLines
from crm_desktop.views.kit.text import caption, plain_label, section, text_of
from crm_desktop.views.shell.overlay import Overlay

WIDTH = 540
_ABOVE_SECTION = 12
_NOTE_WIDTH = 360
_RING = 3
"""The focus ring is painted around a box and needs room at the edge of what scrolls."""

LOCK_MINUTES = (0, 5, 10, 15, 30, 60)
SCALES = (100, 125, 150, 175, 200, 225, 250)


@dataclass(frozen=True, slots=True)
class Ground:
    """What the page has to say about this profile."""

    preferences: Preferences
    has_passphrase: bool = False
    login: str = ""
    server: str = ""
    devices: DeviceDesk | None = None
    user: str = ""


class PreferencesPage(Overlay):
    """Look, language, lock and the server. Parent: the shell.

    Signals: `changed(Preferences)`; `sync_asked`.
    """

    changed = Signal(object)
    sync_asked = Signal()

    def __init__(self, ground: Ground, parent: QWidget) -> None:
        super().__init__(parent, width=WIDTH)
        self._kept = ground.preferences
        self.page.addWidget(text_of("record", self.sheet, tr("Your preferences")))
        content = QWidget(self.sheet)
        self._form = QFormLayout(content)
        self._form.setContentsMargins(0, 0, _RING, 0)
        self._form.setHorizontalSpacing(16)
        self._form.setVerticalSpacing(6)
        self._add_look()
        self._add_notices()
        self._add_lock(ground)
        self._add_server(ground)
        self._content = _Content(content, self.sheet)
        self.page.addWidget(self._content, 1)
        self._add_devices(ground)
        close = normal(tr("Close"), self.sheet, keys="Esc")
        close.clicked.connect(self.close_over)
        self.page.addWidget(close, 0, Qt.AlignmentFlag.AlignTrailing)

    def open(self) -> None:
        """Come to the front."""
        self.open_over()
        self.theme.setFocus(Qt.FocusReason.OtherFocusReason)

    def _add_look(self) -> None:
        self._section(tr("Look"))
        themes = (
            ("system", tr("As the system")), ("light", tr("Light")), ("dark", tr("Dark")),
        )  # fmt: skip
        densities = (("compact", tr("Compact")), ("comfortable", tr("Comfortable")))
        languages = (("", tr("As the system")), *LANGUAGES.items())
        scales = [(n, tr("{n} %", n=n)) for n in SCALES]
        self.theme = self._choice(tr("Theme"), themes, self._kept.theme)
        self.density = self._choice(tr("Rows"), densities, self._kept.density)
        self.language = self._choice(tr("Language"), languages, self._kept.language)
        self.scale = self._choice(tr("Scale"), scales, self._kept.scale)
        self._note(tr("Of the system's own size. Start the program again to see it."))

    def _add_notices(self) -> None:
        self._section(tr("Reminders"))
        how = (
            ("off", tr("In the window only")), ("neutral", tr("That something is due")),
            ("details", tr("What is due")),
        )  # fmt: skip
        self.notices = self._choice(tr("Notifications"), how, self._kept.notices)
        self._note(tr("Others may read a notification, also while the screen is locked."))

    def _add_lock(self, ground: Ground) -> None:
        self._section(tr("Lock"))
        minutes = [
            (n, tr("after {n} minutes", n=n) if n else tr("Never")) for n in LOCK_MINUTES
        ]  # fmt: skip
        self.lock = self._choice(tr("Lock when idle"), minutes, self._kept.lock_after_min)
        if ground.has_passphrase:
            said = tr("Locked, the data are closed and your passphrase opens them again.")
        else:
            said = tr(
                "The keyring of this computer opens the profile without a question, so this only "
                "hides the window. Lock the computer itself when you leave it."
            )
        self._note(said)

    def _add_server(self, ground: Ground) -> None:
        self._section(tr("Synchronisation"))
        self._form.addRow(self._label(tr("Signed in as")), plain_label(self.sheet, ground.login))
        self._form.addRow(self._label(tr("Server")), plain_label(self.sheet, ground.server))
        prices = (("spare", tr("Only what is needed")), ("use", tr("As any other")))
        self.metered = self._choice(tr("Metered network"), prices, self._kept.metered)
        self._note(
            tr(
                "Where each byte is paid for, your work goes out at once as ever. News are fetched "
                "every half hour; files and the rest of a first synchronisation wait."
            )
        )
        now = normal(tr("Synchronise now"), self.sheet, icon="sync", keys="F5")
        now.clicked.connect(self._tell_sync)
        now.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._form.addRow("", now)

    def _add_devices(self, ground: Ground) -> None:
        self.devices: DeviceLines | None = None
        if ground.devices is None:
            return
        self._section(tr("Your devices"))
        self.devices = DeviceLines(ground.devices, ground.user, self.sheet)
        self.devices.changed.connect(self._fit_soon)
        self._form.addRow(self.devices)
        self.devices.ask()

    def _fit_soon(self) -> None:
        self._content.updateGeometry()
        QTimer.singleShot(0, self, self.fit)

    def _section(self, name: str) -> None:
        head = section(self.sheet, name)
        head.setContentsMargins(0, _ABOVE_SECTION if self._form.rowCount() else 0, 0, 0)
        self._form.addRow(head)

    def _note(self, text: str) -> None:
        note = caption(self.sheet, text)
        note.setMinimumWidth(_NOTE_WIDTH)  # without it Qt makes room for twice the lines
        self._form.addRow("", note)

    def _label(self, text: str) -> QLabel:
        label = text_of("small", self.sheet, text)
        label.setWordWrap(False)
        label.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        return label

    def _choice(self, label: str, choices: Sequence[tuple[object, str]], kept: object) -> QComboBox:
        box = QComboBox(self.sheet)
        for value, said in choices:
            box.addItem(said, value)
        box.setCurrentIndex(max(box.findData(kept), 0))
        box.setAccessibleName(label)
        box.activated.connect(self._take)
        self._form.addRow(self._label(label), box)
        return box

    def _take(self, _index: int) -> None:
        wanted = msgspec.convert(
            {
                "theme": self.theme.currentData(), "density": self.density.currentData(),
                "language": self.language.currentData(),
                "lock_after_min": self.lock.currentData(), "scale": self.scale.currentData(),
                "metered": self.metered.currentData(), "notices": self.notices.currentData(),
            },
            Preferences,
        )  # fmt: skip
        if wanted != self._kept:
            self._kept = wanted
            self.changed.emit(wanted)

    def _tell_sync(self) -> None:
        self.sync_asked.emit()


class _Content(QScrollArea):
    """As high as its page wants to be; scrolls in a window that has not so much room."""

    def __init__(self, page: QWidget, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWidget(page)

    @override
    def sizeHint(self) -> QSize:
        page = self.widget()
        return QSize(WIDTH, page.heightForWidth(WIDTH) if page is not None else 0)
