"""Contact: a person; the roles lead to the accounts."""

from __future__ import annotations

from crm_core import fields as f
from crm_core.entity import Record, entity
from crm_core.i18n import tr_noop


@entity("contact", tr_noop("Contact"), tr_noop("Contacts"), title="full_name")
class Contact(Record):
    full_name: str | None = f.person_name(tr_noop("Full name"), required=True, search=10)
    family_name: str | None = f.person_name(tr_noop("Family name"))
    given_name: str | None = f.person_name(tr_noop("Given name"))
    salutation: str | None = f.text(tr_noop("Salutation"))
    title: str | None = f.text(tr_noop("Job title"), search=1)
    department: str | None = f.text(tr_noop("Department"))
    mobile: str | None = f.phone(tr_noop("Mobile"), personal=True, search=3)
    phone: str | None = f.phone(tr_noop("Phone"), personal=True, search=3)
    email: str | None = f.email(tr_noop("E-mail"), personal=True, search=3)
    wechat: str | None = f.text(tr_noop("WeChat"), personal=True)
    birthday: str | None = f.day(tr_noop("Birthday"), personal=True)
    birthday_lunar: bool | None = f.flag(tr_noop("Birthday by the lunar calendar"), personal=True)
    preferences: str | None = f.note(tr_noop("Preferences"), personal=True)
    preferred_channel: str | None = f.choice(
        tr_noop("Preferred channel"),
        ("phone", tr_noop("Phone")),
        ("email", tr_noop("E-mail")),
        ("wechat", tr_noop("WeChat")),
        ("visit", tr_noop("Visit")),
    )
    opt_outs: list[str] | None = f.tags(
        tr_noop("Does not want"),
        ("phone", tr_noop("Phone")),
        ("email", tr_noop("E-mail")),
        ("wechat", tr_noop("WeChat")),
    )
    active: bool | None = f.flag(tr_noop("Active"))
    left_on: str | None = f.day(tr_noop("Left on"))
    tags: list[str] | None = f.tags(tr_noop("Tags"), search=1)
    ext_id: str | None = f.text(tr_noop("External id"))
    ext_source: str | None = f.text(tr_noop("External system"))
