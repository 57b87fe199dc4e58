"""Saved view: how somebody likes to see a list; his own, or shown to everyone."""

from __future__ import annotations

from crm_core import fields as f
from crm_core.entity import Record, entity
from crm_core.fields import Policy
from crm_core.i18n import tr_noop


@entity(
    "saved_view",
    tr_noop("Saved view"),
    tr_noop("Saved views"),
    title="name",
    sort="position",
    shared_by="shared",
)
class SavedView(Record):
    name: str | None = f.text(tr_noop("Name"), required=True)
    entity: str | None = f.text(tr_noop("Kind of record"), required=True)
    shared: bool | None = f.flag(tr_noop("Shared with everyone"), policy=Policy.LWW)
    columns: str | None = f.text(tr_noop("Columns"), policy=Policy.LWW)
    filter: object = f.json_custom(tr_noop("Filter"), policy=Policy.LWW)
    sort: str | None = f.text(tr_noop("Sorted by"), policy=Policy.LWW)
    position: str | None = f.order(tr_noop("Position"))
