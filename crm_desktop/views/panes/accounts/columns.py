"""The columns of the accounts list: the record's own, and what is read beside it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Generic, TypeAlias, TypeVar

from PySide6.QtCore import QRect
from PySide6.QtGui import QPainter

from crm_core.catalog import CATALOG
from crm_core.ids import RecordId
from crm_desktop.i18n import tr
from crm_desktop.models.connection import Connection
from crm_desktop.models.queries import Row
from crm_desktop.models.revenue import Revenue, amount_of, revenue_of
from crm_desktop.models.visit_dates import (
    VisitDates,
    beginning_of,
    rhythm_facts,
    visit_dates,
)
from crm_desktop.views.kit.column import Column, field_column
from crm_desktop.views.kit.delegates.grade import SIDE, paint_grade
from crm_desktop.views.kit.delegates.shapes import split, write
from crm_desktop.views.kit.delegates.spark import paint_spark
from crm_desktop.views.kit.money import money_words
from crm_desktop.views.panes.accounts.words import (
    NextVisit,
    column_day,
    local_day,
    next_visit,
    next_visit_words,
)
from crm_desktop.views.theme.icons import SMALL, paint_icon
from crm_desktop.views.theme.tokens import Tokens

_SPARK_WIDTH, _SPARK_HEIGHT = 62, 18
_GAP = 4

Visits: TypeAlias = Callable[[Connection, Sequence[Row]], Mapping[RecordId, VisitDates]]


def account_columns() -> tuple[Column, ...]:
    """What the list shows, from the name on; health waits for data to compute it from."""
    account = CATALOG["account"]
    visits, orders = frozenset(("visit",)), frozenset(("order",))
    read_visits, read_revenues = _Once(_read_visits), _Once(_read_revenues)
    return (
        field_column(account, "name", width=210),
        field_column(account, "grade", paint=_paint_grade, width=44),
        field_column(account, "owner", width=100),
        Column("last_visit", tr("Last visit"), 86, read=partial(_last_visits, read_visits),
               words=_day_words, copied=dt.date.isoformat, paint=_paint_day, listens=visits),
        Column("next_visit", tr("Next visit"), 86, read=partial(_next_visits, read_visits),
               words=_next_words, copied=_next_day, paint=_paint_next, listens=visits),
        Column("revenue_months", tr("12 months"), 76, read=read_revenues, words=_months_words,
               paint=_paint_months, listens=orders),
        Column("revenue", tr("Revenue"), 76, read=read_revenues, words=_revenue_words,
               at_right=True, listens=orders),
    )  # fmt: skip


# Reading: once for all rows of a stretch


def _today() -> dt.date:
    return dt.date.today()  # noqa: DTZ011  # the day here


_Found = TypeVar("_Found")


class _Once(Generic[_Found]):
    """Two columns show what one look-up brings: the second takes what the first has read.

    Only for the very same rows; where two lanes meet, one of them reads again.
    """

    def __init__(self, read: Callable[[Connection, Sequence[Row]], _Found]) -> None:
        self._read = read
        self._last: tuple[Sequence[Row], _Found] | None = None

    def __call__(self, c: Connection, rows: Sequence[Row]) -> _Found:
        last = self._last
        if last is not None and last[0] is rows:
            self._last = None
            return last[1]
        found = self._read(c, rows)
        self._last = (rows, found)
        return found


def _read_visits(c: Connection, rows: Sequence[Row]) -> Mapping[RecordId, VisitDates]:
    return visit_dates(c, [row.id for row in rows], beginning_of(_today()))


def _read_revenues(c: Connection, rows: Sequence[Row]) -> Mapping[str, Revenue]:
    return {**revenue_of(c, [row.id for row in rows], _today())}


def _last_visits(visits: Visits, c: Connection, rows: Sequence[Row]) -> Mapping[str, dt.date]:
    days = ((account, local_day(dates.last)) for account, dates in visits(c, rows).items())
    return {account: day for account, day in days if day is not None}


def _next_visits(visits: Visits, c: Connection, rows: Sequence[Row]) -> Mapping[str, NextVisit]:
    today, found = _today(), visits(c, rows)
    made: dict[str, NextVisit] = {}
    for account, (grade, entered) in rhythm_facts(c, [row.id for row in rows]).items():
        dates = found.get(account, VisitDates())
        visit = next_visit(dates, grade, local_day(entered), today)
        if visit is not None:
            made[account] = visit
    return made


# Words


def _day_words(day: dt.date) -> str:
    return column_day(day, _today())


def _next_words(visit: NextVisit) -> str:
    return next_visit_words(visit, _today())


def _next_day(visit: NextVisit) -> str:
    return visit.day.isoformat()


def _months_words(revenue: Revenue) -> str:
    return ", ".join(f"{amount_of(month):,.0f}" for month in revenue.months)


def _revenue_words(revenue: Revenue) -> str:
    return money_words(revenue.total, revenue.currency)


# Painting


def _paint_grade(painter: QPainter, rect: QRect, value: str, tokens: Tokens) -> None:
    paint_grade(painter, split(painter, rect, SIDE)[0], value or "", tokens)


def _paint_day(painter: QPainter, rect: QRect, value: dt.date | None, tokens: Tokens) -> None:
    if value is not None:
        write(painter, rect, _day_words(value), "small", tokens.ink2)


def _paint_next(painter: QPainter, rect: QRect, value: NextVisit | None, tokens: Tokens) -> None:
    """Planned in ink, due by its rhythm in grey, late with △."""
    if value is None:
        return
    if not value.late:
        colour = tokens.ink2 if value.is_planned else tokens.ink3
        write(painter, rect, _next_words(value), "small", colour)
        return
    lead, rest = split(painter, rect, SMALL, _GAP)
    icon = QRect(0, 0, SMALL, SMALL)
    icon.moveCenter(lead.center())
    paint_icon(painter, icon, "warning", "warn")
    write(painter, rest, _next_words(value), "small", tokens.warn)


def _paint_months(painter: QPainter, rect: QRect, value: Revenue | None, tokens: Tokens) -> None:
    if value is None:
        return
    lead = split(painter, rect, min(_SPARK_WIDTH, rect.width()))[0]
    top = rect.top() + (rect.height() - _SPARK_HEIGHT) // 2
    area = QRect(lead.left(), top, lead.width(), _SPARK_HEIGHT)
    paint_spark(painter, area, [float(month) for month in value.months], tokens)
