"""Complaint event: one step in the life of a complaint; a log."""

from __future__ import annotations

from crm_core import fields as f
from crm_core.entities.shared import COMPLAINT_STAGES
from crm_core.entity import Record, entity
from crm_core.i18n import tr_noop


@entity(
    "complaint_event",
    tr_noop("Complaint event"),
    tr_noop("Complaint events"),
    title="to_state",
    sort="at",
    insert_only=True,
    part_of="complaint",
)
class ComplaintEvent(Record):
    complaint: str | None = f.link("complaint", tr_noop("Complaint"), required=True, root=True)
    at: str | None = f.instant(tr_noop("When"))
    from_state: str | None = f.choice(tr_noop("From stage"), *COMPLAINT_STAGES)
    to_state: str | None = f.choice(tr_noop("To stage"), *COMPLAINT_STAGES)
    reason: str | None = f.text(tr_noop("Reason"))
    comment: str | None = f.note(tr_noop("Comment"))
    customer_visible: bool | None = f.flag(tr_noop("The customer may see it"))
