"""User: a colleague who signs in; kept by IT."""

from __future__ import annotations

from crm_core import fields as f
from crm_core.entities.shared import ROLES
from crm_core.entity import Record, entity
from crm_core.fields import Unique
from crm_core.i18n import tr_noop


@entity("user", tr_noop("User"), tr_noop("Users"), title="name", scope_all=True, read_only=True)
class User(Record):
    login: str | None = f.text(tr_noop("Login"), required=True, search=3, unique=Unique.LOGIN)
    name: str | None = f.person_name(tr_noop("Full name"), personal=False, search=5)
    email: str | None = f.email(tr_noop("E-mail"))
    phone: str | None = f.phone(tr_noop("Phone"))
    role: str | None = f.choice(tr_noop("Role"), *ROLES)
    team: str | None = f.link("team", tr_noop("Team"))
    territory: str | None = f.link("territory", tr_noop("Territory"))
    manager: str | None = f.link("user", tr_noop("Reports to"))
    locale: str | None = f.text(tr_noop("Language"))
    active: bool | None = f.flag(tr_noop("Active"))
    ext_id: str | None = f.text(tr_noop("External id"))
