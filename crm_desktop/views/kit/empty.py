"""What stands in a pane that has nothing to show: why, what to do, one button."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from crm_desktop.views.kit.buttons import link, normal
from crm_desktop.views.kit.text import text_of
from crm_desktop.views.theme.icons import LARGE
from crm_desktop.views.theme.icons import icon as icon_of
from crm_desktop.views.theme.theme import theme


class EmptyPane(QWidget):
    """An icon, two lines and a button, at the pane's margin. Signals: `acted`, `linked`.

    `why` says why there is nothing, `what` what one can do; `button_text` "" leaves the button
    out, `link_text` names a second way beside it.
    """

    acted = Signal()
    linked = Signal()

    def __init__(
        self,
        icon: str,
        why: str,
        what: str = "",
        button_text: str = "",
        parent: QWidget | None = None,
        *,
        link_text: str = "",
    ) -> None:
        super().__init__(parent)
        self._icon = QLabel(self)
        self._icon.setTextFormat(Qt.TextFormat.PlainText)
        self._icon.setTextFormat(Qt.TextFormat.PlainText)
        self._icon.setPixmap(icon_of(icon, "ink3", LARGE).pixmap(QSize(LARGE, LARGE)))
        self._name = icon
        self._why = text_of("section", self, why)
        self._what = text_of("small", self, what)
        self._button = normal(button_text, self)
        self._link = link(link_text, self)
        self._button.clicked.connect(self._tell_acted)
        self._link.clicked.connect(self._tell_linked)
        self._lay_out()
        self.say(why, what, button_text, link_text=link_text)
        theme().changed.connect(self._draw)

    def say(self, why: str, what: str = "", button_text: str = "", *, link_text: str = "") -> None:
        """Say something else."""
        self._why.setText(why)
        _show(self._what, what)
        _show(self._button, button_text)
        self._button.setAccessibleName(button_text)
        _show(self._link, link_text)
        self._link.setAccessibleName(link_text)
        self.setAccessibleName(f"{why} {what}".strip())

    @property
    def words(self) -> tuple[str, str]:
        """Why there is nothing, and what one can do."""
        return self._why.text(), self._what.text()

    def _lay_out(self) -> None:
        margin = theme().metrics.margin
        column = QVBoxLayout(self)
        column.setContentsMargins(margin, margin, margin, margin)
        column.setSpacing(2)
        column.addWidget(self._icon)
        column.addSpacing(4)
        column.addWidget(self._why)
        column.addWidget(self._what)
        column.addSpacing(8)
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(self._button)
        row.addWidget(self._link)
        row.addStretch(1)
        column.addLayout(row)
        column.addStretch(1)
        self._icon.setAlignment(Qt.AlignmentFlag.AlignLeft)

    def _draw(self) -> None:
        self._icon.setPixmap(icon_of(self._name, "ink3", LARGE).pixmap(QSize(LARGE, LARGE)))

    def _tell_acted(self) -> None:
        self.acted.emit()

    def _tell_linked(self) -> None:
        self.linked.emit()


def _show(part: QLabel | QPushButton, text: str) -> None:
    part.setText(text)
    part.setVisible(bool(text))
