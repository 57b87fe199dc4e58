"""Address: a place of an account."""

from __future__ import annotations

from crm_core import fields as f
from crm_core.entity import Record, entity
from crm_core.i18n import tr_noop


@entity(
    "address", tr_noop("Address"), tr_noop("Addresses"), title=("city", "street"), part_of="account"
)
class Address(Record):
    account: str | None = f.link("account", tr_noop("Account"), required=True, root=True)
    type: str | None = f.choice(
        tr_noop("Type"),
        ("bill", tr_noop("Billing")),
        ("ship", tr_noop("Shipping")),
        ("visit", tr_noop("Visiting")),
        ("reg", tr_noop("Registered")),
    )
    country: str | None = f.address_part(tr_noop("Country"))
    province: str | None = f.address_part(tr_noop("Province"))
    city: str | None = f.address_part(tr_noop("City"), search=1)
    district: str | None = f.address_part(tr_noop("District"))
    street: str | None = f.address_part(tr_noop("Street"), search=1)
    postcode: str | None = f.address_part(tr_noop("Postcode"))
    location: str | None = f.place(tr_noop("Position"))
