"""Product: what we sell; loaded by IT."""

from __future__ import annotations

from crm_core import fields as f
from crm_core.entity import Record, entity
from crm_core.fields import Unique
from crm_core.i18n import tr_noop


@entity(
    "product",
    tr_noop("Product"),
    tr_noop("Products"),
    title="name",
    scope_all=True,
    read_only=True,
)
class Product(Record):
    name: str | None = f.text(tr_noop("Name"), required=True, search=5)
    code: str | None = f.text(tr_noop("Code"), search=5, unique=Unique.HARD)
    category: str | None = f.text(tr_noop("Category"))
    supplier: str | None = f.text(tr_noop("Supplier"))
    unit: str | None = f.text(tr_noop("Unit"))
    price: str | None = f.money(tr_noop("List price"))
    discontinued: bool | None = f.flag(tr_noop("Discontinued"))
    ext_id: str | None = f.text(tr_noop("External id"))
    ext_source: str | None = f.text(tr_noop("External system"))
