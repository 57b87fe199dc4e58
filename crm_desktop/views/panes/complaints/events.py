"""The log of a complaint: what happened, the newest first, on a thread of icons."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)
from typing_extensions import override

from crm_core.complaint_clocks import ClockKind, Reading
from crm_core.i18n import tr_noop
from crm_core.wall_time import moment_in
from crm_desktop.i18n import tr
from crm_desktop.models.complaints import EventRow
from crm_desktop.views.kit.delegates.roles import VALUE
from crm_desktop.views.kit.delegates.shapes import centred, smooth, split, split_end, write
from crm_desktop.views.kit.short_list import Index, ShortList, frameless
from crm_desktop.views.panes.complaints.moments import instant_words, moment_words
from crm_desktop.views.panes.complaints.stage_bar import LABELS
from crm_desktop.views.theme.fonts import font
from crm_desktop.views.theme.icons import paint_icon
from crm_desktop.views.theme.theme import theme

_DISC, _GAP, _BOTTOM, _FIRST = 22, 10, 12, 20
_FLAGS = int(Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignLeading | Qt.AlignmentFlag.AlignTop)

_ICONS: Mapping[str, str] = {
    "": "doc", "received": "phone", "acknowledged": "mail", "assessed": "shield",
    "investigating": "search", "waiting_customer": "pause", "waiting_third_party": "pause",
    "answered": "chat", "recovering": "gift", "resolved": "check", "closed": "lock",
    "followed_up": "phone", "duplicate": "duplicate", "rejected": "rejected", "reopened": "undo",
}  # fmt: skip
_CHANNEL_ICONS: Mapping[str, str] = {
    "visit": "visits", "phone": "phone", "email": "mail", "wechat": "chat", "letter": "doc",
    "other": "complaints",
}  # fmt: skip
_CHANNELS: Mapping[str, str] = {
    "visit": tr_noop("Received on a visit"),
    "phone": tr_noop("Received by phone"),
    "email": tr_noop("Received by e-mail"),
    "wechat": tr_noop("Received by WeChat"),
    "letter": tr_noop("Received by letter"),
}
_LATE: Mapping[ClockKind, str] = {
    ClockKind.ACKNOWLEDGE: tr_noop("Acknowledgement is late"),
    ClockKind.ASSESS: tr_noop("Assessment is late"),
    ClockKind.ANSWER: tr_noop("First answer is late"),
    ClockKind.RESOLVE: tr_noop("Resolution is late"),
}


@dataclass(frozen=True, slots=True)
class Happening:
    """One entry: an icon, what happened, the words with it, and when. `id`: alone in its log."""

    id: str
    at: dt.datetime
    icon: str
    title: str
    words: str
    below: str
    when: str
    tone: str = "ink"
    pending: bool = False

    @property
    def spoken(self) -> str:
        """All of it, as it is read aloud."""
        waiting = tr("Waiting") if self.pending else ""
        parts = (self.title, self.words, self.below, self.when, waiting)
        return ", ".join(part for part in parts if part)


def happenings(
    events: Sequence[EventRow], readings: Iterable[Reading], channel: str, now: dt.datetime
) -> list[Happening]:
    """The log with the moments at which a promise was broken, the newest first."""
    found = [_happening(event, channel, now) for event in events]
    for reading in readings:
        broken = reading.due_at is not None and reading.is_late
        if broken and reading.due_at is not None and reading.due_at <= now:
            words = moment_words(reading.due_at, now)
            title = tr(_LATE[reading.kind])
            found.append(
                Happening(reading.kind, reading.due_at, "warning", title, "", "", words, "bad")
            )
    return sorted(found, key=lambda one: one.at, reverse=True)


def _happening(event: EventRow, channel: str, now: dt.datetime) -> Happening:
    at = moment_in(event.at) or dt.datetime.min.replace(tzinfo=dt.UTC)
    icon, title = _ICONS.get(event.to_state, "doc"), tr(LABELS.get(event.to_state, "Note"))
    if event.to_state == "received":
        icon = _CHANNEL_ICONS.get(channel, icon)
        title = tr(_CHANNELS.get(channel, LABELS["received"]))
    elif not event.to_state and event.reason:
        return _handover(event, at, now)
    elif not event.to_state:
        title = tr("Note to the customer") if event.customer_visible else tr("Internal note")
    visible = tr("visible to the customer") if event.customer_visible and event.to_state else ""
    return Happening(
        event.id,
        at,
        icon,
        title,
        "\n".join(part for part in (event.reason, event.comment) if part),
        " · ".join(part for part in (event.author, visible) if part),
        instant_words(event.at, now) or event.at,
        pending=event.pending,
    )


def _handover(event: EventRow, at: dt.datetime, now: dt.datetime) -> Happening:
    """A line with a reason and no stage: it names the new handler."""
    title = tr("Handed over to {name}", name=event.reason)
    visible = tr("visible to the customer") if event.customer_visible else ""
    below = " · ".join(part for part in (event.author, visible) if part)
    when = instant_words(event.at, now) or event.at
    return Happening(event.id, at, "user", title, event.comment, below, when, pending=event.pending)


class EventDelegate(QStyledItemDelegate):
    """Paints one happening; as high as its words need. Parent: the view."""

    @override
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        entry = index.data(VALUE)
        view = self.parent()
        if not isinstance(entry, Happening) or not isinstance(view, QAbstractItemView):
            return
        painter.setLayoutDirection(view.layoutDirection())
        is_last = index.row() == (index.model().rowCount() - 1)
        lead, rest = split(painter, option.rect, _DISC, _GAP)
        _paint_thread(painter, lead, entry, is_last=is_last)
        tokens = theme().tokens
        first = QRect(rest.left(), rest.top() + 2, rest.width(), _FIRST)
        width = QFontMetrics(font("caption")).horizontalAdvance(entry.when) + 4
        left, right = split_end(painter, first, width, 6)
        write(painter, right, entry.when, "caption", tokens.ink3, at_end=True)
        if entry.pending:
            left, mark = split_end(painter, left, 12, 4)
            paint_icon(painter, centred(mark, 12), "pending", "ink2")
        write(painter, left, entry.title, "name", getattr(tokens, entry.tone))
        top = first.bottom() + 1
        painter.setFont(font("small"))
        for words, colour in ((entry.words, tokens.ink2), (entry.below, tokens.ink3)):
            if words:
                height = _height(words, rest.width())
                painter.setPen(QColor(colour))
                painter.drawText(QRect(rest.left(), top, rest.width(), height), _FLAGS, words)
                top += height
        if view.hasFocus() and view.currentIndex() == index:
            painter.fillRect(rest.left() - 5, rest.top() + 3, 2, top - rest.top() - 4,
                             QColor(tokens.accent))  # fmt: skip

    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        entry, view = index.data(VALUE), self.parent()
        if not isinstance(entry, Happening) or not isinstance(view, QAbstractItemView):
            return QSize(100, _FIRST)
        width = view.viewport().width() - _DISC - _GAP
        words = sum(_height(part, width) for part in (entry.words, entry.below) if part)
        return QSize(100, max(2 + _FIRST + words, _DISC) + _BOTTOM)


def _paint_thread(painter: QPainter, lead: QRect, entry: Happening, *, is_last: bool) -> None:
    tokens = theme().tokens
    disc = QRect(lead.left(), lead.top(), _DISC, _DISC)
    if not is_last:
        middle = disc.center().x()
        painter.fillRect(middle, disc.bottom() + 3, 1, lead.bottom() - disc.bottom() - 4,
                         QColor(tokens.line2))  # fmt: skip
    with smooth(painter):
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.bad_tint if entry.tone == "bad" else tokens.fill))
        painter.drawEllipse(disc)
    paint_icon(painter, centred(disc, 12), entry.icon, "bad" if entry.tone == "bad" else "ink2")


def _height(words: str, width: int) -> int:
    return (
        QFontMetrics(font("small")).boundingRect(0, 0, max(width, 40), 9999, _FLAGS, words).height()
    )


class EventList(QListView):
    """The log, to read."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.events = ShortList[Happening](
            self,
            key=lambda x: x.id,
            title=lambda x: x.spoken,
            spoken=lambda x: x.spoken,
            hover=False,
        )
        self.setModel(self.events)
        self.setItemDelegate(EventDelegate(self))
        self.setSelectionMode(QListView.SelectionMode.NoSelection)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        frameless(self, tr("Events"))

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.scheduleDelayedItemsLayout()
