"""Role permission: where an organisation differs from the default roles; kept by IT."""

from __future__ import annotations

from crm_core import fields as f
from crm_core.entity import Record, entity
from crm_core.i18n import tr_noop


@entity(
    "role_permission",
    tr_noop("Permission"),
    tr_noop("Permissions"),
    title=("role", "entity", "action"),
    scope_all=True,
    read_only=True,
)
class RolePermission(Record):
    role: str | None = f.text(tr_noop("Role"), required=True)
    entity: str | None = f.text(tr_noop("Kind of record"), required=True)
    action: str | None = f.text(tr_noop("Action"), required=True)
    level: str | None = f.choice(
        tr_noop("Reach"),
        ("none", tr_noop("None")),
        ("own", tr_noop("Own")),
        ("team", tr_noop("Team")),
        ("territory", tr_noop("Territory")),
        ("all", tr_noop("All")),
    )
    masked: list[str] | None = f.tags(tr_noop("Fields not received"))
