"""Revenue by month, from the orders: of many accounts at once, and of one against last year."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

import msgspec

from crm_core.ids import RecordId
from crm_desktop.models.connection import Connection
from crm_desktop.models.sql import Where, blob, conditions, id_of, layout

MONTHS = 12
_FIRST_MONTH, _LAST_MONTH = 1, 12
_THOUSANDTHS = "CAST(round(CAST(total AS REAL) * 1000) AS INTEGER)"
"""No currency has a smaller unit, so that sums of it are exact."""


class Revenue(msgspec.Struct, frozen=True):
    """What an account bought in whole months, the oldest first, in thousandths of one currency:
    the one in which it bought most. `others`: it bought in other currencies besides."""

    currency: str
    months: tuple[int, ...]
    others: bool = False

    @property
    def total(self) -> Decimal:
        """The sum of all months."""
        return amount_of(sum(self.months))


class YearOfRevenue(msgspec.Struct, frozen=True):
    """Twelve whole months beside the same months of the year before; `first` is the oldest."""

    first: dt.date
    this_year: Revenue
    last_year: tuple[int, ...]

    @property
    def change(self) -> int | None:
        """Percent more than a year before; None where there is nothing to compare with."""
        before, now = sum(self.last_year), sum(self.this_year.months)
        return round(100 * (now - before) / before) if before > 0 else None


def amount_of(thousandths: int) -> Decimal:
    """Thousandths as an amount."""
    return Decimal(thousandths) / 1000


def months_before(today: dt.date, count: int = MONTHS) -> tuple[dt.date, ...]:
    """The first days of the whole months before the one that `today` lies in, oldest first."""
    found: list[dt.date] = []
    month = today.replace(day=1)
    for _ in range(count):
        if month.month == _FIRST_MONTH:
            month = month.replace(year=month.year - 1, month=_LAST_MONTH)
        else:
            month = month.replace(month=month.month - 1)
        found.append(month)
    return tuple(reversed(found))


def revenue_of(
    c: Connection, accounts: Sequence[RecordId], today: dt.date, count: int = MONTHS
) -> Mapping[RecordId, Revenue]:
    """The revenue of many accounts in the `count` whole months before today, in one look-up.

    Accounts without an order in that time are left out.
    """
    months = months_before(today, count)
    names = {f"{month:%Y-%m}": n for n, month in enumerate(months)}
    places = ",".join("?" * len(accounts))
    # The plus keeps SQLite on the account's index: a range of days holds everybody's orders.
    found = c.rows(
        f"SELECT account, substr(total, -3), substr(ordered_on, 1, 7), sum({_THOUSANDTHS})"
        f' FROM "order" WHERE account IN ({places}) AND deleted = 0 AND total IS NOT NULL'
        " AND +ordered_on >= ? AND +ordered_on < ? GROUP BY 1, 2, 3",
        [*map(blob, accounts), months[0].isoformat(), today.replace(day=1).isoformat()],
    )
    sums: dict[RecordId, dict[str, list[int]]] = defaultdict(dict)
    for account, currency, month, thousandths in found:
        line = sums[id_of(account)].setdefault(currency, [0] * count)
        line[names[month]] += thousandths
    return {account: _in_main_currency(lines) for account, lines in sums.items()}


def _in_main_currency(lines: Mapping[str, Iterable[int]]) -> Revenue:
    # Rates of exchange are nobody's business here: what cannot be added is only hinted at.
    main = max(lines, key=lambda currency: (sum(lines[currency]), currency))
    return Revenue(main, tuple(lines[main]), others=len(lines) > 1)


def year_of(c: Connection, account: RecordId, today: dt.date) -> YearOfRevenue:
    """One account's twelve months against the twelve before."""
    both = revenue_of(c, [account], today, 2 * MONTHS).get(account)
    first = months_before(today)[0]
    if both is None:
        return YearOfRevenue(first, Revenue("", (0,) * MONTHS), (0,) * MONTHS)
    before, now = both.months[:MONTHS], both.months[MONTHS:]
    return YearOfRevenue(first, Revenue(both.currency, now, both.others), before)


def revenue_of_view(c: Connection, where: Sequence[Where], today: dt.date) -> Mapping[str, Decimal]:
    """What all accounts of a list bought in the last twelve whole months, by currency."""
    asked, parameters = conditions(layout("account").entity, where)
    chosen = f" AND account IN (SELECT id FROM account WHERE deleted = 0{asked})"
    # Along the index that holds all that is asked: the rows themselves lie scattered.
    found = c.rows(
        f'SELECT substr(total, -3), sum({_THOUSANDTHS}) FROM "order" INDEXED BY order_account'
        " WHERE account IS NOT NULL AND deleted = 0 AND total IS NOT NULL"
        " AND ordered_on >= ? AND ordered_on < ?"
        f"{chosen if where else ''} GROUP BY 1 ORDER BY 2 DESC",
        [months_before(today)[0].isoformat(), today.replace(day=1).isoformat(), *parameters],
    )
    return {currency: amount_of(thousandths) for currency, thousandths in found}
