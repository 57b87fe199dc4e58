"""The tables of Northwind as the demo reads them: moved in time, rounded to cents."""

from __future__ import annotations

import csv
import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "resources" / "demo" / "northwind"
"""Beside the packages in a checkout, in an installed wheel and in a frozen build alike."""

CURRENCY = "USD"
CENT = Decimal("0.01")
DAYS_IN_WEEK = 7

Line = Mapping[str, str]


@dataclass(frozen=True)
class Sale:
    """One line of an order, with what it comes to."""

    product: str
    quantity: int
    unit_price: Decimal
    discount: Decimal

    @property
    def amount(self) -> Decimal:
        """To the cent, halves up, as on an invoice."""
        return cents(self.unit_price * self.quantity * (1 - self.discount))


class Northwind:
    """The twelve tables."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder

    def table(self, name: str) -> list[Line]:
        """The lines of one table, in its order."""
        with (self._folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            return [*_lines(file)]

    @cached_property
    def orders(self) -> list[Line]:
        """All orders, oldest first."""
        return self.table("orders")

    @cached_property
    def sales(self) -> Mapping[str, list[Sale]]:
        """The lines of each order."""
        found: dict[str, list[Sale]] = defaultdict(list)
        for line in self.table("order_details"):
            found[line["order_id"]].append(
                Sale(
                    line["product_id"],
                    int(line["quantity"]),
                    cents(Decimal(line["unit_price"])),
                    cents(Decimal(line["discount"])),
                )
            )
        return found

    def total(self, order: str) -> Decimal:
        """What the lines of an order come to."""
        return sum((sale.amount for sale in self.sales[order]), Decimal())

    @cached_property
    def revenue(self) -> Mapping[str, Decimal]:
        """What each customer bought in all."""
        found: dict[str, Decimal] = defaultdict(Decimal)
        for order in self.orders:
            found[order["customer_id"]] += self.total(order["order_id"])
        return found

    @cached_property
    def best_sellers(self) -> Mapping[str, str]:
        """For each customer the employee who sold most to it."""
        sold: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        for order in self.orders:
            sold[order["customer_id"]][order["employee_id"]] += self.total(order["order_id"])
        return {customer: max(by, key=by.__getitem__) for customer, by in sold.items()}

    def moved(self, text: str, today: dt.date) -> dt.date | None:
        """A day of the tables, moved by whole weeks so that the last order lies in last week."""
        if not text:
            return None
        last = self._last_order
        last_week = today - dt.timedelta(today.weekday() + DAYS_IN_WEEK - last.weekday())
        return dt.date.fromisoformat(text) + (last_week - last)

    @cached_property
    def _last_order(self) -> dt.date:
        return max(dt.date.fromisoformat(order["order_date"]) for order in self.orders)


def _lines(file: Iterator[str]) -> Iterator[Line]:
    for line in csv.DictReader(file):
        yield {name: text.strip() for name, text in line.items()}


def cents(amount: Decimal) -> Decimal:
    """Rounded to hundredths, halves up: the tables hold 9.80000019 for 9.80."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def money(amount: Decimal) -> str:
    """The canonical value of an amount of this company."""
    return f"{cents(amount):f}{CURRENCY}"
