"""Cells: a value as a spreadsheet shows it, and back (security.md §6: text is never a formula)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from functools import cache

from crm_core.fields import Choice, Field, Kind, Value
from crm_core.values import parse, show
from crm_desktop.i18n import in_all_languages

FORMULA_STARTS = ("'", "=", "+", "-", "@", "\t", "\r")
"""A spreadsheet may run a cell that starts with one of these (or swallow the apostrophe)."""

_NUMBERS = frozenset((Kind.WHOLE, Kind.DECIMAL, Kind.DURATION, Kind.MONEY, Kind.PLACE))
"""Kinds whose canonical form cannot hold a formula, so that a minus stays a minus."""

_EXCEL_DAY_ZERO = dt.date(1899, 12, 30)
_EXCEL_SERIAL = range(20_000, 80_000)
"""Days from 1954 to 2119 as Excel numbers them."""


def guard(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def unguard(text: str) -> str:
    """Exactly one apostrophe is taken away where it stands before a formula's start."""
    return text[1:] if text[:1] == "'" and text[1:].startswith(FORMULA_STARTS) else text


def write_cell(field: Field, value: Value) -> str:
    """A canonical value as the text of its cell."""
    if value is None:
        return ""
    if field.kind in _NUMBERS:
        return str(value)
    return guard(show(field, value))


def read_cell(field: Field, text: str) -> Value:
    """The canonical value of a cell; raises InvalidValue. Links are the caller's."""
    plain = text.strip() if field.kind in _NUMBERS else unguard(text)
    return _READERS.get(field.kind, parse)(field, plain)


def is_same(field: Field, value: Value, text: str) -> bool:
    """Whether the cell is what an export of this very value wrote: then nothing is to be done."""
    return write_cell(field, value) == text


def _read_day(field: Field, text: str) -> Value:
    digits = text.strip().removesuffix(".0")
    if digits.isascii() and digits.isdigit() and int(digits) in _EXCEL_SERIAL:
        return (_EXCEL_DAY_ZERO + dt.timedelta(days=int(digits))).isoformat()
    return parse(field, text)


def _read_choice(field: Field, text: str) -> Value:
    wanted = text.strip()
    found = _codes_by_words(field.choices).get(wanted.casefold())
    return parse(field, wanted) if found is None else found


def _read_tags(field: Field, text: str) -> Value:
    words = parse(field, text)
    codes = _codes_by_words(field.choices)
    members = words if isinstance(words, list) else []
    return [*sorted({codes.get(str(word).casefold(), str(word)) for word in members})]


@cache
def _codes_by_words(choices: tuple[Choice, ...]) -> Mapping[str, str]:
    """A choice's code by its code and by its words in each language; an unclear word by none."""
    found: dict[str, str | None] = {}
    for choice in choices:
        for words in {word.casefold() for word in in_all_languages(choice.label)}:
            found[words] = choice.code if found.get(words, choice.code) == choice.code else None
    found.update({choice.code.casefold(): choice.code for choice in choices})
    return {words: code for words, code in found.items() if code is not None}


_READERS: Mapping[Kind, Callable[[Field, str], Value]] = {
    Kind.DAY: _read_day,
    Kind.CHOICE: _read_choice,
    Kind.TAGS: _read_tags,
}
