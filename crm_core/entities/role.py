"""Role: what a group of users may do; kept by IT."""

from __future__ import annotations

from crm_core import fields as f
from crm_core.entity import Record, entity
from crm_core.i18n import tr_noop


@entity("role", tr_noop("Role"), tr_noop("Roles"), title="name", scope_all=True, read_only=True)
class Role(Record):
    code: str | None = f.text(tr_noop("Code"), required=True)
    name: str | None = f.text(tr_noop("Name"))
