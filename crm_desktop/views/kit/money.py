"""Amounts in few characters: "$65,206", for cards and charts; forms show every digit."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal

SYMBOLS = {
    "USD": "$", "EUR": "€", "GBP": "£", "CNY": "¥", "JPY": "JP¥", "TWD": "NT$", "HKD": "HK$",
}  # fmt: skip


def money_words(amount: Decimal, currency: str) -> str:
    """A rounded amount with the sign of its currency; a currency without one by its code."""
    rounded = int(amount.to_integral_value(ROUND_HALF_UP))
    sign = "−" if rounded < 0 else ""
    symbol = SYMBOLS.get(currency)
    if symbol is None:
        return f"{sign}{abs(rounded):,} {currency}".strip()
    return f"{sign}{symbol}{abs(rounded):,}"


def stored_money_words(value: str) -> str:
    """An amount as it is stored ("12.50CNY") in few characters."""
    return money_words(Decimal(value[:-3]), value[-3:])


def sums_words(sums: Mapping[str, Decimal]) -> str:
    """Sums in several currencies, side by side: they are never added."""
    return " + ".join(money_words(amount, currency) for currency, amount in sums.items())
