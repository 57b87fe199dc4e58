"""Account: a company we deal with; every root of scope is one."""

from __future__ import annotations

from crm_core import fields as f
from crm_core.entities.shared import GRADES
from crm_core.entity import Record, entity
from crm_core.fields import Authority, Unique
from crm_core.i18n import tr_noop


@entity("account", tr_noop("Account"), tr_noop("Accounts"), title="name", number_prefix="A")
class Account(Record):
    name: str | None = f.text(tr_noop("Name"), required=True, search=10)
    short_name: str | None = f.text(tr_noop("Short name"), search=8)
    number: str | None = f.text(tr_noop("Number"), search=5, authority=Authority.COMPUTED)
    provisional_number: str | None = f.text(
        tr_noop("Provisional number"), search=4, authority=Authority.COMPUTED
    )
    uscc: str | None = f.text(tr_noop("Unified social credit code"), search=5, unique=Unique.HARD)
    type: str | None = f.choice(
        tr_noop("Type"),
        ("prospect", tr_noop("Prospect")),
        ("customer", tr_noop("Customer")),
        ("partner", tr_noop("Partner")),
        ("competitor", tr_noop("Competitor")),
        ("supplier", tr_noop("Supplier")),
    )
    stage: str | None = f.state(
        tr_noop("Prospect stage"),
        "prospect",
        ("new", tr_noop("New")),
        ("qualifying", tr_noop("Qualifying")),
        ("qualified", tr_noop("Qualified")),
        ("converted", tr_noop("Converted")),
        ("disqualified", tr_noop("Disqualified")),
        ("pool", tr_noop("In the public pool")),
        ("claimed", tr_noop("Claimed")),
    )
    stage_reason: str | None = f.text(tr_noop("Reason for the stage"))
    status: str | None = f.choice(
        tr_noop("Status"),
        ("active", tr_noop("Active")),
        ("pool", tr_noop("In the public pool")),
        ("closed", tr_noop("Closed")),
        ("merged", tr_noop("Merged")),
    )
    grade: str | None = f.choice(tr_noop("Grade"), *GRADES, authority=Authority.GRANTED)
    credit_limit: str | None = f.money(tr_noop("Credit limit"), authority=Authority.GRANTED)
    owner: str | None = f.link("user", tr_noop("Owner"))
    team: str | None = f.link("team", tr_noop("Team"), authority=Authority.COMPUTED)
    territory: str | None = f.link("territory", tr_noop("Territory"))
    parent: str | None = f.link("account", tr_noop("Parent account"))
    industry: str | None = f.text(tr_noop("Industry"), search=1)
    size_band: str | None = f.choice(
        tr_noop("Size"),
        ("1-9", tr_noop("1 to 9 people")),
        ("10-49", tr_noop("10 to 49 people")),
        ("50-249", tr_noop("50 to 249 people")),
        ("250+", tr_noop("250 people and more")),
    )
    source: str | None = f.text(tr_noop("Source"))
    lifecycle: str | None = f.choice(
        tr_noop("Lifecycle"),
        ("exploring", tr_noop("Exploring")),
        ("building", tr_noop("Building")),
        ("stable", tr_noop("Stable")),
        ("declining", tr_noop("Declining")),
    )
    relationship_type: str | None = f.choice(
        tr_noop("Relationship"),
        ("basic", tr_noop("Basic")),
        ("reactive", tr_noop("Reactive")),
        ("accountable", tr_noop("Accountable")),
        ("proactive", tr_noop("Proactive")),
        ("partner", tr_noop("Partner")),
    )
    phone: str | None = f.phone(tr_noop("Phone"), search=3)
    email: str | None = f.email(tr_noop("E-mail"), search=2)
    website: str | None = f.url(tr_noop("Website"))
    location: str | None = f.place(tr_noop("Position"))
    do_not_contact: bool | None = f.flag(tr_noop("Do not contact"))
    tags: list[str] | None = f.tags(tr_noop("Tags"), search=1)
    description: str | None = f.note(tr_noop("Notes"), search=1)
    custom: dict[str, str] | None = f.json_custom(tr_noop("Own fields"))
    ext_id: str | None = f.text(tr_noop("External id"), search=2)
    ext_source: str | None = f.text(tr_noop("External system"))
    merged_into: str | None = f.link(
        "account", tr_noop("Merged into"), authority=Authority.COMPUTED
    )
