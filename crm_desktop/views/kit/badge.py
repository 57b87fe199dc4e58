"""Badges: how a record stands between this machine and the server; other short words in tints."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget
from typing_extensions import override

from crm_core.i18n import tr_noop
from crm_desktop.i18n import tr
from crm_desktop.models.queries import Row
from crm_desktop.views.kit.delegates.shapes import centred, smooth, split
from crm_desktop.views.theme import fonts
from crm_desktop.views.theme.icons import paint_icon
from crm_desktop.views.theme.theme import theme
from crm_desktop.views.theme.tokens import Tokens, is_outlined

HEIGHT = 18
_RADIUS = 4
_ICON = 12
_PADDING, _PADDING_ICON, _GAP = 6, 4, 4


class Look(msgspec.Struct, frozen=True):
    """What a badge is made of; the words in English, shown translated."""

    words: str
    token: str
    tint: str
    icon: str = ""


LOOKS: Mapping[str, Look] = {
    "pending": Look(tr_noop("Waiting"), "ink2", "fill", "pending"),
    "conflict": Look(tr_noop("Conflict"), "warn", "warn_tint", "conflict"),
    "rejected": Look(tr_noop("Rejected"), "bad", "bad_tint", "rejected"),
    "orphaned": Look(tr_noop("Orphaned"), "orphan", "orphan_tint", "orphaned"),
    "good": Look("", "good", "good_tint"),
    "warn": Look("", "warn", "warn_tint"),
    "bad": Look("", "bad", "bad_tint"),
    "neutral": Look("", "ink2", "fill"),
    "info": Look("", "accent", "selection"),
}
"""The four states have words and an icon of their own; the others take the caller's words."""


def state_of(row: Row) -> str:
    """How a record stands, as the badge's name; "" where there is nothing to say."""
    if row.conflict:
        return "conflict"
    if row.refused:
        return "rejected"
    return "pending" if row.pending else ""


def badge_words(state: str) -> str:
    """What a state is called; "" for the tints, which have no words of their own."""
    return tr(LOOKS[state].words) if LOOKS[state].words else ""


def badge_width(state: str, words: str = "") -> int:
    """How wide a badge is."""
    width = fonts.metrics("badge").horizontalAdvance(words or badge_words(state))
    lead = _PADDING_ICON + _ICON + _GAP if LOOKS[state].icon else _PADDING
    return lead + width + _PADDING + 1


def paint_badge(
    painter: QPainter, rect: QRect, state: str, tokens: Tokens | None = None, words: str = ""
) -> None:
    """A badge at the leading edge of a rectangle, in the middle of its height."""
    worn = tokens if tokens is not None else theme().tokens
    look, said = LOOKS[state], words or badge_words(state)
    area = split(painter, rect, min(badge_width(state, said), rect.width()))[0]
    area.setTop(rect.top() + (rect.height() - HEIGHT) // 2)
    area.setHeight(HEIGHT)
    with smooth(painter):
        outline = QPen(QColor(getattr(worn, look.token)))
        painter.setPen(outline if is_outlined(worn) else Qt.PenStyle.NoPen)
        painter.setBrush(QColor(getattr(worn, look.tint)))
        painter.drawRoundedRect(area, _RADIUS, _RADIUS)
    inside = area.adjusted(_PADDING, 0, -_PADDING, 0)
    if look.icon:
        lead, inside = split(
            painter, area.adjusted(_PADDING_ICON, 0, -_PADDING_ICON, 0), _ICON, _GAP
        )
        paint_icon(painter, centred(lead, _ICON), look.icon, look.token)
    painter.setFont(fonts.painted("badge"))
    painter.setPen(QColor(getattr(worn, look.token)))
    painter.drawText(inside, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, said)


class Badge(QWidget):
    """A badge as a widget. `state` is one of `LOOKS`, or "" to show nothing."""

    def __init__(self, state: str, parent: QWidget | None = None, *, words: str = "") -> None:
        super().__init__(parent)
        self._state, self._words = state, words
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.show_state(state, words)

    def show_state(self, state: str, words: str = "") -> None:
        """Show another state; "" hides it."""
        self._state, self._words = state, words
        self.setAccessibleName(words or (badge_words(state) if state else ""))
        self.setHidden(not state)
        self.updateGeometry()
        self.update()

    @property
    def state(self) -> str:
        """What it shows."""
        return self._state

    @override
    def sizeHint(self) -> QSize:
        return QSize(badge_width(self._state, self._words) if self._state else 0, HEIGHT)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        if self._state:
            paint_badge(QPainter(self), self.rect(), self._state, words=self._words)
