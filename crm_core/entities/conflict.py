"""Conflict: two decisions about one field that a person has to settle (sync.md §2.4)."""

from __future__ import annotations

from crm_core import fields as f
from crm_core.entity import Record, entity
from crm_core.fields import Authority
from crm_core.i18n import tr_noop


@entity("conflict", tr_noop("Conflict"), tr_noop("Conflicts"), title="field", read_only=True)
class Conflict(Record):
    record: str | None = f.link("", tr_noop("Record"), root=True, authority=Authority.COMPUTED)
    field: str | None = f.text(tr_noop("Field"), authority=Authority.COMPUTED)
    why: str | None = f.text(tr_noop("Why"), authority=Authority.COMPUTED)
    base: object = f.json_custom(tr_noop("Before"), authority=Authority.COMPUTED)
    parked: object = f.json_custom(tr_noop("Parked values"), authority=Authority.COMPUTED)
    state: str | None = f.state(
        tr_noop("State"),
        "conflict",
        ("open", tr_noop("Open")),
        ("resolved", tr_noop("Resolved")),
    )
    resolution: object = f.json_custom(tr_noop("Resolution"))
    resolved_by: str | None = f.link("user", tr_noop("Resolved by"), authority=Authority.COMPUTED)
