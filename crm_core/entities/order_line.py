"""Order line: one product of an order; loaded by IT."""

from __future__ import annotations

from crm_core import fields as f
from crm_core.entity import Record, entity
from crm_core.i18n import tr_noop


@entity(
    "order_line",
    tr_noop("Order line"),
    tr_noop("Order lines"),
    title="product_name",
    read_only=True,
    part_of="order",
)
class OrderLine(Record):
    order: str | None = f.link("order", tr_noop("Order"), required=True, root=True)
    product: str | None = f.link("product", tr_noop("Product"))
    product_name: str | None = f.text(tr_noop("Product name"))
    quantity: str | None = f.decimal(tr_noop("Quantity"))
    unit_price: str | None = f.money(tr_noop("Unit price"))
    discount: str | None = f.decimal(tr_noop("Discount"))
    amount: str | None = f.money(tr_noop("Amount"))
    ext_id: str | None = f.text(tr_noop("External id"))
    ext_source: str | None = f.text(tr_noop("External system"))
