"""The sync indicator at the foot of the rail: an icon and two lines, never more, never blinking."""

from __future__ import annotations

import msgspec
from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QToolButton, QWidget
from typing_extensions import override

from crm_desktop.i18n import tr, tr_n
from crm_desktop.numbers import short
from crm_desktop.runtime.standing import Standing
from crm_desktop.views.kit.buttons import link
from crm_desktop.views.kit.focus import paint_ring, shows_focus
from crm_desktop.views.kit.outdated import OUTDATED, outdated_words
from crm_desktop.views.theme.fonts import font
from crm_desktop.views.theme.icons import paint_icon
from crm_desktop.views.theme.theme import colour, theme

_ICON = 16
_LEFT, _RIGHT, _TOP, _BOTTOM = 16, 6, 9, 10
_GAP = 10
_CANCEL_GAP = 4
_FIRST, _SECOND = 16, 15
"""Heights of the two lines."""


class Face(msgspec.Struct, frozen=True):
    """How a standing is shown: icon, its colour, two lines, the number where only one fits."""

    icon: str
    token: str
    first: str
    second: str = ""
    count: int = 0


class SyncIndicator(QToolButton):
    """Shows a standing. Pressed, the shell opens the queue. Signal: `cancel_asked`."""

    cancel_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._face = face_of(Standing())
        self._is_collapsed = self._can_cancel = False
        self._cancel = link(tr("Cancel"), self)
        self._cancel.clicked.connect(self._tell_cancel)
        self.setObjectName("sync")
        self.setProperty("ring", "none")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.show_standing(Standing())

    def show_standing(self, standing: Standing) -> None:
        """Say how things stand."""
        self._face = face_of(standing)
        self._can_cancel = bool(standing.fetched)
        self._hint = _hint_of(standing)
        words = ". ".join(filter(None, (self._face.first, self._face.second)))
        self.setText("\n".join(filter(None, (self._face.first, self._face.second))))
        self.setAccessibleName(tr("Synchronisation: {words}", words=words))
        self.setAccessibleDescription(self._hint)
        self._arrange()

    def set_collapsed(self, *, collapsed: bool) -> None:
        """Show the icon and the number alone."""
        self._is_collapsed = collapsed
        self.updateGeometry()
        self._arrange()

    @property
    def face(self) -> Face:
        """What is shown."""
        return self._face

    @override
    def sizeHint(self) -> QSize:
        metrics = theme().metrics
        width = metrics.rail_collapsed if self._is_collapsed else metrics.rail
        return QSize(width, 1 + _TOP + _FIRST + _SECOND + _BOTTOM)

    @override
    def minimumSizeHint(self) -> QSize:
        return QSize(0, self.sizeHint().height())

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self.isDown() or self.underMouse():
            painter.fillRect(self.rect(), colour("fill" if self.isDown() else "hover"))
        painter.fillRect(0, 0, self.width(), 1, colour("line"))
        if self._is_collapsed:
            self._paint_narrow(painter)
        else:
            self._paint_wide(painter)
        if shows_focus(self):
            paint_ring(painter, self.rect().adjusted(0, 1, 0, 0))
        painter.end()

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _paint_wide(self, painter: QPainter) -> None:
        """The icon and the two lines; mirrored where the language runs from the right."""
        line = QRect(_LEFT, 1 + _TOP, _ICON, _ICON)
        paint_icon(painter, self._mirrored(line), self._face.icon, self._face.token)
        left = _LEFT + _ICON + _GAP
        first = QRect(left, 1 + _TOP, self.width() - left - _RIGHT, _FIRST)
        self._write(painter, first, self._face.first, "small_medium", "ink")
        self._write(painter, self._second(), self._face.second, "caption", "ink3")

    def _second(self) -> QRect:
        left = _LEFT + _ICON + _GAP
        return QRect(left, 1 + _TOP + _FIRST, self.width() - left - _RIGHT, _SECOND)

    def _arrange(self) -> None:
        """Lay the way to cancel behind the second line."""
        line = self._second()
        words = QFontMetrics(font("caption")).horizontalAdvance(self._face.second)
        left = line.left() + words + _CANCEL_GAP
        room = QRect(left, line.top() - 1, self._cancel.sizeHint().width(), _SECOND + 2)
        self._cancel.setGeometry(self._mirrored(room))
        self._cancel.setVisible(self._can_cancel and not self._is_collapsed)
        said = self.text() if self._is_collapsed else tr("Open the queue")
        self.setToolTip(self._hint or said)
        self.update()

    def _paint_narrow(self, painter: QPainter) -> None:
        count = self._face.count
        top = 1 + _TOP if count else (self.height() - _ICON) // 2
        icon = QRect((self.width() - _ICON) // 2, top, _ICON, _ICON)
        paint_icon(painter, icon, self._face.icon, self._face.token)
        if count:
            painter.setFont(font("badge"))
            painter.setPen(colour("warn" if self._face.token == "warn" else "ink3"))
            below = QRect(0, icon.bottom() + 2, self.width(), _SECOND)
            painter.drawText(below, Qt.AlignmentFlag.AlignCenter, str(count))

    def _write(self, painter: QPainter, room: QRect, text: str, role: str, token: str) -> None:
        face = font(role)
        painter.setFont(face)
        painter.setPen(colour(token))
        metrics = QFontMetrics(face)
        shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, room.width())
        flags = Qt.AlignmentFlag.AlignLeading | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(self._mirrored(room), flags, shown)

    def _mirrored(self, rect: QRect) -> QRect:
        if self.layoutDirection() == Qt.LayoutDirection.LeftToRight:
            return rect
        return QRect(self.width() - rect.right() - 1, rect.top(), rect.width(), rect.height())

    def _tell_cancel(self) -> None:
        self.cancel_asked.emit()


