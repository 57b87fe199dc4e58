"""What accounts bought, out of the orders: in minor units of the currency that most orders have."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass

from crm_core.amounts import minor_units
from crm_desktop.i18n import tr_n
from crm_desktop.insight.question import Question
from crm_desktop.models.connection import SqlValue

# Canonical money has exactly its currency's decimals: without the point it is minor units.
AMOUNT = "CAST(replace(substr(total, 1, length(total) - 3), '.', '') AS INTEGER)"
_ORDERS = (
    'FROM "order" WHERE deleted = 0 AND total IS NOT NULL AND account IS NOT NULL'
    " AND ordered_on >= ? AND ordered_on < ?"
)
_IN_SIGHT = " AND account IN (SELECT id FROM account WHERE deleted = 0)"
"""Where accounts are counted, one that no list could show does not count."""


@dataclass(frozen=True, slots=True)
class Window:
    """Orders of the days `[first, after)` of the accounts asked for."""

    asked: Question
    first: dt.date
    after: dt.date

    def sql(self) -> tuple[str, list[SqlValue]]:
        """FROM … WHERE of these orders, whatever their currency."""
        more, parameters = self.asked.account_sql("account")
        return _ORDERS + more, [self.first.isoformat(), self.after.isoformat(), *parameters]

    def currencies(self) -> list[tuple[str, int]]:
        """The currencies and how many orders have them."""
        source, parameters = self.sql()
        rows = self.asked.c.rows(
            f"SELECT substr(total, -3), count(*) {source} GROUP BY 1", parameters
        )
        return [(str(row[0]), int(row[1])) for row in rows]


@dataclass(frozen=True, slots=True)
class Currency:
    """The currency of a chart, and how many orders in others are left out of it."""

    code: str
    orders: int
    left_out: int

    @property
    def unit(self) -> float:
        """Minor units in a whole one."""
        return float(minor_units(f"1{self.code}")[0]) if self.code else 1.0

    @property
    def remark(self) -> str:
        """The sentence on what is left out; "" where nothing is."""
        if not self.left_out:
            return ""
        return tr_n(
            "{n} order in another currency than {currency} is left out.",
            "{n} orders in other currencies than {currency} are left out.",
            self.left_out, currency=self.code,
        )  # fmt: skip

    @property
    def counted(self) -> str:
        """The number of orders, as it stands below a chart."""
        return tr_n("n = {n} order", "n = {n} orders", self.orders)


def currency_of(*windows: Window) -> Currency:
    """The currency that most orders of these windows have."""
    found: Counter[str] = Counter()
    for window in windows:
        found.update(dict(window.currencies()))
    if not found:
        return Currency("", 0, 0)
    code, orders = min(found.items(), key=lambda item: (-item[1], item[0]))
    return Currency(code, orders, found.total() - orders)


def by_account(window: Window, currency: Currency) -> dict[str, int]:
    """What each account in sight bought, in minor units."""
    source, parameters = window.sql()
    rows = window.asked.c.rows(
        f"SELECT lower(hex(account)), sum({AMOUNT}) {source}{_IN_SIGHT}"
        " AND substr(total, -3) = ? GROUP BY 1",
        [*parameters, currency.code],
    )
    return {str(account): int(amount) for account, amount in rows}


def by_account_and_day(window: Window, currency: Currency) -> list[tuple[str, dt.date, int]]:
    """Account in sight, day, amount: one row for each day on which an account bought."""
    source, parameters = window.sql()
    rows = window.asked.c.rows(
        f"SELECT lower(hex(account)), ordered_on, sum({AMOUNT}) {source}{_IN_SIGHT}"
        " AND substr(total, -3) = ? GROUP BY 1, 2 ORDER BY 1, 2",
        [*parameters, currency.code],
    )
    return [(str(account), dt.date.fromisoformat(day), int(sum_)) for account, day, sum_ in rows]


def by_month(window: Window, currency: Currency) -> dict[str, int]:
    """What was bought in each month "2026-10", in minor units."""
    source, parameters = window.sql()
    rows = window.asked.c.rows(
        f"SELECT substr(ordered_on, 1, 7), sum({AMOUNT}) {source} AND substr(total, -3) = ?"
        " GROUP BY 1",
        [*parameters, currency.code],
    )
    return {str(month): int(amount) for month, amount in rows}
