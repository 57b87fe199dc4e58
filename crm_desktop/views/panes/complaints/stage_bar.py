"""The stages of a complaint in a row: those passed, the present one, those to come."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget
from typing_extensions import override

from crm_core.complaint_steps import PAUSES
from crm_core.entities.shared import COMPLAINT_STAGES
from crm_core.wall_time import moment_in
from crm_desktop.i18n import tr
from crm_desktop.models.complaints import EventRow
from crm_desktop.views.kit.delegates.shapes import centred, smooth, tick
from crm_desktop.views.panes.complaints.moments import date_words, moment_words
from crm_desktop.views.theme.fonts import font
from crm_desktop.views.theme.icons import paint_icon
from crm_desktop.views.theme.theme import theme
from crm_desktop.views.theme.tokens import Tokens

MAIN = (
    "received", "acknowledged", "assessed", "investigating", "answered", "recovering", "resolved",
    "closed", "followed_up",
)  # fmt: skip
"""The stages of the usual way, in order."""

LABELS: Mapping[str, str] = dict(COMPLAINT_STAGES)
_BESIDE: Mapping[str, str] = {
    "waiting_customer": "investigating",
    "waiting_third_party": "investigating",
    "reopened": "investigating",
}
"""Stages that stand at the place of another one."""

_DISC, _LINE_TOP, _HEIGHT = 18, 17, 62
_NAME_TOP, _TIME_TOP, _TEXT = 30, 44, 14
_OVER = 3
"""Words may reach so far into the places beside them; in a narrow bar they keep so far away."""
_ROOMY = 72


@dataclass(frozen=True, slots=True)
class Stop:
    """One stage as the bar shows it: `mark` is passed, now, paused, ended or ahead; `day` is what
    there is room for where `time` is too long."""

    name: str
    time: str
    mark: str
    day: str = ""


def stops_of(state: str, events: Sequence[EventRow], now: dt.datetime) -> tuple[Stop, ...]:
    """What the bar shows of a complaint: where it is, and when it came to each stage."""
    reached = _reached(events)
    here = _BESIDE.get(state, state)
    if here not in MAIN:  # turned down, or a duplicate: it ended where it was
        here = max((x for x in MAIN if x in reached), key=MAIN.index, default=MAIN[0])
    stops: list[Stop] = []
    last: dt.date | None = None
    for place, stage in enumerate(MAIN):
        at = reached.get(stage)
        is_here = stage == here
        mark = _mark(state) if is_here else "passed" if _is_passed(place, at, here) else "ahead"
        time, short = "", ""
        if is_here and at is not None:
            short = date_words(reached.get(state, at), now)
            time = tr("since {day}", day=short)
        elif mark == "passed" and at is not None:
            day, short = at.astimezone().date(), date_words(at, now)
            time = f"{at.astimezone():%H:%M}" if day == last else moment_words(at, now)
            last = day
        stops.append(Stop(tr(LABELS[state if is_here else stage]), time, mark, short))
    return tuple(stops)


def _reached(events: Sequence[EventRow]) -> dict[str, dt.datetime]:
    """When each stage was reached last."""
    found: dict[str, dt.datetime] = {}
    for event in reversed(events):
        moment = moment_in(event.at)
        if event.to_state and moment is not None:
            found[event.to_state] = moment
    return found


def _is_passed(place: int, at: dt.datetime | None, here: str) -> bool:
    is_before = place < MAIN.index(here)
    # Recovering is the one stage that many complaints never come to.
    return is_before and (at is not None or MAIN[place] != "recovering")


def _mark(state: str) -> str:
    if state in PAUSES:
        return "paused"
    return "ended" if state in ("duplicate", "rejected") else "now"


class StageBar(QWidget):
    """Shows the stages; a picture with words, nothing to press."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._stops: tuple[Stop, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(9 * 40)
        theme().changed.connect(self.update)

    def show_stops(self, stops: Sequence[Stop]) -> None:
        """Show the stages of a complaint."""
        self._stops = tuple(stops)
        here = next((stop for stop in stops if stop.mark not in ("passed", "ahead")), None)
        if here is not None:
            place = list(stops).index(here) + 1
            name = tr("Stage {n} of {all}: {stage}", n=place, all=len(stops), stage=here.name)
            self.setAccessibleName(name)
        told = (f"{stop.name} {stop.time}".strip() for stop in stops if stop.mark != "ahead")
        self.setAccessibleDescription("; ".join(told))
        self.setToolTip(self.accessibleDescription())
        self.update()

    @override
    def sizeHint(self) -> QSize:
        return QSize(9 * 76, _HEIGHT)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._stops:
            return
        painter = QPainter(self)
        painter.setLayoutDirection(self.layoutDirection())
        tokens = theme().tokens
        width = self.width() / len(self._stops)
        centres = [round(width * (n + 0.5)) for n in range(len(self._stops))]
        if self.layoutDirection() == Qt.LayoutDirection.RightToLeft:
            centres.reverse()
        for n in range(1, len(self._stops)):
            _paint_line(painter, centres[n - 1], centres[n], self._stops[n].mark, tokens)
        for stop, centre in zip(self._stops, centres, strict=True):
            _paint_disc(painter, QPoint(centre, _LINE_TOP), stop.mark, tokens)
            _paint_words(painter, stop, QRect(round(centre - width / 2), 0, round(width), _HEIGHT))


