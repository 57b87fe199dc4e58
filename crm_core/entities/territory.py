"""Territory: a region of the tree in which accounts lie; kept by IT."""

from __future__ import annotations

from crm_core import fields as f
from crm_core.entity import Record, entity
from crm_core.i18n import tr_noop


@entity(
    "territory",
    tr_noop("Territory"),
    tr_noop("Territories"),
    title="name",
    scope_all=True,
    read_only=True,
)
class Territory(Record):
    name: str | None = f.text(tr_noop("Name"), required=True, search=3)
    code: str | None = f.text(tr_noop("Code"))
    parent: str | None = f.link("territory", tr_noop("Part of"))
