"""Conditions on a list as people meet them: which fit a field, and how they read on a chip."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from crm_core.fields import Field, Kind, Value
from crm_desktop.i18n import tr
from crm_desktop.models.sql import Operator, Where
from crm_desktop.views.kit.words import Titles, shown_in_list

ME = "@me"
"""Stands for whoever looks at the list, in a condition on a link to a user."""

_BARE: tuple[Operator, ...] = ("empty", "filled")
_TEXT: tuple[Operator, ...] = ("contains", "starts", "=", "!=", *_BARE)
_NUMBER: tuple[Operator, ...] = (">=", "<=", "=", "!=", *_BARE)
_TIME: tuple[Operator, ...] = (">=", "<=", *_BARE)
_SET: tuple[Operator, ...] = ("contains", *_BARE)

OPERATORS: Mapping[Kind, tuple[Operator, ...]] = {
    Kind.TEXT: _TEXT,
    Kind.NOTE: ("contains", *_BARE),
    Kind.CHOICE: ("in", *_BARE),
    Kind.FLAG: ("=", *_BARE),
    Kind.WHOLE: _NUMBER,
    Kind.DECIMAL: _NUMBER,
    Kind.MONEY: _NUMBER,
    Kind.DAY: (">=", "<=", "=", *_BARE),
    Kind.INSTANT: _TIME,
    Kind.DURATION: _NUMBER,
    Kind.PHONE: _TEXT,
    Kind.EMAIL: _TEXT,
    Kind.URL: _TEXT,
    Kind.ADDRESS_PART: _TEXT,
    Kind.PLACE: _BARE,
    Kind.PERSON_NAME: _TEXT,
    Kind.LINK: ("=", "!=", *_BARE),
    Kind.LINKS: _SET,
    Kind.TAGS: _SET,
    Kind.ORDER: _BARE,
    Kind.JSON: ("contains", *_BARE),
}
"""The conditions that make sense for each kind of field, the likeliest first."""

_IN_TIME = frozenset((Kind.DAY, Kind.INSTANT))


def operator_words(field: Field, op: Operator) -> str:
    """What a condition is called in a menu."""
    in_time = {">=": tr("from"), "<=": tr("until")} if field.kind in _IN_TIME else {}
    return in_time.get(op) or _OPERATOR_WORDS[op]()


_OPERATOR_WORDS: Mapping[str, Callable[[], str]] = {
    "=": lambda: tr("is"),
    "!=": lambda: tr("is not"),
    "<": lambda: tr("less than"),
    ">": lambda: tr("more than"),
    ">=": lambda: tr("at least"),
    "<=": lambda: tr("at most"),
    "in": lambda: tr("is one of"),
    "contains": lambda: tr("contains"),
    "starts": lambda: tr("begins with"),
    "empty": lambda: tr("is empty"),
    "filled": lambda: tr("is filled in"),
}

_ON_A_CHIP: Mapping[str, str] = {
    ">=": "≥ {value}", "<=": "≤ {value}", ">": "> {value}", "<": "< {value}", "!=": "≠ {value}",
    "starts": "{value}…",
}  # fmt: skip


def chip_words(field: Field, where: Where, titles: Titles) -> str:
    """A condition's value as its chip shows it, beside the field's name."""
    if where.op in _BARE:
        return tr("empty") if where.op == "empty" else tr("filled in")
    members = where.value if isinstance(where.value, list) else [where.value]
    said = ", ".join(_member(field, member, titles) for member in members)
    return _ON_A_CHIP.get(where.op, "{value}").replace("{value}", said)


def _member(field: Field, value: Value, titles: Titles) -> str:
    if value == ME:
        return tr("me")
    if field.kind in (Kind.LINKS, Kind.TAGS):
        value = [value]
    return shown_in_list(field, value, titles)


def resolved(where: Where, me: str) -> Where:
    """The condition for whoever looks: `ME` is this user."""
    return Where(where.field, where.op, me) if where.value == ME else where


def is_possible(field: Field, op: str) -> bool:
    """Whether a stored condition can be asked of a field."""
    return op in OPERATORS[field.kind] or op in ("=", "in", "<", ">", "<=", ">=", "!=")
