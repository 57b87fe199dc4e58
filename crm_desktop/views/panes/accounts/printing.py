"""An account's card as one page of A4: what one takes along to a visit where no screen is.

Whatever does not fit is counted instead of running over: the card is one page, always.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QBuffer, QIODevice, QMarginsF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPageLayout, QPageSize, QPainter, QPdfWriter

from crm_core.catalog import CATALOG
from crm_desktop.dates import day_words
from crm_desktop.i18n import tr
from crm_desktop.models.cards import AccountCard, created_on
from crm_desktop.numbers import grouped
from crm_desktop.views.kit.delegates.grade import SIDE, paint_grade
from crm_desktop.views.kit.money import money_words
from crm_desktop.views.kit.words import code_words
from crm_desktop.views.panes.accounts import words
from crm_desktop.views.panes.accounts.revenue_chart import paint_year
from crm_desktop.views.theme.fonts import font
from crm_desktop.views.theme.tokens import LIGHT

_DPI = 96
"""Then a point of the page is a pixel of the look, and its sizes hold."""

_MARGIN_MM = 15.0
_GAP, _COLUMN_GAP = 14, 28
_CHART_HEIGHT = 150
_NUMBER_WIDTH = 140
_FOOT = 24
_CONTACTS_MAX, _NOTE_LINES_MAX = 8, 4


def write_card(card: AccountCard, path: Path) -> bool:
    """Write the card as a PDF of one page; False where the file cannot be written."""
    try:
        path.write_bytes(printed(card))
    except OSError:
        return False
    return True


def printed(card: AccountCard) -> bytes:
    """The card as a PDF of one page."""
    device = QBuffer()
    device.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(device)
    writer.setResolution(_DPI)
    writer.setPageLayout(page_layout())
    writer.setTitle(card.text("name"))
    writer.setCreator("CRM Desktop")
    painter = QPainter(writer)
    paint_card(painter, QRect(0, 0, writer.width(), writer.height()), card)
    painter.end()
    return bytes(device.data().data())


def page_layout() -> QPageLayout:
    """A4 upright with the look's margins."""
    margins = QMarginsF(_MARGIN_MM, _MARGIN_MM, _MARGIN_MM, _MARGIN_MM)
    size = QPageSize(QPageSize.PageSizeId.A4)
    return QPageLayout(size, QPageLayout.Orientation.Portrait, margins, QPageLayout.Unit.Millimeter)


def paint_card(painter: QPainter, page: QRect, card: AccountCard) -> None:
    """Draw the card into a page, in the light theme whatever the window wears."""
    today = dt.date.today()  # noqa: DTZ011  # the day here
    pen = _Pen(painter, page.adjusted(0, 0, 0, -_FOOT))
    _head(pen, card)
    _facts(pen, card, today)
    _revenue(pen, card)
    _open(pen, card, today)
    _contacts(pen, card)
    _notes(pen, card)
    _timeline(pen, card, today)
    foot = tr("Printed on {day} by CRM Desktop. Confidential.", day=day_words(today, year=True))
    painter.setFont(font("caption"))
    painter.setPen(QColor(LIGHT.ink3))
    area = QRectF(page.left(), page.bottom() - _FOOT, page.width(), _FOOT)
    painter.drawText(area, int(Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignLeft), foot)


class _Pen:
    """Writes down a page; `y` is where the next line begins."""

    def __init__(self, painter: QPainter, page: QRect) -> None:
        self.painter, self.page = painter, page
        self.y = float(page.top())

    @property
    def left(self) -> float:
        """Height that is left."""
        return self.page.bottom() - self.y

    def line(
        self, text: str, role: str = "body", token: str = "ink", *,
        right: str = "", x: float = 0.0, width: float = 0.0,
    ) -> None:  # fmt: skip
        """One line, cut at its end; `right` stands at the right edge."""
        self.y += self.write(text, role, token, right=right, x=x, width=width)

    def write(
        self, text: str, role: str, token: str, *,
        right: str = "", x: float = 0.0, width: float = 0.0,
    ) -> float:  # fmt: skip
        """A line where the pen is, which stays there; the line's height."""
        face = font(role)
        metrics = QFontMetricsF(face)
        room = width or self.page.width() - x
        self.painter.setFont(face)
        self.painter.setPen(QColor(getattr(LIGHT, token)))
        taken = metrics.horizontalAdvance(right) + _GAP if right else 0.0
        shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, room - taken)
        area = QRectF(self.page.left() + x, self.y, room, metrics.height() + 3)
        self.painter.drawText(area, _LEFT, shown)
        if right:
            self.painter.setPen(QColor(LIGHT.ink2))
            self.painter.drawText(area, _RIGHT, right)
        return metrics.height() + 3

    def section(self, title: str, right: str = "") -> None:
        """A hairline and a heading."""
        self.y += _GAP / 2
        self.painter.fillRect(
            QRectF(self.page.left(), self.y, self.page.width(), 1), QColor(LIGHT.line2)
        )
        self.y += _GAP / 2
        self.line(title, "section", right=right)
        self.y += 3


