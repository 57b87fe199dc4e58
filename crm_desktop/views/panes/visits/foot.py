"""The foot of the calendar: what the looks of visits mean, and what was done last, with Undo."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget
from typing_extensions import override

from crm_core.i18n import tr_noop
from crm_desktop.i18n import tr
from crm_desktop.views.kit.buttons import flat, link, normal
from crm_desktop.views.kit.elided import Elided
from crm_desktop.views.theme.fonts import font
from crm_desktop.views.theme.icons import paint_icon
from crm_desktop.views.theme.theme import theme

_HEIGHT = 34
_SIGN, _GAP, _BETWEEN = 12, 6, 16

_ENTRIES = (
    ("confirmed", tr_noop("confirmed")),
    ("planned", tr_noop("planned")),
    ("completed", tr_noop("completed")),
    ("missed", tr_noop("not held")),
)


class Legend(QWidget):
    """What the looks of visits mean."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(", ".join(tr(words) for _, words in _ENTRIES))

    @override
    def sizeHint(self) -> QSize:
        metrics = QFontMetrics(font("small"))
        widths = (metrics.horizontalAdvance(tr(words)) for _, words in _ENTRIES)
        return QSize(sum(widths) + len(_ENTRIES) * (_SIGN + _GAP + _BETWEEN), _HEIGHT)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(font("small"))
        x = 0
        for look, words in _ENTRIES:
            sign = QRect(x, (self.height() - _SIGN) // 2, _SIGN, _SIGN)
            _paint_sign(painter, sign, look)
            tokens = theme().tokens
            painter.setPen(QColor(tokens.warn if look == "missed" else tokens.ink2))
            x += _SIGN + _GAP
            width = painter.fontMetrics().horizontalAdvance(tr(words))
            place = QRect(x, 0, width + 2, self.height())
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, tr(words))
            x += width + _BETWEEN


def _paint_sign(painter: QPainter, rect: QRect, look: str) -> None:
    tokens = theme().tokens
    if look in ("completed", "missed"):
        is_warning = look == "missed"
        name, token = ("warning", "warn") if is_warning else ("check", "ink2")
        paint_icon(painter, rect, name, token)
        return
    is_filled = look == "confirmed"
    painter.fillRect(rect, QColor(tokens.selection if is_filled else tokens.pane))
    if not is_filled:
        painter.setPen(QPen(QColor(tokens.accent), 1))
        painter.drawRect(rect.adjusted(0, 0, -1, -1))
    painter.fillRect(QRect(rect.left(), rect.top(), 3, rect.height()), QColor(tokens.accent))


class Foot(QWidget):
    """Legend and last act, or visits that are proposed. Signals: `undo_asked`; `accepted` and
    `declined` for what is proposed."""

    undo_asked = Signal()
    accepted = Signal()
    declined = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = Elided(self)
        self._legend = Legend(self)
        self._undo = link(tr("Undo"), self)
        self._accept = normal("", self)
        self._decline = flat(tr("Cancel"), self)
        self._accept.clicked.connect(self._tell_accepted)
        self._decline.clicked.connect(self._tell_declined)
        self._words.setProperty("role", "small")
        self._words.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        for button in (self._undo, self._accept, self._decline):
            button.hide()
        self._undo.clicked.connect(self._ask_undo)
        self.setFixedHeight(_HEIGHT)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 0, 16, 0)
        layout.setSpacing(8)
        layout.addWidget(self._legend)
        layout.addWidget(self._words, 1)
        for button in (self._undo, self._accept, self._decline):
            layout.addWidget(button)

    def say(self, words: str, *, undoable: bool = False) -> None:
        """Say what was done; `undoable` offers to take it back."""
        self._show(words)
        self._undo.setVisible(undoable)

    def offer(self, words: str, accept_words: str) -> None:
        """Say what is proposed, in place of the legend, and ask whether it is wanted."""
        is_new = not self.is_offering
        self._show(words)
        self._accept.setText(accept_words)
        for part in (self._accept, self._decline):
            part.setVisible(True)
        self._legend.setVisible(False)
        if is_new:
            self._accept.setFocus(Qt.FocusReason.OtherFocusReason)

    @property
    def is_offering(self) -> bool:
        """Whether it asks about visits that are proposed."""
        return not self._accept.isHidden()

    def _show(self, words: str) -> None:
        self._words.setText(words)
        self._words.setAccessibleName(words)
        for part in (self._undo, self._accept, self._decline):
            part.setVisible(False)
        self._legend.setVisible(True)

    @property
    def text(self) -> str:
        """What it says."""
        return self._words.text()

    def _ask_undo(self) -> None:
        self.undo_asked.emit()

    def _tell_accepted(self) -> None:
        self.accepted.emit()

    def _tell_declined(self) -> None:
        self.declined.emit()
