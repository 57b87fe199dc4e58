"""Numbers and amounts of money: their canonical form, how typed words become one."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

from crm_core.errors import InvalidValue
from crm_core.fields import Field, Value
from crm_core.i18n import tr_noop

WHOLE_DIGITS_MAX = 15
DECIMAL_PLACES_MAX = 12
NUMBER_CHARACTERS_MAX = 40
_EXPONENTS = {"JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "ISK": 0, "KWD": 3, "BHD": 3, "OMR": 3}
"""ISO 4217 currencies whose minor unit is not a hundredth."""

_MONEY = re.compile(r"(-?\d[\d,]*(?:\.\d+)?)\s*([A-Z]{3})\Z")


def parse_whole(field: Field, text: str) -> int:
    """A whole number, with or without thousands' commas; raises InvalidValue."""
    digits = text.replace(",", "").replace("\u00a0", "")
    if not re.fullmatch(r"[+-]?\d{1,15}", digits):
        raise field.problem(tr_noop("'{text}' is not a whole number."), text)
    return int(digits)


def parse_decimal(field: Field, text: str) -> str:
    """A number as its shortest decimal digits; raises InvalidValue."""
    text = text.replace(",", "")
    problem = field.problem(tr_noop("'{text}' is not a number."), text)
    try:
        number = Decimal(text[: NUMBER_CHARACTERS_MAX + 1])
    except InvalidOperation as error:
        raise problem from error
    # Looked at before it is written out: 1e-999999999 would be a gigabyte of zeros.
    if not number.is_finite() or abs(number.adjusted()) > NUMBER_CHARACTERS_MAX:
        raise problem
    plain = f"{number:f}"
    plain = plain.rstrip("0").rstrip(".") if "." in plain else plain
    places = len(plain.partition(".")[2])
    if abs(number) >= Decimal(10) ** WHOLE_DIGITS_MAX or places > DECIMAL_PLACES_MAX:
        raise problem
    if len(text) > NUMBER_CHARACTERS_MAX:
        raise problem
    return "0" if number.is_zero() else plain


def parse_money(field: Field, text: str) -> str:
    """An amount and its currency, "12.5 cny" as "12.50CNY"; raises InvalidValue."""
    match = _MONEY.match(text.upper())
    if match is None:
        raise field.problem(
            tr_noop("'{text}' is not an amount with its currency, such as 12.50CNY."), text
        )
    return make_money(field, Decimal(match[1].replace(",", "")), match[2])


def make_money(field: Field, amount: Decimal, currency: str) -> str:
    """The canonical amount; raises InvalidValue where it is finer than the currency's unit."""
    places = _EXPONENTS.get(currency, 2)
    unit = Decimal(1).scaleb(-places)
    if abs(amount) >= Decimal(10) ** WHOLE_DIGITS_MAX:
        raise field.problem(tr_noop("'{text}' is larger than an amount can be."), amount)
    rounded = amount.quantize(unit)
    if amount != rounded:
        raise field.problem(tr_noop("'{text}' is finer than its currency's smallest unit."), amount)
    return f"{abs(rounded) if rounded.is_zero() else rounded:f}{currency}"


def minor_units(value: str) -> tuple[int, str]:
    """The amount of canonical money in minor units, and its currency."""
    amount, currency = Decimal(value[:-3]), value[-3:]
    return int(amount.scaleb(_EXPONENTS.get(currency, 2))), currency


def check_whole(field: Field, value: Value) -> None:
    """Raise InvalidValue unless it is a whole number that every store takes."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise field.problem(tr_noop("'{text}' is not a whole number."), value)
    if abs(value) >= 10**WHOLE_DIGITS_MAX:
        raise InvalidValue(
            field.name, tr_noop("'{field}' takes at most {digits} digits."),
            field=field.label, digits=WHOLE_DIGITS_MAX,
        )  # fmt: skip
