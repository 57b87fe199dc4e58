"""Which columns a list shows and how wide they are; what a list is called in the rail."""

from __future__ import annotations

from collections.abc import Mapping

from crm_core.entity import Entity, Record
from crm_core.fields import Field, Kind
from crm_desktop.i18n import tr

COLUMNS_MAX = 7
"""More do not fit beside a form at 1280 pixels."""

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "account": ("name", "grade", "owner", "type", "number", "territory", "phone"),
    "contact": ("full_name", "title", "phone", "mobile", "email", "department"),
    "plan": ("title", "account", "state", "period", "owner", "ends_on"),
    "visit": ("planned_start", "account", "state", "type", "objectives", "owner", "outcome"),
    "complaint": ("number", "subject", "account", "state", "severity", "received_at", "handler"),
    "task": ("title", "due_on", "status", "account", "assignee", "priority"),
    "interaction": ("at", "account", "subject", "medium", "contact", "duration"),
    "order": ("number", "account", "ordered_on", "total", "sold_by", "shipped_on"),
    "user": ("name", "login", "role", "team", "territory", "manager"),
    "product": ("name", "category", "price", "code", "unit", "discontinued"),
    "account_team": ("account", "user", "role"),
    "account_contact": ("contact", "account", "role", "is_primary", "level", "function"),
    "address": ("account", "city", "street", "type", "district", "province", "country"),
    "attachment": ("name", "parent", "size", "comment", "created_at"),
    "complaint_event": ("at", "complaint", "to_state", "reason", "comment"),
    "device": ("name", "user", "os", "app_version", "revoked_at"),
    "order_line": ("product_name", "order", "quantity", "amount", "unit_price", "discount"),
    "plan_action": ("title", "plan", "due_on", "status", "owner", "objective"),
    "plan_objective": ("text", "plan", "due_on", "status", "owner", "category"),
    "plan_section_item": ("text", "plan", "box", "weight"),
    "role_permission": ("role", "entity", "action", "level", "masked"),
    "saved_view": ("name", "entity", "shared", "created_by"),
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
_TITLE_WIDTHS: Mapping[str, int] = {"number": 150, "text": 270, "entity": 150, "action": 110}
_NAMED_WIDTHS: Mapping[str, int] = {
    "account": 180, "complaint": 200, "title": 165, "street": 190, "login": 110, "code": 100,
    "os": 110, "app_version": 90,
}  # fmt: skip
"""Columns whose content is usually longer, or shorter, than that of their kind."""
_CHOICE_WIDTH_MAX = 170
_LETTER, _SMALL_LETTER, _EDGES = 6.6, 6.0, 22
_CHINESE = "\u2e80"


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
        return _TITLE_WIDTHS.get(field.name, _TITLE_WIDTH)
    if field.name in _NAMED_WIDTHS:
        return _NAMED_WIDTHS[field.name]
    words = [tr(choice.label) for choice in field.choices if field.kind is Kind.CHOICE]
    needed = max((_room(text, _LETTER) for text in words), default=0)
    usual = _WIDTHS.get(field.kind, _WIDTH)
    return max(usual, min(needed, _CHOICE_WIDTH_MAX), _room(tr(field.label), _SMALL_LETTER))


def _room(text: str, letter: float) -> int:
    """About how many pixels a text takes in a column; a Chinese character is two letters wide."""
    letters = sum(2 if character >= _CHINESE else 1 for character in text)
    return round(letters * letter) + _EDGES