def _paint_line(painter: QPainter, start: int, end: int, mark: str, tokens: Tokens) -> None:
    gap = _DISC // 2 if start < end else -(_DISC // 2)
    colour = tokens.line2 if mark == "ahead" else tokens.ink2
    painter.setPen(QPen(QColor(colour), 1))
    painter.drawLine(start + gap, _LINE_TOP, end - gap, _LINE_TOP)


def _paint_disc(painter: QPainter, centre: QPoint, mark: str, tokens: Tokens) -> None:
    square = QRect(0, 0, _DISC, _DISC)
    square.moveCenter(centre)
    with smooth(painter):
        if mark == "ahead":
            painter.setPen(QPen(QColor(tokens.line2), 1.5))
            painter.setBrush(QColor(tokens.pane))
            painter.drawEllipse(square.adjusted(1, 1, -1, -1))
            return
        painter.setPen(Qt.PenStyle.NoPen)
        ground = {"passed": tokens.ink2, "paused": tokens.ink2, "ended": tokens.ink2}
        painter.setBrush(QColor(ground.get(mark, tokens.accent_fill)))
        painter.drawEllipse(square)
        if mark == "passed":
            tick(painter, centred(square, 10), tokens.pane)
        elif mark == "now":
            painter.setBrush(QColor(tokens.on_accent))
            painter.drawEllipse(centred(square, 8))
    if mark in ("paused", "ended"):
        paint_icon(painter, centred(square, 12), "pause" if mark == "paused" else "close", "pane")


def _paint_words(painter: QPainter, stop: Stop, place: QRect) -> None:
    tokens = theme().tokens
    is_here = stop.mark not in ("passed", "ahead")
    colour = tokens.ink if is_here else tokens.ink3 if stop.mark == "ahead" else tokens.ink2
    lettering = font("caption")
    if is_here:
        lettering.setWeight(lettering.Weight.DemiBold)
    room = place.width() + 2 * _OVER
    is_long = QFontMetrics(font("caption")).horizontalAdvance(stop.time) > room
    time = stop.day if is_long else stop.time
    for words, top, shown in ((stop.name, _NAME_TOP, colour), (time, _TIME_TOP, tokens.ink3)):
        over = _OVER if place.width() >= _ROOMY else -_OVER
        line = QRect(place.left() - over, top, place.width() + 2 * over, _TEXT)
        elided = QFontMetrics(lettering).elidedText(
            words, Qt.TextElideMode.ElideRight, line.width()
        )
        painter.setFont(lettering)
        painter.setPen(QColor(shown))
        painter.drawText(line, Qt.AlignmentFlag.AlignCenter, elided)
        lettering = font("caption")
