"""Amounts in few characters: "$65,206", "18k", for cards and charts; forms show every digit."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal

from crm_desktop.i18n import language

SYMBOLS = {
    "USD": "$", "EUR": "€", "GBP": "£", "CNY": "¥", "JPY": "JP¥", "TWD": "NT$", "HKD": "HK$",
}  # fmt: skip
_THOUSAND, _MILLION, _WAN, _YI = 1_000, 1_000_000, 10_000, 100_000_000


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


def short_number(value: float) -> str:
    """A number for an axis: "6k", "1.2M"; Chinese counts in 万 and 亿."""
    steps = ((_YI, "亿"), (_WAN, "万")) if language() == "zh_CN" else _other_steps()
    for unit, suffix in steps:
        if abs(value) >= unit:
            return f"{value / unit:.1f}".removesuffix(".0") + suffix
    return f"{value:,.0f}"


def _other_steps() -> tuple[tuple[int, str], ...]:
    if language() == "zh_TW":
        return (_YI, "億"), (_WAN, "萬")
    return (_MILLION, "M"), (_THOUSAND, "k")
