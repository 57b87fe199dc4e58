"""Order: what an account bought; loaded by IT."""

from __future__ import annotations

from crm_core import fields as f
from crm_core.entity import Record, entity
from crm_core.i18n import tr_noop


@entity(
    "order",
    tr_noop("Order"),
    tr_noop("Orders"),
    title="number",
    sort="ordered_on",
    read_only=True,
)
class Order(Record):
    account: str | None = f.link("account", tr_noop("Account"), required=True, root=True)
    number: str | None = f.text(tr_noop("Number"), search=5)
    ordered_on: str | None = f.day(tr_noop("Ordered"))
    required_on: str | None = f.day(tr_noop("Required"))
    shipped_on: str | None = f.day(tr_noop("Shipped"))
    sold_by: str | None = f.link("user", tr_noop("Sold by"))
    total: str | None = f.money(tr_noop("Total"))
    freight: str | None = f.money(tr_noop("Freight"))
    shipper: str | None = f.text(tr_noop("Shipper"))
    ship_name: str | None = f.text(tr_noop("Ship to"))
    ship_city: str | None = f.text(tr_noop("City"))
    ship_country: str | None = f.text(tr_noop("Country"))
    ext_id: str | None = f.text(tr_noop("External id"))
    ext_source: str | None = f.text(tr_noop("External system"))
