"""Which columns a list shows and how wide they are; what a list is called in the rail."""

from __future__ import annotations

from collections.abc import Mapping

from crm_core.entity import Entity, Record
from crm_core.fields import Field, Kind

COLUMNS_MAX = 7
"""More do not fit beside a form at 1280 pixels."""

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "account": ("name", "grade", "owner", "type", "number", "territory", "phone"),
    "contact": ("full_name", "title", "department", "mobile", "phone", "email"),
    "plan": ("title", "account", "state", "period", "owner", "ends_on"),
    "visit": ("planned_start", "account", "state", "type", "objectives", "owner", "outcome"),
    "complaint": ("number", "subject", "account", "state", "severity", "received_at", "handler"),
    "task": ("title", "due_on", "status", "account", "assignee", "priority"),
    "interaction": ("at", "account", "medium", "subject", "contact", "duration"),
    "order": ("number", "account", "ordered_on", "total", "sold_by", "shipped_on"),
    "user": ("name", "login", "role", "team", "territory", "manager"),
    "product": ("name", "code", "category", "unit", "price", "discontinued"),
}
"""Chosen by hand for the lists that people live in; the others follow from the catalog."""

_WIDE = frozenset((Kind.NOTE, Kind.JSON, Kind.ORDER))

_WIDTHS: Mapping[Kind, int] = {
    Kind.TEXT: 140,
    Kind.PERSON_NAME: 140,
    Kind.LINK: 140,
    Kind.LINKS: 160,
    Kind.CHOICE: 100,
    Kind.FLAG: 70,
    Kind.WHOLE: 80,
    Kind.DECIMAL: 90,
    Kind.MONEY: 120,
    Kind.DAY: 120,
    Kind.INSTANT: 135,
    Kind.DURATION: 90,
    Kind.PHONE: 130,
    Kind.EMAIL: 180,
}
_WIDTH = 120
_TITLE_WIDTH = 220
_NUMBER_WIDTH = 150


def columns_of(entity: Entity) -> tuple[Field, ...]:
    """The fields shown in a list of this kind, the most telling first."""
    named = [name for name in COLUMNS.get(entity.kind, ()) if name in entity.by_name]
    if not named:
        usual = [
            x.name for x in entity.fields if x.kind not in _WIDE and not x.name.startswith("ext_")
        ]
        usual = [name for name in usual if name not in Record.__dataclass_fields__]
        titled = [name for name in entity.title if name in usual]
        named = list(dict.fromkeys([*titled, *usual]))
    return tuple(entity.by_name[name] for name in named[:COLUMNS_MAX])


def width_of(entity: Entity, field: Field) -> int:
    """Pixels at 100 % that a column starts with."""
    if field.name in entity.title and field.kind in (Kind.TEXT, Kind.PERSON_NAME):
        return _NUMBER_WIDTH if field.name == "number" else _TITLE_WIDTH
    return _WIDTHS.get(field.kind, _WIDTH)
