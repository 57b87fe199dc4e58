"""Twelve months of revenue as bars against last year, painted without matplotlib."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from PySide6.QtCore import QLocale, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget
from typing_extensions import override

from crm_desktop.i18n import language, tr
from crm_desktop.models.revenue import YearOfRevenue, amount_of
from crm_desktop.numbers import tick
from crm_desktop.views.kit.money import money_words
from crm_desktop.views.theme.fonts import font
from crm_desktop.views.theme.theme import theme
from crm_desktop.views.theme.tokens import Tokens

HEIGHT = 92
_STEPS = 3
"""Lines above zero: enough to read a bar by."""

_AXIS_WIDTH, _MONTHS_HEIGHT, _TOP = 40, 16, 6
_BAR_SHARE, _MARK_SHARE = 0.5, 0.76
_NICE = (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)


class RevenueChart(QWidget):
    """The chart of a card. Spoken as its months and sums."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._year: YearOfRevenue | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_year(self, year: YearOfRevenue) -> None:
        """Show other months."""
        self._year = year
        self.setAccessibleName(spoken(year))
        self.setToolTip(spoken(year))
        self.update()

    @override
    def sizeHint(self) -> QSize:
        return QSize(280, HEIGHT)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        if self._year is not None:
            painter = QPainter(self)
            paint_year(painter, self.rect(), self._year, theme().tokens)
            painter.end()


@dataclass(frozen=True)
class _Plot:
    """Where values lie: the area of the bars, and the value of its upper edge."""

    area: QRectF
    most: float

    def y(self, value: float) -> float:
        return self.area.bottom() - self.area.height() * min(value, self.most) / self.most

    def column(self, n: int) -> QRectF:
        width = self.area.width() / 12
        return QRectF(self.area.left() + n * width, self.area.top(), width, self.area.height())


def paint_year(painter: QPainter, rect: QRect, year: YearOfRevenue, tokens: Tokens) -> None:
    """Bars for this year, an ink mark for the same month of last year; the axis begins at zero."""
    highest = float(amount_of(max(*year.this_year.months, *year.last_year, 0)))
    area = QRectF(rect).adjusted(_AXIS_WIDTH, _TOP, 0, -_MONTHS_HEIGHT)
    plot = _Plot(area, nice_top(highest))
    _paint_axis(painter, plot, tokens)
    _paint_months(painter, plot, year.first, tokens)
    painter.setPen(Qt.PenStyle.NoPen)
    for n, thousandths in enumerate(year.this_year.months):
        value, column = float(amount_of(thousandths)), plot.column(n)
        if value > 0:
            top = min(plot.y(value), plot.area.bottom() - 1)
            bar = QRectF(0, top, column.width() * _BAR_SHARE, plot.area.bottom() - top)
            bar.moveLeft(column.center().x() - bar.width() / 2)
            painter.fillRect(bar, QColor(tokens.series[0]))
    for n, thousandths in enumerate(year.last_year):
        if thousandths > 0:
            column = plot.column(n)
            mark = QRectF(0, 0, column.width() * _MARK_SHARE, 2)
            mark.moveCenter(column.center())
            mark.moveTop(plot.y(float(amount_of(thousandths))) - 1)
            painter.fillRect(mark, QColor(tokens.ink))


def nice_top(highest: float) -> float:
    """A round number at or above the highest value that three steps divide well."""
    if highest <= 0:
        return float(_STEPS)
    step, power = highest / _STEPS, 1.0
    while step / power >= 10:  # noqa: PLR2004  # one digit before the point
        power *= 10
    while step / power < 1:
        power /= 10
    return next(nice for nice in _NICE if nice >= step / power - 1e-9) * power * _STEPS


def _paint_axis(painter: QPainter, plot: _Plot, tokens: Tokens) -> None:
    painter.setFont(font("caption"))
    height = QFontMetrics(painter.font()).height()
    for n in range(_STEPS + 1):
        value = plot.most * n / _STEPS
        y = plot.y(value)
        line = QRectF(plot.area.left(), y, plot.area.width(), 1)
        painter.fillRect(line, QColor(tokens.line2 if n == 0 else tokens.line))
        painter.setPen(QColor(tokens.ink3))
        words = QRectF(plot.area.left() - _AXIS_WIDTH, y - height / 2, _AXIS_WIDTH - 6, height)
        painter.drawText(words, int(Qt.AlignmentFlag.AlignRight), tick(value))


def _paint_months(painter: QPainter, plot: _Plot, first: dt.date, tokens: Tokens) -> None:
    painter.setFont(font("caption"))
    painter.setPen(QColor(tokens.ink3))
    for n in range(12):
        column = plot.column(n)
        below = QRectF(column.left() - 4, plot.area.bottom() + 2, column.width() + 8, 14)
        painter.drawText(below, int(Qt.AlignmentFlag.AlignCenter), month_mark(_month(first, n)))


def _month(first: dt.date, n: int) -> int:
    return (first.month - 1 + n) % 12 + 1


def month_mark(month: int) -> str:
    """The shortest sign of a month: its letter, in Chinese its number."""
    if language().startswith("zh"):
        return str(month)
    return QLocale(language()).monthName(month, QLocale.FormatType.NarrowFormat)


def spoken(year: YearOfRevenue) -> str:
    """The chart in words."""
    currency = year.this_year.currency
    months = ", ".join(
        f"{month_mark(_month(year.first, n))} {money_words(amount_of(value), currency)}"
        for n, value in enumerate(year.this_year.months)
    )
    total = money_words(year.this_year.total, currency)
    before = money_words(amount_of(sum(year.last_year)), currency)
    return tr(
        "Revenue of twelve whole months: {total}, the year before {before}. By month: {months}",
        total=total, before=before, months=months,
    )  # fmt: skip