def face_of(standing: Standing) -> Face:
    """How a standing is shown. Being offline and having work on its way say more than what waits
    for a decision, which then stands in the second line."""
    state = standing.state
    if state == "needs_you" and standing.failure:
        state = "offline" if standing.failure == "transport" else "trouble"
    elif state == "needs_you" and standing.waiting:
        state = "waiting"
    return _FACES.get(state, _offline)(standing)


def _hint_of(x: Standing) -> str:
    """What there is more to say than two lines hold."""
    if x.failure == OUTDATED:
        return outdated_words(x.waiting)
    if x.sparing:
        return tr(
            "This network is metered: news come every half hour, files and the rest of a first "
            "synchronisation wait. Your work goes out as ever, and F5 fetches everything now. "
            "The preferences can change that."
        )
    return ""


def _starting(_x: Standing) -> Face:
    return Face("sync", "ink3", "…")


def _up_to_date(x: Standing) -> Face:
    checked = tr("checked {time}", time=x.verified) if x.verified else ""
    if x.sparing:
        checked = " · ".join(filter(None, (x.verified, tr("metered"))))
    return Face("check", "good", tr("Up to date"), checked)


def _waiting(x: Standing) -> Face:
    sending = _files(x)
    if x.sending and not sending:
        sending = tr("sending, {n} of {total}", n=x.sent + 1, total=x.sending)
    held = tr("{n} held", n=x.held) if x.held else ""
    second = " · ".join(filter(None, (sending, held, _needs(x))))
    icon = "pause" if x.held and x.held == x.waiting else "pending"
    return Face(icon, "ink2", tr("{n} waiting", n=x.waiting), second, x.waiting)


def _files(x: Standing) -> str:
    """What is said of files that were attached here and have to be sent."""
    if x.files and x.files_go:
        so_far = f"{min(x.files_sent + 1, x.files)}/{x.files}"
        if x.photos:
            return tr("sending photos {so_far}", so_far=so_far)
        return tr("sending files {so_far}", so_far=so_far)
    return tr("files wait: metered") if x.files and x.sparing else ""


def _fetching(x: Standing) -> Face:
    if x.paused:
        return Face("pause", "ink2", tr("More to fetch"), tr("goes on by itself"))
    if x.today_only:
        rest = tr("the rest waits: metered") if x.sparing else tr("the rest follows")
        if x.in_sight:
            rest = tr("{n} of {total}", n=short(x.fetched), total=short(x.in_sight))
        return Face("sync", "ink2", tr("Today is here"), rest)
    if x.fetched:
        so_far = tr("{n} so far", n=f"{x.fetched:,}")
        first = tr("Updating your data") if x.verified else tr("Getting your data")
        return Face("sync", "ink2", first, so_far)
    return Face("sync", "ink2", tr("Synchronising"), _needs(x))


def _offline(x: Standing) -> Face:
    first = tr("Offline since {time}", time=x.since) if x.since else tr("Offline")
    parts = [tr("{n} waiting", n=x.waiting)] if x.waiting else []
    # Three of them have no room; what needs a person is counted beside the inbox.
    parts += filter(None, (tr("{n} held", n=x.held) if x.held else _needs(x),))
    second = " · ".join(parts) or tr("everything is safe here")
    return Face("offline", "ink2", first, second, x.waiting + x.needs_you)


def _trouble(x: Standing) -> Face:
    is_busy = x.failure == "throttle"
    first = tr("Server has a problem") if is_busy else tr("Cannot synchronise")
    if x.failure == OUTDATED:
        first = tr("Update needed")
    parts = [tr("since {time}", time=x.since)] if x.since else []
    parts += [tr("{n} waiting", n=x.waiting)] if x.waiting else []
    parts += filter(None, (_needs(x),))
    token = "ink2" if is_busy else "warn"
    return Face("warning", token, first, " · ".join(parts), x.waiting + x.needs_you)


def _needs_you(x: Standing) -> Face:
    synced = tr("last sync {time}", time=x.verified) if x.verified else ""
    return Face("conflict", "warn", _needs(x), synced, x.needs_you)


def _signed_out(x: Standing) -> Face:
    return Face("lock", "ink2", tr("Sign in to sync"), tr("everything is safe here"), x.waiting)


def _needs(x: Standing) -> str:
    return tr_n("{n} needs you", "{n} need you", x.needs_you) if x.needs_you else ""


_FACES = {
    "": _starting,
    "up_to_date": _up_to_date,
    "waiting": _waiting,
    "fetching": _fetching,
    "offline": _offline,
    "trouble": _trouble,
    "needs_you": _needs_you,
    "signed_out": _signed_out,
}