_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)


def _head(pen: _Pen, card: AccountCard) -> None:
    grade = card.text("grade")
    if grade:
        tile = QRect(pen.page.left(), int(pen.y) + 2, SIDE, SIDE)
        paint_grade(pen.painter, tile, grade, LIGHT)
    indent = SIDE + 8 if grade else 0
    pen.write("", "body", "ink2", right=card.text("number"))
    pen.line(card.text("name"), "page", x=indent, width=pen.page.width() - indent - _NUMBER_WIDTH)
    for text in (card.address, _reach(card)):
        if text:
            pen.line(text, "small", "ink2")


def _reach(card: AccountCard) -> str:
    parts = (card.text("phone"), card.text("email"), card.text("website"))
    return " · ".join(part for part in parts if part)


def _facts(pen: _Pen, card: AccountCard, today: dt.date) -> None:
    visit = words.next_visit(card.visits, card.text("grade"), created_on(card.row.values), today)
    limit = card.text("credit_limit")
    facts = (
        (tr("Owner"), card.owner),
        (tr("Visits"), words.rhythm_words(card.text("grade"), visit)),
        (
            tr("Last visit"),
            words.short_day(words.local_day(card.visits.last), today) or tr("never"),
        ),
        (tr("Next visit"), words.next_visit_sentence(visit, today)),
        (tr("Credit limit"), f"{grouped(limit[:-3])} {limit[-3:]}" if limit else "–"),
        (tr("Territory"), card.territory or "–"),
    )
    pen.y += _GAP
    width = pen.page.width() / 3
    for n, (name, value) in enumerate(facts):
        row, side = divmod(n, 3)
        top = pen.y + row * 38
        at = _Pen(pen.painter, pen.page)
        at.y = top
        at.line(name, "caption", "ink3", x=side * width, width=width - 8)
        at.line(value, x=side * width, width=width - 8)
    pen.y += 2 * 38


def _revenue(pen: _Pen, card: AccountCard) -> None:
    year = card.revenue
    if not year.this_year.currency:
        pen.section(tr("Revenue, 12 months"), tr("no orders"))
        return
    total = money_words(year.this_year.total, year.this_year.currency)
    change = f"   {'+' if (year.change or 0) > 0 else ''}{year.change} %" if year.change else ""
    pen.section(tr("Revenue, 12 months"), f"{total}{change}")
    pen.line(tr("Bars: this year. Marks: the same month last year."), "caption", "ink3")
    pen.y += _GAP / 2
    area = QRect(pen.page.left(), int(pen.y), pen.page.width(), _CHART_HEIGHT)
    paint_year(pen.painter, area, year, LIGHT)
    pen.y += _CHART_HEIGHT


def _open(pen: _Pen, card: AccountCard, today: dt.date) -> None:
    rows: list[tuple[str, str]] = []
    if card.plan is not None:
        state = code_words(CATALOG["plan"].by_name["state"], card.plan.state)
        done = tr("{done} of {total} done", done=card.plan.done, total=card.plan.objectives)
        rows.append((card.plan.title, f"{state} · {done}"))
    for complaint in card.complaints:
        state = code_words(CATALOG["complaint"].by_name["state"], complaint.state)
        rows.append((f"{complaint.number} {complaint.subject}".strip(), state))
    rows += [(task.title, words.due_words(task.due_on, today)) for task in card.tasks]
    _table(pen, tr("Open"), rows, most=6)


def _contacts(pen: _Pen, card: AccountCard) -> None:
    rows = [
        (
            " · ".join(x for x in (one.name, one.title or one.role, one.phone, one.email) if x),
            tr(words.attitude_of(one.attitude).words),
        )
        for one in card.contacts
    ]
    _table(pen, tr("Contacts"), rows, most=_CONTACTS_MAX)


def _notes(pen: _Pen, card: AccountCard) -> None:
    lines = card.text("description").strip().splitlines()
    if lines:
        pen.section(tr("Notes"))
        for text in lines[:_NOTE_LINES_MAX]:
            pen.line(text, "small")


def _timeline(pen: _Pen, card: AccountCard, today: dt.date) -> None:
    rows = [
        (words.entry_words(entry), words.entry_when(entry, today))
        for entry in card.timeline.entries
    ]
    _table(pen, tr("Timeline"), rows, most=len(rows), total=card.entries)


def _table(
    pen: _Pen, title: str, rows: Sequence[tuple[str, str]], *, most: int, total: int = 0
) -> None:
    """Rows as long as there is room; what is left out is counted."""
    height = QFontMetricsF(QFont(font("small"))).height() + 3
    if not rows or pen.left < 4 * height + 2 * _GAP:
        return
    pen.section(title)
    fitting = min(most, len(rows), max(int(pen.left / height) - 1, 1))
    for text, right in rows[:fitting]:
        pen.line(text, "small", right=right)
    left = max(total, len(rows)) - fitting
    if left > 0:
        pen.line(tr("{n} more", n=left), "caption", "ink3")
