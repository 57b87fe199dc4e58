"""Who supervises a complaint and until when, the reply, and the way to write it."""

from __future__ import annotations

import datetime as dt

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from crm_core.supervising import Supervision, supervision_of
from crm_desktop.i18n import tr
from crm_desktop.models.complaints import CaseDetail
from crm_desktop.views.kit.buttons import link
from crm_desktop.views.kit.supervision_words import left_tone, supervision_words
from crm_desktop.views.kit.text import set_tone, text_of
from crm_desktop.views.kit.words import link_name


class SupervisionLine(QWidget):
    """Hidden where nobody supervises. Signal: `reply_asked`."""

    reply_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._supervision: Supervision | None = None
        self._name = ""
        self._words = text_of("small", self)
        self._reply = link(tr("Reply"), self)
        self._reply.clicked.connect(self._ask)
        row = QHBoxLayout(self)
        row.setContentsMargins(20, 0, 20, 6)
        row.setSpacing(8)
        row.addWidget(self._words, 1)
        row.addWidget(self._reply, 0, Qt.AlignmentFlag.AlignTop)
        self.hide()

    def show_case(self, detail: CaseDetail, *, may_reply: bool) -> None:
        """Show how a complaint is supervised, if it is."""
        self._supervision = found = supervision_of(detail.row.values)
        self.setVisible(found is not None)
        if found is not None:
            self._name = link_name(f"user/{found.supervisor}", detail.titles)
            self._reply.setVisible(may_reply and not found.reply)

    def show_moment(self, now: dt.datetime) -> None:
        """How much time is left at another moment."""
        one = self._supervision
        if one is None:
            return
        said = supervision_words(one, self._name, now)
        self._words.setText(f"{said}\n{one.reply}" if one.reply else said)
        set_tone(self._words, left_tone(one, now))

    @property
    def is_on(self) -> bool:
        """Whether somebody supervises."""
        return self._supervision is not None

    @property
    def words(self) -> str:
        """What it says, "" for nothing."""
        return self._words.text() if not self.isHidden() else ""

    @property
    def reply_button(self) -> QPushButton:
        """Asks for the reply."""
        return self._reply

    def _ask(self) -> None:
        self.reply_asked.emit()
