"""Revenue by month against last year, and by month and grade."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace

from crm_core.fields import Value
from crm_core.i18n import tr_noop
from crm_desktop.dates import month_name, month_words
from crm_desktop.i18n import tr
from crm_desktop.insight import headings, purchases
from crm_desktop.insight.chart import Chart, Drill, Form, Mark, Series, Tone, Unit
from crm_desktop.insight.purchases import AMOUNT, Currency, Window
from crm_desktop.insight.question import Question, month_start
from crm_desktop.models.sql import Where, id_of
from crm_desktop.numbers import percent, short, whole

_LEVEL = 0.005
"""Less than half a per cent apart is level."""

NET = tr_noop("Revenue is the sum of the orders' totals, without freight, by the day of the order.")


def by_month(asked: Question) -> Chart:
    """The complete months of this year beside the same months of last year; in January the whole
    of last year beside the year before."""
    months = headings.year_so_far(asked.as_of)
    earlier = tuple(month_start(month, -12) for month in months)
    year = months[0].year
    windows = tuple(Window(asked, x[0], month_start(x[-1], 1)) for x in (months, earlier))
    currency = purchases.currency_of(*windows)
    now, before = (purchases.by_month(window, currency) for window in windows)
    ours = tuple(_mark(asked, month, now, currency) for month in months)
    theirs = tuple(_mark(asked, month, before, currency) for month in earlier)
    return Chart(
        "revenue", Form.COLUMNS, headings.title("revenue"),
        _compared(sum(now.values()), sum(before.values())),
        headings.filter_line("revenue", asked.as_of, asked.filters),
        currency.orders, currency.counted, asked.as_of, asked.last_sync,
        _reasons(
            tr(NET),
            tr("Only complete months: {first} to {last}; the line is the same months a year "
               "before.", first=month_words(months[0]), last=month_words(months[-1])),
            tr("n is the orders of both years."),
            tr("{year}: {now} {currency}; {before_year}: {before} {currency}.", year=year,
               now=whole(sum(now.values()) / currency.unit), before_year=year - 1,
               before=whole(sum(before.values()) / currency.unit), currency=currency.code)
            if currency.orders else "",
            currency.remark,
        ),
        (Series(str(year), ours, Unit.MONEY), Series(str(year - 1), theirs, Unit.MONEY)),
        currency.code,
    )  # fmt: skip


def _mark(asked: Question, month: dt.date, found: Mapping[str, int], currency: Currency) -> Mark:
    sold = found.get(f"{month:%Y-%m}")
    value = (sold or 0) / currency.unit
    return Mark(
        month_name(month), value, short(value),
        tip=f"{month_words(month)}: {whole(value)} {currency.code}",
        drill=None if sold is None else orders_of(asked, month, currency),
    )  # fmt: skip


def orders_of(asked: Question, month: dt.date, currency: Currency) -> Drill:
    """The orders of a month that are counted: those with an account, in the chart's currency."""
    return Drill(
        "order",
        (
            Where("ordered_on", ">=", month.isoformat()),
            Where("ordered_on", "<", month_start(month, 1).isoformat()),
            Where("total", "contains", currency.code),
            Where("account", "filled"),
            *asked.of_accounts,
        ),
        tr("Orders of {month}", month=month_words(month)),
    )


def _compared(now: int, before: int) -> str:
    if not before:
        return tr("no revenue last year to compare with") if now else tr("no revenue yet")
    change = now / before - 1
    if abs(change) < _LEVEL:
        return tr("level with last year")
    text = tr("{share} above last year") if change > 0 else tr("{share} below last year")
    return text.format(share=percent(abs(change), 0))


def _reasons(*sentences: str) -> tuple[str, ...]:
    return tuple(filter(None, sentences))


# By grade


def by_grade(asked: Question) -> Chart:
    """The last twelve complete months, each by the grades that its accounts have today."""
    months = headings.last_months(asked.as_of)
    window = Window(asked, months[0], month_start(months[-1], 1))
    currency = purchases.currency_of(window)
    found = _grades(window, currency)
    grades = [g for g in ("A", "B", "C", "D", "") if any(grade == g for grade, _ in found)]
    series = tuple(_grade_series(asked, grade, months, found, currency) for grade in grades)
    total = sum(found.values())
    of_a = sum(amount for (grade, _), amount in found.items() if grade == "A")
    return Chart(
        "revenue-by-grade", Form.STACK, headings.title("revenue-by-grade"),
        tr("grade A brings {share}", share=percent(of_a / total, 0)) if total
        else tr("no revenue yet"),
        headings.filter_line("revenue-by-grade", asked.as_of, asked.filters),
        currency.orders, currency.counted, asked.as_of, asked.last_sync,
        _reasons(
            tr(NET),
            tr("The grade is the one that the account has today, not the one it had then."),
            currency.remark,
        ),
        series, currency.code,
    )  # fmt: skip


def _grades(window: Window, currency: Currency) -> dict[tuple[str, str], int]:
    """(grade, month) → amount."""
    source, parameters = window.sql()
    rows = window.asked.c.rows(
        "SELECT coalesce(a.grade, ''), o.month, sum(o.amount) FROM (SELECT account,"
        f" substr(ordered_on, 1, 7) AS month, sum({AMOUNT}) AS amount {source}"
        " AND substr(total, -3) = ? GROUP BY 1, 2) o JOIN account a ON a.id = o.account"
        " GROUP BY 1, 2",
        [*parameters, currency.code],
    )
    return {(str(grade), str(month)): int(amount) for grade, month, amount in rows}


def _grade_series(
    asked: Question, grade: str, months: Sequence[dt.date],
    found: Mapping[tuple[str, str], int], currency: Currency,
) -> Series:  # fmt: skip
    """The marks of one grade; its accounts are looked up once."""
    name = tr("Grade {grade}", grade=grade) if grade else tr("no grade")
    accounts = _accounts_of_grade(asked, grade)
    marks = [
        _grade_mark(name, orders_of(asked, month, currency), month, accounts,
                    found.get((grade, f"{month:%Y-%m}"), 0) / currency.unit, currency.code)
        for month in months
    ]  # fmt: skip
    tone = Tone.PLAIN if grade else Tone.REST
    sold = [(grade, f"{month:%Y-%m}") in found for month in months]
    return Series(name, tuple(
        replace(mark, tone=tone, drill=mark.drill if has_orders else None)
        for mark, has_orders in zip(marks, sold, strict=True)
    ), Unit.MONEY)  # fmt: skip


def _grade_mark(  # one mark is made of all of them
    name: str, orders: Drill, month: dt.date, of_grade: Where, value: float, currency: str
) -> Mark:
    return Mark(
        month_name(month), value, short(value),
        tip=f"{month_words(month)} · {name}: {whole(value)} {currency}",
        drill=replace(orders, where=(*orders.where, of_grade), words=f"{orders.words} · {name}"),
    )  # fmt: skip


def _accounts_of_grade(asked: Question, grade: str) -> Where:
    more, parameters = asked.account_sql("id")
    rows = asked.c.rows(
        f"SELECT id FROM account WHERE coalesce(grade, '') = ?{more}", [grade, *parameters]
    )
    ids: list[Value] = [id_of(row[0]) for row in rows]
    return Where("account", "in", ids)
